#include "client/arrow/json_text_sink.h"

#include "client/arrow/decode_error.h"
#include "client/arrow/value_text.h"
#include "client/rows/json_text.h"

namespace kalam::arrow {
void JsonTextSink::clear() {
  constexpr size_t kKept = 1 << 20;
  total_->bytes -= text_.size();
  text_.clear();
  if (text_.capacity() > kKept) text_.shrink_to_fit();
}

void JsonTextSink::fail_too_long() const {
  throw DecodeError(
      "Values of column \"" + column_.name + "\" (" + column_.type_name + ") take more than 64 MiB as JSON text.",
      ErrorClass::too_large);
}

void JsonTextSink::string(std::string_view text) {
  std::string quoted;
  if (!append_json_string(text, &quoted)) {
    throw DecodeError("Column \"" + column_.name + "\" (" + column_.type_name + ") holds text that is not UTF-8.",
                      column_.name);
  }
  raw(quoted);
}

void JsonTextSink::bytes(std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\"\\\\x";
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  raw(text + "\"");
}

// Of the kinds that value_text() knows, numbers and booleans stand for themselves in JSON, if they are finite.
void JsonTextSink::scalar(const ColumnType& type, const void* value) {
  char text[kValueTextBytes];
  const size_t size = value_text({type.kind, type.unit, type.has_timezone, type.scale}, value, text);
  const std::string_view shown(text, size);
  if (shown.empty()) return raw("null");
  const char last = shown.back();
  const bool is_number = type.kind <= ColumnKind::decimal && last >= '0' && last <= '9';
  if (type.kind == ColumnKind::boolean || is_number) return raw(shown);
  raw("\"");
  raw(shown);
  raw("\"");
}

}  // namespace kalam::arrow
