#include "extension/remote/answer_text.h"

#include "extension/base/report.h"

extern "C" {
#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
}

using kalam::ColumnKind;
using kalam::ColumnView;

// Longest text that is looked at to see whether it is JSON.
constexpr size_t MAX_JSON_TEXT = 64 * 1024 * 1024;

static void append_hex(StringInfo out, const char* data, size_t size) {
  static const char digits[] = "0123456789abcdef";
  appendStringInfoString(out, "\\x");
  for (size_t i = 0; i < size; i++) {
    appendStringInfoChar(out, digits[(unsigned char)data[i] >> 4]);
    appendStringInfoChar(out, digits[(unsigned char)data[i] & 0xf]);
  }
}

static void append_uuid(StringInfo out, const unsigned char* data) {
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) appendStringInfoChar(out, '-');
    appendStringInfo(out, "%02x", data[i]);
  }
}

static void append_text(StringInfo out, const ColumnView* column, const kalam::Slice& slice, KalamTextStyle style) {
  if (style == KalamTextStyle::plain || (column->is_json && memchr(slice.data, '\0', slice.size) == nullptr)) {
    char* text = kalam_text_from_remote(slice.data, slice.size);
    // The server does not check what it stores in JSON columns (spec 5.1).
    bool as_it_is = style == KalamTextStyle::plain || kalam_is_valid_json(text, strlen(text));
    if (as_it_is) appendStringInfoString(out, text);
    pfree(text);
    if (as_it_is) return;
  }
  kalam_append_json_string(out, slice.data, slice.size);
}

static void append_list(StringInfo out, const ColumnView* child, uint64 first, uint64 count) {
  check_stack_depth();
  appendStringInfoChar(out, '[');
  for (uint64 i = 0; i < count; i++) {
    CHECK_FOR_INTERRUPTS();
    if (i > 0) appendStringInfoChar(out, ',');
    kalam_append_value(out, child, first + i, KalamTextStyle::json);
  }
  appendStringInfoChar(out, ']');
}

// Booleans, numbers, dates and times. JSON knows no infinities: they become strings, as PostgreSQL's to_json does.
static void append_simple(StringInfo out, const ColumnView* column, uint64 row, KalamTextStyle style) {
  char text[kalam::kValueTextBytes];
  size_t size = kalam::value_text(column, row, text);
  bool is_plain = column->kind == ColumnKind::boolean ||
                  (column->kind <= ColumnKind::decimal && size > 0 && isdigit((unsigned char)text[size - 1]));
  bool quotes = style == KalamTextStyle::json && !is_plain;
  if (quotes) appendStringInfoChar(out, '"');
  appendBinaryStringInfo(out, text, (int)size);
  if (quotes) appendStringInfoChar(out, '"');
}

bool kalam_is_valid_json(const char* text, size_t size) {
  if (size == 0 || size > MAX_JSON_TEXT) return false;
  char* copy = pnstrdup(text, size);
#if PG_VERSION_NUM >= 170000
  JsonLexContext* lex = makeJsonLexContextCstringLen(nullptr, copy, size, GetDatabaseEncoding(), false);
#else
  JsonLexContext* lex = makeJsonLexContextCstringLen(copy, (int)size, GetDatabaseEncoding(), false);
#endif
  bool valid = pg_parse_json(lex, &nullSemAction) == JSON_SUCCESS;
  pfree(copy);
  return valid;
}

void kalam_append_json_string(StringInfo out, const char* text, size_t size) {
  appendStringInfoChar(out, '"');
  while (size > 0) {
    // In pieces between zero bytes, which text of the database's encoding cannot hold.
    size_t piece = strnlen(text, size);
    char* converted = kalam_text_from_remote(text, piece);
    for (const char* p = converted; *p != '\0'; p++) {
      switch (*p) {
        case '"':
        case '\\':
          appendStringInfoChar(out, '\\');
          appendStringInfoChar(out, *p);
          break;
        case '\n':
          appendStringInfoString(out, "\\n");
          break;
        case '\r':
          appendStringInfoString(out, "\\r");
          break;
        case '\t':
          appendStringInfoString(out, "\\t");
          break;
        default:
          if ((unsigned char)*p < 0x20) {
            appendStringInfo(out, "\\u%04x", (unsigned char)*p);
          } else {
            appendStringInfoChar(out, *p);
          }
      }
    }
    pfree(converted);
    text += piece;
    size -= piece;
    if (size > 0) {
      appendStringInfoString(out, "\\u0000");
      text++;
      size--;
    }
  }
  appendStringInfoChar(out, '"');
}

bool kalam_value_is_null(const ColumnView* column, uint64 row) {
  return column->kind == ColumnKind::null_type || (column->nulls != nullptr && column->nulls[row] != 0);
}

void kalam_append_value(StringInfo out, const ColumnView* column, uint64 row, KalamTextStyle style) {
  if (kalam_value_is_null(column, row)) {
    appendStringInfoString(out, "null");
    return;
  }
  bool json = style == KalamTextStyle::json;
  switch (column->kind) {
    case ColumnKind::null_type:
      break;
    case ColumnKind::boolean:
    case ColumnKind::int8:
    case ColumnKind::int16:
    case ColumnKind::int32:
    case ColumnKind::int64:
    case ColumnKind::uint8:
    case ColumnKind::uint16:
    case ColumnKind::uint32:
    case ColumnKind::uint64:
    case ColumnKind::float32:
    case ColumnKind::float64:
    case ColumnKind::decimal:
    case ColumnKind::date_days:
    case ColumnKind::date_millis:
    case ColumnKind::time_of_day:
    case ColumnKind::timestamp:
    case ColumnKind::duration:
    case ColumnKind::interval:
      append_simple(out, column, row, style);
      break;
    case ColumnKind::utf8:
      append_text(out, column, ((const kalam::Slice*)column->values)[row], style);
      break;
    case ColumnKind::binary: {
      const kalam::Slice& slice = ((const kalam::Slice*)column->values)[row];
      // A backslash is an escape in JSON.
      appendStringInfoString(out, json ? "\"\\" : "");
      append_hex(out, slice.data, slice.size);
      appendStringInfoString(out, json ? "\"" : "");
      break;
    }
    case ColumnKind::fixed_binary: {
      const char* data = (const char*)column->values + row * column->byte_width;
      bool uuid = column->byte_width == 16;  // KalamDB's UUID type, and nothing else (spec 5.1)
      appendStringInfoString(out, json ? (uuid ? "\"" : "\"\\") : "");
      if (uuid) {
        append_uuid(out, (const unsigned char*)data);
      } else {
        append_hex(out, data, column->byte_width);
      }
      appendStringInfoString(out, json ? "\"" : "");
      break;
    }
    case ColumnKind::list:
      append_list(out, column->child, column->list_offsets[row],
                  column->list_offsets[row + 1] - column->list_offsets[row]);
      break;
    case ColumnKind::fixed_list:
      append_list(out, column->child, row * column->list_size, column->list_size);
      break;
  }
}
