#include "client/requests.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <cstring>
#include <unordered_set>

#include "client/status.h"
#include "client/table_kind.h"
#include "kalamdb_pg.pb.h"

namespace kalam {
namespace {

using google::protobuf::io::CodedOutputStream;
using kalamdb::pg::InsertResponse;
using std::string_view;

constexpr uint8_t kLengthDelimited = 2;
constexpr uint32_t field_tag(uint32_t number) {
  return number << 3 | kLengthDelimited;
}

bool refuse(Status* status, string_view message, string_view detail = {}) {
  set_status(status, ErrorClass::invalid_request, message, detail);
  return false;
}

string_view text_of(const char* text) {
  return text == nullptr ? string_view{} : string_view(text);
}

// Names that the server cannot take, some of which end its process (spec 4.1).
template <class Message>
bool set_table(const TableRef& table, Message* message, Status* status) {
  string_view name_space = text_of(table.name_space);
  string_view name = text_of(table.table);
  string_view user = text_of(table.user_id);
  if (!check_identifier(name_space.data(), name_space.size(), status)) return false;
  if (!check_identifier(name.data(), name.size(), status)) return false;
  const bool needs_user = table.kind == TableKind::user || table.kind == TableKind::stream;
  if (needs_user && user.empty()) return refuse(status, "a user or stream table needs a user id");
  message->set_namespace_(name_space.data(), name_space.size());
  message->set_table_name(name.data(), name.size());
  message->set_table_type(kind_name(table.kind));
  // A user id on a shared table would subject the request to that user's policies (spec 4.2).
  if (needs_user) {
    if (!check_user_id(user.data(), user.size(), status)) return false;
    message->set_user_id(user.data(), user.size());
  }
  return true;
}

template <class Message>
grpc::Slice encode(const Message& message) {
  const size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  // A fresh slice is not shared, so it may be written to.
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return slice;
}

template <class Message>
bool decode(grpc::ByteBuffer* response, Message* message) {
  return response->Valid() && grpc::SerializationTraits<Message>::Deserialize(response, message).ok();
}

bool check_text(string_view text, string_view what, Status* status) {
  if (is_valid_utf8(text)) return true;
  return refuse(status, std::string(what) + " is not valid UTF-8");
}

}  // namespace

size_t RequestBody::size_with_session(size_t id_size) const {
  if (method_info(method_).session_field == 0 || id_size == 0) return size_;
  return size_ + 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(id_size)) + id_size;
}

grpc::ByteBuffer RequestBody::with_session(string_view session_id) const {
  const uint8_t number = method_info(method_).session_field;
  if (number == 0 || session_id.empty()) return grpc::ByteBuffer(slices_.data(), slices_.size());
  const size_t size = size_with_session(session_id.size()) - size_;
  grpc::Slice slice(size);
  auto* at = const_cast<uint8_t*>(slice.begin());
  at = CodedOutputStream::WriteTagToArray(field_tag(number), at);
  at = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(session_id.size()), at);
  std::memcpy(at, session_id.data(), session_id.size());
  std::vector<grpc::Slice> slices = slices_;
  slices.push_back(std::move(slice));
  return grpc::ByteBuffer(slices.data(), slices.size());
}

bool make_scan(const ScanRequest& request, RequestBody* body, Status* status) {
  kalamdb::pg::ScanRequest message;
  if (!set_table(request.table, &message, status)) return false;
  std::unordered_set<string_view> names;
  for (size_t i = 0; i < request.column_count; ++i) {
    string_view name = text_of(request.columns[i]);
    if (!check_text(name, "a column name", status)) return false;
    // The server answers a column that is named twice with zeros or NULLs (spec 4.4).
    if (!names.insert(name).second) {
      refuse(status, "column is named twice in the projection");
      copy_text(status->column, sizeof status->column, name);
      return false;
    }
    message.add_columns(name.data(), name.size());
  }
  for (size_t i = 0; i < request.filter_count; ++i) {
    string_view column = text_of(request.filters[i].column);
    string_view value = text_of(request.filters[i].value);
    if (!check_text(column, "a column name", status) || !check_text(value, "a filter value", status)) return false;
    auto* filter = message.add_filters();
    filter->set_column(column.data(), column.size());
    filter->set_op("eq");
    filter->set_value(value.data(), value.size());
  }
  if (request.has_limit) message.set_limit(request.limit);
  *body = RequestBody(Method::scan);
  body->append(encode(message));
  return true;
}

bool make_insert(const TableRef& table, const RowBuffer* rows, size_t first, size_t count, RequestBody* body,
                 Status* status) {
  constexpr uint32_t kRowsField = 6;
  kalamdb::pg::InsertRequest message;
  if (!set_table(table, &message, status)) return false;
  const size_t stored = row_buffer_count(rows);
  if (first > stored || count > stored - first) return refuse(status, "rows to be inserted are not in the buffer");
  // The rows are copied once, straight to their place in the message.
  size_t size = 0;
  for (size_t i = first; i < first + count; ++i) {
    size_t row_size = 0;
    row_buffer_row(rows, i, &row_size);
    if (row_size > kLargestRequest) size = kLargestRequest;  // refused below; keeps the sum from overflowing
    size += 1 + CodedOutputStream::VarintSize64(row_size) + row_size;
    if (size > kLargestRequest) {
      set_status(status, ErrorClass::too_large, "the rows exceed the KalamDB server's limit of 4 MiB for one request",
                 {}, "Send fewer or smaller rows in one request.");
      return false;
    }
  }
  grpc::Slice slice(size);
  auto* at = const_cast<uint8_t*>(slice.begin());
  for (size_t i = first; i < first + count; ++i) {
    size_t row_size = 0;
    const char* row = row_buffer_row(rows, i, &row_size);
    at = CodedOutputStream::WriteTagToArray(field_tag(kRowsField), at);
    at = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(row_size), at);
    std::memcpy(at, row, row_size);
    at += row_size;
  }
  *body = RequestBody(Method::insert);
  body->append(encode(message));
  body->append(std::move(slice));
  return true;
}

bool make_update(const TableRef& table, const char* key, const RowBuffer* rows, size_t row, RequestBody* body,
                 Status* status) {
  kalamdb::pg::UpdateRequest message;
  if (!set_table(table, &message, status) || !check_text(text_of(key), "a key", status)) return false;
  if (row >= row_buffer_count(rows)) return refuse(status, "the row to be updated is not in the buffer");
  size_t size = 0;
  const char* text = row_buffer_row(rows, row, &size);
  message.set_pk_value(text_of(key).data(), text_of(key).size());
  message.set_updates_json(text, size);
  *body = RequestBody(Method::update);
  body->append(encode(message));
  return true;
}

bool make_delete(const TableRef& table, const char* key, RequestBody* body, Status* status) {
  kalamdb::pg::DeleteRequest message;
  if (!set_table(table, &message, status) || !check_text(text_of(key), "a key", status)) return false;
  message.set_pk_value(text_of(key).data(), text_of(key).size());
  *body = RequestBody(Method::delete_row);
  body->append(encode(message));
  return true;
}

bool make_sql(Method method, string_view sql, RequestBody* body, Status* status) {
  if (!check_text(sql, "the statement", status)) return false;
  *body = RequestBody(method);
  if (method == Method::execute_sql) {
    kalamdb::pg::ExecuteSqlRequest message;
    message.set_sql(sql.data(), sql.size());
    body->append(encode(message));
  } else {
    kalamdb::pg::ExecuteQueryRequest message;
    message.set_sql(sql.data(), sql.size());
    body->append(encode(message));
  }
  return true;
}

RequestBody make_end(Method method, const std::string& transaction_id) {
  RequestBody body(method);
  // Commit and rollback have the same fields.
  kalamdb::pg::CommitTransactionRequest message;
  message.set_transaction_id(transaction_id);
  body.append(encode(message));
  return body;
}

RequestBody make_open_session(const std::string& current_schema) {
  RequestBody body(Method::open_session);
  kalamdb::pg::OpenSessionRequest message;
  if (!current_schema.empty()) message.set_current_schema(current_schema);
  body.append(encode(message));
  return body;
}

bool read_open_session(grpc::ByteBuffer* response, OpenedSession* session) {
  kalamdb::pg::OpenSessionResponse message;
  if (!decode(response, &message)) return false;
  session->session_id = message.session_id();
  session->token = message.session_token();
  session->lease_expires_at_ms = message.lease_expires_at_ms();
  // The token goes back as a header's value, and gRPC aborts the process on one that is not visible ASCII.
  constexpr size_t kLongest = 4096;
  for (char c : session->token) {
    if (c < 0x20 || c > 0x7E) return false;
  }
  return !session->session_id.empty() && session->session_id.size() <= kLongest && session->token.size() <= kLongest;
}

bool read_begin(grpc::ByteBuffer* response, std::string* transaction_id) {
  kalamdb::pg::BeginTransactionResponse message;
  if (!decode(response, &message) || message.transaction_id().empty() || message.transaction_id().size() > 4096) {
    return false;
  }
  *transaction_id = message.transaction_id();
  return true;
}

bool read_affected_rows(grpc::ByteBuffer* response, uint64_t* rows) {
  // Insert, Update and Delete answer alike.
  InsertResponse message;
  if (!decode(response, &message)) return false;
  *rows = message.affected_rows();
  return true;
}

bool read_sql_message(grpc::ByteBuffer* response, std::string* text) {
  kalamdb::pg::ExecuteSqlResponse message;
  if (!decode(response, &message)) return false;
  *text = std::move(*message.mutable_message());
  return true;
}

bool read_ping(grpc::ByteBuffer* response) {
  kalamdb::pg::PingResponse message;
  return decode(response, &message);
}

}  // namespace kalam
