#include "stub/arrow/types.h"

#include <algorithm>
#include <cstdlib>

namespace kalam::stub {

bool operator==(const DataType& a, const DataType& b) {
  if (a.id != b.id) return false;
  switch (a.id) {
    case TypeId::time64:
    case TypeId::duration:
      return a.unit == b.unit;
    case TypeId::timestamp:
      return a.unit == b.unit && a.utc == b.utc;
    case TypeId::decimal128:
      return a.precision == b.precision && a.scale == b.scale;
    case TypeId::fixed_size_binary:
      return a.width == b.width;
    case TypeId::fixed_size_list:
    case TypeId::list: {
      if (a.id == TypeId::fixed_size_list && a.width != b.width) return false;
      if (a.element == nullptr || b.element == nullptr) return a.element == b.element;
      return a.element_nullable == b.element_nullable && *a.element == *b.element;
    }
    default:
      return true;
  }
}

namespace {

struct NamedType {
  const char* sql_name;
  TypeId id;
  const char* kalam_name;
};

constexpr NamedType kTypes[] = {
    {"BOOLEAN", TypeId::boolean, "Boolean"},
    {"SMALLINT", TypeId::int16, "SmallInt"},
    {"INT", TypeId::int32, "Int"},
    {"BIGINT", TypeId::int64, "BigInt"},
    {"FLOAT", TypeId::float32, "Float"},
    {"DOUBLE", TypeId::float64, "Double"},
    {"TEXT", TypeId::utf8, "Text"},
    {"JSON", TypeId::utf8, "Json"},
    {"FILE", TypeId::utf8, "File"},
    {"BYTES", TypeId::binary, "Bytes"},
    {"DATE", TypeId::date32, "Date"},
    {"TIME", TypeId::time64, "Time"},
    {"TIMESTAMP", TypeId::timestamp, "Timestamp"},
    {"DATETIME", TypeId::timestamp, "DateTime"},
    {"UUID", TypeId::fixed_size_binary, "Uuid"},
};

const char* unit_name(Unit unit) {
  switch (unit) {
    case Unit::second:
      return "s";
    case Unit::millisecond:
      return "ms";
    case Unit::microsecond:
      return "µs";
    default:
      return "ns";
  }
}

}  // namespace

std::optional<DataType> type_of_sql_name(std::string_view sql_type) {
  DataType type;
  for (const NamedType& named : kTypes) {
    if (sql_type != named.sql_name) continue;
    type.id = named.id;
    if (sql_type == "DATETIME") type.utc = true;
    if (sql_type == "UUID") type.width = 16;
    return type;
  }
  auto argument = [&](size_t from) { return std::atoi(std::string(sql_type.substr(from)).c_str()); };
  if (sql_type.starts_with("DECIMAL(")) {
    size_t comma = sql_type.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    return decimal_of(argument(8), argument(comma + 1));
  }
  if (sql_type.starts_with("EMBEDDING(")) {
    type.id = TypeId::fixed_size_list;
    type.width = argument(10);
    type.element_nullable = false;
    type.element = std::make_shared<const DataType>(type_of(TypeId::float32));
    return type;
  }
  return std::nullopt;
}

std::string kalam_data_type(std::string_view sql_type, const DataType& type) {
  if (type.id == TypeId::decimal128) {
    return "{\"Decimal\":{\"precision\":" + std::to_string(type.precision) +
           ",\"scale\":" + std::to_string(type.scale) + "}}";
  }
  if (type.id == TypeId::fixed_size_list) return "{\"Embedding\":" + std::to_string(type.width) + "}";
  for (const NamedType& named : kTypes) {
    if (sql_type == named.sql_name) return std::string("\"") + named.kalam_name + "\"";
  }
  return "\"Text\"";
}

std::string arrow_name(const DataType& type) {
  switch (type.id) {
    case TypeId::null:
      return "Null";
    case TypeId::boolean:
      return "Boolean";
    case TypeId::int8:
      return "Int8";
    case TypeId::int16:
      return "Int16";
    case TypeId::int32:
      return "Int32";
    case TypeId::int64:
      return "Int64";
    case TypeId::uint8:
      return "UInt8";
    case TypeId::uint16:
      return "UInt16";
    case TypeId::uint32:
      return "UInt32";
    case TypeId::uint64:
      return "UInt64";
    case TypeId::float32:
      return "Float32";
    case TypeId::float64:
      return "Float64";
    case TypeId::utf8:
      return "Utf8";
    case TypeId::utf8_view:
      return "Utf8View";
    case TypeId::large_utf8:
      return "LargeUtf8";
    case TypeId::binary:
      return "Binary";
    case TypeId::fixed_size_binary:
      return "FixedSizeBinary(" + std::to_string(type.width) + ")";
    case TypeId::date32:
      return "Date32";
    case TypeId::time64:
      return std::string("Time64(") + unit_name(type.unit) + ")";
    case TypeId::timestamp:
      return std::string("Timestamp(") + unit_name(type.unit) + (type.utc ? ", \"UTC\")" : ")");
    case TypeId::duration:
      return std::string("Duration(") + unit_name(type.unit) + ")";
    case TypeId::interval_month_day_nano:
      return "Interval(MonthDayNano)";
    case TypeId::decimal128:
      return "Decimal128(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case TypeId::list:
      return "List(" + std::string(type.element_nullable ? "" : "non-null ") + arrow_name(*type.element) + ")";
    case TypeId::fixed_size_list:
      return "FixedSizeList(" + std::to_string(type.width) + " x " + (type.element_nullable ? "" : "non-null ") +
             arrow_name(*type.element) + ")";
  }
  return "?";
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

DataType type_of(TypeId id) {
  DataType type;
  type.id = id;
  return type;
}

DataType decimal_of(int precision, int scale) {
  DataType type = type_of(TypeId::decimal128);
  type.precision = precision;
  type.scale = scale;
  return type;
}

DataType timestamp_of(Unit unit, bool utc) {
  DataType type = type_of(TypeId::timestamp);
  type.unit = unit;
  type.utc = utc;
  return type;
}

DataType time_of(Unit unit) {
  DataType type = type_of(TypeId::time64);
  type.unit = unit;
  return type;
}

DataType duration_of(Unit unit) {
  DataType type = type_of(TypeId::duration);
  type.unit = unit;
  return type;
}

DataType fixed_binary_of(int width) {
  DataType type = type_of(TypeId::fixed_size_binary);
  type.width = width;
  return type;
}

DataType list_of(const DataType& element) {
  DataType type = type_of(TypeId::list);
  type.element = std::make_shared<DataType>(element);
  return type;
}

bool is_signed_integer(const DataType& type) {
  return type.id == TypeId::int8 || type.id == TypeId::int16 || type.id == TypeId::int32 || type.id == TypeId::int64;
}

bool is_unsigned_integer(const DataType& type) {
  return type.id == TypeId::uint8 || type.id == TypeId::uint16 || type.id == TypeId::uint32 ||
         type.id == TypeId::uint64;
}

bool is_integer(const DataType& type) {
  return is_signed_integer(type) || is_unsigned_integer(type);
}
bool is_float(const DataType& type) {
  return type.id == TypeId::float32 || type.id == TypeId::float64;
}
bool is_decimal(const DataType& type) {
  return type.id == TypeId::decimal128;
}
bool is_numeric(const DataType& type) {
  return is_integer(type) || is_float(type) || is_decimal(type);
}

bool is_text(const DataType& type) {
  return type.id == TypeId::utf8 || type.id == TypeId::utf8_view || type.id == TypeId::large_utf8;
}

bool is_binary(const DataType& type) {
  return type.id == TypeId::binary || type.id == TypeId::fixed_size_binary;
}

std::string format_decimal(Int128 unscaled, int scale) {
  bool negative = unscaled < 0;
  auto magnitude = static_cast<unsigned __int128>(unscaled);
  if (negative) magnitude = ~magnitude + 1;
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
  } while (magnitude != 0);
  while (static_cast<int>(digits.size()) <= scale) digits += '0';
  std::reverse(digits.begin(), digits.end());
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return negative ? "-" + digits : digits;
}

}  // namespace kalam::stub
