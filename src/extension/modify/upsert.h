// INSERT ... ON CONFLICT: what becomes of a row whose key is there. The order of what happens is that of PostgreSQL's
// ExecInsert() and ExecOnConflictUpdate(), which do not do it for foreign tables.
//
// The key is locked before its row is looked up (row_lock.h), so that the answer holds for all sessions of this
// PostgreSQL: two upserts of a key neither both insert nor lose what one of them did. What other clients of KalamDB do
// between the lookup and COMMIT is found out there, and ends in 40001.
#pragma once

#include "extension/modify/modify_state.h"

// Of the statement that runs; NULL: it has no ON CONFLICT clause. `key`: the attribute that the clause names, or
// InvalidAttrNumber. In the current memory context.
KalamUpsert* kalam_upsert_create(ModifyTableState* mtstate, const ResultRelInfo* result, AttrNumber key);

// 55000 when the remote table's key is not the one that the clause names.
void kalam_upsert_check_key(const KalamModifyState* state);

// Before anything else is done for a row: its lookup goes on while the server is asked whether the table is the same.
void kalam_upsert_start_row(KalamModifyState* state, TupleTableSlot* slot);

// Whether rows may come in batches: their triggers, RETURNING and check options want to see one after the other.
bool kalam_upsert_takes_batches(const KalamModifyState* state);

// Before anything is done for the rows of a batch, whose table is known: their stored rows are found together.
void kalam_upsert_start_batch(KalamModifyState* state, TupleTableSlot** slots, int count);

// Between two rows of a batch: frees what the expressions of the clause have allocated, as the executor does otherwise.
void kalam_upsert_reset_row(const KalamModifyState* state);

// Inserts the row in state->values, which the slot has as well, or does what the clause says. Returns the slot of the
// row that was written; NULL: none was.
TupleTableSlot* kalam_upsert_finish_row(KalamModifyState* state, EState* estate, const char* key, TupleTableSlot* slot,
                                        const Bitmapset* defaulted);

// The executor's own state is left as it was.
void kalam_upsert_end(const KalamModifyState* state);

// Lookups and scans so far, for EXPLAIN.
uint64 kalam_upsert_lookups(const KalamUpsert* upsert);
uint64 kalam_upsert_scans(const KalamUpsert* upsert);
