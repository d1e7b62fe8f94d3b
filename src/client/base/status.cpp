#include "client/base/status.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <new>

namespace kalam {
namespace {

constexpr std::string_view kMask = "***";

bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

bool is_credential_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("+/=-_.~").find(c) != std::string::npos;
}

// Masks what follows `scheme` when it is long enough to be credentials: "must start with 'Basic '" stays readable.
void mask_scheme(std::string* text, std::string_view scheme) {
  constexpr size_t kShortestCredential = 8;
  auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  for (size_t from = 0;;) {
    auto found =
        std::search(text->begin() + static_cast<ptrdiff_t>(from), text->end(), scheme.begin(), scheme.end(), same);
    if (found == text->end()) return;
    auto start = found + static_cast<ptrdiff_t>(scheme.size());
    auto end = std::find_if_not(start, text->end(), is_credential_character);
    from = static_cast<size_t>(start - text->begin());
    auto length = static_cast<size_t>(end - start);
    if (length < kShortestCredential) continue;
    text->replace(from, length, kMask);
    from += kMask.size();
  }
}

}  // namespace

size_t utf8_character_size(std::string_view text) noexcept {
  if (text.empty()) return 0;
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(0);
  if (first < 0x80) return 1;
  size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!is_continuation(byte(i))) return 0;
  }
  // Overlong forms, surrogates and code points above U+10FFFF.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) || (first == 0xF0 && byte(1) < 0x90) ||
      (first == 0xF4 && byte(1) > 0x8F)) {
    return 0;
  }
  return size;
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    size_t size = utf8_character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

namespace {

// Code points that break lines or end texts: a blank stands for them.
bool is_separator(uint32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x85 || code == 0x2028 || code == 0x2029;
}

// Code points that a terminal obeys, or that show a text in another order than it has or not at all.
bool is_control(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xAD || code == 0x061C || code == 0x180E ||
         code == 0x200B || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB) ||
         (code >= 0xE0000 && code <= 0xE0FFF);
}

// Of a valid character.
uint32_t code_point(std::string_view character) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(character[i]); };
  constexpr uint32_t kLeadBits[] = {0x7F, 0x7F, 0x1F, 0x0F, 0x07};
  uint32_t code = byte(0) & kLeadBits[character.size()];
  for (size_t i = 1; i < character.size(); ++i) code = code << 6 | (byte(i) & 0x3FU);
  return code;
}

// Takes the first character off a text that is not empty, and returns what stands for it in a printable one.
std::string_view next_printable(std::string_view* text) noexcept {
  const size_t size = utf8_character_size(*text);
  const std::string_view character = text->substr(0, size);
  text->remove_prefix(size == 0 ? 1 : size);
  if (size == 0) return "?";
  const uint32_t code = code_point(character);
  if (is_separator(code)) return " ";
  return is_control(code) ? "?" : character;
}

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) result += next_printable(&text);
  return result;
}

}  // namespace

void copy_text(char* field, size_t capacity, std::string_view text) noexcept {
  size_t used = 0;
  while (!text.empty()) {
    const std::string_view character = next_printable(&text);
    if (used + character.size() >= capacity) break;
    std::memcpy(field + used, character.data(), character.size());
    used += character.size();
  }
  field[used] = '\0';
}

void printable_text(char* field, size_t capacity, const char* text, size_t size) noexcept {
  copy_text(field, capacity, {text, size});
}

void clear_status(Status* status) noexcept {
  status->error = ErrorClass::none;
  status->grpc_code = -1;
  status->maybe_executed = false;
  status->is_definite_failure = status->is_cleanup_pending = status->is_object_missing = false;
  status->cause = FailureCause::not_named;
  for (char* text : {status->message, status->detail, status->hint, status->column, status->value}) text[0] = '\0';
}

void set_status(Status* status, ErrorClass error, std::string_view message, std::string_view detail,
                std::string_view hint) noexcept {
  clear_status(status);
  status->error = error;
  copy_text(status->message, sizeof status->message, message);
  copy_text(status->detail, sizeof status->detail, detail);
  copy_text(status->hint, sizeof status->hint, hint);
}

void status_from_exception(Status* status) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    set_status(status, ErrorClass::out_of_memory, "out of memory in the KalamDB client");
  } catch (const std::exception& e) {
    set_status(status, ErrorClass::internal, "unexpected failure in the KalamDB client", e.what());
  } catch (...) {
    set_status(status, ErrorClass::internal, "unexpected failure in the KalamDB client");
  }
}

void KeptStatus::set(const Status& status) noexcept {
  error_ = status.error;
  maybe_executed_ = status.maybe_executed;
  grpc_code_ = status.grpc_code;
  if (error_ == ErrorClass::none) {
    failure_.reset();
  } else if (failure_) {
    *failure_ = status;
  } else {
    failure_.reset(new (std::nothrow) Status(status));
  }
}

void KeptStatus::set_success(int32_t grpc_code) noexcept {
  error_ = ErrorClass::none;
  maybe_executed_ = false;
  grpc_code_ = grpc_code;
  failure_.reset();
}

void KeptStatus::get(Status* status) const noexcept {
  if (failure_) {
    *status = *failure_;
    return;
  }
  clear_status(status);
  if (error_ != ErrorClass::none) {
    set_status(status, error_, "the KalamDB call failed", "Out of memory: KalamDB's own text could not be kept.");
  }
  status->maybe_executed = maybe_executed_;
  status->grpc_code = grpc_code_;
}

void Secrets::add(std::string_view secret) {
  std::string shown = printable(secret);
  if (secret.size() < 4 || std::find(values_.begin(), values_.end(), shown) != values_.end()) return;
  values_.push_back(std::move(shown));
  // The longest first, so that no rest of a value stays behind where one value holds another.
  std::sort(values_.begin(), values_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Secrets::scrub(std::string_view text) const {
  // As it will be shown: a secret that a line break divides is whole again once a blank stands for the break.
  std::string clean = printable(text);
  for (const std::string& value : values_) {
    for (size_t at = clean.find(value); at != std::string::npos; at = clean.find(value, at + kMask.size())) {
      clean.replace(at, value.size(), kMask);
    }
  }
  mask_scheme(&clean, "Basic ");
  mask_scheme(&clean, "Bearer ");
  return clean;
}

const char* error_class_name(ErrorClass error) noexcept {
  switch (error) {
    case ErrorClass::none:
      return "none";
    case ErrorClass::unreachable:
      return "unreachable";
    case ErrorClass::connection_lost:
      return "connection_lost";
    case ErrorClass::tls:
      return "tls";
    case ErrorClass::authentication:
      return "authentication";
    case ErrorClass::permission:
      return "permission";
    case ErrorClass::session_gone:
      return "session_gone";
    case ErrorClass::transaction_gone:
      return "transaction_gone";
    case ErrorClass::transaction_unknown:
      return "transaction_unknown";
    case ErrorClass::not_leader:
      return "not_leader";
    case ErrorClass::table_not_found:
      return "table_not_found";
    case ErrorClass::already_exists:
      return "already_exists";
    case ErrorClass::duplicate_key:
      return "duplicate_key";
    case ErrorClass::not_null:
      return "not_null";
    case ErrorClass::bad_value:
      return "bad_value";
    case ErrorClass::row_gone:
      return "row_gone";
    case ErrorClass::cross_group:
      return "cross_group";
    case ErrorClass::poisoned_column:
      return "poisoned_column";
    case ErrorClass::invalid_request:
      return "invalid_request";
    case ErrorClass::sql_error:
      return "sql_error";
    case ErrorClass::busy:
      return "busy";
    case ErrorClass::too_large:
      return "too_large";
    case ErrorClass::timeout:
      return "timeout";
    case ErrorClass::cancelled:
      return "cancelled";
    case ErrorClass::unsupported:
      return "unsupported";
    case ErrorClass::protocol:
      return "protocol";
    case ErrorClass::out_of_memory:
      return "out_of_memory";
    case ErrorClass::internal:
      return "internal";
  }
  return "unknown";
}

}  // namespace kalam
