// Rows that a statement has read before it locked them. READ COMMITTED says what becomes of them, as for an ordinary
// table (ExecUpdate() and ExecDelete()): the row is locked, which waits for those who are changing it, and is fetched
// again. Is it another one by then, its conditions are evaluated again on what it is now (EvalPlanQual), and the change
// is made of that; where they do not hold any more, or the row is gone, it is left out.
//
// The lookup that shows this also stands for the one at COMMIT that compares the version (commit/sender.h). Rows that
// were looked up under their lock need neither. A row that cannot be locked, as the transaction has so many locks, is
// compared at COMMIT alone.
#pragma once

#include "extension/modify/modify_state.h"

// Of a statement that changes rows; NULL: row triggers have seen, or will be shown, the row that the plan has found, so
// that the change cannot be made of another one. In the current memory context.
KalamRecheck* kalam_recheck_create(ModifyTableState* mtstate, const ResultRelInfo* result);

// Locks the row that the plan has found under `key`. `base` has its version, and gets that of the stored row. `newest`:
// the stored row, if it is not the one that the plan has found; else NULL. False: it is gone.
bool kalam_recheck_lock(KalamModifyState* state, const char* key, KalamJournalBase* base, HeapTuple* newest);

// Evaluates the plan again for the stored row. What is returned is the row to be written for an UPDATE, and the plan's
// row for a DELETE; NULL: the conditions do not hold.
TupleTableSlot* kalam_recheck_plan(KalamModifyState* state, EState* estate, HeapTuple newest);
