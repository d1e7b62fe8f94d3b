#include "stub/rows/row_json.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "stub/arrow/types.h"
#include "stub/rows/json_reader.h"

namespace kalam::stub {

namespace {

constexpr const char* kPrefix = "invalid row JSON: ";

std::optional<Int128> whole_number(const JsonValue& value) {
  if (value.kind == JsonValue::signed_integer) return value.integer;
  if (value.kind == JsonValue::unsigned_integer) return value.magnitude;
  return std::nullopt;
}

std::optional<double> any_number(const JsonValue& value) {
  if (value.kind == JsonValue::floating) return value.real;
  auto whole = whole_number(value);
  if (!whole) return std::nullopt;
  return static_cast<double>(*whole);
}

std::optional<TypedValue> integer_tag(const JsonValue& payload, TypeId id, Int128 low, Int128 high) {
  TypedValue typed{type_of(id), {}};
  if (payload.kind == JsonValue::null) return typed;
  auto number = whole_number(payload);
  if (!number || *number < low || *number > high) return std::nullopt;
  if (low == 0) {
    typed.value = {static_cast<uint64_t>(*number)};
  } else {
    typed.value = {static_cast<int64_t>(*number)};
  }
  return typed;
}

// Int64 and UInt64 come as text; text that is no number becomes NULL.
template <class Integer>
std::optional<TypedValue> text_integer_tag(const JsonValue& payload, TypeId id) {
  TypedValue typed{type_of(id), {}};
  if (payload.kind == JsonValue::null) return typed;
  if (payload.kind != JsonValue::string) return std::nullopt;
  std::string_view text = payload.text;
  if (text.starts_with('+')) text.remove_prefix(1);
  Integer number = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && end == text.data() + text.size()) typed.value = {number};
  return typed;
}

std::optional<std::string> byte_array(const JsonValue& value) {
  if (value.kind != JsonValue::array) return std::nullopt;
  std::string bytes;
  for (const JsonValue& element : value.elements) {
    auto number = whole_number(element);
    if (!number || *number < 0 || *number > 255) return std::nullopt;
    bytes += static_cast<char>(static_cast<unsigned char>(*number));
  }
  return bytes;
}

std::optional<TypedValue> fixed_size_binary_tag(const JsonValue& payload) {
  if (payload.kind != JsonValue::object) return std::nullopt;
  const JsonValue* size = payload.find("size");
  const JsonValue* value = payload.find("value");
  if (size == nullptr) return std::nullopt;
  auto width = whole_number(*size);
  if (!width || *width < 0 || *width > std::numeric_limits<int32_t>::max()) return std::nullopt;
  TypedValue typed{type_of(TypeId::fixed_size_binary), {}};
  typed.type.width = static_cast<int>(*width);
  if (value == nullptr || value->kind == JsonValue::null) return typed;
  auto bytes = byte_array(*value);
  if (!bytes) return std::nullopt;
  typed.value = {*bytes};
  return typed;
}

std::optional<TypedValue> timestamp_tag(const JsonValue& payload, Unit unit) {
  if (payload.kind != JsonValue::object) return std::nullopt;
  TypedValue typed{timestamp_of(unit, false), {}};
  const JsonValue* zone = payload.find("timezone");
  if (zone != nullptr && zone->kind == JsonValue::string) {
    typed.type.utc = true;
  } else if (zone != nullptr && zone->kind != JsonValue::null) {
    return std::nullopt;
  }
  const JsonValue* value = payload.find("value");
  if (value == nullptr || value->kind == JsonValue::null) return typed;
  auto number = whole_number(*value);
  if (!number || *number > std::numeric_limits<int64_t>::max()) return std::nullopt;
  typed.value = {static_cast<int64_t>(*number)};
  return typed;
}

std::optional<TypedValue> decimal_tag(const JsonValue& payload) {
  if (payload.kind != JsonValue::object) return std::nullopt;
  const JsonValue* value = payload.find("value");
  const JsonValue* precision = payload.find("precision");
  const JsonValue* scale = payload.find("scale");
  if (precision == nullptr || scale == nullptr) return std::nullopt;
  auto digits = whole_number(*precision);
  auto places = whole_number(*scale);
  if (!digits || !places || *digits < 0 || *digits > 255 || *places < -128 || *places > 127) return std::nullopt;
  TypedValue typed{decimal_of(static_cast<int>(*digits), static_cast<int>(*places)), {}};
  if (value == nullptr || value->kind == JsonValue::null) return typed;
  if (auto whole = whole_number(*value)) {
    typed.value = {*whole};
    return typed;
  }
  if (value->kind != JsonValue::string) return std::nullopt;
  std::string_view text = value->text;
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 38 || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  Int128 number = 0;
  for (char c : text) number = number * 10 + (c - '0');
  typed.value = {negative ? -number : number};
  return typed;
}

std::optional<TypedValue> embedding_tag(const JsonValue& payload, RowJsonError& error) {
  if (payload.kind != JsonValue::object) return std::nullopt;
  const JsonValue* size = payload.find("size");
  const JsonValue* values = payload.find("values");
  auto width = size == nullptr ? std::nullopt : whole_number(*size);
  if (!width || *width < 0 || *width > 1000000) return std::nullopt;
  TypedValue typed{type_of(TypeId::fixed_size_list), {}};
  typed.type.width = static_cast<int>(*width);
  typed.type.element = std::make_shared<const DataType>(type_of(TypeId::float32));
  List list;
  if (values == nullptr || values->kind == JsonValue::null) {
    // Zeros, not NULL.
    list.assign(static_cast<size_t>(*width), Value{0.0F});
    typed.value = {std::move(list)};
    return typed;
  }
  if (values->kind != JsonValue::array) return std::nullopt;
  for (const JsonValue& element : values->elements) {
    if (element.kind == JsonValue::null) {
      list.push_back({0.0F});
      continue;
    }
    auto number = any_number(element);
    if (!number) return std::nullopt;
    list.push_back({static_cast<float>(*number)});
  }
  if (static_cast<Int128>(list.size()) != *width) {
    error.kills_server = true;
    error.message =
        "an Embedding of size " + std::to_string(typed.type.width) + " with " + std::to_string(list.size()) + " values";
  }
  typed.value = {std::move(list)};
  return typed;
}

// nullopt: not a tagged scalar.
std::optional<TypedValue> tagged_value(const JsonValue& value, RowJsonError& error) {
  if (value.kind == JsonValue::string) {
    if (value.text == "Null") return TypedValue{};
    return std::nullopt;
  }
  if (value.kind != JsonValue::object || value.members.size() != 1) return std::nullopt;
  const auto& [tag, payload] = value.members[0];
  bool null = payload.kind == JsonValue::null;
  if (tag == "Boolean") {
    TypedValue typed{type_of(TypeId::boolean), {}};
    if (null) return typed;
    if (payload.kind != JsonValue::boolean) return std::nullopt;
    typed.value = {payload.flag};
    return typed;
  }
  if (tag == "Int8") return integer_tag(payload, TypeId::int8, -128, 127);
  if (tag == "Int16") return integer_tag(payload, TypeId::int16, -32768, 32767);
  if (tag == "Int32") {
    return integer_tag(payload, TypeId::int32, std::numeric_limits<int32_t>::min(),
                       std::numeric_limits<int32_t>::max());
  }
  if (tag == "UInt8") return integer_tag(payload, TypeId::uint8, 0, 255);
  if (tag == "UInt16") return integer_tag(payload, TypeId::uint16, 0, 65535);
  if (tag == "UInt32") return integer_tag(payload, TypeId::uint32, 0, std::numeric_limits<uint32_t>::max());
  if (tag == "Int64") return text_integer_tag<int64_t>(payload, TypeId::int64);
  if (tag == "UInt64") return text_integer_tag<uint64_t>(payload, TypeId::uint64);
  if (tag == "Float32" || tag == "Float64") {
    TypedValue typed{type_of(tag == "Float32" ? TypeId::float32 : TypeId::float64), {}};
    if (null) return typed;
    auto number = any_number(payload);
    if (!number) return std::nullopt;
    if (tag == "Float32") {
      typed.value = {static_cast<float>(*number)};
    } else {
      typed.value = {*number};
    }
    return typed;
  }
  if (tag == "Utf8" || tag == "LargeUtf8") {
    TypedValue typed{type_of(TypeId::utf8), {}};
    if (null) return typed;
    if (payload.kind != JsonValue::string) return std::nullopt;
    typed.value = {payload.text};
    return typed;
  }
  if (tag == "Fallback") {
    if (payload.kind != JsonValue::string) return std::nullopt;
    return TypedValue{type_of(TypeId::utf8), {payload.text}};
  }
  if (tag == "Binary" || tag == "LargeBinary") {
    TypedValue typed{type_of(TypeId::binary), {}};
    if (null) return typed;
    auto bytes = byte_array(payload);
    if (!bytes) return std::nullopt;
    typed.value = {*bytes};
    return typed;
  }
  if (tag == "FixedSizeBinary") return fixed_size_binary_tag(payload);
  if (tag == "Date32") {
    auto typed =
        integer_tag(payload, TypeId::date32, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
    return typed;
  }
  if (tag == "Time64Microsecond") {
    return integer_tag(payload, TypeId::time64, std::numeric_limits<int64_t>::min(),
                       std::numeric_limits<int64_t>::max());
  }
  if (tag == "TimestampMillisecond") return timestamp_tag(payload, Unit::millisecond);
  if (tag == "TimestampMicrosecond") return timestamp_tag(payload, Unit::microsecond);
  if (tag == "TimestampNanosecond") return timestamp_tag(payload, Unit::nanosecond);
  if (tag == "Decimal128") return decimal_tag(payload);
  if (tag == "Embedding") return embedding_tag(payload, error);
  return std::nullopt;
}

TypedValue plain_value(const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::null:
      return {};
    case JsonValue::boolean:
      return {type_of(TypeId::boolean), {value.flag}};
    case JsonValue::signed_integer:
      return {type_of(TypeId::int64), {value.integer}};
    case JsonValue::unsigned_integer:
      if (value.magnitude <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return {type_of(TypeId::int64), {static_cast<int64_t>(value.magnitude)}};
      }
      return {type_of(TypeId::uint64), {value.magnitude}};
    case JsonValue::floating:
      return {type_of(TypeId::float64), {value.real}};
    case JsonValue::string:
      return {type_of(TypeId::utf8), {value.text}};
    default:
      return {type_of(TypeId::utf8), {value.dump()}};
  }
}

std::optional<SentRow> row_of(const JsonValue& document, RowJsonError& error) {
  if (document.kind != JsonValue::object) {
    error.message = std::string(kPrefix) + "expected object payload";
    return std::nullopt;
  }
  SentRow row;
  bool tagged = true;
  for (const auto& [name, value] : document.members) {
    auto typed = tagged_value(value, error);
    if (error.kills_server) return std::nullopt;
    if (!typed) {
      tagged = false;
      break;
    }
    row[name] = std::move(*typed);
  }
  if (tagged) return row;
  // One value that is no tag makes the whole row plain.
  row.clear();
  for (const auto& [name, value] : document.members) row[name] = plain_value(value);
  return row;
}

}  // namespace

std::optional<SentRow> read_row_json(std::string_view text, RowJsonError& error) {
  std::string reason;
  auto document = read_json(text, reason);
  if (!document) {
    error.message = kPrefix + reason;
    return std::nullopt;
  }
  return row_of(*document, error);
}

std::optional<SentRow> read_updates_json(std::string_view text, RowJsonError& error) {
  std::string reason;
  auto document = read_json(text, reason);
  if (!document) {
    error.message = kPrefix + reason;
    return std::nullopt;
  }
  if (document->kind == JsonValue::array) {
    if (document->elements.empty()) return SentRow{};
    return row_of(document->elements[0], error);
  }
  return row_of(*document, error);
}

}  // namespace kalam::stub
