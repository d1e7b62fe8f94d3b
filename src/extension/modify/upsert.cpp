#include "extension/modify/upsert.h"

#include "extension/base/report.h"
#include "extension/journal/row_lock.h"
#include "extension/journal/stored_rows.h"
#include "extension/modify/upsert_rows.h"
#include "extension/types/key.h"

extern "C" {
#include "commands/trigger.h"
#include "executor/execPartition.h"
#include "executor/nodeModifyTable.h"
}

struct KalamUpsert {
  ModifyTableState* mtstate;
  OnConflictAction action;
  AttrNumber key;  // that the clause names; InvalidAttrNumber: none
  bool fires_insert_triggers;
  bool captures_inserts;    // into a transition table
  KalamStoredRows* lookup;  // NULL: none was needed yet
  uint64 earlier_lookups;   // of a lookup that the table has changed under
  MemoryContext context;    // of keys that are looked up ahead
  char* ahead;              // the key whose lookup was started; NULL: none
  KalamUpsertRows* rows;    // that were found; NULL: none were needed yet
  KalamRowLock ahead_lock;
  TupleTableSlot* returned;  // for rows that others keep in a slot without system columns; NULL: never needed
};

namespace {

// What an INSERT meets under its key.
struct Conflict {
  bool exists;
  bool is_own;            // the transaction has written it
  HeapTuple tuple;        // NULL for DO NOTHING
  KalamJournalBase base;  // of what is written now
  KalamRowLock lock;      // of a stored row
};

}  // namespace

static bool wants_row(const KalamUpsert* upsert) {
  return upsert->action != ONCONFLICT_NOTHING;
}

// ---------------------------------------------------------------- lookups

// In the memory of the statement, for the present relation.
static KalamStoredRows* lookup_of(KalamModifyState* state) {
  KalamUpsert* upsert = state->upsert;
  if (upsert->lookup != nullptr) return upsert->lookup;
  MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
  upsert->lookup = kalam_stored_rows_create(RelationGetDescr(state->relation), state->remote,
                                            kalam_connection_get(state->remote->serverid, state->userid),
                                            state->subject, wants_row(upsert));
  MemoryContextSwitchTo(old);
  return upsert->lookup;
}

static bool is_same_table(const KalamRelation* a, const KalamRelation* b) {
  return a == b || (a->serverid == b->serverid && a->schema_version == b->schema_version &&
                    a->attribute_count == b->attribute_count && strcmp(a->remote_name, b->remote_name) == 0 &&
                    a->created_at != nullptr && b->created_at != nullptr && strcmp(a->created_at, b->created_at) == 0);
}

// Forgets what was asked of a table that turned out to be another one since.
static void check_lookup(KalamModifyState* state) {
  KalamUpsert* upsert = state->upsert;
  if (upsert->lookup == nullptr || is_same_table(kalam_stored_rows_relation(upsert->lookup), state->remote)) return;
  kalam_stored_rows_clear(upsert->lookup);
  upsert->earlier_lookups += kalam_stored_rows_count(upsert->lookup);
  upsert->lookup = nullptr;
  upsert->ahead = nullptr;
}

static KalamRowLock lock_key(const KalamModifyState* state, const char* key) {
  return kalam_lock_row(state->remote, state->subject, key, kalam_modify_lock_strength(state));
}

// Of the statement, for the present relation.
static KalamUpsertRows* rows_of(KalamModifyState* state) {
  KalamUpsert* upsert = state->upsert;
  if (upsert->rows == nullptr) {
    MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
    upsert->rows = kalam_upsert_rows_create(state, outerPlanState(upsert->mtstate)->plan->plan_rows, wants_row(upsert));
    MemoryContextSwitchTo(old);
  }
  return upsert->rows;
}

// The stored row of the key, which is locked.
static void find_stored(KalamModifyState* state, const char* key, KalamFoundRow* found) {
  KalamUpsert* upsert = state->upsert;
  check_lookup(state);
  bool is_ahead = upsert->ahead != nullptr && strcmp(upsert->ahead, key) == 0;
  if (upsert->ahead != nullptr && !is_ahead) kalam_stored_rows_clear(upsert->lookup);
  upsert->ahead = nullptr;
  if (is_ahead) {
    found->lock = upsert->ahead_lock;
    found->is_current = found->lock != KalamRowLock::none;
    found->exists = kalam_stored_rows_next(upsert->lookup, key, wants_row(upsert) ? &found->row : nullptr);
    return;
  }
  KalamUpsertRows* rows = rows_of(state);
  if (kalam_upsert_rows_find(rows, key, found)) return;
  char* keys[] = {(char*)key};
  kalam_upsert_rows_prepare(rows, lookup_of(state), keys, 1);
  kalam_upsert_rows_find(rows, key, found);
}

static void find_conflict(KalamModifyState* state, const char* key, Conflict* conflict) {
  KalamJournal* journal = state->journal;
  const KalamJournalEntry* entry = kalam_journal_newest(journal, key);
  *conflict = {};
  if (entry != nullptr) {
    conflict->is_own = true;
    conflict->exists = entry->change != KalamChange::remove;
    conflict->base = kalam_journal_base(journal, entry);
    if (!conflict->exists || !wants_row(state->upsert)) return;
    TupleDesc tupdesc = RelationGetDescr(state->relation);
    Datum* values = (Datum*)palloc(sizeof(Datum) * Max(tupdesc->natts, 1));
    bool* nulls = (bool*)palloc(sizeof(bool) * Max(tupdesc->natts, 1));
    kalam_journal_values(journal, entry, state->remote, tupdesc, values, nulls);
    conflict->tuple = heap_form_tuple(tupdesc, values, nulls);
    return;
  }

  KalamFoundRow found = {};
  find_stored(state, key, &found);
  conflict->exists = found.exists;
  conflict->lock = found.lock;
  conflict->base.is_locked = found.is_current;
  if (!conflict->exists) {
    conflict->base.expects_absent = true;
  } else if (wants_row(state->upsert)) {
    conflict->base.mark = found.row.mark;
    conflict->tuple = heap_form_tuple(RelationGetDescr(state->relation), found.row.values, found.row.nulls);
  }
}

// ---------------------------------------------------------------- what the executor does next

// PostgreSQL fires triggers for INSERT, and fills their transition table, for every row that it gets back.
static void set_insert_triggers(const KalamModifyState* state, bool fires) {
  const KalamUpsert* upsert = state->upsert;
  // The executor's own copy of the triggers' descriptor.
  TriggerDesc* triggers = state->result->ri_TrigDesc;
  TransitionCaptureState* capture = upsert->mtstate->mt_transition_capture;
  if (triggers != nullptr) triggers->trig_insert_after_row = fires && upsert->fires_insert_triggers;
  if (capture != nullptr) capture->tcs_insert_new_table = fires && upsert->captures_inserts;
}

// RETURNING tells by xmax whether a row was inserted, when the row is a tuple of its own.
static TupleTableSlot* returned_slot(KalamModifyState* state, TupleTableSlot* slot, bool is_inserted) {
  KalamUpsert* upsert = state->upsert;
  if (state->result->ri_projectReturning == nullptr) return slot;
  if (slot->tts_ops != &TTSOpsHeapTuple) {
    if (upsert->returned == nullptr) {
      MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
      upsert->returned = ExecInitExtraTupleSlot(state->estate, RelationGetDescr(state->relation), &TTSOpsHeapTuple);
      MemoryContextSwitchTo(old);
    }
    ExecForceStoreHeapTuple(ExecCopySlotHeapTuple(slot), upsert->returned, false);
    slot = upsert->returned;
  }
  ExecMaterializeSlot(slot);
  bool is_copy;
  HeapTuple tuple = ExecFetchSlotHeapTuple(slot, false, &is_copy);
  HeapTupleHeaderSetXmax(tuple->t_data, is_inserted ? InvalidTransactionId : FrozenTransactionId);
  return slot;
}

// ---------------------------------------------------------------- DO UPDATE

[[noreturn]] static void report_second_time(const KalamUpsert* upsert) {
  ereport(ERROR,
          (errcode(ERRCODE_CARDINALITY_VIOLATION),
           errmsg("%s command cannot affect row a second time",
                  kalam_conflict_selects(upsert->action) ? "ON CONFLICT DO SELECT" : "ON CONFLICT DO UPDATE"),
           errhint("Ensure that no rows proposed for insertion within the same command have duplicate constrained "
                   "values.")));
}

// A row that the command, or one that it started, has written already.
static void check_first_time(const KalamModifyState* state, const EState* estate, const char* key) {
  if (!kalam_conflict_locks(state->upsert->action, state->result->ri_onConflict)) return;
  const KalamJournalEntry* entry = kalam_journal_newest(state->journal, key);
  if (entry != nullptr && entry->cid >= kalam_modify_command_id(state, estate)) report_second_time(state->upsert);
}

// Number of the newest entry of the key.
static int32 newest_index(const KalamModifyState* state, const char* key) {
  const KalamJournalEntry* entry = kalam_journal_newest(state->journal, key);
  return entry != nullptr ? (int32)(entry - state->journal->entries) : KALAM_NO_ENTRY;
}

[[noreturn]] static void report_changed_by_trigger() {
  ereport(ERROR,
          (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
           errmsg("tuple to be updated was already modified by an operation triggered by the current command"),
           errhint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.")));
}

// The row as SET and WHERE see it.
static void store_existing(const KalamModifyState* state, HeapTuple tuple, TupleTableSlot* existing) {
  tuple->t_tableOid = RelationGetRelid(state->relation);
  ExecForceStoreHeapTuple(tuple, existing, false);
  existing->tts_tableOid = tuple->t_tableOid;
}

// Whether the WHERE clause holds for the existing row. Policies have to let the row through before: a function in the
// clause could tell of it, and minor releases of PostgreSQL that check the policies later let it.
static bool takes_existing(KalamModifyState* state, EState* estate, TupleTableSlot* existing,
                           TupleTableSlot* excluded) {
  ModifyTableState* mtstate = state->upsert->mtstate;
  ExprContext* econtext = mtstate->ps.ps_ExprContext;
  econtext->ecxt_scantuple = existing;
  econtext->ecxt_innertuple = excluded;
  econtext->ecxt_outertuple = nullptr;
  if (state->result->ri_WithCheckOptions != NIL)
    ExecWithCheckOptions(WCO_RLS_CONFLICT_CHECK, state->result, existing, estate);
  if (ExecQual(state->result->ri_onConflict->oc_WhereClause, econtext)) return true;
  InstrCountFiltered1(&mtstate->ps, 1);
  return false;
}

// The new row, as triggers and generated columns make it. False: a trigger leaves the row as it is.
static bool make_new_row(KalamModifyState* state, EState* estate, HeapTuple existing, TupleTableSlot* slot) {
  ResultRelInfo* result = state->result;
  ModifyTableState* mtstate = state->upsert->mtstate;
  const TupleConstr* constraints = RelationGetDescr(state->relation)->constr;
  ExecMaterializeSlot(slot);
  slot->tts_tableOid = RelationGetRelid(state->relation);
  if (result->ri_TrigDesc != nullptr && result->ri_TrigDesc->trig_update_before_row &&
      !kalam_exec_before_update_triggers(estate, &mtstate->mt_epqstate, result, existing, slot))
    return false;
  slot->tts_tableOid = RelationGetRelid(state->relation);
  if (constraints != nullptr && constraints->has_generated_stored)
    ExecComputeStoredGenerated(result, estate, slot, CMD_UPDATE);
  if (state->relation->rd_rel->relispartition && !ExecPartitionCheck(result, slot, estate, false)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("invalid ON UPDATE specification"),
                    errdetail("The result tuple would appear in a different partition than the original tuple.")));
  }
  return true;
}

static TupleTableSlot* update_existing(KalamModifyState* state, EState* estate, const char* key,
                                       const Conflict* conflict, TupleTableSlot* excluded) {
  ResultRelInfo* result = state->result;
  ModifyTableState* mtstate = state->upsert->mtstate;
  KalamOnConflictState* clause = result->ri_onConflict;
  TupleTableSlot* existing = clause->oc_Existing;
  int32 newest = newest_index(state, key);

  store_existing(state, conflict->tuple, existing);
  bool is_taken = takes_existing(state, estate, existing, excluded);
  if (is_taken && kalam_conflict_selects(state->upsert->action)) {
    ExecForceStoreHeapTuple(conflict->tuple, excluded, false);
    ExecClearTuple(existing);
    return returned_slot(state, excluded, false);
  }
  TupleTableSlot* slot = nullptr;
  if (is_taken) {
    slot = ExecProject(clause->oc_ProjInfo);
    if (!make_new_row(state, estate, conflict->tuple, slot)) slot = nullptr;
  }
  if (slot != nullptr) {
    if (newest_index(state, key) != newest) report_changed_by_trigger();
    kalam_modify_change_row(state, estate, key, slot, WCO_RLS_UPDATE_CHECK, conflict->base);
    ExecARUpdateTriggers(estate, result, nullptr, nullptr, nullptr, conflict->tuple, slot, NIL,
                         mtstate->mt_oc_transition_capture, false);
    slot = returned_slot(state, slot, false);
  }
  ExecClearTuple(existing);
  return slot;
}

// ---------------------------------------------------------------- the statement

KalamUpsert* kalam_upsert_create(ModifyTableState* mtstate, const ResultRelInfo* result, AttrNumber key) {
  const ModifyTable* plan = (const ModifyTable*)mtstate->ps.plan;
  if (plan == nullptr || plan->onConflictAction == ONCONFLICT_NONE) return nullptr;
  KalamUpsert* upsert = (KalamUpsert*)palloc0(sizeof(KalamUpsert));
  upsert->mtstate = mtstate;
  upsert->action = plan->onConflictAction;
  upsert->key = key;
  const TriggerDesc* root_triggers = mtstate->rootResultRelInfo->ri_TrigDesc;
  upsert->fires_insert_triggers = result->ri_TrigDesc != nullptr && result->ri_TrigDesc->trig_insert_after_row;
  upsert->captures_inserts = root_triggers != nullptr && root_triggers->trig_insert_new_table;
  upsert->context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB upsert keys", ALLOCSET_SMALL_SIZES);
  return upsert;
}

void kalam_upsert_check_key(const KalamModifyState* state) {
  AttrNumber planned = state->upsert->key;
  bool is_unique = state->remote->kind != kalam::TableKind::stream;
  bool is_named = wants_row(state->upsert) || planned != InvalidAttrNumber;
  if (is_named && (!is_unique || planned != state->remote->key_attribute)) kalam_report_other_key(state->remote);
}

void kalam_upsert_start_row(KalamModifyState* state, TupleTableSlot* slot) {
  KalamUpsert* upsert = state->upsert;
  set_insert_triggers(state, true);
  // Once the journal is open the table is known, and nothing is gained.
  if (state->journal != nullptr || state->remote->kind == kalam::TableKind::stream) return;
  bool is_null;
  Datum key = slot_getattr(slot, state->remote->key_attribute, &is_null);
  if (is_null) return;
  MemoryContext old = MemoryContextSwitchTo(upsert->context);
  KalamStoredRows* lookup = lookup_of(state);
  char* text = kalam_stored_rows_key(lookup, key);
  KalamJournal* journal = kalam_journal_find(state->remote->relid, state->subject);
  if (journal == nullptr || kalam_journal_newest(journal, text) == nullptr) {
    upsert->ahead_lock = lock_key(state, text);
    kalam_stored_rows_start(lookup, text);
    upsert->ahead = text;
  }
  MemoryContextSwitchTo(old);
}

bool kalam_upsert_takes_batches(const KalamModifyState* state) {
  const ResultRelInfo* result = state->result;
  const ModifyTableState* mtstate = state->upsert->mtstate;
  const TriggerDesc* triggers = result->ri_TrigDesc;
  if (result->ri_projectReturning != nullptr || result->ri_WithCheckOptions != NIL) return false;
  if (mtstate->mt_transition_capture != nullptr || mtstate->mt_oc_transition_capture != nullptr) return false;
  return triggers == nullptr ||
         !(triggers->trig_insert_before_row || triggers->trig_insert_after_row || triggers->trig_insert_instead_row ||
           triggers->trig_update_before_row || triggers->trig_update_after_row);
}

void kalam_upsert_start_batch(KalamModifyState* state, TupleTableSlot** slots, int count) {
  KalamUpsert* upsert = state->upsert;
  MemoryContextReset(upsert->context);
  MemoryContext old = MemoryContextSwitchTo(upsert->context);
  check_lookup(state);
  KalamStoredRows* lookup = lookup_of(state);
  char** keys = (char**)palloc(sizeof(char*) * count);
  int key_count = 0;
  for (int i = 0; i < count; i++) {
    bool is_null;
    Datum key = slot_getattr(slots[i], state->remote->key_attribute, &is_null);
    if (!is_null) keys[key_count++] = kalam_stored_rows_key(lookup, key);
  }
  kalam_upsert_rows_prepare(rows_of(state), lookup, keys, key_count);
  MemoryContextSwitchTo(old);
}

void kalam_upsert_reset_row(const KalamModifyState* state) {
  ExprContext* econtext = state->upsert->mtstate->ps.ps_ExprContext;
  if (econtext != nullptr) ResetExprContext(econtext);
}

TupleTableSlot* kalam_upsert_finish_row(KalamModifyState* state, EState* estate, const char* key, TupleTableSlot* slot,
                                        const Bitmapset* defaulted) {
  Conflict conflict;
  find_conflict(state, key, &conflict);
  if (!conflict.exists) {
    kalam_modify_insert_row(state, estate, key, defaulted, conflict.base);
    return returned_slot(state, slot, true);
  }
  InstrCountTuples2(&state->upsert->mtstate->ps, 1);
  if (!wants_row(state->upsert)) {
    // As PostgreSQL, which does not lock the row either: who only skips rows does not wait for others.
    if (conflict.lock == KalamRowLock::taken)
      kalam_unlock_row(state->remote, state->subject, key, kalam_modify_lock_strength(state));
    return nullptr;
  }
  check_first_time(state, estate, key);
  slot = update_existing(state, estate, key, &conflict, slot);
  set_insert_triggers(state, false);
  return slot;
}

void kalam_upsert_end(const KalamModifyState* state) {
  set_insert_triggers(state, true);
}

uint64 kalam_upsert_lookups(const KalamUpsert* upsert) {
  return upsert->earlier_lookups + (upsert->lookup != nullptr ? kalam_stored_rows_count(upsert->lookup) : 0);
}

uint64 kalam_upsert_scans(const KalamUpsert* upsert) {
  return upsert->rows != nullptr ? kalam_upsert_rows_scans(upsert->rows) : 0;
}
