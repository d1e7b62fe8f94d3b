// The rows of a ScanResponse or ExecuteQueryResponse, read window by window from the message's slices.
//
// The message is never parsed as a whole: the protobuf wire is walked by hand, each Arrow IPC stream is decoded while
// it is read, and a slice is let go as soon as no column needs it any more. Every byte is untrusted.
//
// Memory. While it reads, a reader holds
//   * the slices not yet released. Arrow stores column after column, so the reading positions of the columns are spread
//     over the batch and slices are released in all of these places at once: after half of the rows about half of the
//     bytes are gone. Kept until the batch ends: the data of string views and of columns rendered as JSON text;
//   * a copy of the current message's metadata, and one description per column;
//   * one window: its values, one byte a value for NULLs, 16 bytes a string, text that lies across slices. Apart from
//     its first row a window never takes more than 8 MiB; one row takes at most 33 times the bytes it was sent as, and
//     text rendered as JSON at most 64 MiB, or the answer is refused as too_large;
//   * dictionaries, at most 40 times the bytes they were sent as (a byte becomes a 16-byte string's place).
#pragma once

#include "client/wall.h"

#include <grpcpp/support/slice.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "client/api.h"

namespace kalam {

class ResultReader {
 public:
  // Which field of the message holds the Arrow streams. A query's answer also has a text (field 2).
  enum class Answer : uint8_t { scan = 1, query = 3 };

  // Walks the message and, if it has an entry, reads the first schema. The slices are the message, in order: the reader
  // must hold the only references to them, or nothing is freed while it reads. NULL and a Status (protocol,
  // out_of_memory) on failure.
  static std::unique_ptr<ResultReader> create(std::vector<grpc::Slice> message, Answer answer, Status* status) noexcept;

  // The same for a message in one piece, which outlives the reader, or at least its use.
  static std::unique_ptr<ResultReader> create(std::string_view message, Answer answer, Status* status) noexcept;

  // Reads another message of that kind from its start, as a new reader would. Answers to the same question have the
  // same schema, which is then neither verified nor read again. False and a Status on failure.
  bool reuse(std::string_view message, Answer answer, Status* status) noexcept;
  // Whether keeping it is worthwhile, and costs but little memory.
  bool is_reusable() const noexcept;

  ~ResultReader();
  ResultReader(const ResultReader&) = delete;
  ResultReader& operator=(const ResultReader&) = delete;

  // See call_result_schema() and call_result_next() in api.h. After a failure every further call fails the same way.
  bool schema(Window* schema, Status* status) noexcept;
  bool next(uint32_t max_rows, Window* window, Status* status) noexcept;

  // See call_result_select(). Throws std::bad_alloc.
  void select(const uint32_t* columns, size_t count);

  // Text of a query's answer, empty for a scan. Not checked to be UTF-8. Lives as long as the reader.
  std::string_view message() const noexcept;

 private:
  struct State;
  explicit ResultReader(std::unique_ptr<State> state) noexcept;
  template <class Bytes>
  static std::unique_ptr<ResultReader> make(Bytes message, Answer answer, Status* status) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace kalam
