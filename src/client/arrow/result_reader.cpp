#include "client/arrow/result_reader.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "client/arrow/batch_parts.h"
#include "client/arrow/column_reader.h"
#include "client/arrow/decode_context.h"
#include "client/arrow/decode_error.h"
#include "client/arrow/ipc_stream.h"
#include "client/arrow/message.h"
#include "client/arrow/schema.h"
#include "client/arrow/wire.h"
#include "client/base/status.h"

namespace kalam {

using arrow::BatchParts;
using arrow::DecodeError;

namespace {

constexpr uint32_t kMaxWindowRows = 65'536;
constexpr uint64_t kWindowBudget = 8 << 20;

// Rows of a batch none of whose columns takes a byte for a row.
constexpr uint64_t kMaxRowsWithoutContent = 1 << 20;

void set_decode_status(const DecodeError& error, Status* status) {
  set_status(
      status, error.error,
      error.error == ErrorClass::protocol ? "KalamDB's answer cannot be decoded" : "KalamDB's answer is too large",
      error.what());
  copy_text(status->column, sizeof(status->column), error.column);
}

}  // namespace

struct ResultReader::State {
  template <class Bytes>
  State(Bytes bytes, Answer kind) : message(std::move(bytes)) {
    begin(kind);
  }

  void begin(Answer kind) {
    answer = arrow::walk_answer(message, static_cast<uint32_t>(kind), kind == Answer::query ? 2 : 0);
    // What lies before the first entry is no longer needed.
    has_schema = open_entry();
    if (!has_schema) message.finish(message.size());
  }

  void restart(std::string_view bytes, Answer kind) {
    for (auto& reader : readers) reader->unbind();
    next_entry = 0;
    has_schema = at_end = false;
    selected.clear();
    rows = row = 0;
    failure.set_success(-1);
    message.reset(bytes);
    begin(kind);
  }

  // Opens the next entry and reads its schema. False: there is none.
  bool open_entry() {
    if (next_entry == answer.entries.size()) return false;
    stream.open(&message, answer.entries[next_entry++]);
    message.finish(stream.entry().begin);
    context.dictionaries.clear();
    if (!stream.next() || stream.metadata().header_type() != ipc::MessageHeader::Schema) {
      throw DecodeError("An Arrow stream does not begin with its schema.");
    }
    if (!stream.is_remembered()) {
      arrow::Schema entry_schema = arrow::read_schema(*stream.metadata().header_as_Schema(),
                                                      stream.metadata().version(), stream.metadata_size());
      if (next_entry == 1) {
        take_schema(std::move(entry_schema));
      } else if (!(entry_schema == schema)) {
        throw DecodeError("The Arrow streams of one answer have different schemas.");
      }
    }
    message.finish(stream.position());
    return true;
  }

  void take_schema(arrow::Schema&& entry_schema) {
    stream.forget();
    readers.clear();
    schema_views.clear();
    child_views.clear();
    schema = std::move(entry_schema);
    for (const arrow::ColumnType& column : schema.columns) {
      readers.push_back(arrow::make_reader(column, &context));
      arrow::describe(column, &schema_views.emplace_back());
    }
    describe_children();
    views.assign(schema.columns.size(), {});
    stream.remember();
  }

  bool is_reusable() const {
    return failure.error() == ErrorClass::none && !readers.empty() &&
           std::all_of(schema.columns.begin(), schema.columns.end(), [](const arrow::ColumnType& column) {
             return column.children.empty() && !column.dictionary.used && !column.is_rendered();
           });
  }

  // Children of the schema's views, level by level; a vector a column, whose addresses stay.
  void describe_children() {
    for (size_t i = 0; i < schema.columns.size(); i++) {
      const arrow::ColumnType* type = &schema.columns[i];
      ColumnView* view = &schema_views[i];
      while (type->kind == ColumnKind::list || type->kind == ColumnKind::fixed_list) {
        type = &type->children[0];
        child_views.push_back(std::make_unique<ColumnView>());
        arrow::describe(*type, child_views.back().get());
        view->child = child_views.back().get();
        view = child_views.back().get();
      }
    }
  }

  void bind_batch(const ipc::RecordBatch& batch) {
    BatchParts parts(&message, stream.body(), batch);
    bool has_content = false;
    for (size_t i = 0; i < readers.size(); i++) {
      readers[i]->bind(&parts, parts.rows());
      if (readers[i]->length() != parts.rows()) {
        throw DecodeError("The columns of an Arrow record batch have different lengths.", schema.columns[i].name);
      }
      has_content |= schema.columns[i].has_content();
      // Checked, and then let go of.
      if (!is_selected(i)) readers[i]->unbind();
    }
    parts.expect_end();
    if (!has_content && parts.rows() > kMaxRowsWithoutContent) {
      throw DecodeError("An Arrow record batch has too many rows without content.");
    }
    rows = parts.rows();
    row = 0;
    message.finish(stream.position());
  }

  void load_dictionary(const ipc::DictionaryBatch& batch) {
    if (batch.data() == nullptr) throw DecodeError("An Arrow dictionary has no values.");
    BatchParts parts(&message, stream.body(), *batch.data());
    arrow::load_dictionary(schema, batch.id(), batch.is_delta(), &parts, &context);
  }

  // Goes on to the next batch that has rows. False: the answer is read.
  bool next_batch() {
    for (auto& reader : readers) reader->unbind();
    rows = row = 0;
    while (rows == 0) {
      message.finish(stream.position());
      if (!stream.next()) {
        message.finish(stream.entry().end());
        if (!open_entry()) {
          message.finish(message.size());
          return false;
        }
        continue;
      }
      switch (stream.metadata().header_type()) {
        case ipc::MessageHeader::RecordBatch:
          bind_batch(*stream.metadata().header_as_RecordBatch());
          break;
        case ipc::MessageHeader::DictionaryBatch:
          load_dictionary(*stream.metadata().header_as_DictionaryBatch());
          break;
        default:
          throw DecodeError("An Arrow stream has a message of an unknown kind.");
      }
    }
    return true;
  }

  bool next(uint32_t max_rows, Window* window) {
    if (!has_schema || at_end) return false;
    for (auto& reader : readers) reader->let_go();
    if (row == rows && !next_batch()) {
      at_end = true;
      return false;
    }
    uint64_t count = std::min<uint64_t>(std::clamp<uint32_t>(max_rows, 1, kMaxWindowRows), rows - row);
    const uint64_t budget = kWindowBudget / std::max<size_t>(readers.size(), 1);
    for (size_t i = 0; i < readers.size(); i++) {
      if (is_selected(i)) count = std::min(count, readers[i]->fit(row, count, budget));
    }
    count = std::max<uint64_t>(count, 1);
    for (size_t i = 0; i < readers.size(); i++) {
      views[i] = is_selected(i) ? readers[i]->decode(row, count) : schema_views[i];
    }
    row += count;
    *window = {static_cast<uint32_t>(count), static_cast<uint32_t>(views.size()), views.data()};
    return true;
  }

  bool is_selected(size_t column) const { return selected.empty() || selected[column]; }

  void select(const uint32_t* columns, size_t count) {
    std::vector<bool> chosen(schema.columns.size());
    for (size_t i = 0; i < count; i++) {
      if (columns[i] < chosen.size()) chosen[columns[i]] = true;
    }
    selected = std::move(chosen);
  }

  arrow::Message message;  // first: cursors of the readers let go of it when they end
  arrow::Answer answer;
  size_t next_entry = 0;
  arrow::IpcStream stream;
  arrow::DecodeContext context;
  bool has_schema = false;
  bool at_end = false;
  arrow::Schema schema;
  std::vector<ColumnView> schema_views;
  std::vector<std::unique_ptr<ColumnView>> child_views;
  std::vector<std::unique_ptr<arrow::ColumnReader>> readers;
  uint64_t rows = 0;  // of the current batch
  uint64_t row = 0;   // first one not handed out
  std::vector<ColumnView> views;
  std::vector<bool> selected;  // a flag a column; empty: all
  KeptStatus failure;
};

ResultReader::ResultReader(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ResultReader::~ResultReader() = default;

template <class Bytes>
std::unique_ptr<ResultReader> ResultReader::make(Bytes message, Answer answer, Status* status) noexcept {
  clear_status(status);
  try {
    return std::unique_ptr<ResultReader>(new ResultReader(std::make_unique<State>(std::move(message), answer)));
  } catch (const DecodeError& error) {
    set_decode_status(error, status);
  } catch (...) {
    status_from_exception(status);
  }
  return nullptr;
}

std::unique_ptr<ResultReader> ResultReader::create(std::vector<grpc::Slice> message, Answer answer,
                                                   Status* status) noexcept {
  return make(std::move(message), answer, status);
}

std::unique_ptr<ResultReader> ResultReader::create(std::string_view message, Answer answer, Status* status) noexcept {
  return make(message, answer, status);
}

bool ResultReader::reuse(std::string_view message, Answer answer, Status* status) noexcept {
  clear_status(status);
  try {
    state_->restart(message, answer);
    return true;
  } catch (const DecodeError& error) {
    set_decode_status(error, status);
  } catch (...) {
    status_from_exception(status);
  }
  state_->failure.set(*status);
  return false;
}

bool ResultReader::is_reusable() const noexcept {
  return state_->is_reusable();
}

bool ResultReader::schema(Window* schema, Status* status) noexcept {
  clear_status(status);
  if (!state_->has_schema) return false;
  *schema = {0, static_cast<uint32_t>(state_->schema_views.size()), state_->schema_views.data()};
  return true;
}

bool ResultReader::next(uint32_t max_rows, Window* window, Status* status) noexcept {
  if (state_->failure.error() != ErrorClass::none) {
    state_->failure.get(status);
    return false;
  }
  try {
    clear_status(status);
    return state_->next(max_rows, window);
  } catch (const DecodeError& error) {
    set_decode_status(error, status);
  } catch (...) {
    status_from_exception(status);
  }
  state_->failure.set(*status);
  return false;
}

void ResultReader::select(const uint32_t* columns, size_t count) {
  state_->select(columns, count);
}

std::string_view ResultReader::message() const noexcept {
  return state_->answer.text;
}

}  // namespace kalam
