// Reads one column of record batches, window by window. One reader lives as long as the schema and is bound to batch
// after batch; what it hands out is reused.
#pragma once

#include "client/wall.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/api.h"
#include "client/arrow/batch_parts.h"
#include "client/arrow/buffer_cursor.h"
#include "client/arrow/json_text_sink.h"
#include "client/arrow/schema.h"

namespace kalam::arrow {

class ColumnReader {
 public:
  explicit ColumnReader(const ColumnType& type);
  virtual ~ColumnReader() = default;
  ColumnReader(const ColumnReader&) = delete;
  ColumnReader& operator=(const ColumnReader&) = delete;

  // Takes the column's node and buffers, and those of its children, and checks that they suffice for its length, which
  // must be at least `rows`.
  void bind(BatchParts* parts, uint64_t rows);

  // Lets go of the batch.
  virtual void unbind();

  // How many of the rows [first, first + rows) can be decoded within `budget` bytes; may be 0.
  virtual uint64_t fit(uint64_t first, uint64_t rows, uint64_t budget) = 0;

  // Decodes the rows [first, first + rows), whose end must not be behind the column's length. Windows never go back.
  // The view lives until the next decode() or let_go().
  const ColumnView& decode(uint64_t first, uint64_t rows);

  // Gives back the bytes that only the last window needed.
  virtual void let_go();

  // Appends one value as JSON text, NULL as null. Does not move the window.
  void append_json(uint64_t row, JsonTextSink* out);

  const ColumnType& type() const { return type_; }
  uint64_t length() const { return length_; }

 protected:
  virtual void bind_buffers(BatchParts* parts) = 0;
  virtual void decode_values(uint64_t first, uint64_t rows) = 0;
  virtual void append_value_json(uint64_t row, JsonTextSink* out) = 0;
  virtual bool has_validity() const { return true; }

  bool is_null(uint64_t row);
  [[noreturn]] void fail(const char* what) const;

  // `count` values of `width` bytes must be in the buffer.
  void expect_size(const BufferCursor& buffer, uint64_t count, uint64_t width) const;

  const ColumnType& type_;
  ColumnView view_;
  uint64_t length_ = 0;

 private:
  void decode_nulls(uint64_t first, uint64_t rows);

  uint64_t null_count_ = 0;
  BufferCursor validity_;
  Scratch validity_scratch_;
  Scratch nulls_;
};

struct DecodeContext;

// The reader for a type, with its children. `context` outlives it.
std::unique_ptr<ColumnReader> make_reader(const ColumnType& type, DecodeContext* context);

// The same for the values of a dictionary-encoded type.
std::unique_ptr<ColumnReader> make_value_reader(const ColumnType& type, DecodeContext* context);

// Writes `count` bits from `bit` on (0 to 7, in the first byte) as one byte each: 1 where the bit equals `when`.
void unpack_bits(const uint8_t* bits, unsigned bit, uint64_t count, bool when, uint8_t* out);

}  // namespace kalam::arrow
