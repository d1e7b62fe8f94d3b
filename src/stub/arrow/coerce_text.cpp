// Casts between text and values, both ways.
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "stub/arrow/coerce.h"
#include "stub/arrow/coerce_parts.h"
#include "stub/arrow/temporal_text.h"
#include "stub/arrow/types.h"
#include "stub/base/ids.h"

namespace kalam::stub {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return result;
}

std::optional<Int128> parse_integer(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || text.size() > 30) return std::nullopt;
  Int128 number = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return negative ? -number : number;
}

template <class Real>
std::optional<Real> parse_real(std::string_view text) {
  std::string_view body = text;
  bool negative = false;
  if (!body.empty() && (body[0] == '+' || body[0] == '-')) {
    negative = body[0] == '-';
    body.remove_prefix(1);
  }
  std::string word = lower(body);
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  if (word == "nan") return std::numeric_limits<Real>::quiet_NaN();
  if (word == "inf" || word == "infinity") return negative ? -infinity : infinity;
  if (body.empty() || body.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  if (body[0] == '+' || body[0] == '-') return std::nullopt;
  Real number = 0;
  auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), number);
  if (end != body.data() + body.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too large becomes infinite, too small zero.
    size_t exponent = body.find_first_of("eE");
    bool tiny = exponent != std::string_view::npos && body.substr(exponent + 1).starts_with('-');
    number = tiny ? 0 : infinity;
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return negative ? -number : number;
}

std::optional<bool> parse_boolean(std::string_view text) {
  std::string word = lower(text);
  for (const char* accepted : {"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"}) {
    if (word == accepted) return true;
  }
  for (const char* accepted : {"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"}) {
    if (word == accepted) return false;
  }
  return std::nullopt;
}

template <class Real>
std::string real_text(Real number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  if (number == 0) return std::signbit(number) ? "-0.0" : "0.0";
  char buffer[400];
  Real magnitude = std::fabs(number);
  bool plain = magnitude >= static_cast<Real>(1e-5) && magnitude < static_cast<Real>(1e16);
  auto result = std::to_chars(buffer, buffer + sizeof buffer, number,
                              plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer, result.ptr);
  if (plain) {
    if (text.find('.') == std::string::npos) text += ".0";
    return text;
  }
  // 1e+20 -> 1e20, 1e-07 -> 1e-7
  size_t exponent = text.find('e');
  std::string digits = text.substr(exponent + 1);
  bool negative = digits[0] == '-';
  digits.erase(0, 1);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return text.substr(0, exponent) + "e" + (negative ? "-" : "") + digits;
}

}  // namespace

std::string float_text(double number) {
  return real_text(number);
}
std::string float_text(float number) {
  return real_text(number);
}

std::optional<Value> cast_text(std::string_view text, const DataType& to) {
  auto integer_between = [&](Int128 low, Int128 high) -> std::optional<Value> {
    auto number = parse_integer(text);
    if (!number || *number < low || *number > high) return std::nullopt;
    if (low == 0) return Value{static_cast<uint64_t>(*number)};
    return Value{static_cast<int64_t>(*number)};
  };
  switch (to.id) {
    case TypeId::int8:
      return integer_between(-128, 127);
    case TypeId::int16:
      return integer_between(-32768, 32767);
    case TypeId::int32:
      return integer_between(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
    case TypeId::int64:
      return integer_between(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
    case TypeId::uint8:
      return integer_between(0, 255);
    case TypeId::uint16:
      return integer_between(0, 65535);
    case TypeId::uint32:
      return integer_between(0, std::numeric_limits<uint32_t>::max());
    case TypeId::uint64:
      return integer_between(0, std::numeric_limits<uint64_t>::max());
    case TypeId::float32: {
      auto number = parse_real<float>(text);
      if (!number) return std::nullopt;
      return Value{*number};
    }
    case TypeId::float64: {
      auto number = parse_real<double>(text);
      if (!number) return std::nullopt;
      return Value{*number};
    }
    case TypeId::boolean: {
      auto flag = parse_boolean(text);
      if (!flag) return std::nullopt;
      return Value{*flag};
    }
    case TypeId::utf8:
    case TypeId::utf8_view:
    case TypeId::large_utf8:
    case TypeId::binary:
      return Value{std::string(text)};
    case TypeId::date32: {
      auto days = parse_date(text);
      if (!days) return std::nullopt;
      return Value{*days};
    }
    case TypeId::time64: {
      auto microseconds = parse_time(text);
      if (!microseconds) return std::nullopt;
      return Value{to.unit == Unit::nanosecond ? *microseconds * 1000 : *microseconds};
    }
    case TypeId::timestamp: {
      auto parsed = parse_timestamp(text);
      if (!parsed) return std::nullopt;
      Int128 nanoseconds = static_cast<Int128>(parsed->seconds) * 1000000000 + parsed->nanoseconds;
      static const int64_t divisors[] = {1000000000, 1000000, 1000, 1};
      Int128 divisor = divisors[static_cast<int>(to.unit)];
      Int128 number = nanoseconds / divisor;
      if (nanoseconds % divisor < 0) number--;
      if (number > std::numeric_limits<int64_t>::max() || number < std::numeric_limits<int64_t>::min()) {
        return std::nullopt;
      }
      return Value{static_cast<int64_t>(number)};
    }
    case TypeId::decimal128: {
      std::string reason;
      return decimal_from_text(std::string(text), to, reason);
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::string> cast_to_text(const Value& value, const DataType& type) {
  if (value.is_null()) return std::nullopt;
  switch (type.id) {
    case TypeId::boolean:
      return std::get<bool>(value.data) ? "true" : "false";
    case TypeId::int8:
    case TypeId::int16:
    case TypeId::int32:
    case TypeId::int64:
      return std::to_string(std::get<int64_t>(value.data));
    case TypeId::uint8:
    case TypeId::uint16:
    case TypeId::uint32:
    case TypeId::uint64:
      return std::to_string(std::get<uint64_t>(value.data));
    case TypeId::float32:
      return float_text(std::get<float>(value.data));
    case TypeId::float64:
      return float_text(std::get<double>(value.data));
    case TypeId::utf8:
    case TypeId::utf8_view:
    case TypeId::large_utf8:
    case TypeId::binary:
      return std::get<std::string>(value.data);
    case TypeId::decimal128:
      return format_decimal(std::get<Int128>(value.data), type.scale);
    case TypeId::date32:
      return format_date(std::get<int64_t>(value.data));
    case TypeId::time64:
      return format_time(type.unit == Unit::nanosecond ? std::get<int64_t>(value.data) / 1000
                                                       : std::get<int64_t>(value.data));
    case TypeId::timestamp: {
      int64_t number = std::get<int64_t>(value.data);
      if (type.unit == Unit::millisecond) number *= 1000;
      if (type.unit == Unit::second) number *= 1000000;
      if (type.unit == Unit::nanosecond) number /= 1000;
      return format_timestamp_us(number, type.utc);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace kalam::stub
