#include "stub/store/codec.h"

#include <sqlite3.h>

#include <bit>
#include <cstring>

namespace kalam::stub {

namespace {

template <class Unsigned>
std::string big_endian(Unsigned number) {
  std::string bytes(sizeof number, '\0');
  for (size_t i = 0; i < sizeof number; i++) {
    bytes[sizeof number - 1 - i] = static_cast<char>(static_cast<unsigned char>(number & 0xff));
    number >>= 8;
  }
  return bytes;
}

template <class Unsigned>
Unsigned from_big_endian(std::string_view bytes) {
  Unsigned number = 0;
  for (size_t i = 0; i < sizeof number; i++) {
    number = static_cast<Unsigned>(number << 8) | static_cast<unsigned char>(i < bytes.size() ? bytes[i] : '\0');
  }
  return number;
}

// Lists: 4 bytes count, then per element 1 byte "is not null", 4 bytes length, the element's bytes.
std::string encode_list(const List& list, const DataType& element_type);
List decode_list(std::string_view bytes, const DataType& element_type);

bool is_text(TypeId id) {
  return id == TypeId::utf8 || id == TypeId::utf8_view || id == TypeId::large_utf8;
}

bool is_integer_encoded(TypeId id) {
  switch (id) {
    case TypeId::boolean:
    case TypeId::int8:
    case TypeId::int16:
    case TypeId::int32:
    case TypeId::int64:
    case TypeId::uint8:
    case TypeId::uint16:
    case TypeId::uint32:
    case TypeId::date32:
    case TypeId::time64:
    case TypeId::timestamp:
    case TypeId::duration:
      return true;
    default:
      return false;
  }
}

int64_t as_integer(const Value& value) {
  if (auto* number = std::get_if<int64_t>(&value.data)) return *number;
  if (auto* number = std::get_if<uint64_t>(&value.data)) return static_cast<int64_t>(*number);
  if (auto* flag = std::get_if<bool>(&value.data)) return *flag ? 1 : 0;
  return 0;
}

// Bytes of a value whose type is not kept as an SQLite INTEGER.
std::string as_bytes(const Value& value, const DataType& type) {
  switch (type.id) {
    case TypeId::uint64:
      return big_endian<uint64_t>(std::get<uint64_t>(value.data));
    case TypeId::float32:
      return encode_float(std::get<float>(value.data));
    case TypeId::float64:
      return encode_double(std::get<double>(value.data));
    case TypeId::decimal128:
      return encode_decimal(std::get<Int128>(value.data));
    case TypeId::interval_month_day_nano: {
      const auto& interval = std::get<MonthDayNano>(value.data);
      return big_endian(static_cast<uint32_t>(interval.months)) + big_endian(static_cast<uint32_t>(interval.days)) +
             big_endian(static_cast<uint64_t>(interval.nanoseconds));
    }
    case TypeId::list:
    case TypeId::fixed_size_list:
      return encode_list(std::get<List>(value.data), *type.element);
    default:
      return std::get<std::string>(value.data);
  }
}

Value from_integer(int64_t number, TypeId id) {
  switch (id) {
    case TypeId::boolean:
      return {number != 0};
    case TypeId::uint8:
    case TypeId::uint16:
    case TypeId::uint32:
      return {static_cast<uint64_t>(number)};
    default:
      return {number};
  }
}

Value from_bytes(std::string_view bytes, const DataType& type) {
  switch (type.id) {
    case TypeId::uint64:
      return {from_big_endian<uint64_t>(bytes)};
    case TypeId::float32:
      return {decode_float(bytes)};
    case TypeId::float64:
      return {decode_double(bytes)};
    case TypeId::decimal128:
      return {decode_decimal(bytes)};
    case TypeId::interval_month_day_nano:
      return {MonthDayNano{static_cast<int32_t>(from_big_endian<uint32_t>(bytes.substr(0, 4))),
                           static_cast<int32_t>(from_big_endian<uint32_t>(bytes.substr(4, 4))),
                           static_cast<int64_t>(from_big_endian<uint64_t>(bytes.substr(8, 8)))}};
    case TypeId::list:
    case TypeId::fixed_size_list:
      return {decode_list(bytes, *type.element)};
    default:
      return {std::string(bytes)};
  }
}

std::string encode_list(const List& list, const DataType& element_type) {
  std::string bytes = big_endian(static_cast<uint32_t>(list.size()));
  for (const Value& element : list) {
    bytes += element.is_null() ? '\0' : '\1';
    std::string body;
    if (!element.is_null()) {
      body = is_integer_encoded(element_type.id) ? big_endian(static_cast<uint64_t>(as_integer(element)))
                                                 : as_bytes(element, element_type);
    }
    bytes += big_endian(static_cast<uint32_t>(body.size()));
    bytes += body;
  }
  return bytes;
}

List decode_list(std::string_view bytes, const DataType& element_type) {
  List list;
  auto count = from_big_endian<uint32_t>(bytes.substr(0, 4));
  size_t at = 4;
  for (uint32_t i = 0; i < count && at + 5 <= bytes.size(); i++) {
    bool present = bytes[at] != '\0';
    auto length = from_big_endian<uint32_t>(bytes.substr(at + 1, 4));
    std::string_view body = bytes.substr(at + 5, length);
    at += 5 + length;
    if (!present) {
      list.push_back({});
    } else if (is_integer_encoded(element_type.id)) {
      list.push_back(from_integer(static_cast<int64_t>(from_big_endian<uint64_t>(body)), element_type.id));
    } else {
      list.push_back(from_bytes(body, element_type));
    }
  }
  return list;
}

std::string_view bytes_of(sqlite3_value* value) {
  // Through the type that is there: sqlite3_value_blob on TEXT gives its UTF-8 bytes.
  const void* data = sqlite3_value_blob(value);
  auto size = static_cast<size_t>(sqlite3_value_bytes(value));
  return {static_cast<const char*>(data), data == nullptr ? 0 : size};
}

}  // namespace

std::string encode_double(double number) {
  auto bits = std::bit_cast<uint64_t>(number);
  bits = (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
  return big_endian(bits);
}

double decode_double(std::string_view bytes) {
  auto bits = from_big_endian<uint64_t>(bytes);
  bits = (bits >> 63) != 0 ? bits & ~(uint64_t{1} << 63) : ~bits;
  return std::bit_cast<double>(bits);
}

std::string encode_float(float number) {
  auto bits = std::bit_cast<uint32_t>(number);
  bits = (bits >> 31) != 0 ? ~bits : bits | (uint32_t{1} << 31);
  return big_endian(bits);
}

float decode_float(std::string_view bytes) {
  auto bits = from_big_endian<uint32_t>(bytes);
  bits = (bits >> 31) != 0 ? bits & ~(uint32_t{1} << 31) : ~bits;
  return std::bit_cast<float>(bits);
}

std::string encode_decimal(Int128 number) {
  auto bits = static_cast<unsigned __int128>(number) ^ (static_cast<unsigned __int128>(1) << 127);
  return big_endian(static_cast<uint64_t>(bits >> 64)) + big_endian(static_cast<uint64_t>(bits));
}

Int128 decode_decimal(std::string_view bytes) {
  if (bytes.size() < 16) return 0;
  auto high = static_cast<unsigned __int128>(from_big_endian<uint64_t>(bytes.substr(0, 8)));
  auto low = from_big_endian<uint64_t>(bytes.substr(8, 8));
  auto bits = ((high << 64) | low) ^ (static_cast<unsigned __int128>(1) << 127);
  return static_cast<Int128>(bits);
}

void bind_value(sqlite3_stmt* statement, int index, const Value& value, const DataType& type) {
  if (value.is_null()) {
    sqlite3_bind_null(statement, index);
  } else if (is_integer_encoded(type.id)) {
    sqlite3_bind_int64(statement, index, as_integer(value));
  } else {
    std::string bytes = as_bytes(value, type);
    if (is_text(type.id)) {
      sqlite3_bind_text64(statement, index, bytes.data(), bytes.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    } else {
      sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
    }
  }
}

Value read_value(sqlite3_value* value, const DataType& type) {
  if (sqlite3_value_type(value) == SQLITE_NULL) return {};
  if (is_integer_encoded(type.id)) return from_integer(sqlite3_value_int64(value), type.id);
  return from_bytes(bytes_of(value), type);
}

Value read_column(sqlite3_stmt* statement, int index, const DataType& type) {
  if (sqlite3_column_type(statement, index) == SQLITE_NULL) return {};
  if (is_integer_encoded(type.id)) return from_integer(sqlite3_column_int64(statement, index), type.id);
  const void* data = sqlite3_column_blob(statement, index);
  auto size = static_cast<size_t>(sqlite3_column_bytes(statement, index));
  return from_bytes({static_cast<const char*>(data), data == nullptr ? 0 : size}, type);
}

void set_result(sqlite3_context* context, const Value& value, const DataType& type) {
  if (value.is_null()) {
    sqlite3_result_null(context);
  } else if (is_integer_encoded(type.id)) {
    sqlite3_result_int64(context, as_integer(value));
  } else {
    std::string bytes = as_bytes(value, type);
    if (is_text(type.id)) {
      sqlite3_result_text64(context, bytes.data(), bytes.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    } else {
      sqlite3_result_blob64(context, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
    }
  }
}

namespace {

std::string blob_literal(std::string_view bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string literal = "x'";
  for (char c : bytes) {
    literal += digits[static_cast<unsigned char>(c) >> 4];
    literal += digits[static_cast<unsigned char>(c) & 15];
  }
  return literal + "'";
}

}  // namespace

std::string sql_text_literal(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return "CAST(" + blob_literal(text) + " AS TEXT)";
  std::string literal = "'";
  for (char c : text) {
    literal += c;
    if (c == '\'') literal += c;
  }
  return literal + "'";
}

std::string sql_literal(const Value& value, const DataType& type) {
  if (value.is_null()) return "NULL";
  if (is_integer_encoded(type.id)) return std::to_string(as_integer(value));
  std::string bytes = as_bytes(value, type);
  return is_text(type.id) ? sql_text_literal(bytes) : blob_literal(bytes);
}

}  // namespace kalam::stub
