// JSON text under construction, for the types that are rendered as such.
#pragma once

#include "client/wall.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "client/arrow/schema.h"

namespace kalam::arrow {

// Bytes in all sinks of one answer.
struct RenderedTotal {
  uint64_t bytes = 0;
};

// Throws DecodeError (too_large) when all sinks together pass 64 MiB: names of members are repeated for every element,
// so that the text can be far longer than what was received.
class JsonTextSink {
 public:
  JsonTextSink(const ColumnType& column, RenderedTotal* total) : column_(column), total_(total) {}
  ~JsonTextSink() { total_->bytes -= text_.size(); }
  JsonTextSink(const JsonTextSink&) = delete;
  JsonTextSink& operator=(const JsonTextSink&) = delete;

  void clear();

  void raw(std::string_view text) {
    if (text.size() > kMost - total_->bytes) fail_too_long();
    text_ += text;
    total_->bytes += text.size();
  }

  // Text as a JSON string. Throws for invalid UTF-8.
  void string(std::string_view text);

  // Bytes as PostgreSQL writes them in JSON: "\\x…".
  void bytes(std::string_view bytes);

  // A decoded value of fixed width, as ColumnKind describes it.
  void scalar(const ColumnType& type, const void* value);

  const std::string& text() const { return text_; }

 private:
  static constexpr uint64_t kMost = 64 << 20;
  [[noreturn]] void fail_too_long() const;

  const ColumnType& column_;
  RenderedTotal* total_;
  std::string text_;
};

}  // namespace kalam::arrow
