// Rows as JSON objects, each plain or tagged, one after the other in one text, and how many of them fit one request.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/api.h"
#include "client/base/status.h"
#include "client/base/table_kind.h"
#include "client/rows/json_text.h"
#include "client/rows/plain_value.h"
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
  struct Row {
    size_t end;  // in `text`
    RowForm form;
    size_t most_tagged;  // bytes that the tagged form takes, at most
  };
  std::vector<Column> columns;
  std::string text;
  std::vector<Row> rows;

  size_t begin_of(size_t row) const { return row == 0 ? 0 : rows[row - 1].end; }

  void add(size_t begin, RowForm form, size_t more_if_tagged) {
    rows.push_back({text.size(), form, text.size() - begin + more_if_tagged});
  }

  // Takes back what is behind `size`, of a row that could not be finished. Allocates nothing.
  bool take_back(size_t size) {
    text.resize(size);
    return false;
  }

  bool append_tagged_values(const Value* values, const bool* present, Status* status) {
    const size_t begin = text.size();
    text += '{';
    for (size_t i = 0; i < columns.size(); i++) {
      if (present != nullptr && !present[i]) continue;
      const Column& column = columns[i];
      if (text.size() > begin + 1) text += ',';
      text += column.key;
      if (!append_row_value(column.name, column.type, column.not_null, values[i], &text, status)) return false;
    }
    text += '}';
    add(begin, RowForm::tagged, 0);
    return true;
  }

  // False: the row must be tagged, or its values do not fit; `text` ends somewhere in it.
  bool append_plain_values(const Value* values, const bool* present) {
    const size_t begin = text.size();
    size_t more_if_tagged = 0;
    bool is_surely_plain = false;
    text += '{';
    for (size_t i = 0; i < columns.size(); i++) {
      if (present != nullptr && !present[i]) continue;
      const Column& column = columns[i];
      if (column.not_null && values[i].kind == ValueKind::null_value) return false;
      if (text.size() > begin + 1) text += ',';
      text += column.key;
      const PlainValue outcome = append_plain_value(column.type, values[i], &text);
      if (outcome == PlainValue::no) return false;
      is_surely_plain |= outcome == PlainValue::yes;
      more_if_tagged += most_added_by_tag(column.type);
    }
    text += '}';
    if (!is_surely_plain) return false;
    add(begin, RowForm::plain, more_if_tagged);
    return true;
  }

  // The column whose name a member begins with; members mostly come in the columns' order.
  const Column* column_of(std::string_view member, size_t* guess) const {
    for (size_t i = 0; i < columns.size(); i++) {
      const size_t index = (*guess + i) % columns.size();
      const Column& column = columns[index];
      if (member.substr(0, column.key.size()) != column.key) continue;
      *guess = index + 1;
      return &column;
    }
    return nullptr;
  }

  // False: these are no members that append_plain_values() has made.
  bool append_members_tagged(std::string_view members) {
    size_t guess = 0;
    while (true) {
      const Column* column = column_of(members, &guess);
      if (column == nullptr) return false;
      members.remove_prefix(column->key.size());
      const size_t size = plain_value_size(members);
      text += column->key;
      if (!append_tagged(column->type, members.substr(0, size), &text)) return false;
      members.remove_prefix(size);
      if (members.empty()) return true;
      if (members.front() != ',') return false;
      members.remove_prefix(1);
      text += ',';
    }
  }

  // Bytes up to the comma behind a value, or to the end.
  static size_t plain_value_size(std::string_view text) {
    if (text.empty() || text.front() != '"') return std::min(text.find(','), text.size());
    size_t i = 1;
    while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
    return std::min(i + 1, text.size());
  }
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
  rows->rows.clear();
}

bool row_buffer_append_partial(RowBuffer* rows, const Value* values, const bool* present, RowForm form,
                               Status* status) noexcept {
  const size_t before = rows->text.size();
  try {
    clear_status(status);
    if (form == RowForm::plain) {
      if (rows->append_plain_values(values, present)) return true;
      rows->take_back(before);
    }
    return rows->append_tagged_values(values, present, status) || rows->take_back(before);
  } catch (...) {
    status_from_exception(status);
    return rows->take_back(before);
  }
}

bool row_buffer_append(RowBuffer* rows, const Value* values, Status* status) noexcept {
  return row_buffer_append_partial(rows, values, nullptr, RowForm::tagged, status);
}

bool row_buffer_append_members(RowBuffer* rows, const RowMembers* members, size_t count, RowForm form,
                               Status* status) noexcept {
  const size_t before = rows->text.size();
  try {
    clear_status(status);
    size_t more_if_tagged = 0;
    for (size_t i = 0; i < count; i++) {
      if (members[i].size == 0) continue;
      if (members[i].form == RowForm::tagged) form = RowForm::tagged;
      more_if_tagged += members[i].most_tagged > members[i].size ? members[i].most_tagged - members[i].size : 0;
    }
    rows->text += '{';
    for (size_t i = 0; i < count; i++) {
      if (members[i].size == 0) continue;
      if (rows->text.size() > before + 1) rows->text += ',';
      const std::string_view text(members[i].text, members[i].size);
      if (members[i].form == form) {
        rows->text.append(text);
      } else if (!rows->append_members_tagged(text)) {
        set_status(status, ErrorClass::internal, "a row is not one that was encoded for these columns");
        return rows->take_back(before);
      }
    }
    rows->text += '}';
    rows->add(before, form, form == RowForm::plain ? more_if_tagged : 0);
    return true;
  } catch (...) {
    status_from_exception(status);
    return rows->take_back(before);
  }
}

size_t row_buffer_count(const RowBuffer* rows) noexcept {
  return rows->rows.size();
}

uint64_t row_buffer_bytes(const RowBuffer* rows) noexcept {
  return rows->text.size();
}

const char* row_buffer_row(const RowBuffer* rows, size_t row, size_t* size) noexcept {
  const size_t begin = rows->begin_of(row);
  *size = rows->rows[row].end - begin;
  return rows->text.data() + begin;
}

RowForm row_buffer_form(const RowBuffer* rows, size_t row, size_t* most_tagged) noexcept {
  *most_tagged = rows->rows[row].most_tagged;
  return rows->rows[row].form;
}

size_t row_buffer_fit(const RowBuffer* rows, const TableRef* table, size_t first, Status* status) noexcept {
  clear_status(status);
  const std::string_view user_id = view(table->user_id);
  uint64_t size = plain_field_size(view(table->name_space)) + plain_field_size(view(table->table)) +
                  plain_field_size(kind_name(table->kind)) + field_size(kLongestSessionId) + plain_field_size(user_id);
  size_t count = 0;
  for (size_t row = first; row < rows->rows.size(); row++) {
    size += field_size(rows->rows[row].end - rows->begin_of(row));
    if (size > kRequestLimit) break;
    count++;
  }
  if (count > 0 || first >= rows->rows.size()) return count;
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
