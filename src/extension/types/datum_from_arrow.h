// Values of an answer as PostgreSQL datums: one reader per attribute that is fetched. The pair of types is checked once
// per schema, values when their row is reached: a value PostgreSQL cannot hold is an error only when its row is asked
// for. Of the common types all values of a window are converted at once (datum_window.cpp), which none of them may
// fail; the others one by one, in memory bounded by one row.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

extern "C" {
#include "datatype/timestamp.h"
}

// Microseconds and days between 1970-01-01 (Arrow) and 2000-01-01 (PostgreSQL).
constexpr int KALAM_EPOCH_DAYS = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
constexpr int64 KALAM_EPOCH_MICROS = (int64)KALAM_EPOCH_DAYS * USECS_PER_DAY;

struct KalamColumnReader {
  AttrNumber attnum;
  Oid type;
  int32 typmod;
  const char* attribute;  // names for messages
  const char* relation;
  bool is_canonical;  // texts must be those that PostgreSQL writes for their values: of a key (types/key.h)
  FmgrInfo input;     // of `type`, for kinds that arrive as text
  Oid input_parameter;
  // Set by kalam_column_reader_bind().
  Datum (*convert)(KalamColumnReader* reader, uint32 row);
  bool reads_text;  // `convert` calls the type's input function, whose errors show the value
  // The column in the current window.
  const kalam::ColumnView* view;
  const Datum* datums;  // all of its values; NULL: convert one by one
  // Memory that windows share, in the context of kalam_column_reader_init(); NULL until it is needed.
  MemoryContext context;
  Datum* own_datums;
  uint32 datum_room;
  char* bytes;
  Size byte_room;
};

// A reader for the attribute. `relation` must live as long as the reader; the attribute's name is copied.
void kalam_column_reader_init(KalamColumnReader* reader, Form_pg_attribute attribute, const char* relation);

// Chooses the conversion for a column of an answer's schema. 42804 when the attribute's type cannot hold its values.
void kalam_column_reader_bind(KalamColumnReader* reader, const kalam::ColumnView* schema);

// Makes the column of a window the current one. Its values live until the next window; of few rows they are left to
// kalam_column_reader_read().
void kalam_column_reader_window(KalamColumnReader* reader, const kalam::ColumnView* view);

// The value of `row` in the current window; by-reference values are palloc'd, or the window's. False: NULL. Raises
// 22xxx for a value that the type cannot hold (see kalam_column_reader_context).
static inline bool kalam_column_reader_read(KalamColumnReader* reader, uint32 row, Datum* value) {
  const kalam::ColumnView* view = reader->view;
  if ((view->nulls != nullptr && view->nulls[row] != 0) || view->kind == kalam::ColumnKind::null_type) {
    *value = (Datum)0;
    return false;
  }
  *value = reader->datums != nullptr ? reader->datums[row] : reader->convert(reader, row);
  return true;
}

// Whether an error that was raised while a value of the reader was read shows the value. What raises it then in its
// place names the type, and has the error's own text for the server's log alone.
bool kalam_column_reader_shows_value(const KalamColumnReader* reader, int sqlstate);
[[noreturn]] void kalam_column_reader_refuse(const KalamColumnReader* reader, const ErrorData* error);

// Callback of an ErrorContextCallback whose argument points to the KalamColumnReader* at work (NULL: none).
void kalam_column_reader_context(void* arg);
