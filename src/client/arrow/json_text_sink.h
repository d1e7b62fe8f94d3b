// JSON text under construction, for the types that are rendered as such.
#pragma once

#include "client/wall.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "client/arrow/schema.h"

namespace kalam::arrow {

// Throws DecodeError (too_large) when the text of one row passes 64 MiB: names of members are repeated for every
// element, so that the text can be far longer than what was received.
class JsonTextSink {
 public:
  explicit JsonTextSink(const ColumnType& column) : column_(column) {}

  void begin_row() { row_begin_ = text_.size(); }
  void clear();

  void raw(std::string_view text) {
    text_ += text;
    if (text_.size() - row_begin_ > kLongestRow) fail_too_long();
  }

  // Text as a JSON string. Throws for invalid UTF-8.
  void string(std::string_view text);

  // Bytes as PostgreSQL writes them in JSON: "\\x…".
  void bytes(std::string_view bytes);

  // A decoded value of fixed width, as ColumnKind describes it.
  void scalar(const ColumnType& type, const void* value);

  const std::string& text() const { return text_; }

 private:
  static constexpr uint64_t kLongestRow = 64 << 20;
  [[noreturn]] void fail_too_long() const;

  const ColumnType& column_;
  std::string text_;
  size_t row_begin_ = 0;
};

}  // namespace kalam::arrow
