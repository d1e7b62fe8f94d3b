#include "client/rows/json_scanner.h"

#include <charconv>
#include <cstring>

namespace kalam {
namespace {

constexpr uint32_t kFirstSurrogate = 0xD800;
constexpr uint32_t kLowSurrogate = 0xDC00;
constexpr uint32_t kBehindSurrogates = 0xE000;
constexpr uint32_t kLastCode = 0x10FFFF;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

size_t encode(uint32_t code, char* bytes) {
  if (code < 0x80) {
    bytes[0] = static_cast<char>(code);
    return 1;
  }
  const size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = size - 1; i > 0; i--) {
    bytes[i] = static_cast<char>(0x80 | (code & 0x3F));
    code >>= 6;
  }
  bytes[0] = static_cast<char>((0xF00 >> size) | code);
  return size;
}

// The size that a character's first byte announces; 0: it is not a first byte.
size_t announced_size(uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

// Whether the bytes, of the size that the first one announces, are a character in its shortest form.
bool is_character(const char* bytes, size_t size) {
  if (size == 1) return true;
  uint32_t code = static_cast<uint8_t>(bytes[0]) & (0x7FU >> size);
  for (size_t i = 1; i < size; i++) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if ((byte & 0xC0) != 0x80) return false;
    code = code << 6 | (byte & 0x3F);
  }
  static constexpr uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
  return code >= kLowest[size] && code <= kLastCode && (code < kFirstSurrogate || code >= kBehindSurrogates);
}

}  // namespace

bool JsonScanner::fail() {
  failed_ = true;
  return false;
}

void JsonScanner::blanks() {
  while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) at_++;
}

bool JsonScanner::expect(char c) {
  if (failed_) return false;
  blanks();
  if (at_ == end_ || *at_ != c) return fail();
  at_++;
  return true;
}

bool JsonScanner::at_end() {
  blanks();
  return !failed_ && depth_ == 0 && at_ == end_;
}

bool JsonScanner::open(char bracket) {
  if (!expect(bracket)) return false;
  if (depth_ == kMaxDepth) return fail();
  opened_ |= 1U << depth_++;
  return true;
}

// To the next member or element of the innermost object or array; false at its end.
bool JsonScanner::step(char close) {
  if (failed_ || depth_ == 0) return fail();
  const uint32_t level = 1U << (depth_ - 1);
  const bool is_first = (opened_ & level) != 0;
  opened_ &= ~level;
  blanks();
  if (at_ < end_ && *at_ == close) {
    at_++;
    depth_--;
    return false;
  }
  return is_first || expect(',');
}

bool JsonScanner::next_element() {
  return step(']');
}

bool JsonScanner::next_member(std::string_view* name) {
  if (!step('}')) return false;
  blanks();
  const char* begin = at_;
  if (!text()) return false;
  // As it is written: a known name that is written with escapes is not known then.
  *name = std::string_view(begin + 1, static_cast<size_t>(at_ - begin) - 2);
  return expect(':');
}

bool JsonScanner::hex(uint32_t* code) {
  if (end_ - at_ < 4) return false;
  const auto [behind, error] = std::from_chars(at_, at_ + 4, *code, 16);
  if (error != std::errc() || behind != at_ + 4) return false;
  at_ += 4;
  return true;
}

size_t JsonScanner::escape(char* bytes) {
  static constexpr char kNames[] = "\"\\/bfnrt";
  static constexpr char kValues[] = "\"\\/\b\f\n\r\t";
  if (at_ == end_) return 0;
  const char name = *at_++;
  if (name != 'u') {
    const char* found = name == '\0' ? nullptr : std::strchr(kNames, name);
    if (found == nullptr) return 0;
    bytes[0] = kValues[found - kNames];
    return 1;
  }
  uint32_t code = 0;
  if (!hex(&code)) return 0;
  if (code >= kFirstSurrogate && code < kBehindSurrogates) {
    uint32_t low = 0;
    if (code >= kLowSurrogate || end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return 0;
    at_ += 2;
    if (!hex(&low) || low < kLowSurrogate || low >= kBehindSurrogates) return 0;
    code = 0x10000 + ((code - kFirstSurrogate) << 10) + (low - kLowSurrogate);
  }
  return encode(code, bytes);
}

size_t JsonScanner::character(char* bytes) {
  const auto first = static_cast<uint8_t>(*at_);
  if (first < 0x20) return 0;
  if (first == '\\') {
    at_++;
    return escape(bytes);
  }
  const size_t size = announced_size(first);
  if (size == 0 || static_cast<size_t>(end_ - at_) < size || !is_character(at_, size)) return 0;
  std::memcpy(bytes, at_, size);
  at_ += size;
  return size;
}

bool JsonScanner::string(std::string_view expected, bool* equal) {
  if (!expect('"')) return false;
  *equal = true;
  while (at_ < end_ && *at_ != '"') {
    char bytes[4];
    const size_t size = character(bytes);
    if (size == 0) return fail();
    const std::string_view read(bytes, size);
    *equal = *equal && expected.substr(0, size) == read;
    if (*equal) expected.remove_prefix(size);
  }
  *equal = *equal && expected.empty();
  return expect('"');
}

bool JsonScanner::text() {
  bool equal = false;
  return string({}, &equal);
}

bool JsonScanner::literal(std::string_view word) {
  if (failed_) return false;
  blanks();
  if (static_cast<size_t>(end_ - at_) < word.size() || std::string_view(at_, word.size()) != word) return fail();
  at_ += word.size();
  return true;
}

// To the end of a number in JSON's form.
bool JsonScanner::number() {
  auto digits = [this] {
    const char* begin = at_;
    while (at_ < end_ && is_digit(*at_)) at_++;
    return at_ > begin;
  };
  if (at_ < end_ && *at_ == '-') at_++;
  const char* whole = at_;
  if (!digits() || (*whole == '0' && at_ - whole > 1)) return fail();
  if (at_ < end_ && *at_ == '.') {
    at_++;
    if (!digits()) return fail();
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    at_++;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) at_++;
    if (!digits()) return fail();
  }
  return true;
}

bool JsonScanner::integer(int64_t* value) {
  if (failed_) return false;
  blanks();
  const char* begin = at_;
  if (!number()) return false;
  const auto [behind, error] = std::from_chars(begin, at_, *value);
  return error == std::errc() && behind == at_ ? true : fail();
}

bool JsonScanner::scalar() {
  switch (at_ < end_ ? *at_ : '\0') {
    case '"':
      return text();
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number();
  }
}

// Without recursion: one bit for each level says which bracket closes it.
bool JsonScanner::skip() {
  const int outer = depth_;
  uint32_t objects = 0;
  do {
    if (failed_) return false;
    blanks();
    const char c = at_ < end_ ? *at_ : '\0';
    if (c == '{' || c == '[') {
      if (!open(c)) return false;
      const uint32_t level = 1U << (depth_ - 1);
      objects = c == '{' ? objects | level : objects & ~level;
    } else if (!scalar()) {
      return false;
    }
    // To where the next value begins, or out of what ends here.
    std::string_view name;
    while (depth_ > outer) {
      const bool is_object = (objects & 1U << (depth_ - 1)) != 0;
      if (is_object ? next_member(&name) : next_element()) break;
      if (failed_) return false;
    }
  } while (depth_ > outer);
  return !failed_;
}

}  // namespace kalam
