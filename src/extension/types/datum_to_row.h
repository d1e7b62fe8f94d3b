// PostgreSQL rows as rows of KalamDB: one writer per remote column. Types' output functions run here, so that rows are
// encoded where they are written, never later.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/catalog/relation.h"

extern "C" {
#include "nodes/bitmapset.h"
}

// Members of a row's JSON object, "name":value,… without the braces. Members of a row that is one are of one form.
struct KalamMembers {
  const char* text;
  uint32 size;
  uint32 most_tagged;  // bytes that the tagged form takes, at most
  kalam::RowForm form;
};

// As the client takes them.
static inline kalam::RowMembers kalam_row_members(const KalamMembers* members) {
  return {members->text, members->size, members->form, members->most_tagged};
}

struct KalamColumnWriter {
  AttrNumber attnum;  // local attribute; InvalidAttrNumber: none has this column
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
  bool* present;           // [column_count]: goes into the members that are being made
  kalam::RowForm form;     // how rows are written where their values allow it
  kalam::RowBuffer* row;   // the one that is being encoded
  kalam::RowBuffer* rows;  // encoded ones, for a request. Both belong to the context that the writer was made in
};

// `relation` must live as long as the writer, which belongs to the current memory context. Raises 42703 for a local
// column that the remote table does not have, 42804 when a local type cannot be stored in the remote one.
KalamRowWriter* kalam_row_writer_create(const KalamRelation* relation, TupleDesc tupdesc);

// A writer of values of `type` into a remote column. `attribute`: where they are from, for messages. Raises 42804.
void kalam_column_writer_init(KalamColumnWriter* writer, const KalamRelation* relation, const KalamRemoteColumn* column,
                              Oid type, const char* attribute);

// The members of the columns that exist locally. Attributes of `defaulted` get KalamDB's default in place of NULL. NULL
// in a remote NOT NULL column: 23502; a value that KalamDB cannot hold: 22xxx. In the current memory context, as is
// what the conversion needs.
KalamMembers kalam_row_writer_encode(KalamRowWriter* writer, const Datum* values, const bool* nulls,
                                     const Bitmapset* defaulted);

// The members of the columns that do not: KalamDB's defaults, as for a new row. 23502 for one that is NOT NULL.
KalamMembers kalam_row_writer_rest(KalamRowWriter* writer);

// In two steps, for columns that do not exist locally and get other values: marks them as `present` and returns how
// many there are; then the members of what `values` has for them.
int kalam_row_writer_undeclared(KalamRowWriter* writer);
KalamMembers kalam_row_writer_present(KalamRowWriter* writer);

// The members of the columns that a row lacks which was encoded when the table had those of `known` alone. Calls no
// function of a type.
KalamMembers kalam_row_writer_added(KalamRowWriter* writer, const KalamRelation* known);

// The same of those alone that do not exist locally, for a row whose others are encoded again.
KalamMembers kalam_row_writer_added_rest(KalamRowWriter* writer, const KalamRelation* known);

// The members as tagged ones, which they may be already. Members of the writer's own columns, in the current memory
// context.
KalamMembers kalam_row_writer_tagged(KalamRowWriter* writer, const KalamMembers* members);
