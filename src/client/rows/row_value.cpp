#include "client/rows/row_value.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "client/base/status.h"
#include "client/rows/decimal_text.h"
#include "client/rows/json_text.h"
#include "client/rows/remote_type.h"

namespace kalam {
namespace {

constexpr int64_t kMicrosecondsPerDay = 86'400'000'000;

// What is being written, for messages.
struct Target {
  const std::string& column;
  const RemoteType& type;
  std::string* out;
  Status* status;

  bool refuse(ErrorClass error, const std::string& message, std::string_view value, std::string_view detail = {}) {
    set_status(status, error, message, detail);
    copy_text(status->column, sizeof(status->column), column);
    copy_text(status->value, sizeof(status->value), value);
    return false;
  }

  // `shown` is the value as a user would write it; long ones are cut by the message's size, so they come last.
  bool does_not_fit(std::string_view shown, std::string_view detail = {}) {
    return refuse(ErrorClass::bad_value,
                  "value does not fit column \"" + column + "\", which is " + remote_type_name(type), shown, detail);
  }

  bool wrong_kind() {
    return refuse(ErrorClass::bad_value,
                  "value of another type for column \"" + column + "\", which is " + remote_type_name(type), {});
  }
};

std::string_view bytes_of(const Value& value) {
  if (value.bytes.size == 0) return {};  // the pointer may be anything then
  return {static_cast<const char*>(value.bytes.data), value.bytes.size};
}

bool append_integer(const Value& value, int64_t lowest, int64_t highest, std::string_view before,
                    std::string_view after, Target* target) {
  if (value.kind != ValueKind::integer) return target->wrong_kind();
  if (value.i < lowest || value.i > highest) return target->does_not_fit(std::to_string(value.i));
  target->out->append(before);
  append_number(value.i, target->out);
  target->out->append(after);
  return true;
}

template <class Integer>
bool append_integer_of(const Value& value, std::string_view before, std::string_view after, Target* target) {
  return append_integer(value, std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max(), before, after,
                        target);
}

// JSON has no literal for these; the server reads the text (spec 6.3).
template <class Floating>
std::string_view non_finite_text(Floating number) {
  if (std::isnan(number)) return "NaN";
  return number > 0 ? "inf" : "-inf";
}

bool append_real(const Value& value, Target* target) {
  if (value.kind != ValueKind::real) return target->wrong_kind();
  if (!std::isfinite(value.f)) {
    target->out->append("{\"Utf8\":\"").append(non_finite_text(value.f)).append("\"}");
    return true;
  }
  target->out->append("{\"Float32\":");
  append_number(value.f, target->out);
  *target->out += '}';
  return true;
}

// As text, because the server reads JSON numbers inexactly: one double in six comes back one unit in the last place off
// (spec 6.3). Floats do not suffer, they are rounded to 24 bits afterwards.
bool append_double(const Value& value, Target* target) {
  if (value.kind != ValueKind::double_precision) return target->wrong_kind();
  target->out->append("{\"Utf8\":\"");
  if (std::isfinite(value.d)) {
    append_number(value.d, target->out);
  } else {
    target->out->append(non_finite_text(value.d));
  }
  target->out->append("\"}");
  return true;
}

bool append_text(const Value& value, Target* target) {
  if (value.kind != ValueKind::bytes) return target->wrong_kind();
  target->out->append("{\"Utf8\":");
  if (!append_json_string(bytes_of(value), target->out)) {
    return target->does_not_fit({}, "The text is not valid UTF-8.");
  }
  *target->out += '}';
  return true;
}

void append_byte_array(std::string_view bytes, std::string* out) {
  *out += '[';
  bool first = true;
  for (char c : bytes) {
    if (!first) *out += ',';
    first = false;
    append_number(static_cast<unsigned>(static_cast<unsigned char>(c)), out);
  }
  *out += ']';
}

bool append_bytes(const Value& value, Target* target) {
  if (value.kind != ValueKind::bytes) return target->wrong_kind();
  target->out->append("{\"Binary\":");
  append_byte_array(bytes_of(value), target->out);
  *target->out += '}';
  return true;
}

// A value of another length would be stored and make every read of the column fail (spec 5.1).
bool append_uuid(const Value& value, Target* target) {
  constexpr size_t kUuidSize = 16;
  if (value.kind != ValueKind::bytes) return target->wrong_kind();
  if (value.bytes.size != kUuidSize) {
    return target->does_not_fit({}, "It has " + std::to_string(value.bytes.size) + " bytes instead of 16.");
  }
  target->out->append("{\"FixedSizeBinary\":{\"size\":16,\"value\":");
  append_byte_array(bytes_of(value), target->out);
  target->out->append("}}");
  return true;
}

bool append_decimal(const Value& value, Target* target) {
  if (value.kind != ValueKind::bytes) return target->wrong_kind();
  const RemoteType& type = target->type;
  target->out->append("{\"Decimal128\":{\"value\":\"");
  switch (append_unscaled(bytes_of(value), type.precision, type.scale, target->out)) {
    case DecimalFit::exact:
      break;
    case DecimalFit::not_a_number:
      return target->does_not_fit(bytes_of(value), "It is not a plain decimal number.");
    case DecimalFit::too_many_digits:
      return target->does_not_fit(bytes_of(value), "It has more digits behind the point than the column keeps.");
    case DecimalFit::too_large:
      return target->does_not_fit(bytes_of(value), "It has more digits than the column keeps.");
  }
  target->out->append("\",\"precision\":");
  append_number(static_cast<int>(type.precision), target->out);
  target->out->append(",\"scale\":");
  append_number(static_cast<int>(type.scale), target->out);
  target->out->append("}}");
  return true;
}

// The server's process ends when it decodes a tag whose size is not the number of its values (spec 6.2).
bool append_embedding(const Value& value, Target* target) {
  if (value.kind != ValueKind::vector) return target->wrong_kind();
  if (value.bytes.size != target->type.dimension) {
    return target->does_not_fit({}, "It has " + std::to_string(value.bytes.size) + " elements instead of " +
                                        std::to_string(target->type.dimension) + ".");
  }
  const float* elements = static_cast<const float*>(value.bytes.data);
  target->out->append("{\"Embedding\":{\"size\":");
  append_number(target->type.dimension, target->out);
  target->out->append(",\"values\":[");
  for (size_t i = 0; i < value.bytes.size; i++) {
    if (!std::isfinite(elements[i])) {
      return target->does_not_fit(non_finite_text(elements[i]),
                                  "Element " + std::to_string(i + 1) + " is not a finite number.");
    }
    if (i > 0) *target->out += ',';
    append_number(elements[i], target->out);
  }
  target->out->append("]}}");
  return true;
}

bool append_boolean(const Value& value, Target* target) {
  if (value.kind != ValueKind::boolean) return target->wrong_kind();
  target->out->append(value.b ? "{\"Boolean\":true}" : "{\"Boolean\":false}");
  return true;
}

}  // namespace

bool append_row_value(const std::string& column, const RemoteType& type, bool not_null, const Value& value,
                      std::string* out, Status* status) {
  Target target{column, type, out, status};
  if (value.kind == ValueKind::null_value) {
    // The server does not always check it, and a stored NULL makes every scan of the table fail (spec 7.6).
    if (not_null) {
      return target.refuse(ErrorClass::not_null, "null value in column \"" + column + "\", which is NOT NULL", {});
    }
    out->append("\"Null\"");
    return true;
  }
  switch (type.kind) {
    case RemoteKind::boolean:
      return append_boolean(value, &target);
    case RemoteKind::smallint:
      return append_integer_of<int16_t>(value, "{\"Int16\":", "}", &target);
    case RemoteKind::integer:
      return append_integer_of<int32_t>(value, "{\"Int32\":", "}", &target);
    case RemoteKind::bigint:
      return append_integer_of<int64_t>(value, "{\"Int64\":\"", "\"}", &target);
    case RemoteKind::real:
      return append_real(value, &target);
    case RemoteKind::double_precision:
      return append_double(value, &target);
    case RemoteKind::text:
    case RemoteKind::json:
    case RemoteKind::file:
      return append_text(value, &target);
    case RemoteKind::bytes:
      return append_bytes(value, &target);
    case RemoteKind::timestamp:
      return append_integer_of<int64_t>(value, "{\"TimestampMicrosecond\":{\"value\":", ",\"timezone\":null}}",
                                        &target);
    case RemoteKind::datetime:
      return append_integer_of<int64_t>(value, "{\"TimestampMicrosecond\":{\"value\":", ",\"timezone\":\"UTC\"}}",
                                        &target);
    case RemoteKind::date:
      return append_integer_of<int32_t>(value, "{\"Date32\":", "}", &target);
    case RemoteKind::time:
      // 24:00:00 included, which PostgreSQL has and the server stores.
      return append_integer(value, 0, kMicrosecondsPerDay, "{\"Time64Microsecond\":", "}", &target);
    case RemoteKind::uuid:
      return append_uuid(value, &target);
    case RemoteKind::decimal:
      return append_decimal(value, &target);
    case RemoteKind::embedding:
      return append_embedding(value, &target);
    case RemoteKind::other:
      break;
  }
  return target.refuse(ErrorClass::bad_value, "column \"" + column + "\" has a type that cannot be written", {});
}

}  // namespace kalam
