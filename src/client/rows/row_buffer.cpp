// Rows as tagged JSON objects, one after the other in one text, and how many of them fit one request.
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/api.h"
#include "client/base/status.h"
#include "client/base/table_kind.h"
#include "client/rows/json_text.h"
#include "client/rows/row_value.h"

namespace kalam {
namespace {

// The server refuses a message of more than 4,194,304 bytes (spec 1.2); requests stay below it.
constexpr uint64_t kRequestLimit = 4'194'303;
constexpr uint64_t kLongestSessionId = 64;  // see ConnectionState

struct Column {
  std::string name;
  std::string key;  // the name as JSON, with its colon
  RemoteType type;
  bool not_null;
};

uint64_t varint_size(uint64_t value) {
  uint64_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    size++;
  }
  return size;
}

// A string field with a number below 16, as all of InsertRequest's are.
uint64_t field_size(uint64_t length) {
  return 1 + varint_size(length) + length;
}

// An empty string without presence is not sent.
uint64_t plain_field_size(std::string_view text) {
  return text.empty() ? 0 : field_size(text.size());
}

std::string_view view(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

struct RowBuffer {
  std::vector<Column> columns;
  std::string text;
  std::vector<size_t> ends;  // of each row in `text`

  size_t begin_of(size_t row) const { return row == 0 ? 0 : ends[row - 1]; }
};

RowBuffer* row_buffer_create(const RowColumn* columns, size_t column_count, Status* status) noexcept {
  try {
    auto rows = std::make_unique<RowBuffer>();
    rows->columns.reserve(column_count);
    for (size_t i = 0; i < column_count; i++) {
      Column column{std::string(view(columns[i].name)), {}, columns[i].type, columns[i].not_null};
      if (column.name.empty() || !append_json_string(column.name, &column.key)) {
        set_status(status, ErrorClass::invalid_request, "a column's name is empty or not valid UTF-8");
        copy_text(status->column, sizeof(status->column), column.name);
        return nullptr;
      }
      for (const Column& other : rows->columns) {
        if (other.name != column.name) continue;
        set_status(status, ErrorClass::invalid_request, "column \"" + column.name + "\" is listed twice");
        copy_text(status->column, sizeof(status->column), column.name);
        return nullptr;
      }
      column.key += ':';
      rows->columns.push_back(std::move(column));
    }
    clear_status(status);
    return rows.release();
  } catch (...) {
    status_from_exception(status);
    return nullptr;
  }
}

void row_buffer_release(RowBuffer* rows) noexcept {
  delete rows;
}

void row_buffer_clear(RowBuffer* rows) noexcept {
  rows->text.clear();
  rows->ends.clear();
}

bool row_buffer_append_partial(RowBuffer* rows, const Value* values, const bool* present, Status* status) noexcept {
  const size_t before = rows->text.size();
  try {
    rows->text += '{';
    bool first = true;
    for (size_t i = 0; i < rows->columns.size(); i++) {
      if (present != nullptr && !present[i]) continue;
      const Column& column = rows->columns[i];
      if (!first) rows->text += ',';
      first = false;
      rows->text += column.key;
      if (!append_row_value(column.name, column.type, column.not_null, values[i], &rows->text, status)) {
        rows->text.resize(before);
        return false;
      }
    }
    rows->text += '}';
    rows->ends.push_back(rows->text.size());
    clear_status(status);
    return true;
  } catch (...) {
    rows->text.resize(before);
    status_from_exception(status);
    return false;
  }
}

bool row_buffer_append(RowBuffer* rows, const Value* values, Status* status) noexcept {
  return row_buffer_append_partial(rows, values, nullptr, status);
}

bool row_buffer_append_members(RowBuffer* rows, const RowMembers* members, size_t count, Status* status) noexcept {
  const size_t before = rows->text.size();
  try {
    rows->text += '{';
    bool first = true;
    for (size_t i = 0; i < count; i++) {
      if (members[i].size == 0) continue;
      if (!first) rows->text += ',';
      first = false;
      rows->text.append(members[i].text, members[i].size);
    }
    rows->text += '}';
    rows->ends.push_back(rows->text.size());
    clear_status(status);
    return true;
  } catch (...) {
    rows->text.resize(before);
    status_from_exception(status);
    return false;
  }
}

size_t row_buffer_count(const RowBuffer* rows) noexcept {
  return rows->ends.size();
}

uint64_t row_buffer_bytes(const RowBuffer* rows) noexcept {
  return rows->text.size();
}

const char* row_buffer_row(const RowBuffer* rows, size_t row, size_t* size) noexcept {
  const size_t begin = rows->begin_of(row);
  *size = rows->ends[row] - begin;
  return rows->text.data() + begin;
}

size_t row_buffer_fit(const RowBuffer* rows, const TableRef* table, size_t first, Status* status) noexcept {
  clear_status(status);
  const std::string_view user_id = view(table->user_id);
  uint64_t size = plain_field_size(view(table->name_space)) + plain_field_size(view(table->table)) +
                  plain_field_size(kind_name(table->kind)) + field_size(kLongestSessionId) + plain_field_size(user_id);
  size_t count = 0;
  for (size_t row = first; row < rows->ends.size(); row++) {
    size += field_size(rows->ends[row] - rows->begin_of(row));
    if (size > kRequestLimit) break;
    count++;
  }
  if (count > 0 || first >= rows->ends.size()) return count;
  try {
    bool has_bytes = false;
    for (const Column& column : rows->columns) has_bytes |= column.type.kind == RemoteKind::bytes;
    set_status(status, ErrorClass::too_large, "row is too large for one request to KalamDB",
               "The request would take " + std::to_string(size) + " bytes; the server accepts less than 4194304.",
               has_bytes ? "Values of type BYTES take up to four bytes a byte in a request." : "");
  } catch (...) {
    status_from_exception(status);
  }
  return 0;
}

}  // namespace kalam
