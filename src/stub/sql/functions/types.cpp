#include "stub/sql/functions/types.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

namespace kalam::stub::sql {

namespace {

int integer_bits(const DataType& type) {
  switch (type.id) {
    case TypeId::int8:
    case TypeId::uint8:
      return 8;
    case TypeId::int16:
    case TypeId::uint16:
      return 16;
    case TypeId::int32:
    case TypeId::uint32:
      return 32;
    default:
      return 64;
  }
}

DataType signed_of_bits(int bits) {
  if (bits <= 8) return type_of(TypeId::int8);
  if (bits <= 16) return type_of(TypeId::int16);
  if (bits <= 32) return type_of(TypeId::int32);
  return type_of(TypeId::int64);
}

// The wider of two texts: a view wins, then the large form.
DataType wider_text(const DataType& left, const DataType& right) {
  if (left.id == TypeId::utf8_view || right.id == TypeId::utf8_view) return type_of(TypeId::utf8_view);
  if (left.id == TypeId::large_utf8 || right.id == TypeId::large_utf8) return type_of(TypeId::large_utf8);
  return type_of(TypeId::utf8);
}

// A decimal that holds both operands, as DataFusion's get_wider_decimal_type.
DataType wider_decimal(const DataType& left, const DataType& right) {
  int scale = std::max(left.scale, right.scale);
  int range = std::max(left.precision - left.scale, right.precision - right.scale);
  return decimal_of(std::min(38, range + scale), std::min(38, scale));
}

std::optional<DataType> integer_type(const DataType& left, const DataType& right) {
  if (is_signed_integer(left) == is_signed_integer(right)) {
    return integer_bits(left) >= integer_bits(right) ? left : right;
  }
  const DataType& unsigned_side = is_unsigned_integer(left) ? left : right;
  const DataType& signed_side = is_unsigned_integer(left) ? right : left;
  if (unsigned_side.id == TypeId::uint64) return decimal_of(20, 0);
  return signed_of_bits(std::max(integer_bits(signed_side), 2 * integer_bits(unsigned_side)));
}

std::optional<DataType> numeric_type(const DataType& left, const DataType& right) {
  if (is_decimal(left) || is_decimal(right)) {
    if (is_float(left) || is_float(right)) return type_of(TypeId::float64);
    return wider_decimal(is_decimal(left) ? left : decimal_for_integer(left),
                         is_decimal(right) ? right : decimal_for_integer(right));
  }
  if (left.id == TypeId::float64 || right.id == TypeId::float64) return type_of(TypeId::float64);
  if (is_float(left) || is_float(right)) return type_of(TypeId::float32);
  return integer_type(left, right);
}

bool is_time_stamp(const DataType& type) {
  return type.id == TypeId::timestamp;
}

std::optional<DataType> temporal_type(const DataType& left, const DataType& right) {
  if (is_time_stamp(left) && is_time_stamp(right)) {
    return timestamp_of(std::max(left.unit, right.unit), left.utc || right.utc);
  }
  if (is_time_stamp(left) && right.id == TypeId::date32) return left;
  if (left.id == TypeId::date32 && is_time_stamp(right)) return right;
  if (left.id == TypeId::time64 && right.id == TypeId::time64) return time_of(std::max(left.unit, right.unit));
  return std::nullopt;
}

// What a text meets a date, time or timestamp in.
std::optional<DataType> text_temporal_type(const DataType& other) {
  if (other.id == TypeId::date32) return other;
  if (other.id == TypeId::time64) return time_of(Unit::nanosecond);
  if (is_time_stamp(other)) return timestamp_of(Unit::nanosecond, other.utc);
  return std::nullopt;
}

}  // namespace

DataType decimal_for_integer(const DataType& type) {
  switch (type.id) {
    case TypeId::int8:
    case TypeId::uint8:
      return decimal_of(3, 0);
    case TypeId::int16:
    case TypeId::uint16:
      return decimal_of(5, 0);
    case TypeId::int32:
    case TypeId::uint32:
      return decimal_of(10, 0);
    default:
      return decimal_of(20, 0);
  }
}

std::optional<DataType> comparison_type(const DataType& left, const DataType& right) {
  if (left == right) return left;
  if (left.id == TypeId::null) return right;
  if (right.id == TypeId::null) return left;
  if (is_numeric(left) && is_numeric(right)) return numeric_type(left, right);
  if (is_text(left) && is_text(right)) return wider_text(left, right);
  // A number against text is compared as text (specification 11.2).
  if (is_text(left) && is_numeric(right)) return left;
  if (is_text(right) && is_numeric(left)) return right;
  if (is_text(left)) {
    if (auto type = text_temporal_type(right)) return type;
    if (right.id == TypeId::binary) return right;
  }
  if (is_text(right)) {
    if (auto type = text_temporal_type(left)) return type;
    if (left.id == TypeId::binary) return left;
  }
  if (is_binary(left) && is_binary(right)) return type_of(TypeId::binary);
  return temporal_type(left, right);
}

std::optional<DataType> common_type(const DataType& left, const DataType& right) {
  if (left == right) return left;
  if (left.id == TypeId::null) return right;
  if (right.id == TypeId::null) return left;
  if (is_numeric(left) && is_numeric(right)) return numeric_type(left, right);
  if (is_text(left) && is_text(right)) return wider_text(left, right);
  return std::nullopt;
}

std::optional<Arithmetic> arithmetic_types(char op, const DataType& left, const DataType& right) {
  if (!is_numeric(left) || !is_numeric(right)) return std::nullopt;
  if (is_float(left) || is_float(right)) {
    bool wide = left.id == TypeId::float64 || right.id == TypeId::float64 || is_decimal(left) || is_decimal(right);
    DataType type = type_of(wide ? TypeId::float64 : TypeId::float32);
    return Arithmetic{type, type, type};
  }
  if (!is_decimal(left) && !is_decimal(right)) {
    auto type = integer_type(left, right);
    if (!type || is_decimal(*type)) return std::nullopt;
    return Arithmetic{*type, *type, *type};
  }
  DataType l = is_decimal(left) ? left : decimal_for_integer(left);
  DataType r = is_decimal(right) ? right : decimal_for_integer(right);
  int scale = std::max(l.scale, r.scale);
  int range = std::max(l.precision - l.scale, r.precision - r.scale);
  switch (op) {
    case '+':
    case '-':
      return Arithmetic{l, r, decimal_of(std::min(38, range + scale + 1), scale)};
    case '*':
      if (l.scale + r.scale > 38) return std::nullopt;
      return Arithmetic{l, r, decimal_of(std::min(38, l.precision + r.precision + 1), l.scale + r.scale)};
    case '/': {
      int result_scale = std::min(38, l.scale + 4);
      int shift = result_scale - l.scale + r.scale;
      return Arithmetic{l, r, decimal_of(std::min(38, l.precision + shift), result_scale)};
    }
    case '%': {
      int small_range = std::min(l.precision - l.scale, r.precision - r.scale);
      return Arithmetic{l, r, decimal_of(std::min(38, small_range + scale), scale)};
    }
    default:
      return std::nullopt;
  }
}

namespace {

std::string without_spaces(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (!std::isspace(static_cast<unsigned char>(c))) result += c;
  }
  return result;
}

std::optional<Unit> parse_unit(std::string_view text) {
  if (text == "Second" || text == "s") return Unit::second;
  if (text == "Millisecond" || text == "ms") return Unit::millisecond;
  if (text == "Microsecond" || text == "µs" || text == "us") return Unit::microsecond;
  if (text == "Nanosecond" || text == "ns") return Unit::nanosecond;
  return std::nullopt;
}

std::optional<int> parse_int(std::string_view text) {
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<DataType> parse_arrow_type(std::string_view written) {
  static const std::map<std::string, TypeId> simple = {
      {"Null", TypeId::null},     {"Boolean", TypeId::boolean},    {"Int8", TypeId::int8},
      {"Int16", TypeId::int16},   {"Int32", TypeId::int32},        {"Int64", TypeId::int64},
      {"UInt8", TypeId::uint8},   {"UInt16", TypeId::uint16},      {"UInt32", TypeId::uint32},
      {"UInt64", TypeId::uint64}, {"Float32", TypeId::float32},    {"Float64", TypeId::float64},
      {"Utf8", TypeId::utf8},     {"Utf8View", TypeId::utf8_view}, {"LargeUtf8", TypeId::large_utf8},
      {"Binary", TypeId::binary}, {"Date32", TypeId::date32}};
  std::string text = without_spaces(written);
  if (auto found = simple.find(text); found != simple.end()) return type_of(found->second);
  auto open = text.find('(');
  if (open == std::string::npos || text.back() != ')') return std::nullopt;
  std::string name = text.substr(0, open);
  std::string arguments = text.substr(open + 1, text.size() - open - 2);
  auto comma = arguments.find(',');
  std::string first = arguments.substr(0, comma);
  std::string second = comma == std::string::npos ? "" : arguments.substr(comma + 1);
  if (name == "Timestamp") {
    auto unit = parse_unit(first);
    if (!unit) return std::nullopt;
    if (second.empty() || second == "None") return timestamp_of(*unit);
    if (second == "Some(\"UTC\")" || second == "\"UTC\"") return timestamp_of(*unit, true);
    return std::nullopt;
  }
  if (name == "Time64" && second.empty()) {
    auto unit = parse_unit(first);
    if (unit && *unit >= Unit::microsecond) return time_of(*unit);
  }
  if (name == "FixedSizeBinary" && second.empty()) {
    auto width = parse_int(first);
    if (width && *width > 0) return fixed_binary_of(*width);
  }
  if (name == "Decimal128") {
    auto precision = parse_int(first);
    auto scale = parse_int(second);
    if (precision && scale && *precision >= 1 && *precision <= 38 && *scale >= 0 && *scale <= *precision) {
      return decimal_of(*precision, *scale);
    }
  }
  return std::nullopt;
}

}  // namespace kalam::stub::sql
