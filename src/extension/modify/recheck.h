// Rows that a statement has read before it locked them. READ COMMITTED says what becomes of them, as for an ordinary
// table (ExecUpdate() and ExecDelete()): the row is locked, which waits for those who are changing it, and is fetched
// again. If it is another one by then, its conditions are evaluated again on what it is now (EvalPlanQual), and the
// change is made of that; where they do not hold any more, or the row is gone, it is left out.
//
// A window of rows is locked, and then looked up with many lookups in flight, before the first of them is changed
// (lock_rows.h); where nobody does that, each row by itself. These lookups also stand for those at COMMIT, which
// compare the versions (commit/sender.h). Rows that were looked up under their lock need neither. In a block, whose
// COMMIT compares them in any case, rows are not looked up that nobody can have changed (journal/row_epoch.h). A row
// that cannot be locked, as the transaction has so many locks, is compared at COMMIT alone.
#pragma once

#include "extension/modify/modify_state.h"

// Whether row triggers let a change be made of another row than the one that the plan has found.
bool kalam_recheck_is_possible(const TriggerDesc* triggers, CmdType operation);

// Of a statement that changes rows; NULL: it does not. In the current memory context.
KalamRecheck* kalam_recheck_create(ModifyTableState* mtstate, const ResultRelInfo* result);

// Before any row is read; the remote table is known.
void kalam_recheck_start(KalamModifyState* state);

// Whether changed rows are looked at again. Row triggers have seen, or will be shown, the row that the plan has found,
// so that the change cannot be made of another one: COMMIT compares the versions then.
bool kalam_recheck_is_active(const KalamRecheck* recheck);

// Forgets the rows so far: those of the next window are going to be added.
void kalam_recheck_start_window(KalamModifyState* state);

// Adds a row that the plan has found under `key`, with this version. The journal is open.
void kalam_recheck_add(KalamModifyState* state, const char* key, uint64 mark);

// Locks all of them.
void kalam_recheck_lock(KalamModifyState* state);

// Sends lookups of the rows that were locked, as far as there is room for them.
void kalam_recheck_send(KalamModifyState* state);

// Sends the others, and waits for all answers.
void kalam_recheck_receive(KalamModifyState* state);

// Takes a row of the window, or makes a window of a row that is not in it. `base` has the version that the plan has
// found, and gets that of the stored row. `newest`: the stored row, if it is not the one that the plan has found; else
// NULL. False: it is gone.
bool kalam_recheck_take(KalamModifyState* state, const char* key, KalamJournalBase* base, HeapTuple* newest);

// Evaluates the plan again for the stored row. What is returned is the row to be written for an UPDATE, and the plan's
// row for a DELETE; NULL: the conditions do not hold.
TupleTableSlot* kalam_recheck_plan(KalamModifyState* state, EState* estate, HeapTuple newest);

// For EXPLAIN ANALYZE.
struct KalamRecheckCounters {
  uint64 lookups;
  uint64 changed;   // rows that were other ones than those that the plan has found
  uint64 unlocked;  // rows that there was no lock for
};

KalamRecheckCounters kalam_recheck_counters(const KalamRecheck* recheck);
