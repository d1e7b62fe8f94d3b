// Stored rows by key, for statements that write: whether there is one, and what it is. Many lookups can be in flight.
// The keys are locked by whoever asks, before.
#pragma once

#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/lookup/keys_in_flight.h"
#include "extension/remote/connection.h"

struct KalamStoredRows;

// A row that was found, in the memory context of the call.
struct KalamStoredRow {
  uint64 mark;  // of its version (version_mark.h); 0: the table has none
  Datum* values;
  bool* nulls;
};

// Belongs to the current memory context; what is handed over must live as long. `whole`: the row's
// values are wanted, not just whether it is there.
KalamStoredRows* kalam_stored_rows_create(TupleDesc tupdesc, const KalamRelation* remote, KalamConnection* connection,
                                          const char* subject, bool whole);

// The same for the values of some attributes alone (a list of their numbers), the others being NULL, in rows that the
// conditions of a statement may still hide from the role: no error shows a value.
KalamStoredRows* kalam_stored_rows_create_hidden(TupleDesc tupdesc, const KalamRelation* remote,
                                                 KalamConnection* connection, const char* subject,
                                                 const List* attributes);

// The relation that the lookups are made for.
const KalamRelation* kalam_stored_rows_relation(const KalamStoredRows* lookup);

// Text of a key, as the journal has it.
char* kalam_stored_rows_key(KalamStoredRows* lookup, Datum key);

// Starts lookups ahead of the rows that need them, which then take the answers in the same order.
bool kalam_stored_rows_has_room(const KalamStoredRows* lookup);
void kalam_stored_rows_start(KalamStoredRows* lookup, const char* key);

// Waits for the answer of the lookup of this key, which was started first of those in flight. `row` may be NULL. False:
// there is no such row.
bool kalam_stored_rows_next(KalamStoredRows* lookup, const char* key, KalamStoredRow* row);

// Looks a key up now, whatever is in flight.
bool kalam_stored_rows_look_up(KalamStoredRows* lookup, const char* key, KalamStoredRow* row);

// Forgets what is in flight. Never raises.
void kalam_stored_rows_clear(KalamStoredRows* lookup);

// How many lookups were made, for EXPLAIN.
uint64 kalam_stored_rows_count(const KalamStoredRows* lookup);
