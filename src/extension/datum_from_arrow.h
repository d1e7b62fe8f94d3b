// Values of an answer as PostgreSQL datums: one reader per attribute that is fetched. The pair of types is checked once
// per schema, values one by one when their row is reached: a value PostgreSQL cannot hold is an error only when its
// row is asked for, and memory is bounded by one row.
#pragma once

#include "client/api.h"
#include "extension/compat.h"

struct KalamColumnReader {
  AttrNumber attnum;
  Oid type;
  int32 typmod;
  const char* attribute;  // names for messages
  const char* relation;
  FmgrInfo input;  // of `type`, for kinds that arrive as text
  Oid input_parameter;
  // Set by kalam_column_reader_bind().
  Datum (*convert)(KalamColumnReader* reader, uint32 row);
  // The column in the current window.
  const kalam::ColumnView* view;
};

// A reader for the attribute. `relation` must live as long as the reader; the attribute's name is copied.
void kalam_column_reader_init(KalamColumnReader* reader, Form_pg_attribute attribute, const char* relation);

// Chooses the conversion for a column of an answer's schema. 42804 when the attribute's type cannot hold its values.
void kalam_column_reader_bind(KalamColumnReader* reader, const kalam::ColumnView* schema);

// The value of `row` in the current window; by-reference values are palloc'd. False: NULL. Raises 22xxx for a value
// that the type cannot hold (see kalam_column_reader_context).
static inline bool kalam_column_reader_read(KalamColumnReader* reader, uint32 row, Datum* value) {
  const kalam::ColumnView* view = reader->view;
  if ((view->nulls != nullptr && view->nulls[row] != 0) || view->kind == kalam::ColumnKind::null_type) {
    *value = (Datum)0;
    return false;
  }
  *value = reader->convert(reader, row);
  return true;
}

// Callback of an ErrorContextCallback whose argument points to the KalamColumnReader* at work (NULL: none).
void kalam_column_reader_context(void* arg);
