// Tables that KalamDB does not have yet, since their names belong to tables that the transaction drops when it commits.
// Nothing is asked of the server about them: their definition was read when it was tried out, and all of their rows
// are the journal's. The transaction's room keeps them (transaction/new_table.cpp); the rooms above it ask here.
#pragma once

#include "extension/base/compat.h"

struct KalamRelation;

// How the transaction's room answers.
struct KalamNewTableMethods {
  uint64 (*state)();
  const KalamRelation* (*definition)(Oid relid);
  Oid (*named)(Oid serverid, const char* name_space, const char* table);
};

// Called once, when the library is loaded.
void kalam_new_tables_init(const KalamNewTableMethods* methods);

// Another number whenever an answer of the other functions may be another one; 0: there are no such tables.
uint64 kalam_new_tables_state();

// What the foreign table shows, without the mapping of its attributes; NULL: KalamDB has the table already.
const KalamRelation* kalam_new_table_definition(Oid relid);

// The foreign table for which KalamDB gets a table of that name at COMMIT; InvalidOid: there is none.
Oid kalam_new_table_named(Oid serverid, const char* name_space, const char* table);
