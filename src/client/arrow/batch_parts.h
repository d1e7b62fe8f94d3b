// The field nodes and buffers of one record batch, handed out in the order in which the columns take them.
#pragma once

#include "client/wall.h"

#include <cstdint>

#include "arrow_ipc_generated.h"
#include "client/arrow/buffer_cursor.h"
#include "client/arrow/message.h"
#include "client/arrow/schema.h"

namespace kalam::arrow {

class BatchParts {
 public:
  // Throws DecodeError for a batch that is compressed or has a negative length.
  BatchParts(Message* message, Range body, const ipc::RecordBatch& batch);

  uint64_t rows() const { return rows_; }

  struct Node {
    uint64_t length;
    uint64_t null_count;
  };
  Node next_node(const ColumnType& type);

  // Buffers lie in the body one after the other, as the format has them: a batch cannot make a few bytes stand for many
  // columns.
  BufferCursor next_buffer(const ColumnType& type);

  // How many data buffers the next column of views has.
  uint64_t next_variadic_count(const ColumnType& type);

  // Throws when something was not taken.
  void expect_end() const;

 private:
  Message* message_;
  Range body_;
  const ipc::RecordBatch& batch_;
  uint64_t rows_;
  uint32_t node_ = 0;
  uint32_t buffer_ = 0;
  uint32_t variadic_ = 0;
  uint64_t used_ = 0;  // bytes of the body before the next buffer
};

}  // namespace kalam::arrow
