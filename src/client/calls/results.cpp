// The functions of api.h that read a call's results.
#include <grpcpp/support/slice.h>

#include <vector>

#include "client/arrow/single_value.h"
#include "client/base/last_words.h"
#include "client/base/signal_block.h"
#include "client/base/status.h"
#include "client/calls/call.h"

namespace kalam {
namespace {

std::unique_ptr<ResultReader> read_slices(grpc::ByteBuffer* response, ResultReader::Answer answer, bool keep,
                                          Status* status) {
  std::vector<grpc::Slice> slices;
  if (response->Valid() && !response->Dump(&slices).ok()) {
    set_status(status, ErrorClass::protocol, "the server's answer is not KalamDB's protocol");
    return nullptr;
  }
  // The reader's references are to be the only ones, so that what was read is freed.
  if (!keep) response->Clear();
  return ResultReader::create(std::move(slices), answer, status);
}

std::unique_ptr<ResultReader> make_reader(const Call* call, Status* status) {
  Operation* operation = call->operation.get();
  const auto answer = operation->method() == Method::scan ? ResultReader::Answer::scan : ResultReader::Answer::query;
  if (operation->holds_slices()) {
    SignalBlock block;
    return read_slices(&operation->response(), answer, call->keep_response, status);
  }
  std::unique_ptr<ResultReader> reader = std::move(operation->core()->spare_reader);
  if (!reader) return ResultReader::create(operation->small_answer(), answer, status);
  return reader->reuse(operation->small_answer(), answer, status) ? std::move(reader) : nullptr;
}

// The reader of a call that succeeded; NULL and a Status otherwise.
ResultReader* reader_of(const Call* call, Status* status) {
  clear_status(status);
  if (call == nullptr || Entry::is_broken()) {
    set_status(status, ErrorClass::internal, "the KalamDB call has no rows");
    return nullptr;
  }
  const Method method = call->operation->method();
  if (!call->operation->done() || call->operation->status().error() != ErrorClass::none ||
      (method != Method::scan && method != Method::execute_query)) {
    set_status(status, ErrorClass::internal, "the KalamDB call has no rows");
    return nullptr;
  }
  if (!call->reader_made) {
    call->reader_made = true;
    call->reader = make_reader(call, status);
    if (!call->reader) call->reader_status.set(*status);
  }
  if (!call->reader) call->reader_status.get(status);
  return call->reader.get();
}

// The text with everything that is not UTF-8 or printable replaced.
std::string clean_text(std::string_view text) {
  std::string clean(text.size() + 1, '\0');
  copy_text(clean.data(), clean.size(), text);
  clean.resize(clean.find('\0'));
  return clean;
}

}  // namespace

const char* call_message(const Call* call, size_t* size) noexcept {
  const Entry entry;
  *size = 0;
  if (call == nullptr || Entry::is_broken()) return "";
  try {
    if (!call->operation->done() || call->operation->status().error() != ErrorClass::none) return "";
    if (call->message.empty()) {
      if (call->operation->method() == Method::execute_sql) call->message = clean_text(call->operation->message());
      if (call->operation->method() == Method::execute_query) {
        Status status;
        if (const ResultReader* reader = reader_of(call, &status)) call->message = clean_text(reader->message());
      }
    }
    *size = call->message.size();
    return call->message.c_str();
  } catch (...) {
    return "";
  }
}

bool call_result_schema(Call* call, Window* schema, Status* status) noexcept {
  const Entry entry;
  try {
    ResultReader* reader = reader_of(call, status);
    return reader != nullptr && reader->schema(schema, status);
  } catch (...) {
    status_from_exception(status);
    return false;
  }
}

void call_result_keep(Call* call) noexcept {
  if (call != nullptr && !call->reader_made) call->keep_response = true;
}

bool call_result_rewind(Call* call, bool keep, Status* status) noexcept {
  const Entry entry;
  try {
    clear_status(status);
    if (call == nullptr || Entry::is_broken() || !call->keep_response) {
      set_status(status, ErrorClass::internal, "the answer of the KalamDB call was not kept");
      return false;
    }
    SignalBlock block;  // slices are gRPC's
    call->reader.reset();
    call->reader_made = false;
    call->keep_response = keep;
    return reader_of(call, status) != nullptr;
  } catch (...) {
    status_from_exception(status);
    return false;
  }
}

void call_result_select(Call* call, const uint32_t* columns, size_t count) noexcept {
  const Entry entry;
  try {
    // What is wrong with the answer is said by the next function that reads it.
    Status status;
    if (ResultReader* reader = reader_of(call, &status)) reader->select(columns, count);
  } catch (...) {
    // Without memory for the selection all columns are decoded.
    return;
  }
}

bool call_result_next(Call* call, uint32_t max_rows, Window* window, Status* status) noexcept {
  const Entry entry;
  try {
    ResultReader* reader = reader_of(call, status);
    return reader != nullptr && reader->next(max_rows, window, status);
  } catch (...) {
    status_from_exception(status);
    return false;
  }
}

bool read_single_text(grpc::ByteBuffer* response, std::string* text) {
  Status status;
  Window window{};
  std::unique_ptr<ResultReader> reader = read_slices(response, ResultReader::Answer::query, false, &status);
  if (reader == nullptr || !reader->next(1, &window, &status) || window.rows == 0 || window.column_count == 0) {
    return false;
  }
  const ColumnView& column = window.columns[0];
  if (column.kind != ColumnKind::utf8 || (column.nulls != nullptr && column.nulls[0] != 0)) return false;
  const auto& slice = static_cast<const Slice*>(column.values)[0];
  text->assign(slice.data, slice.size);
  return true;
}

}  // namespace kalam
