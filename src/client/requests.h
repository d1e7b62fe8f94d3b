// Requests on the wire. A body is encoded once, without the session's id: the id is appended for each attempt, since it
// may be another one after the session was opened again. (Fields may come in any order in a protobuf message.)
#pragma once

#include "client/wall.h"

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <string_view>
#include <vector>

#include "client/api.h"
#include "client/method.h"

namespace kalam {

// What the server takes in one message (spec 1.2).
constexpr size_t kLargestRequest = 4'194'304;

class RequestBody {
 public:
  RequestBody() = default;
  explicit RequestBody(Method method) : method_(method) {}

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    slices_.emplace_back(bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void append(grpc::Slice slice) {
    size_ += slice.size();
    slices_.push_back(std::move(slice));
  }

  // Size of the message with a session id of `id_size` bytes.
  size_t size_with_session(size_t id_size) const;
  grpc::ByteBuffer with_session(std::string_view session_id) const;

 private:
  Method method_ = Method::ping;
  std::vector<grpc::Slice> slices_;
  size_t size_ = 0;
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
RequestBody make_open_session(const std::string& current_schema);
bool read_open_session(grpc::ByteBuffer* response, OpenedSession* session);
bool read_begin(grpc::ByteBuffer* response, std::string* transaction_id);
bool read_affected_rows(grpc::ByteBuffer* response, uint64_t* rows);
bool read_sql_message(grpc::ByteBuffer* response, std::string* message);
bool read_ping(grpc::ByteBuffer* response);

}  // namespace kalam
