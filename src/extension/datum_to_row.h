// PostgreSQL rows as rows of KalamDB: one writer per remote column, and the text form of a key.
#pragma once

#include "client/api.h"
#include "extension/catalog.h"
#include "extension/compat.h"

struct KalamColumnWriter {
  AttrNumber attnum;  // local attribute; InvalidAttrNumber: none has this column, NULL is written
  Oid type;           // base type of the attribute
  const char* attribute;
  const KalamRemoteColumn* column;
  void (*convert)(KalamColumnWriter* writer, Datum datum, kalam::Value* value);
  FmgrInfo output;  // for types that KalamDB keeps as text
};

// Encodes rows of one relation. Every remote column but the system columns has a writer, in remote order.
struct KalamRowWriter {
  const KalamRelation* relation;
  int column_count;
  KalamColumnWriter* columns;
  int key_column;          // index into columns; -1: none
  kalam::Value* values;    // [column_count]
  bool* present;           // [column_count]: has a local attribute
  kalam::RowBuffer* rows;  // belongs to the memory context that the writer was made in
};

// `relation` must live as long as the writer, which belongs to the current memory context. Raises 42703 for a local
// column that the remote table does not have, 42804 when a local type cannot be stored in the remote one.
KalamRowWriter* kalam_row_writer_create(const KalamRelation* relation, TupleDesc tupdesc);

// A writer that knows the key alone, for kalam_row_writer_key().
KalamRowWriter* kalam_key_writer_create(const KalamRelation* relation, TupleDesc tupdesc);

// Appends a row to writer->rows. NULL in a remote NOT NULL column: 23502; a value that KalamDB cannot hold: 22xxx.
// With `partial` only columns that exist locally are written (an update keeps the others), else they are NULL.
// Uses the current memory context for what the conversion needs.
void kalam_row_writer_append(KalamRowWriter* writer, const Datum* values, const bool* nulls, bool partial);

// Text form of a key (spec 7.3) in UTF-8, palloc'd: equal texts are equal keys for the server.
char* kalam_row_writer_key(KalamRowWriter* writer, Datum key);
