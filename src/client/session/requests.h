// Requests on the wire. A body is encoded once, without the session's id: the id is appended for each attempt, since it
// may be another one after the session was opened again. (Fields may come in any order in a protobuf message.) The
// fields are written one after the other, not by generated messages, which would take some twenty allocations for a
// lookup; their numbers are those of the generated code.
#pragma once

#include "client/wall.h"

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <string_view>

#include "client/api.h"
#include "client/base/method.h"

namespace kalam {

// What the server takes in one message (spec 1.2).
constexpr size_t kLargestRequest = 4'194'304;

class RequestBody {
 public:
  RequestBody() = default;
  explicit RequestBody(Method method) : method_(method) {}

  // A field of type string or bytes, one more of it if it is repeated.
  void append_text(uint32_t field, std::string_view text);
  // A filter of a scan.
  void append_filter(std::string_view column, std::string_view value);
  // As append_text(), but an empty text is the same as none.
  void set_text(uint32_t field, std::string_view text) {
    if (!text.empty()) append_text(field, text);
  }
  // Encoded fields that follow all others.
  void set_tail(grpc::Slice tail) { tail_ = std::move(tail); }

  // Size of the message with a session id of `id_size` bytes.
  size_t size_with_session(size_t id_size) const;
  grpc::ByteBuffer with_session(std::string_view session_id) const;

 private:
  Method method_ = Method::ping;
  std::string head_;
  grpc::Slice tail_;
};

// Each checks what it can before anything is sent: false and a Status.
bool make_scan(const ScanRequest& request, RequestBody* body, Status* status);
bool make_insert(const TableRef& table, const RowBuffer* rows, size_t first, size_t count, RequestBody* body,
                 Status* status);
bool make_update(const TableRef& table, const char* key, const RowBuffer* rows, size_t row, RequestBody* body,
                 Status* status);
bool make_delete(const TableRef& table, const char* key, RequestBody* body, Status* status);
bool make_sql(Method method, std::string_view sql, RequestBody* body, Status* status);
RequestBody make_end(Method method, const std::string& transaction_id);

// Small answers. False: not the message that it should be.
struct OpenedSession {
  std::string session_id;
  std::string token;
  int64_t lease_expires_at_ms = 0;
};
bool read_open_session(grpc::ByteBuffer* response, OpenedSession* session);
bool read_begin(grpc::ByteBuffer* response, std::string* transaction_id);
// Commit and rollback answer with the id of the transaction that was ended (spec 1.5).
bool read_end(grpc::ByteBuffer* response, std::string_view transaction_id);
bool read_affected_rows(grpc::ByteBuffer* response, uint64_t* rows);
bool read_sql_message(grpc::ByteBuffer* response, std::string* message);
bool read_ping(grpc::ByteBuffer* response);

}  // namespace kalam
