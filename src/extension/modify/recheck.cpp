#include "extension/modify/recheck.h"

#include "extension/journal/row_lock.h"
#include "extension/journal/stored_rows.h"

extern "C" {
#include "executor/nodeModifyTable.h"
}

struct KalamRecheck {
  ModifyTableState* mtstate;
  KalamStoredRows* versions;  // of rows that were locked; NULL: none was looked up yet
  KalamStoredRows* rows;      // those that are not as they were read
  List* moved_on;             // keys of these (char*): their lock is older than what the plan has read of them
};

KalamRecheck* kalam_recheck_create(ModifyTableState* mtstate, const ResultRelInfo* result) {
  const TriggerDesc* triggers = result->ri_TrigDesc;
  bool is_update = mtstate->operation == CMD_UPDATE;
  if (!is_update && mtstate->operation != CMD_DELETE) return nullptr;
  if (triggers != nullptr && (is_update ? triggers->trig_update_before_row || triggers->trig_update_after_row
                                        : triggers->trig_delete_before_row || triggers->trig_delete_after_row))
    return nullptr;
  KalamRecheck* recheck = (KalamRecheck*)palloc0(sizeof(KalamRecheck));
  recheck->mtstate = mtstate;
  return recheck;
}

// ---------------------------------------------------------------- lookups

// In the memory of the statement.
static KalamStoredRows* lookups(KalamModifyState* state, KalamStoredRows** lookup, bool whole) {
  if (*lookup != nullptr) return *lookup;
  MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
  *lookup =
      kalam_stored_rows_create(RelationGetDescr(state->relation), state->remote,
                               kalam_connection_get(state->remote->serverid, state->userid), state->subject, whole);
  MemoryContextSwitchTo(old);
  return *lookup;
}

static bool has_moved_on(const KalamRecheck* recheck, const char* key) {
  ListCell* cell;
  foreach (cell, recheck->moved_on)
    if (strcmp((const char*)lfirst(cell), key) == 0) return true;
  return false;
}

// The stored row of a key, which is locked. Other clients may have removed it since its version was looked up.
static bool fetch_row(KalamModifyState* state, const char* key, KalamJournalBase* base, HeapTuple* newest) {
  KalamRecheck* recheck = state->recheck;
  if (!has_moved_on(recheck, key)) {
    MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
    recheck->moved_on = lappend(recheck->moved_on, pstrdup(key));
    MemoryContextSwitchTo(old);
  }
  KalamStoredRow row;
  if (!kalam_stored_rows_look_up(lookups(state, &recheck->rows, true), key, &row)) return false;
  base->mark = row.mark;
  *newest = heap_form_tuple(RelationGetDescr(state->relation), row.values, row.nulls);
  (*newest)->t_tableOid = RelationGetRelid(state->relation);
  return true;
}

bool kalam_recheck_lock(KalamModifyState* state, const char* key, KalamJournalBase* base, HeapTuple* newest) {
  KalamRecheck* recheck = state->recheck;
  KalamRowLock lock = kalam_lock_row(state->remote, state->subject, key, kalam_modify_lock_strength(state));
  *newest = nullptr;
  base->is_locked = lock == KalamRowLock::held;
  // A row that the transaction has written itself has no version to compare, and nobody else has seen it.
  if (recheck == nullptr || base->mark == 0 || lock == KalamRowLock::none) return true;
  if (lock == KalamRowLock::held && !has_moved_on(recheck, key)) return true;
  KalamStoredRow row;
  base->is_locked = true;
  if (!kalam_stored_rows_look_up(lookups(state, &recheck->versions, false), key, &row)) return false;
  return row.mark == base->mark || fetch_row(state, key, base, newest);
}

// ---------------------------------------------------------------- EvalPlanQual

TupleTableSlot* kalam_recheck_plan(KalamModifyState* state, EState* estate, HeapTuple newest) {
  ResultRelInfo* result = state->result;
  EPQState* epqstate = &state->recheck->mtstate->mt_epqstate;
  const TupleConstr* constraints = RelationGetDescr(state->relation)->constr;
  MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
  TupleTableSlot* slot = EvalPlanQualSlot(epqstate, state->relation, result->ri_RangeTableIndex);
  ExecForceStoreHeapTuple(newest, slot, false);
  slot = EvalPlanQual(epqstate, state->relation, result->ri_RangeTableIndex, slot);
  if (TupIsNull(slot)) {
    slot = nullptr;
  } else if (state->operation == CMD_UPDATE) {
    // RETURNING takes the old row from here, too.
    ExecForceStoreHeapTuple(newest, result->ri_oldTupleSlot, false);
    slot = ExecGetUpdateNewTuple(result, slot, result->ri_oldTupleSlot);
    slot->tts_tableOid = RelationGetRelid(state->relation);
    if (constraints != nullptr && constraints->has_generated_stored)
      ExecComputeStoredGenerated(result, estate, slot, CMD_UPDATE);
  }
  MemoryContextSwitchTo(old);
  return slot;
}
