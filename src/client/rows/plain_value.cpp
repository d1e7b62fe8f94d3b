#include "client/rows/plain_value.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "client/rows/decimal_text.h"
#include "client/rows/json_text.h"

namespace kalam {
namespace {

constexpr int64_t kMicrosecondsPerDay = 86'400'000'000;
constexpr size_t kUuidSize = 16;

// A string that the server may take for a tag: "Null" is one, the others are names of tags (spec 6.2).
constexpr std::array<std::string_view, 27> kTags = {"Null",
                                                    "Boolean",
                                                    "Int8",
                                                    "Int16",
                                                    "Int32",
                                                    "Int64",
                                                    "UInt8",
                                                    "UInt16",
                                                    "UInt32",
                                                    "UInt64",
                                                    "Float32",
                                                    "Float64",
                                                    "Utf8",
                                                    "LargeUtf8",
                                                    "Binary",
                                                    "LargeBinary",
                                                    "FixedSizeBinary",
                                                    "Date32",
                                                    "Time64Microsecond",
                                                    "TimestampMillisecond",
                                                    "TimestampMicrosecond",
                                                    "TimestampNanosecond",
                                                    "Decimal128",
                                                    "Embedding",
                                                    "Fallback",
                                                    "Struct",
                                                    "List"};

PlainValue append_integer(const Value& value, int64_t lowest, int64_t highest, std::string* out) {
  if (value.kind != ValueKind::integer || value.i < lowest || value.i > highest) return PlainValue::no;
  append_number(value.i, out);
  return PlainValue::yes;
}

template <class Integer>
PlainValue append_integer_of(const Value& value, std::string* out) {
  return append_integer(value, std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max(), out);
}

// JSON numbers are read inexactly, and JSON has none for what is not finite (spec 6.3).
template <class Floating>
PlainValue append_floating(Floating number, std::string* out) {
  *out += '"';
  if (std::isfinite(number)) {
    append_number(number, out);
  } else {
    out->append(std::isnan(number) ? "NaN" : number > 0 ? "inf" : "-inf");
  }
  *out += '"';
  return PlainValue::yes;
}

std::string_view bytes_of(const Value& value) {
  if (value.kind != ValueKind::bytes || value.bytes.size == 0) return {};
  return {static_cast<const char*>(value.bytes.data), value.bytes.size};
}

PlainValue append_text(const Value& value, std::string* out) {
  if (value.kind != ValueKind::bytes) return PlainValue::no;
  const std::string_view text = bytes_of(value);
  if (!append_json_string(text, out)) return PlainValue::no;
  return std::find(kTags.begin(), kTags.end(), text) != kTags.end() ? PlainValue::like_a_tag : PlainValue::yes;
}

PlainValue append_uuid(const Value& value, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  const std::string_view uuid = bytes_of(value);
  if (uuid.size() != kUuidSize) return PlainValue::no;
  *out += '"';
  for (size_t i = 0; i < kUuidSize; i++) {
    const auto byte = static_cast<unsigned char>(uuid[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) *out += '-';
    *out += kHex[byte >> 4];
    *out += kHex[byte & 15];
  }
  *out += '"';
  return PlainValue::yes;
}

// With all digits that the column keeps behind the point, so that nothing is left to be rounded.
PlainValue append_decimal(const RemoteType& type, const Value& value, std::string* out) {
  std::string digits;
  if (value.kind != ValueKind::bytes ||
      append_unscaled(bytes_of(value), type.precision, type.scale, &digits) != DecimalFit::exact) {
    return PlainValue::no;
  }
  const bool negative = digits.front() == '-';
  std::string_view number = digits;
  if (negative) number.remove_prefix(1);
  const auto scale = static_cast<size_t>(type.scale);
  *out += negative ? "\"-" : "\"";
  if (number.size() > scale) {
    out->append(number.substr(0, number.size() - scale));
  } else {
    *out += '0';
  }
  if (scale > 0) {
    *out += '.';
    if (number.size() < scale) out->append(scale - number.size(), '0');
    out->append(number.size() > scale ? number.substr(number.size() - scale) : number);
  }
  *out += '"';
  return PlainValue::yes;
}

// ---------------------------------------------------------------- the tagged form

bool wrap(std::string_view before, std::string_view value, std::string_view after, std::string* out) {
  out->append(before).append(value).append(after);
  return true;
}

// The text between the quotes, which holds no escapes.
bool unquote(std::string_view* plain) {
  if (plain->size() < 2 || plain->front() != '"' || plain->back() != '"') return false;
  *plain = plain->substr(1, plain->size() - 2);
  return true;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool tag_uuid(std::string_view text, std::string* out) {
  size_t count = 0;
  out->append("{\"FixedSizeBinary\":{\"size\":16,\"value\":[");
  for (size_t i = 0; i < text.size(); count++) {
    if (text[i] == '-') i++;
    if (i + 1 >= text.size()) return false;
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    if (count > 0) *out += ',';
    append_number(high * 16 + low, out);
    i += 2;
  }
  out->append("]}}");
  return count == kUuidSize;
}

bool tag_decimal(const RemoteType& type, std::string_view text, std::string* out) {
  out->append("{\"Decimal128\":{\"value\":\"");
  if (append_unscaled(text, type.precision, type.scale, out) != DecimalFit::exact) return false;
  out->append("\",\"precision\":");
  append_number(static_cast<int>(type.precision), out);
  out->append(",\"scale\":");
  append_number(static_cast<int>(type.scale), out);
  out->append("}}");
  return true;
}

bool tag_real(std::string_view text, std::string* out) {
  if (text == "NaN" || text == "inf" || text == "-inf") return wrap("{\"Utf8\":\"", text, "\"}", out);
  return wrap("{\"Float32\":", text, "}", out);
}

}  // namespace

PlainValue append_plain_value(const RemoteType& type, const Value& value, std::string* out) {
  if (value.kind == ValueKind::null_value) {
    out->append("null");
    return PlainValue::yes;
  }
  switch (type.kind) {
    case RemoteKind::boolean:
      if (value.kind != ValueKind::boolean) return PlainValue::no;
      out->append(value.b ? "true" : "false");
      return PlainValue::yes;
    case RemoteKind::smallint:
      return append_integer_of<int16_t>(value, out);
    case RemoteKind::integer:
    case RemoteKind::date:
      return append_integer_of<int32_t>(value, out);
    case RemoteKind::bigint:
    case RemoteKind::timestamp:
    case RemoteKind::datetime:
      return append_integer_of<int64_t>(value, out);
    case RemoteKind::time:
      return append_integer(value, 0, kMicrosecondsPerDay - 1, out);
    case RemoteKind::real:
      return value.kind == ValueKind::real ? append_floating(value.f, out) : PlainValue::no;
    case RemoteKind::double_precision:
      return value.kind == ValueKind::double_precision ? append_floating(value.d, out) : PlainValue::no;
    case RemoteKind::text:
    case RemoteKind::json:
    case RemoteKind::file:
      return append_text(value, out);
    case RemoteKind::uuid:
      return append_uuid(value, out);
    case RemoteKind::decimal:
      return append_decimal(type, value, out);
    case RemoteKind::bytes:
    case RemoteKind::embedding:
    case RemoteKind::other:
      break;
  }
  return PlainValue::no;
}

size_t most_added_by_tag(const RemoteType& type) {
  switch (type.kind) {
    case RemoteKind::timestamp:
    case RemoteKind::datetime:
    case RemoteKind::decimal:
      return 52;
    case RemoteKind::time:
      return 22;
    case RemoteKind::uuid:
      return 67;
    default:
      return 12;
  }
}

bool append_tagged(const RemoteType& type, std::string_view plain, std::string* out) {
  if (plain == "null") return wrap("", "\"Null\"", "", out);
  switch (type.kind) {
    case RemoteKind::boolean:
      return wrap("{\"Boolean\":", plain, "}", out);
    case RemoteKind::smallint:
      return wrap("{\"Int16\":", plain, "}", out);
    case RemoteKind::integer:
      return wrap("{\"Int32\":", plain, "}", out);
    case RemoteKind::bigint:
      return wrap("{\"Int64\":\"", plain, "\"}", out);
    case RemoteKind::date:
      return wrap("{\"Date32\":", plain, "}", out);
    case RemoteKind::time:
      return wrap("{\"Time64Microsecond\":", plain, "}", out);
    case RemoteKind::timestamp:
      return wrap("{\"TimestampMicrosecond\":{\"value\":", plain, ",\"timezone\":null}}", out);
    case RemoteKind::datetime:
      return wrap("{\"TimestampMicrosecond\":{\"value\":", plain, ",\"timezone\":\"UTC\"}}", out);
    case RemoteKind::real:
      return unquote(&plain) && tag_real(plain, out);
    case RemoteKind::double_precision:
    case RemoteKind::text:
    case RemoteKind::json:
    case RemoteKind::file:
      return wrap("{\"Utf8\":", plain, "}", out);
    case RemoteKind::uuid:
      return unquote(&plain) && tag_uuid(plain, out);
    case RemoteKind::decimal:
      return unquote(&plain) && tag_decimal(type, plain, out);
    case RemoteKind::bytes:
    case RemoteKind::embedding:
    case RemoteKind::other:
      break;
  }
  return false;
}

}  // namespace kalam
