#include "stub/rows/json_reader.h"

#include <array>
#include <cmath>

#include "stub/arrow/text_forms.h"

namespace kalam::stub {

namespace {

constexpr int kMaxDepth = 128;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<JsonValue> document(std::string& error) {
    JsonValue value;
    if (read_value(value, 0)) {
      skip_space();
      if (at_ < text_.size()) fail_here("trailing characters");
    }
    if (!error_.empty()) {
      error = error_;
      return std::nullopt;
    }
    return value;
  }

 private:
  bool fail(const std::string& what, size_t index) {
    size_t line = 1;
    size_t column = 0;
    for (size_t i = 0; i < index && i < text_.size(); i++) {
      if (text_[i] == '\n') {
        line++;
        column = 0;
      } else {
        column++;
      }
    }
    if (error_.empty()) error_ = what + " at line " + std::to_string(line) + " column " + std::to_string(column);
    return false;
  }
  // The position of a character that was looked at, not taken, counts it.
  bool fail_here(const std::string& what) { return fail(what, std::min(at_ + 1, text_.size())); }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      at_++;
    }
  }

  bool word(std::string_view rest) {
    for (char c : rest) {
      if (at_ >= text_.size()) return fail("EOF while parsing a value", at_);
      if (text_[at_++] != c) return fail("expected ident", at_);
    }
    return true;
  }

  bool read_value(JsonValue& value, int depth) {
    skip_space();
    if (at_ >= text_.size()) return fail_here("EOF while parsing a value");
    switch (text_[at_]) {
      case 'n':
        at_++;
        return word("ull");
      case 't':
        at_++;
        value.kind = JsonValue::boolean;
        value.flag = true;
        return word("rue");
      case 'f':
        at_++;
        value.kind = JsonValue::boolean;
        return word("alse");
      case '"':
        at_++;
        value.kind = JsonValue::string;
        return read_string(value.text);
      case '[':
        return read_array(value, depth);
      case '{':
        return read_object(value, depth);
      default:
        if (text_[at_] == '-' || (text_[at_] >= '0' && text_[at_] <= '9')) return read_number(value);
        return fail_here("expected value");
    }
  }

  bool read_array(JsonValue& value, int depth) {
    if (depth + 1 >= kMaxDepth) return fail_here("recursion limit exceeded");
    value.kind = JsonValue::array;
    at_++;
    for (bool first = true;; first = false) {
      skip_space();
      if (at_ >= text_.size()) return fail_here("EOF while parsing a list");
      if (text_[at_] == ']') {
        at_++;
        return true;
      }
      if (!first) {
        if (text_[at_] != ',') return fail_here("expected `,` or `]`");
        at_++;
        skip_space();
        if (at_ >= text_.size()) return fail_here("EOF while parsing a value");
        if (text_[at_] == ']') return fail_here("trailing comma");
      }
      value.elements.emplace_back();
      if (!read_value(value.elements.back(), depth + 1)) return false;
    }
  }

  bool read_object(JsonValue& value, int depth) {
    if (depth + 1 >= kMaxDepth) return fail_here("recursion limit exceeded");
    value.kind = JsonValue::object;
    at_++;
    for (bool first = true;; first = false) {
      skip_space();
      if (at_ >= text_.size()) return fail_here("EOF while parsing an object");
      if (text_[at_] == '}') {
        at_++;
        return true;
      }
      if (!first) {
        if (text_[at_] != ',') return fail_here("expected `,` or `}`");
        at_++;
        skip_space();
        if (at_ >= text_.size()) return fail_here("EOF while parsing a value");
        if (text_[at_] == '}') return fail_here("trailing comma");
      }
      if (text_[at_] != '"') return fail_here("key must be a string");
      at_++;
      std::string name;
      if (!read_string(name)) return false;
      skip_space();
      if (at_ >= text_.size()) return fail_here("EOF while parsing an object");
      if (text_[at_] != ':') return fail_here("expected `:`");
      at_++;
      JsonValue member;
      if (!read_value(member, depth + 1)) return false;
      add_member(value, std::move(name), std::move(member));
    }
  }

  static void add_member(JsonValue& object, std::string name, JsonValue member) {
    for (auto& [known, value] : object.members) {
      if (known == name) {
        value = std::move(member);
        return;
      }
    }
    object.members.emplace_back(std::move(name), std::move(member));
  }

  std::optional<unsigned> read_hex() {
    if (at_ + 4 > text_.size()) {
      fail("EOF while parsing a string", text_.size());
      return std::nullopt;
    }
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
      char c = text_[at_++];
      unsigned digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<unsigned>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = static_cast<unsigned>((c | 0x20) - 'a' + 10);
      } else {
        fail("invalid escape", at_);
        return std::nullopt;
      }
      code = code * 16 + digit;
    }
    return code;
  }

  static void put_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xc0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xe0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      out += static_cast<char>(0xf0 | code >> 18);
      out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
      out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      out += static_cast<char>(0x80 | (code & 0x3f));
    }
  }

  bool read_escape(std::string& out) {
    if (at_ >= text_.size()) return fail("EOF while parsing a string", at_);
    char c = text_[at_++];
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        return true;
      case 'b':
        out += '\b';
        return true;
      case 'f':
        out += '\f';
        return true;
      case 'n':
        out += '\n';
        return true;
      case 'r':
        out += '\r';
        return true;
      case 't':
        out += '\t';
        return true;
      case 'u': {
        auto code = read_hex();
        if (!code) return false;
        if (*code >= 0xdc00 && *code <= 0xdfff) return fail("lone leading surrogate in hex escape", at_);
        if (*code >= 0xd800 && *code <= 0xdbff) {
          if (at_ + 1 >= text_.size() || text_[at_] != '\\' || text_[at_ + 1] != 'u') {
            return fail("unexpected end of hex escape", std::min(at_ + 1, text_.size()));
          }
          at_ += 2;
          auto low = read_hex();
          if (!low) return false;
          if (*low < 0xdc00 || *low > 0xdfff) return fail("lone leading surrogate in hex escape", at_);
          code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
        }
        put_utf8(out, *code);
        return true;
      }
      default:
        return fail("invalid escape", at_);
    }
  }

  bool read_string(std::string& out) {
    while (true) {
      if (at_ >= text_.size()) return fail("EOF while parsing a string", at_);
      char c = text_[at_++];
      if (c == '"') return true;
      if (c == '\\') {
        if (!read_escape(out)) return false;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return fail("control character (\\u0000-\\u001F) found while parsing a string", at_);
      } else {
        out += c;
      }
    }
  }

  bool digit_next() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }

  bool read_number(JsonValue& value) {
    bool negative = text_[at_] == '-';
    if (negative) at_++;
    if (at_ >= text_.size()) return fail_here("EOF while parsing a value");
    if (!digit_next()) return fail_here("invalid number");
    uint64_t significand = 0;
    int64_t exponent = 0;
    bool whole = true;
    bool full = false;  // further digits do not fit the significand: they only count
    auto take_digit = [&](bool fraction) {
      auto digit = static_cast<uint64_t>(text_[at_++] - '0');
      if (!full && significand > (UINT64_MAX - digit) / 10) full = true;
      if (full) {
        if (!fraction) {
          exponent++;
          whole = false;
        }
        return;
      }
      significand = significand * 10 + digit;
      if (fraction) exponent--;
    };
    if (text_[at_] == '0') {
      at_++;
      if (digit_next()) return fail_here("invalid number");
    } else {
      while (digit_next()) take_digit(false);
    }
    if (at_ < text_.size() && text_[at_] == '.') {
      whole = false;
      at_++;
      if (at_ >= text_.size()) return fail_here("EOF while parsing a value");
      if (!digit_next()) return fail_here("invalid number");
      while (digit_next()) take_digit(true);
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      whole = false;
      at_++;
      bool negative_exponent = false;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) negative_exponent = text_[at_++] == '-';
      if (at_ >= text_.size()) return fail_here("EOF while parsing a value");
      if (!digit_next()) return fail_here("invalid number");
      int64_t written = 0;
      while (digit_next()) {
        if (written < 100000) written = written * 10 + (text_[at_] - '0');
        at_++;
      }
      exponent += negative_exponent ? -written : written;
    }
    if (whole) {
      if (!negative) {
        value.kind = JsonValue::unsigned_integer;
        value.magnitude = significand;
        return true;
      }
      if (significand != 0 && significand <= uint64_t{1} << 63) {
        value.kind = JsonValue::signed_integer;
        value.integer = static_cast<int64_t>(~significand + 1);
        return true;
      }
    }
    value.kind = JsonValue::floating;
    // The server multiplies or divides once by a power of ten: fast, and off by one unit in the last place in about a
    // sixth of all doubles of 17 digits.
    auto number = static_cast<double>(significand);
    while (exponent != 0 && number != 0) {
      int64_t step = std::min<int64_t>(std::abs(exponent), 308);
      double power = std::pow(10.0L, static_cast<long double>(step));
      if (exponent > 0) {
        if (exponent > 308) return fail("number out of range", at_);
        number *= power;
        if (std::isinf(number)) return fail("number out of range", at_);
        exponent = 0;
      } else {
        number /= power;
        exponent += step;
      }
    }
    value.real = negative ? -number : number;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string error_;
};

void dump_string(const std::string& text, std::string& out) {
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      static const char digits[] = "0123456789abcdef";
      switch (c) {
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        case '\b':
          out += "\\b";
          break;
        case '\f':
          out += "\\f";
          break;
        default:
          out += "\\u00";
          out += digits[byte >> 4];
          out += digits[byte & 15];
      }
    } else {
      out += c;
    }
  }
  out += '"';
}

void dump_value(const JsonValue& value, std::string& out) {
  switch (value.kind) {
    case JsonValue::null:
      out += "null";
      break;
    case JsonValue::boolean:
      out += value.flag ? "true" : "false";
      break;
    case JsonValue::signed_integer:
      out += std::to_string(value.integer);
      break;
    case JsonValue::unsigned_integer:
      out += std::to_string(value.magnitude);
      break;
    case JsonValue::floating:
      out += format_double(value.real);
      break;
    case JsonValue::string:
      dump_string(value.text, out);
      break;
    case JsonValue::array:
      out += '[';
      for (size_t i = 0; i < value.elements.size(); i++) {
        if (i != 0) out += ',';
        dump_value(value.elements[i], out);
      }
      out += ']';
      break;
    case JsonValue::object:
      out += '{';
      for (size_t i = 0; i < value.members.size(); i++) {
        if (i != 0) out += ',';
        dump_string(value.members[i].first, out);
        out += ':';
        dump_value(value.members[i].second, out);
      }
      out += '}';
      break;
  }
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (const auto& [known, value] : members) {
    if (known == name) return &value;
  }
  return nullptr;
}

std::string JsonValue::dump() const {
  std::string out;
  dump_value(*this, out);
  return out;
}

std::optional<JsonValue> read_json(std::string_view text, std::string& error) {
  return Reader(text).document(error);
}

}  // namespace kalam::stub
