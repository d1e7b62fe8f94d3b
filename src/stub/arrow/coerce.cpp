#include "stub/arrow/coerce.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "stub/arrow/coerce_parts.h"
#include "stub/arrow/temporal_text.h"
#include "stub/arrow/types.h"

namespace kalam::stub {

namespace {

struct IntegerRange {
  Int128 low;
  Int128 high;
};

std::optional<IntegerRange> integer_range(TypeId id) {
  switch (id) {
    case TypeId::int8:
      return IntegerRange{-128, 127};
    case TypeId::int16:
      return IntegerRange{-32768, 32767};
    case TypeId::int32:
      return IntegerRange{std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    case TypeId::int64:
      return IntegerRange{std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
    case TypeId::uint8:
      return IntegerRange{0, 255};
    case TypeId::uint16:
      return IntegerRange{0, 65535};
    case TypeId::uint32:
      return IntegerRange{0, std::numeric_limits<uint32_t>::max()};
    case TypeId::uint64:
      return IntegerRange{0, std::numeric_limits<uint64_t>::max()};
    default:
      return std::nullopt;
  }
}

bool is_signed_integer(TypeId id) {
  return id == TypeId::int8 || id == TypeId::int16 || id == TypeId::int32 || id == TypeId::int64;
}
bool is_unsigned_integer(TypeId id) {
  return id == TypeId::uint8 || id == TypeId::uint16 || id == TypeId::uint32 || id == TypeId::uint64;
}
bool is_text(TypeId id) {
  return id == TypeId::utf8 || id == TypeId::utf8_view || id == TypeId::large_utf8;
}

Value integer_value(Int128 number, TypeId id) {
  if (is_unsigned_integer(id)) return {static_cast<uint64_t>(number)};
  return {static_cast<int64_t>(number)};
}

int64_t floor_divide(int64_t number, int64_t divisor) {
  int64_t quotient = number / divisor;
  return number % divisor < 0 ? quotient - 1 : quotient;
}

// A timestamp of any unit as microseconds.
int64_t to_microseconds(int64_t number, Unit unit) {
  switch (unit) {
    case Unit::second:
      return number * 1000000;
    case Unit::millisecond:
      return number * 1000;
    case Unit::microsecond:
      return number;
    default:
      return number / 1000;
  }
}

// A number of any kind, for the casts between numeric types.
struct Number {
  enum Kind { integer, floating, decimal } kind = integer;
  Int128 whole = 0;  // integer; decimal: unscaled
  int scale = 0;
  double real = 0;
};

std::optional<Number> as_number(const TypedValue& from) {
  Number number;
  if (auto* integer = std::get_if<int64_t>(&from.value.data)) {
    if (!is_signed_integer(from.type.id) && from.type.id != TypeId::date32 && from.type.id != TypeId::time64) {
      return std::nullopt;
    }
    number.whole = *integer;
    return number;
  }
  if (auto* integer = std::get_if<uint64_t>(&from.value.data)) {
    number.whole = *integer;
    return number;
  }
  if (auto* flag = std::get_if<bool>(&from.value.data)) {
    number.whole = *flag ? 1 : 0;
    return number;
  }
  if (auto* real = std::get_if<double>(&from.value.data)) {
    number.kind = Number::floating;
    number.real = *real;
    return number;
  }
  if (auto* real = std::get_if<float>(&from.value.data)) {
    number.kind = Number::floating;
    number.real = *real;
    return number;
  }
  if (auto* unscaled = std::get_if<Int128>(&from.value.data)) {
    number.kind = Number::decimal;
    number.whole = *unscaled;
    number.scale = from.type.scale;
    return number;
  }
  return std::nullopt;
}

double decimal_to_double(Int128 unscaled, int scale) {
  return std::stod(format_decimal(unscaled, scale));
}

// One cast; the reason when it fails. An empty reason: Arrow has no such cast.
std::optional<Value> cast_value(const TypedValue& from, const DataType& to, std::string& reason) {
  TypeId source = from.type.id;
  if (is_text(source)) {
    const std::string& text = std::get<std::string>(from.value.data);
    if (is_text(to.id) || to.id == TypeId::binary) return from.value;
    if (to.id == TypeId::decimal128) return decimal_from_text(text, to, reason);
    auto value = cast_text(text, to);
    if (!value) {
      reason = to.id == TypeId::boolean
                   ? "Cast error: Cannot cast value '" + text + "' to value of Boolean type"
                   : "Cast error: Cannot cast string '" + text + "' to value of " + arrow_debug_name(to) + " type";
    }
    return value;
  }
  if (is_text(to.id)) {
    auto text = cast_to_text(from.value, from.type);
    if (!text) return std::nullopt;
    return Value{*text};
  }
  auto number = as_number(from);
  auto out_of_range = [&](const std::string& shown) {
    reason = "Cast error: Can't cast value " + shown + " to type " + arrow_debug_name(to);
    return std::nullopt;
  };
  if (auto range = integer_range(to.id); range && number) {
    if (source == TypeId::time64 && to.id != TypeId::int64) return std::nullopt;
    Int128 whole = number->whole;
    if (number->kind == Number::floating) {
      double truncated = std::trunc(number->real);
      if (!(truncated >= static_cast<double>(range->low) && truncated <= static_cast<double>(range->high))) {
        return out_of_range(float_text(number->real));
      }
      whole = static_cast<Int128>(truncated);
    } else if (number->kind == Number::decimal) {
      for (int i = 0; i < number->scale; i++) whole /= 10;
    }
    if (whole < range->low || whole > range->high) return out_of_range(format_decimal(whole, 0));
    return integer_value(whole, to.id);
  }
  switch (to.id) {
    case TypeId::boolean:
      if (!number || number->kind == Number::decimal) return std::nullopt;
      return Value{number->kind == Number::floating ? number->real != 0 : number->whole != 0};
    case TypeId::float32:
    case TypeId::float64: {
      if (!number || source == TypeId::date32 || source == TypeId::time64) return std::nullopt;
      double real = number->kind == Number::floating  ? number->real
                    : number->kind == Number::decimal ? decimal_to_double(number->whole, number->scale)
                                                      : static_cast<double>(number->whole);
      if (to.id == TypeId::float32) return Value{static_cast<float>(real)};
      return Value{real};
    }
    case TypeId::decimal128:
      if (!number || source == TypeId::boolean || source == TypeId::date32 || source == TypeId::time64) {
        return std::nullopt;
      }
      if (number->kind == Number::floating) return decimal_from_double(number->real, to, reason);
      return rescale_decimal(number->whole, number->scale, to, reason);
    case TypeId::date32:
      if (is_signed_integer(source)) {
        int64_t days = std::get<int64_t>(from.value.data);
        if (days < std::numeric_limits<int32_t>::min() || days > std::numeric_limits<int32_t>::max()) {
          return out_of_range(std::to_string(days));
        }
        return Value{days};
      }
      if (source == TypeId::timestamp) {
        int64_t microseconds = to_microseconds(std::get<int64_t>(from.value.data), from.type.unit);
        return Value{floor_divide(microseconds, 86400000000)};
      }
      return std::nullopt;
    case TypeId::time64:
      if (source == TypeId::int64) return from.value;
      if (source == TypeId::timestamp) {
        int64_t microseconds = to_microseconds(std::get<int64_t>(from.value.data), from.type.unit);
        return Value{microseconds - floor_divide(microseconds, 86400000000) * 86400000000};
      }
      return std::nullopt;
    case TypeId::timestamp:
      if (source == TypeId::int64) return from.value;
      if (source == TypeId::date32) return Value{std::get<int64_t>(from.value.data) * 86400000000};
      if (source == TypeId::timestamp) {
        return Value{to_microseconds(std::get<int64_t>(from.value.data), from.type.unit)};
      }
      return std::nullopt;
    case TypeId::binary:
      if (source == TypeId::fixed_size_binary || source == TypeId::binary) return from.value;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Value> coerce(const TypedValue& from, const DataType& to, const std::string& column, std::string& error) {
  if (from.value.is_null() || from.type.id == TypeId::null) return Value{};
  static const std::string prefix = "Invalid operation: Schema coercion failed: ";
  bool timestamps_differ_in_zone =
      from.type.id == TypeId::timestamp && to.id == TypeId::timestamp && from.type.unit == to.unit;
  // Only the nullability of the elements may differ, and those are never null (row_json.cpp).
  bool same_length =
      from.type.id == TypeId::fixed_size_list && to.id == TypeId::fixed_size_list && from.type.width == to.width;
  if (from.type == to || timestamps_differ_in_zone || same_length) {
    // Minus zero is not kept.
    if (auto* number = std::get_if<double>(&from.value.data); number != nullptr && *number == 0) return Value{0.0};
    if (auto* number = std::get_if<float>(&from.value.data); number != nullptr && *number == 0) return Value{0.0F};
    return from.value;
  }
  if (to.id == TypeId::fixed_size_binary) {
    std::string reason;
    auto value = uuid_from(from, column, reason);
    if (!value) error = prefix + reason;
    if (!value && reason.empty()) {
      error = prefix + "Unable to cast value " + arrow_debug_name(from.type) + " to " + arrow_debug_name(to) +
              " for column '" + column + "': Arrow error: Cast error: Casting from " + arrow_debug_name(from.type) +
              " to " + arrow_debug_name(to) + " not supported";
    }
    return value;
  }
  if (to.id == TypeId::fixed_size_list && is_text(from.type.id)) {
    std::string reason;
    auto value = embedding_from_text(std::get<std::string>(from.value.data), to.width, column, reason);
    if (!value) error = prefix + reason;
    return value;
  }
  std::string reason;
  auto value = cast_value(from, to, reason);
  if (value) {
    if (auto* number = std::get_if<double>(&value->data); number != nullptr && *number == 0) return Value{0.0};
    if (auto* number = std::get_if<float>(&value->data); number != nullptr && *number == 0) return Value{0.0F};
    return value;
  }
  if (reason.empty()) {
    reason = to.id == TypeId::fixed_size_list && from.type.id == TypeId::fixed_size_list
                 ? "Cast error: cannot cast fixed-size-list to fixed-size-list with different size"
                 : "Cast error: Casting from " + arrow_debug_name(from.type) + " to " + arrow_debug_name(to) +
                       " not supported";
  }
  error = prefix + "Unable to cast value " + arrow_debug_name(from.type) + " to " + arrow_debug_name(to) +
          " for column '" + column + "': Arrow error: " + reason;
  return std::nullopt;
}

Value zero_value(const DataType& type) {
  switch (type.id) {
    case TypeId::boolean:
      return {false};
    case TypeId::int16:
    case TypeId::int32:
    case TypeId::int64:
    case TypeId::date32:
    case TypeId::timestamp:
      return {int64_t{0}};
    case TypeId::float32:
      return {0.0F};
    case TypeId::float64:
      return {0.0};
    case TypeId::utf8:
      return {std::string()};
    default:
      return {};
  }
}

std::string arrow_debug_name(const DataType& type) {
  static const char* const units[] = {"Second", "Millisecond", "Microsecond", "Nanosecond"};
  const char* unit = units[static_cast<int>(type.unit)];
  switch (type.id) {
    case TypeId::timestamp:
      return std::string("Timestamp(") + unit + (type.utc ? ", Some(\"UTC\"))" : ", None)");
    case TypeId::time64:
      return std::string("Time64(") + unit + ")";
    case TypeId::duration:
      return std::string("Duration(") + unit + ")";
    case TypeId::fixed_size_list:
      return "FixedSizeList(Field { data_type: " + arrow_debug_name(*type.element) +
             (type.element_nullable ? ", nullable: true" : "") + " }, " + std::to_string(type.width) + ")";
    default:
      return arrow_name(type);
  }
}

std::string key_text(const Value& key, const DataType& type) {
  return cast_to_text(key, type).value_or("?");
}

std::optional<Value> parse_key(std::string_view text, const DataType& type, std::string& error) {
  if (is_text(type.id)) return Value{std::string(text)};
  auto refuse = [&](const std::string& reason) {
    error = "Failed to parse '" + std::string(text) + "' as " + arrow_name(type) + ": " + reason;
    return std::nullopt;
  };
  if (auto range = integer_range(type.id)) {
    std::string_view digits = text;
    bool negative = false;
    if (text.empty()) return refuse("cannot parse integer from empty string");
    if (digits.size() > 1 && (digits[0] == '+' || digits[0] == '-')) {
      negative = digits[0] == '-';
      digits.remove_prefix(1);
    }
    if (digits.find_first_not_of("0123456789") != std::string_view::npos)
      return refuse("invalid digit found in string");
    Int128 number = 0;
    for (char c : digits) {
      number = number * 10 + (c - '0');
      if (number > range->high + 1) break;
    }
    if (negative) number = -number;
    if (number > range->high) return refuse("number too large to fit in target type");
    if (number < range->low) return refuse("number too small to fit in target type");
    return integer_value(number, type.id);
  }
  if (type.id == TypeId::boolean) {
    if (text == "true") return Value{true};
    if (text == "false") return Value{false};
    return refuse("provided string was not `true` or `false`");
  }
  if (type.id == TypeId::float32 || type.id == TypeId::float64) {
    if (text.empty()) return refuse("cannot parse float from empty string");
    auto value = cast_text(text, type);
    if (!value) return refuse("invalid float literal");
    return value;
  }
  return std::nullopt;
}

}  // namespace kalam::stub
