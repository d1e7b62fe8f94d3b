#include "placeholders.h"

#include <chrono>
#include <cstdlib>
#include <random>

namespace kalam::conformance {
namespace {

using nlohmann::json;

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

constexpr size_t uuid_size = 36;

bool is_uuid_v7(const std::string& text) {
  if (text.size() != uuid_size) return false;
  for (size_t i = 0; i < uuid_size; i++) {
    char c = text[i];
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return text[14] == '7';
}

bool is_id(const std::string& placeholder) {
  return placeholder.starts_with("<uuid") || placeholder == "<session>" || placeholder == "<session2>";
}

// The next placeholder of a text that names an id or a job, with its position; npos when there is none.
size_t find_placeholder(const std::string& text, size_t from, std::string* placeholder) {
  for (size_t at = text.find('<', from); at != std::string::npos; at = text.find('<', at + 1)) {
    size_t end = text.find('>', at);
    if (end == std::string::npos) return std::string::npos;
    *placeholder = text.substr(at, end - at + 1);
    if (is_id(*placeholder) || *placeholder == "<job>") return at;
  }
  return std::string::npos;
}

bool is_positive_number(const json& value) {
  return value.is_number_integer() && value.get<int64_t>() > 0;
}
bool is_count(const json& value) {
  return value.is_number_integer() && value.get<int64_t>() >= 0;
}

}  // namespace

std::string make_uuid_v7() {
  static std::mt19937_64 random(std::random_device{}());
  uint64_t high = (static_cast<uint64_t>(now_ms()) << 16) | 0x7000 | (random() & 0x0fff);
  uint64_t low = (random() & 0x3fffffffffffffff) | 0x8000000000000000;
  char text[40];
  snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
           static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xffff),
           static_cast<unsigned>(low >> 48), static_cast<unsigned long long>(low & 0xffffffffffff));
  return text;
}

std::optional<std::string> Placeholders::known(const std::string& placeholder) const {
  const Bindings& bindings = placeholder.starts_with("<uuid") ? bound_ : sessions_;
  auto found =
      bindings.find(placeholder.starts_with("<uuid") ? placeholder : placeholder.substr(1, placeholder.size() - 2));
  if (found == bindings.end()) return std::nullopt;
  return found->second;
}

std::string Placeholders::fill_in(const std::string& text) {
  std::string out, placeholder;
  size_t from = 0;
  for (size_t at; (at = find_placeholder(text, from, &placeholder)) != std::string::npos;
       from = at + placeholder.size()) {
    out += text.substr(from, at - from);
    if (!is_id(placeholder)) {
      out += placeholder;
    } else if (std::optional<std::string> id = known(placeholder)) {
      out += *id;
    } else if (placeholder.starts_with("<uuid")) {
      out += bound_[placeholder] = make_uuid_v7();
    }  // a session that failed to open stays empty, and its calls fail
  }
  return out + text.substr(from);
}

json Placeholders::fill_in_all(const json& value) {
  if (value.is_string()) return fill_in(value.get<std::string>());
  json out = value;
  if (value.is_structured()) {
    for (json& part : out) part = fill_in_all(part);
  }
  return out;
}

bool Placeholders::match(const std::string& recorded, const std::string& actual, Bindings* found) const {
  std::string placeholder;
  size_t from = 0, at_actual = 0;
  for (size_t at; (at = find_placeholder(recorded, from, &placeholder)) != std::string::npos;
       from = at + placeholder.size()) {
    size_t literal = at - from;
    if (actual.compare(at_actual, literal, recorded, from, literal) != 0) return false;
    at_actual += literal;
    if (placeholder == "<job>") {
      if (actual.compare(at_actual, 3, "CL-") != 0) return false;
      at_actual += 3;
      size_t start = at_actual;
      while (at_actual < actual.size() && isxdigit(static_cast<unsigned char>(actual[at_actual]))) at_actual++;
      if (at_actual == start) return false;
      continue;
    }
    if (std::optional<std::string> id = known(placeholder)) {
      if (actual.compare(at_actual, id->size(), *id) != 0) return false;
      at_actual += id->size();
      continue;
    }
    if (at_actual > actual.size()) return false;
    std::string id = actual.substr(at_actual, uuid_size);
    if (!is_uuid_v7(id)) return false;
    for (const auto& [other, taken] : bound_) {
      if (taken == id) return false;
    }
    if (found != nullptr) (*found)[placeholder] = id;
    at_actual += uuid_size;
  }
  return actual.size() >= at_actual && actual.compare(at_actual, std::string::npos, recorded, from) == 0;
}

bool Placeholders::match_value(const json& recorded, const json& actual) const {
  const std::string& text = recorded.get_ref<const std::string&>();
  if (text == "<seq>" || text == "<snapshot_commit_seq>") return is_positive_number(actual);
  if (text == "<age_ms>" || text == "<idle_ms>") return is_count(actual);
  if (text == "<created_at>" || text == "<updated_at>") {
    return actual.is_string() && actual.get_ref<const std::string&>().find('T') == 10;
  }
  if (text == "<now + 1800 s>") {
    if (!is_positive_number(actual)) return false;
    int64_t away = actual.get<int64_t>() - (now_ms() + clock_advance_ms_ + 1800000);
    return !check_lease_ || std::llabs(away) < 60000;
  }
  return actual.is_string() && matches(text, actual.get_ref<const std::string&>());
}

bool Placeholders::matches(const json& recorded, const json& actual) const {
  if (recorded.is_string()) return match_value(recorded, actual);
  if (recorded.is_array()) {
    if (!actual.is_array() || actual.size() != recorded.size()) return false;
    for (size_t i = 0; i < recorded.size(); i++) {
      if (!matches(recorded[i], actual[i])) return false;
    }
    return true;
  }
  if (recorded.is_object()) {
    if (!actual.is_object() || actual.size() != recorded.size()) return false;
    for (const auto& [name, value] : recorded.items()) {
      if (!actual.contains(name) || !matches(value, actual[name])) return false;
    }
    return true;
  }
  return recorded == actual;
}

void Placeholders::bind(const json& recorded, const json& actual) {
  if (recorded.is_string() && actual.is_string()) {
    Bindings found;
    if (match(recorded.get_ref<const std::string&>(), actual.get_ref<const std::string&>(), &found)) {
      bound_.merge(found);
    }
  } else if (recorded.is_array() && actual.is_array()) {
    for (size_t i = 0; i < recorded.size() && i < actual.size(); i++) bind(recorded[i], actual[i]);
  } else if (recorded.is_object() && actual.is_object()) {
    for (const auto& [name, value] : recorded.items()) {
      if (actual.contains(name)) bind(value, actual[name]);
    }
  }
}

}  // namespace kalam::conformance
