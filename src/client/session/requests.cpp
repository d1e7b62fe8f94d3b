#include "client/session/requests.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <vector>

#include "client/base/status.h"
#include "client/base/table_kind.h"
#include "kalamdb_pg.pb.h"

namespace kalam {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
namespace pb = kalamdb::pg;
using std::string_view;

// Protobuf's wire types.
constexpr uint32_t varint_tag(uint32_t field) {
  return field << 3;
}
constexpr uint32_t length_delimited_tag(uint32_t field) {
  return field << 3 | 2;
}
constexpr size_t kLongestVarint = 10;

bool refuse(Status* status, string_view message, string_view detail = {}) {
  set_status(status, ErrorClass::invalid_request, message, detail);
  return false;
}

string_view text_of(const char* text) {
  return text == nullptr ? string_view{} : string_view(text);
}

// Names that the server cannot take, some of which end its process (spec 4.1). All requests that name a table have the
// same fields for it.
bool set_table(const TableRef& table, RequestBody* body, Status* status) {
  string_view name_space = text_of(table.name_space);
  string_view name = text_of(table.table);
  string_view user = text_of(table.user_id);
  if (!check_identifier(name_space.data(), name_space.size(), status)) return false;
  if (!check_identifier(name.data(), name.size(), status)) return false;
  const bool needs_user = table.kind == TableKind::user || table.kind == TableKind::stream;
  if (needs_user && user.empty()) return refuse(status, "a user or stream table needs a user id");
  body->set_text(pb::ScanRequest::kNamespaceFieldNumber, name_space);
  body->set_text(pb::ScanRequest::kTableNameFieldNumber, name);
  body->set_text(pb::ScanRequest::kTableTypeFieldNumber, kind_name(table.kind));
  // A user id on a shared table would subject the request to that user's policies (spec 4.2).
  if (!needs_user) return true;
  if (!check_user_id(user.data(), user.size(), status)) return false;
  body->set_text(pb::ScanRequest::kUserIdFieldNumber, user);
  return true;
}
constexpr bool same_fields(std::initializer_list<int> numbers) {
  return std::equal(numbers.begin() + 1, numbers.end(), numbers.begin());
}
static_assert(same_fields({pb::ScanRequest::kUserIdFieldNumber, pb::InsertRequest::kUserIdFieldNumber,
                           pb::UpdateRequest::kUserIdFieldNumber, pb::DeleteRequest::kUserIdFieldNumber}));
static_assert(same_fields({pb::ExecuteSqlRequest::kSqlFieldNumber, pb::ExecuteQueryRequest::kSqlFieldNumber}));
static_assert(same_fields({pb::CommitTransactionRequest::kTransactionIdFieldNumber,
                           pb::RollbackTransactionRequest::kTransactionIdFieldNumber}));

// A small answer, taken apart by field numbers. Generated messages would write a line to the server's log for each text
// that is not UTF-8.
class Answer {
 public:
  // False: no message, not protobuf, or such a text.
  bool read(grpc::ByteBuffer* response) {
    std::vector<grpc::Slice> slices;
    if (!response->Valid() || !response->Dump(&slices).ok()) return false;
    for (const grpc::Slice& slice : slices) {
      bytes_.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    if (bytes_.size() > static_cast<size_t>(std::numeric_limits<int>::max())) return false;
    CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes_.data()), static_cast<int>(bytes_.size()));
    while (const uint32_t tag = input.ReadTag()) {
      const uint32_t field = tag >> 3;
      if (field >= kFields || (tag != varint_tag(field) && tag != length_delimited_tag(field))) {
        if (!WireFormatLite::SkipField(&input, tag)) return false;
      } else if (tag == varint_tag(field)) {
        if (!input.ReadVarint64(&numbers_[field])) return false;
      } else {
        uint32_t size = 0;
        if (!input.ReadVarint32(&size)) return false;
        const auto begin = static_cast<size_t>(input.CurrentPosition());
        if (size > bytes_.size() - begin || !input.Skip(static_cast<int>(size))) return false;
        texts_[field] = string_view(bytes_).substr(begin, size);
        if (!is_valid_utf8(texts_[field])) return false;
      }
    }
    return input.ConsumedEntireMessage();
  }

  string_view text(int field) const { return texts_[field]; }
  uint64_t number(int field) const { return numbers_[field]; }

 private:
  static constexpr uint32_t kFields = 8;
  std::string bytes_;
  string_view texts_[kFields];
  uint64_t numbers_[kFields] = {};
};

bool check_text(string_view text, string_view what, Status* status) {
  if (is_valid_utf8(text)) return true;
  return refuse(status, std::string(what) + " is not valid UTF-8");
}

}  // namespace

void RequestBody::append_text(uint32_t field, string_view text) {
  uint8_t start[2 * kLongestVarint];
  uint8_t* end = CodedOutputStream::WriteTagToArray(length_delimited_tag(field), start);
  end = CodedOutputStream::WriteVarint64ToArray(text.size(), end);
  head_.append(reinterpret_cast<const char*>(start), static_cast<size_t>(end - start)).append(text);
}

// Only equality exists (spec 4.3).
void RequestBody::append_filter(string_view column, string_view value) {
  RequestBody filter;
  filter.set_text(pb::ScanFilterExpression::kColumnFieldNumber, column);
  filter.set_text(pb::ScanFilterExpression::kOpFieldNumber, "eq");
  filter.set_text(pb::ScanFilterExpression::kValueFieldNumber, value);
  append_text(pb::ScanRequest::kFiltersFieldNumber, filter.head_);
}

size_t RequestBody::size_with_session(size_t id_size) const {
  const size_t size = head_.size() + tail_.size();
  if (method_info(method_).session_field == 0 || id_size == 0) return size;
  return size + 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(id_size)) + id_size;
}

grpc::ByteBuffer RequestBody::with_session(string_view session_id) const {
  const uint8_t number = method_info(method_).session_field;
  const size_t size = size_with_session(number == 0 ? 0 : session_id.size()) - tail_.size();
  grpc::Slice parts[2] = {grpc::Slice(size), tail_};
  // A fresh slice is not shared, so it may be written to.
  auto* at = const_cast<uint8_t*>(parts[0].begin());
  std::memcpy(at, head_.data(), head_.size());
  if (number != 0 && !session_id.empty()) {
    at = CodedOutputStream::WriteTagToArray(length_delimited_tag(number), at + head_.size());
    at = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(session_id.size()), at);
    std::memcpy(at, session_id.data(), session_id.size());
  }
  return grpc::ByteBuffer(parts, tail_.size() == 0 ? 1 : 2);
}

bool make_scan(const ScanRequest& request, RequestBody* body, Status* status) {
  *body = RequestBody(Method::scan);
  if (!set_table(request.table, body, status)) return false;
  std::vector<string_view> names;
  names.reserve(request.column_count);
  for (size_t i = 0; i < request.column_count; ++i) {
    string_view name = text_of(request.columns[i]);
    if (!check_text(name, "a column name", status)) return false;
    names.push_back(name);
    body->append_text(pb::ScanRequest::kColumnsFieldNumber, name);
  }
  // The server answers a column that is named twice with zeros or NULLs (spec 4.4).
  std::sort(names.begin(), names.end());
  if (auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    refuse(status, "column is named twice in the projection");
    copy_text(status->column, sizeof status->column, *twice);
    return false;
  }
  for (size_t i = 0; i < request.filter_count; ++i) {
    string_view column = text_of(request.filters[i].column);
    string_view value = text_of(request.filters[i].value);
    if (!check_text(column, "a column name", status) || !check_text(value, "a filter value", status)) return false;
    body->append_filter(column, value);
  }
  return true;
}

bool make_insert(const TableRef& table, const RowBuffer* rows, size_t first, size_t count, RequestBody* body,
                 Status* status) {
  *body = RequestBody(Method::insert);
  if (!set_table(table, body, status)) return false;
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
    at = CodedOutputStream::WriteTagToArray(length_delimited_tag(pb::InsertRequest::kRowsJsonFieldNumber), at);
    at = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(row_size), at);
    std::memcpy(at, row, row_size);
    at += row_size;
  }
  body->set_tail(std::move(slice));
  return true;
}

bool make_update(const TableRef& table, const char* key, const RowBuffer* rows, size_t row, RequestBody* body,
                 Status* status) {
  *body = RequestBody(Method::update);
  if (!set_table(table, body, status) || !check_text(text_of(key), "a key", status)) return false;
  if (row >= row_buffer_count(rows)) return refuse(status, "the row to be updated is not in the buffer");
  size_t size = 0;
  const char* text = row_buffer_row(rows, row, &size);
  body->set_text(pb::UpdateRequest::kPkValueFieldNumber, text_of(key));
  body->set_text(pb::UpdateRequest::kUpdatesJsonFieldNumber, {text, size});
  return true;
}

bool make_delete(const TableRef& table, const char* key, RequestBody* body, Status* status) {
  *body = RequestBody(Method::delete_row);
  if (!set_table(table, body, status) || !check_text(text_of(key), "a key", status)) return false;
  body->set_text(pb::DeleteRequest::kPkValueFieldNumber, text_of(key));
  return true;
}

bool make_sql(Method method, string_view sql, RequestBody* body, Status* status) {
  if (!check_text(sql, "the statement", status)) return false;
  *body = RequestBody(method);
  body->set_text(pb::ExecuteSqlRequest::kSqlFieldNumber, sql);
  return true;
}

RequestBody make_end(Method method, const std::string& transaction_id) {
  RequestBody body(method);
  // Commit and rollback have the same fields.
  body.set_text(pb::CommitTransactionRequest::kTransactionIdFieldNumber, transaction_id);
  return body;
}

bool read_open_session(grpc::ByteBuffer* response, OpenedSession* session) {
  using Message = pb::OpenSessionResponse;
  Answer answer;
  if (!answer.read(response)) return false;
  session->session_id = answer.text(Message::kSessionIdFieldNumber);
  session->token = answer.text(Message::kSessionTokenFieldNumber);
  session->lease_expires_at_ms = static_cast<int64_t>(answer.number(Message::kLeaseExpiresAtMsFieldNumber));
  // The token goes back as a header's value, and gRPC aborts the process on one that is not visible ASCII.
  constexpr size_t kLongest = 4096;
  for (char c : session->token) {
    if (c < 0x20 || c > 0x7E) return false;
  }
  return !session->session_id.empty() && session->session_id.size() <= kLongest && session->token.size() <= kLongest;
}

bool read_begin(grpc::ByteBuffer* response, std::string* transaction_id) {
  Answer answer;
  if (!answer.read(response)) return false;
  const string_view id = answer.text(pb::BeginTransactionResponse::kTransactionIdFieldNumber);
  if (id.empty() || id.size() > 4096) return false;
  *transaction_id = id;
  return true;
}

// Both have the same field.
bool read_end(grpc::ByteBuffer* response, string_view transaction_id) {
  Answer answer;
  return answer.read(response) &&
         answer.text(pb::CommitTransactionResponse::kTransactionIdFieldNumber) == transaction_id;
}

bool read_affected_rows(grpc::ByteBuffer* response, uint64_t* rows) {
  // Insert, Update and Delete answer alike.
  Answer answer;
  if (!answer.read(response)) return false;
  *rows = answer.number(pb::InsertResponse::kAffectedRowsFieldNumber);
  return true;
}

bool read_sql_message(grpc::ByteBuffer* response, std::string* text) {
  Answer answer;
  if (!answer.read(response)) return false;
  *text = answer.text(pb::ExecuteSqlResponse::kMessageFieldNumber);
  return true;
}

bool read_ping(grpc::ByteBuffer* response) {
  Answer answer;
  return answer.read(response);
}

}  // namespace kalam
