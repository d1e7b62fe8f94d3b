#include "stub/arrow/cast.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "stub/arrow/text_forms.h"
#include "stub/arrow/types.h"

namespace kalam::stub {

int64_t as_int64(const Value& value) {
  if (auto* number = std::get_if<int64_t>(&value.data)) return *number;
  if (auto* number = std::get_if<uint64_t>(&value.data)) return static_cast<int64_t>(*number);
  if (auto* flag = std::get_if<bool>(&value.data)) return *flag ? 1 : 0;
  return 0;
}

Int128 as_int128(const Value& value) {
  if (auto* number = std::get_if<uint64_t>(&value.data)) return static_cast<Int128>(*number);
  if (auto* number = std::get_if<Int128>(&value.data)) return *number;
  return static_cast<Int128>(as_int64(value));
}

double as_double(const Value& value, const DataType& type) {
  if (auto* number = std::get_if<double>(&value.data)) return *number;
  if (auto* number = std::get_if<float>(&value.data)) return static_cast<double>(*number);
  if (auto* number = std::get_if<Int128>(&value.data)) {
    return static_cast<double>(*number) / std::pow(10.0, type.scale);
  }
  if (auto* number = std::get_if<uint64_t>(&value.data)) return static_cast<double>(*number);
  return static_cast<double>(as_int64(value));
}

const std::string& as_text(const Value& value) {
  return std::get<std::string>(value.data);
}

Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; i++) power *= 10;
  return power;
}

Int128 rounded_quotient(Int128 number, Int128 divisor) {
  Int128 quotient = number / divisor;
  Int128 rest = number % divisor;
  if (rest < 0) rest = -rest;
  if (rest >= divisor - rest) quotient += number < 0 ? -1 : 1;
  return quotient;
}

namespace {

struct Range {
  Int128 low;
  Int128 high;
};

Range range_of(const DataType& type) {
  switch (type.id) {
    case TypeId::int8:
      return {INT8_MIN, INT8_MAX};
    case TypeId::int16:
      return {INT16_MIN, INT16_MAX};
    case TypeId::int32:
    case TypeId::date32:
      return {INT32_MIN, INT32_MAX};
    case TypeId::uint8:
      return {0, UINT8_MAX};
    case TypeId::uint16:
      return {0, UINT16_MAX};
    case TypeId::uint32:
      return {0, UINT32_MAX};
    case TypeId::uint64:
      return {0, static_cast<Int128>(UINT64_MAX)};
    default:
      return {INT64_MIN, INT64_MAX};
  }
}

Value stored(Int128 number, const DataType& type) {
  if (is_unsigned_integer(type)) return {static_cast<uint64_t>(number)};
  return {static_cast<int64_t>(number)};
}

// Rust's Display of a float has no exponent and no ".0"; Arrow's messages use Debug, which has ".0".
std::string shown(const Value& value, const DataType& type) {
  if (type.id == TypeId::float64) return format_double(std::get<double>(value.data));
  if (type.id == TypeId::float32) return format_float(std::get<float>(value.data));
  return format_decimal(as_int128(value), is_decimal(type) ? type.scale : 0);
}

[[noreturn]] void out_of_range(const std::string& value, const DataType& to) {
  throw ArrowError{"Cast error: Can't cast value " + value + " to type " + arrow_name(to)};
}

[[noreturn]] void bad_text(const std::string& text, const DataType& to, CastBy by) {
  throw ArrowError{"Cast error: Cannot cast string '" + text + "' to value of " +
                   (by == CastBy::schema ? arrow_debug_name(to) : arrow_name(to)) + " type"};
}

Value checked_decimal(Int128 number, const DataType& to) {
  Int128 limit = power_of_ten(to.precision);
  if (number >= limit || number <= -limit) {
    bool small = number < 0;
    throw ArrowError{"Invalid argument error: " + format_decimal(number, to.scale) + " is too " +
                     (small ? "small" : "large") + " to store in a Decimal128 of precision " +
                     std::to_string(to.precision) + (small ? ". Min is -" : ". Max is ") +
                     format_decimal(limit - 1, to.scale)};
  }
  return {number};
}

Value float_to_integer(double number, const std::string& text, const DataType& to) {
  double whole = std::trunc(number);
  Range range = range_of(to);
  if (std::isnan(number) || whole < static_cast<double>(range.low) || whole > static_cast<double>(range.high) ||
      std::fabs(whole) >= 0x1p127) {
    out_of_range(text, to);
  }
  auto exact = static_cast<Int128>(whole);
  if (exact < range.low || exact > range.high) out_of_range(text, to);
  return stored(exact, to);
}

Value double_to_decimal(double number, const DataType& to) {
  double scaled = std::round(number * std::pow(10.0, to.scale));
  if (!std::isfinite(scaled) || std::fabs(scaled) >= 1e38) {
    throw ArrowError{"Cast error: Cannot cast to Decimal128(" + std::to_string(to.precision) + ", " +
                     std::to_string(to.scale) + "). Overflowing on " + format_double(number)};
  }
  return checked_decimal(static_cast<Int128>(scaled), to);
}

Value text_to_integer(const std::string& text, const DataType& to, CastBy by) {
  std::string_view digits = text;
  if (digits.size() > 1 && digits.front() == '+') digits.remove_prefix(1);
  if (digits.empty() || (text.front() == '+' && digits.front() == '-')) bad_text(text, to, by);
  if (is_unsigned_integer(to)) {
    uint64_t number = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) bad_text(text, to, by);
    if (static_cast<Int128>(number) > range_of(to).high) bad_text(text, to, by);
    return {number};
  }
  int64_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) bad_text(text, to, by);
  Range range = range_of(to);
  if (number < range.low || number > range.high) bad_text(text, to, by);
  return {number};
}

Value text_to_boolean(const std::string& text) {
  std::string lower;
  for (char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* word : {"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"}) {
    if (lower == word) return {true};
  }
  for (const char* word : {"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"}) {
    if (lower == word) return {false};
  }
  throw ArrowError{"Cast error: Cannot cast value '" + text + "' to value of Boolean type"};
}

Value text_to_decimal(const std::string& text, const DataType& to, CastBy by) {
  auto first = text.find_first_not_of(" \t\n");
  auto last = text.find_last_not_of(" \t\n");
  std::string body = first == std::string::npos ? "" : text.substr(first, last - first + 1);
  if (body.empty()) return {Int128{0}};
  auto refused = [&]() { bad_text(text, by == CastBy::schema ? decimal_of(38, 10) : to, by); };
  bool too_long = false;
  bool negative = body.front() == '-';
  if (negative || body.front() == '+') body.erase(0, 1);
  Int128 number = 0;
  int places = -1;
  bool round_up = false;
  int digits = 0;
  for (char c : body) {
    if (c == '.') {
      if (places >= 0) refused();
      places = 0;
      continue;
    }
    if (c < '0' || c > '9') refused();
    if (places >= to.scale) {
      if (places == to.scale) round_up = c >= '5';
      places++;
      continue;
    }
    if (digits > 0 || c != '0') digits++;
    if (digits > 38 && by == CastBy::query) refused();
    too_long = too_long || digits > 38;
    if (too_long) continue;
    number = number * 10 + (c - '0');
    if (places >= 0) places++;
  }
  for (int place = places < 0 ? 0 : places; place < to.scale; place++) {
    if (number >= power_of_ten(37) && by == CastBy::query) refused();
    too_long = too_long || number >= power_of_ten(37);
    if (!too_long) number *= 10;
  }
  if (round_up) number++;
  if (too_long) number = power_of_ten(38);
  return checked_decimal(negative ? -number : number, to);
}

Value instant_to_timestamp(const Instant& instant, const std::string& shown_as, const DataType& to) {
  int64_t scale = per_second(to.unit);
  Int128 value = static_cast<Int128>(instant.seconds) * scale + instant.nanoseconds / (1000000000 / scale);
  if (value < INT64_MIN || value > INT64_MAX) {
    throw ArrowError{"Cast error: Overflow converting " + shown_as +
                     " to Nanosecond. The dates that can be represented as nanoseconds have to be between "
                     "1677-09-21T00:12:44.0 and 2262-04-11T23:47:16.854775804"};
  }
  return {static_cast<int64_t>(value)};
}

Value from_text(const std::string& text, const DataType& to, CastBy by) {
  switch (to.id) {
    case TypeId::boolean:
      return text_to_boolean(text);
    case TypeId::float32: {
      auto number = parse_double(text);
      if (!number) bad_text(text, to, by);
      return {std::strtof(text.c_str(), nullptr)};
    }
    case TypeId::float64: {
      auto number = parse_double(text);
      if (!number) bad_text(text, to, by);
      return {*number};
    }
    case TypeId::decimal128:
      return text_to_decimal(text, to, by);
    case TypeId::date32: {
      auto days = parse_date(text);
      if (!days) bad_text(text, to, by);
      return {*days};
    }
    case TypeId::time64: {
      auto nanoseconds = parse_time(text);
      if (!nanoseconds) bad_text(text, to, by);
      return {*nanoseconds / (1000000000 / per_second(to.unit))};
    }
    case TypeId::timestamp: {
      auto instant = parse_timestamp(text);
      if (!instant && by == CastBy::schema) bad_text(text, to, by);
      if (!instant) {
        throw ArrowError{"Parser error: Error parsing timestamp from '" + text + "': error parsing date"};
      }
      return instant_to_timestamp(*instant, text, to);
    }
    case TypeId::interval_month_day_nano: {
      auto interval = parse_interval(text);
      if (!interval) throw std::runtime_error("the interval '" + text + "'");
      return {*interval};
    }
    default:
      return text_to_integer(text, to, by);
  }
}

Value to_text(const Value& value, const DataType& from) {
  switch (from.id) {
    case TypeId::boolean:
      return {std::string(std::get<bool>(value.data) ? "true" : "false")};
    case TypeId::float32:
      return {format_float(std::get<float>(value.data))};
    case TypeId::float64:
      return {format_double(std::get<double>(value.data))};
    case TypeId::decimal128:
      return {format_decimal(as_int128(value), from.scale)};
    case TypeId::date32:
      return {format_date(as_int64(value))};
    case TypeId::time64: {
      auto text = format_time(as_int64(value), from.unit);
      if (!text) {
        throw ArrowError{"Cast error: Failed to convert " + std::to_string(as_int64(value)) + " to temporal for " +
                         arrow_name(from)};
      }
      return {*text};
    }
    case TypeId::timestamp: {
      auto text = format_timestamp(as_int64(value), from.unit, from.utc);
      if (!text) {
        throw ArrowError{"Cast error: Failed to convert " + std::to_string(as_int64(value)) + " to temporal for " +
                         arrow_name(from)};
      }
      return {*text};
    }
    case TypeId::binary: {
      const std::string& bytes = as_text(value);
      size_t at = invalid_utf8_at(bytes);
      if (at != std::string::npos) {
        throw ArrowError{
            "Invalid argument error: Encountered non UTF-8 data: invalid utf-8 sequence of 1 bytes from "
            "index " +
            std::to_string(at)};
      }
      return value;
    }
    default:
      return {format_decimal(as_int128(value), 0)};
  }
}

Value rescaled_time(int64_t value, Unit from, Unit to, const DataType& to_type) {
  int64_t a = per_second(from);
  int64_t b = per_second(to);
  if (b <= a) return {value / (a / b)};
  Int128 wide = static_cast<Int128>(value) * (b / a);
  if (wide < INT64_MIN || wide > INT64_MAX) {
    if (to_type.id == TypeId::timestamp) {
      throw ArrowError{"Arithmetic overflow: Overflow happened on: " + std::to_string(value) + " * " +
                       std::to_string(b / a)};
    }
    throw ArrowError{"Cast error: Overflow converting " + std::to_string(value)};
  }
  return {static_cast<int64_t>(wide)};
}

Value number_to_number(const Value& value, const DataType& from, const DataType& to) {
  if (to.id == TypeId::boolean) {
    return {is_float(from) ? as_double(value, from) != 0 : as_int128(value) != 0};
  }
  if (to.id == TypeId::float64) return {as_double(value, from)};
  if (to.id == TypeId::float32) {
    if (is_integer(from)) return {static_cast<float>(as_int128(value))};
    return {static_cast<float>(as_double(value, from))};
  }
  if (is_decimal(to)) {
    if (is_float(from)) return double_to_decimal(as_double(value, from), to);
    Int128 number = as_int128(value);
    int shift = to.scale - (is_decimal(from) ? from.scale : 0);
    if (shift < 0) return checked_decimal(rounded_quotient(number, power_of_ten(-shift)), to);
    Int128 factor = power_of_ten(shift);
    Int128 limit = power_of_ten(38) / factor;
    if (number > limit || number < -limit) {
      throw ArrowError{"Cast error: Cannot cast to Decimal128(" + std::to_string(to.precision) + ", " +
                       std::to_string(to.scale) + "). Overflowing on " + format_decimal(number, 0)};
    }
    return checked_decimal(number * factor, to);
  }
  if (is_float(from)) return float_to_integer(as_double(value, from), shown(value, from), to);
  if (is_decimal(from)) {
    Int128 whole = as_int128(value) / power_of_ten(from.scale);
    Range range = range_of(to);
    if (whole < range.low || whole > range.high) {
      throw ArrowError{"Cast error: value of " + format_decimal(whole, 0) + " is out of range " + arrow_name(to)};
    }
    return stored(whole, to);
  }
  return integer_value(as_int128(value), to);
}

bool plain_number(const DataType& type) {
  return is_numeric(type) || type.id == TypeId::boolean;
}

}  // namespace

Value integer_value(Int128 number, const DataType& type) {
  Range range = range_of(type);
  if (number < range.low || number > range.high) out_of_range(format_decimal(number, 0), type);
  return stored(number, type);
}

Value wrapped_value(Int128 number, const DataType& type) {
  auto bits = static_cast<uint64_t>(static_cast<unsigned __int128>(number));
  switch (type.id) {
    case TypeId::int8:
      return {static_cast<int64_t>(static_cast<int8_t>(bits))};
    case TypeId::int16:
      return {static_cast<int64_t>(static_cast<int16_t>(bits))};
    case TypeId::int32:
      return {static_cast<int64_t>(static_cast<int32_t>(bits))};
    case TypeId::uint8:
      return {static_cast<uint64_t>(static_cast<uint8_t>(bits))};
    case TypeId::uint16:
      return {static_cast<uint64_t>(static_cast<uint16_t>(bits))};
    case TypeId::uint32:
      return {static_cast<uint64_t>(static_cast<uint32_t>(bits))};
    case TypeId::uint64:
      return {bits};
    default:
      return {static_cast<int64_t>(bits)};
  }
}

bool can_cast(const DataType& from, const DataType& to) {
  if (from == to || from.id == TypeId::null) return true;
  if (plain_number(from) && plain_number(to)) {
    return !(from.id == TypeId::boolean && is_decimal(to)) && !(is_decimal(from) && to.id == TypeId::boolean);
  }
  if (is_text(from)) {
    return is_text(to) || plain_number(to) || to.id == TypeId::binary || to.id == TypeId::date32 ||
           to.id == TypeId::time64 || to.id == TypeId::timestamp || to.id == TypeId::interval_month_day_nano;
  }
  if (is_text(to)) {
    return plain_number(from) || from.id == TypeId::binary || from.id == TypeId::date32 || from.id == TypeId::time64 ||
           from.id == TypeId::timestamp;
  }
  if (is_binary(from) && is_binary(to)) return true;
  if (from.id == TypeId::timestamp)
    return to.id == TypeId::timestamp || to.id == TypeId::date32 || to.id == TypeId::time64 || to.id == TypeId::int64;
  if (from.id == TypeId::date32) return to.id == TypeId::timestamp || to.id == TypeId::int32 || to.id == TypeId::int64;
  if (from.id == TypeId::time64) return to.id == TypeId::time64 || to.id == TypeId::int64;
  if (to.id == TypeId::date32) return from.id == TypeId::int32 || from.id == TypeId::int64;
  if (to.id == TypeId::timestamp || to.id == TypeId::time64) return from.id == TypeId::int64;
  return false;
}

Value cast_value(const Value& value, const DataType& from, const DataType& to, CastBy by) {
  if (value.is_null() || from == to) return value;
  if (is_text(from)) {
    if (is_text(to) || to.id == TypeId::binary) return value;
    return from_text(as_text(value), to, by);
  }
  if (is_text(to)) return to_text(value, from);
  if (plain_number(from) && plain_number(to)) return number_to_number(value, from, to);
  if (is_binary(from) && is_binary(to)) {
    if (to.id == TypeId::fixed_size_binary && as_text(value).size() != static_cast<size_t>(to.width)) {
      throw ArrowError{"Invalid argument error: Size mismatch: expected " + std::to_string(to.width) + " got " +
                       std::to_string(as_text(value).size())};
    }
    return value;
  }
  int64_t number = as_int64(value);
  if (from.id == TypeId::timestamp) {
    if (to.id == TypeId::timestamp) return rescaled_time(number, from.unit, to.unit, to);
    if (to.id == TypeId::date32) return {floor_div(number, 86400 * per_second(from.unit))};
    if (to.id == TypeId::time64) {
      return rescaled_time(floor_mod(number, 86400 * per_second(from.unit)), from.unit, to.unit, to);
    }
    return value;
  }
  if (from.id == TypeId::time64 && to.id == TypeId::time64) return rescaled_time(number, from.unit, to.unit, to);
  if (from.id == TypeId::date32 && to.id == TypeId::timestamp) {
    return instant_to_timestamp({number * 86400, 0}, format_date(number), to);
  }
  return integer_value(number, to);
}

}  // namespace kalam::stub
