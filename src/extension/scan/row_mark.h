// Row marks: how the rows of SELECT ... FOR UPDATE, NO KEY UPDATE, SHARE and KEY SHARE are locked. PostgreSQL does it
// late (its manual, "Row Locking in Foreign Data Wrappers"): a scan gives each row a handle (row_handles.h), and a
// LockRows node, above filters and joins and below LIMIT, hands the handles back of the rows that it is to lock. The
// key is locked then, and the row looked up again: where it has changed, PostgreSQL checks the conditions again on what
// it is now.
//
// A scan that looks keys up of which each row that it finds is locked, and no other, may lock them first, if nobody
// else has them: then the row that the lookup finds is the one to lock, and is looked up once.
#pragma once

#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/journal/row_lock.h"
#include "extension/lookup/key_set.h"
#include "extension/remote/connection.h"

// The callbacks of the foreign data wrapper of the same names (fdwhandler.sgml).
RowMarkType kalam_get_foreign_row_mark_type(RangeTblEntry* entry, LockClauseStrength strength);
void kalam_refetch_foreign_row(EState* estate, ExecRowMark* erm, Datum rowid, TupleTableSlot* slot, bool* updated);

// The mark of a scan whose rows a locking clause locks; NULL: there is none.
ExecRowMark* kalam_find_row_mark(const EState* estate, Index rtindex);

// What is kept for a mark, in ExecRowMark.ermExtra. A statement that runs again to check conditions (EvalPlanQual) has
// scans of its own, which share it.
struct KalamRowMark;

// In the current memory context; what is handed over must live as long. `attributes`: those that the statement needs.
KalamRowMark* kalam_row_mark_create(ExecRowMark* erm, const KalamRelation* remote, KalamConnection* connection,
                                    const char* subject, const List* attributes);
void kalam_row_mark_end(KalamRowMark* mark);

// Lookups of rows that were locked after they were read, for EXPLAIN.
uint64 kalam_row_mark_lookups(const KalamRowMark* mark);

// Gives the row in the slot its handle. `version`: its mark (version_mark.h), 0 for a row of the transaction's own;
// `is_locked`: since before it was read.
void kalam_row_mark_note(KalamRowMark* mark, const char* key, uint64 version, bool is_locked, TupleTableSlot* slot);

// The keys that a run locks first.
struct KalamFirstLocks {
  const KalamKeySet* keys;
  KalamRowLock* locks;  // [keys->count]; `none` and `busy`: the row is locked late
  bool* found;          // whether there is such a row
};

// None yet. In the current memory context; `keys` must live as long.
KalamFirstLocks* kalam_first_locks_create(const KalamKeySet* keys);

// Locks one of the keys, if that does not take a wait.
void kalam_first_locks_take(KalamFirstLocks* first, const KalamRowMark* mark, int key);

// A row was found. Whether its key is locked.
bool kalam_first_locks_found(KalamFirstLocks* first, const char* key);

// At the end of the run: gives the locks of keys back that have no row.
void kalam_first_locks_finish(const KalamFirstLocks* first, const KalamRowMark* mark);
