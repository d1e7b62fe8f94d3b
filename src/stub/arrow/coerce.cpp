#include "stub/arrow/coerce.h"

#include "stub/arrow/cast.h"
#include "stub/arrow/coerce_parts.h"
#include "stub/arrow/types.h"

namespace kalam::stub {

namespace {

// Minus zero is not kept.
Value without_minus_zero(Value value) {
  if (auto* number = std::get_if<double>(&value.data); number != nullptr && *number == 0) return {0.0};
  if (auto* number = std::get_if<float>(&value.data); number != nullptr && *number == 0) return {0.0F};
  return value;
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
    return without_minus_zero(from.value);
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
  if (to.id == TypeId::fixed_size_list && is_text(from.type)) {
    std::string reason;
    auto value = embedding_from_text(std::get<std::string>(from.value.data), to.width, column, reason);
    if (!value) error = prefix + reason;
    return value;
  }
  std::string reason = to.id == TypeId::fixed_size_list && from.type.id == TypeId::fixed_size_list
                           ? "Cast error: cannot cast fixed-size-list to fixed-size-list with different size"
                           : "Cast error: Casting from " + arrow_debug_name(from.type) + " to " + arrow_debug_name(to) +
                                 " not supported";
  if (can_cast(from.type, to)) {
    try {
      return without_minus_zero(cast_value(from.value, from.type, to, CastBy::schema));
    } catch (const ArrowError& failure) {
      reason = failure.text;
    }
  }
  error = prefix + "Unable to cast value " + arrow_debug_name(from.type) + " to " + arrow_debug_name(to) +
          " for column '" + column + "': Arrow error: " + reason;
  return std::nullopt;
}

std::optional<Value> cast_text(std::string_view text, const DataType& to) {
  static const DataType from = type_of(TypeId::utf8);
  if (!can_cast(from, to) || to.id == TypeId::interval_month_day_nano) return std::nullopt;
  try {
    return cast_value({std::string(text)}, from, to, CastBy::schema);
  } catch (const ArrowError&) {
    return std::nullopt;
  }
}

std::optional<std::string> cast_to_text(const Value& value, const DataType& type) {
  static const DataType to = type_of(TypeId::utf8);
  if (value.is_null() || !can_cast(type, to)) return std::nullopt;
  if (type.id == TypeId::binary) return as_text(value);
  try {
    return as_text(cast_value(value, type, to, CastBy::schema));
  } catch (const ArrowError&) {
    return std::nullopt;
  }
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

std::string key_text(const Value& key, const DataType& type) {
  return cast_to_text(key, type).value_or("?");
}

std::optional<Value> parse_key(std::string_view text, const DataType& type, std::string& error) {
  if (is_text(type)) return Value{std::string(text)};
  auto refuse = [&](const std::string& reason) {
    error = "Failed to parse '" + std::string(text) + "' as " + arrow_name(type) + ": " + reason;
    return std::nullopt;
  };
  if (is_integer(type)) {
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
    for (char c : digits.substr(0, 30)) number = number * 10 + (c - '0');
    try {
      return integer_value(negative ? -number : number, type);
    } catch (const ArrowError&) {
      return refuse(negative ? "number too small to fit in target type" : "number too large to fit in target type");
    }
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
