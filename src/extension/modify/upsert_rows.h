// The stored rows that an INSERT ... ON CONFLICT meets, found for many of its rows at once: their keys are locked in
// the order of the rows, and then looked up, many in flight. Where the statement's lookups would take longer than a
// scan of the table (plan/cost.h), by what the planner expects or by what they have taken so far, the table is scanned
// once, and its rows are kept (scanned_rows.h). Rows of the scan whose keys were locked later may be older than the
// lock: COMMIT compares their versions.
#pragma once

#include "extension/journal/row_lock.h"
#include "extension/journal/stored_rows.h"
#include "extension/modify/modify_state.h"

struct KalamUpsertRows;

// What was found under a key.
struct KalamFoundRow {
  bool exists;
  bool is_current;    // it was read under the lock
  KalamRowLock lock;  // `taken` for whoever asks first
  KalamStoredRow row;
};

// `whole` as of kalam_stored_rows_create(). In the current memory context. `planned_rows`: as many as the statement is
// expected to have.
KalamUpsertRows* kalam_upsert_rows_create(KalamModifyState* state, double planned_rows, bool whole);

// Finds the rows of these keys by `lookup`, in the place of those that were found before. Keys that the transaction has
// written are left out, and may come twice. The journal is open. Waits for locks and answers, serves interrupts.
void kalam_upsert_rows_prepare(KalamUpsertRows* rows, KalamStoredRows* lookup, char** keys, int count);

// What was found. False: the key is not among those. It lives until others are prepared.
bool kalam_upsert_rows_find(KalamUpsertRows* rows, const char* key, KalamFoundRow* found);

// Scans that were made, for EXPLAIN.
uint64 kalam_upsert_rows_scans(const KalamUpsertRows* rows);
