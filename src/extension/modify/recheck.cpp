#include "extension/modify/recheck.h"

#include "extension/journal/row_epoch.h"
#include "extension/journal/row_lock.h"
#include "extension/journal/stored_rows.h"
#include "extension/modify/lock_rows.h"
#include "extension/transaction/outcome.h"

extern "C" {
#include "common/hashfn.h"
#include "executor/nodeModifyTable.h"
}

namespace {

// A row of the window.
struct Row {
  char* key;
  uint32 hash;  // of the key
  uint64 read;  // version that the plan has found
  KalamRowLock lock;
  bool is_awaited;    // its version is to be looked up
  bool is_looked_up;  // the rest says what is stored
  bool is_there;
  uint64 mark;
  HeapTuple tuple;  // NULL: it is the one that the plan has found
};

}  // namespace

struct KalamRecheck {
  ModifyTableState* mtstate;
  bool is_active;
  KalamStoredRows* versions;  // lookups of rows that were locked; NULL: there were none yet
  KalamStoredRows* rows;      // of those that are not as they were read
  MemoryContext context;      // of what the rows of the window point to
  Row* window;
  int count;
  int capacity;
  int sent;             // rows of the window whose lookup was sent, or that need none
  int next;             // where the row is likely to be that is taken next
  KalamRowEpoch epoch;  // from before the rows were read
  bool reads_first;     // rows may be read before they are locked
  uint64 acquired;      // locks of the session, from before the rows were read, and those that were taken here
  List* moved_on;       // keys (char*) whose lock is older than what the plan has read of them
  uint64 changed;
  uint64 unlocked;
};

bool kalam_recheck_is_possible(const TriggerDesc* triggers, CmdType operation) {
  if (triggers == nullptr) return operation == CMD_UPDATE || operation == CMD_DELETE;
  if (operation == CMD_UPDATE) return !triggers->trig_update_before_row && !triggers->trig_update_after_row;
  return operation == CMD_DELETE && !triggers->trig_delete_before_row && !triggers->trig_delete_after_row;
}

KalamRecheck* kalam_recheck_create(ModifyTableState* mtstate, const ResultRelInfo* result) {
  if (mtstate->operation != CMD_UPDATE && mtstate->operation != CMD_DELETE) return nullptr;
  KalamRecheck* recheck = (KalamRecheck*)palloc0(sizeof(KalamRecheck));
  recheck->mtstate = mtstate;
  recheck->is_active = kalam_recheck_is_possible(result->ri_TrigDesc, mtstate->operation);
  recheck->context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB locked rows", ALLOCSET_DEFAULT_SIZES);
  recheck->capacity = 16;
  recheck->window = (Row*)palloc(sizeof(Row) * recheck->capacity);
  return recheck;
}

void kalam_recheck_start(KalamModifyState* state) {
  KalamRecheck* recheck = state->recheck;
  if (recheck == nullptr) return;
  recheck->epoch = kalam_row_epoch_now(state->remote, state->subject);
  recheck->reads_first =
      kalam_reads_before_locks((const ModifyTable*)recheck->mtstate->ps.plan, state->result->ri_RangeTableIndex);
  recheck->acquired = kalam_row_locks_acquired();
}

bool kalam_recheck_is_active(const KalamRecheck* recheck) {
  return recheck != nullptr && recheck->is_active;
}

// ---------------------------------------------------------------- the window

static void clear_window(KalamRecheck* recheck) {
  recheck->count = recheck->sent = recheck->next = 0;
  MemoryContextReset(recheck->context);
}

void kalam_recheck_start_window(KalamModifyState* state) {
  clear_window(state->recheck);
}

static uint32 hash_key(const char* key) {
  return hash_bytes((const unsigned char*)key, (int)strlen(key));
}

// The rows of a window are taken in the order in which they were added.
static Row* find_row(KalamRecheck* recheck, const char* key, uint32 hash) {
  for (int i = 0; i < recheck->count; i++) {
    int index = (recheck->next + i) % recheck->count;
    const Row* row = &recheck->window[index];
    if (row->hash != hash || strcmp(row->key, key) != 0) continue;
    recheck->next = index;
    return &recheck->window[index];
  }
  return nullptr;
}

static bool has_moved_on(const KalamRecheck* recheck, const char* key) {
  ListCell* cell;
  foreach (cell, recheck->moved_on)
    if (strcmp((const char*)lfirst(cell), key) == 0) return true;
  return false;
}

// Whether the lock may be younger than what the plan has read of the row. A sub-select of the statement with a locking
// clause, or a function that it calls, may have taken it in the meantime.
static bool is_young(const KalamRecheck* recheck, const Row* row) {
  if (row->lock == KalamRowLock::taken || has_moved_on(recheck, row->key)) return true;
  return recheck->reads_first && kalam_row_locks_acquired() != recheck->acquired;
}

// Others may have changed a row that was locked after it was read. A row that the transaction has written itself has no
// version to compare, and nobody else has seen it.
static bool needs_lookup(const KalamModifyState* state, const Row* row) {
  const KalamRecheck* recheck = state->recheck;
  if (!recheck->is_active || row->read == 0 || row->lock == KalamRowLock::none) return false;
  if (!is_young(recheck, row)) return false;
  return !IsTransactionBlock() || !kalam_row_epoch_is_current(&recheck->epoch, state->remote, state->subject);
}

// A row that a join finds several times is added once.
void kalam_recheck_add(KalamModifyState* state, const char* key, uint64 mark) {
  KalamRecheck* recheck = state->recheck;
  uint32 hash = hash_key(key);
  if (find_row(recheck, key, hash) != nullptr) return;
  if (recheck->count == recheck->capacity) {
    recheck->capacity *= 2;
    recheck->window = (Row*)repalloc(recheck->window, sizeof(Row) * recheck->capacity);
  }
  Row* row = &recheck->window[recheck->count++];
  *row = {};
  row->key = MemoryContextStrdup(recheck->context, key);
  row->hash = hash;
  row->read = mark;
}

static int compare_keys(const void* a, const void* b) {
  return strcmp((*(const Row* const*)a)->key, (*(const Row* const*)b)->key);
}

// In the order of the keys, as rows that are looked up by their keys are locked (key_set.h): KalamDB's order is not
// always the same, and two statements that change the same rows must not wait for each other.
void kalam_recheck_lock(KalamModifyState* state) {
  KalamRecheck* recheck = state->recheck;
  Row** rows = (Row**)MemoryContextAlloc(recheck->context, sizeof(Row*) * Max(recheck->count, 1));
  for (int i = 0; i < recheck->count; i++) rows[i] = &recheck->window[i];
  qsort(rows, (size_t)recheck->count, sizeof(Row*), compare_keys);
  LockClauseStrength strength = kalam_modify_lock_strength(state);
  for (int i = 0; i < recheck->count; i++) {
    Row* row = rows[i];
    row->lock = kalam_lock_row(state->remote, state->subject, row->key, strength);
    if (row->lock == KalamRowLock::taken) recheck->acquired++;
    row->is_awaited = needs_lookup(state, row);
    if (row->lock == KalamRowLock::none) recheck->unlocked++;
  }
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

void kalam_recheck_send(KalamModifyState* state) {
  KalamRecheck* recheck = state->recheck;
  for (; recheck->sent < recheck->count; recheck->sent++) {
    const Row* row = &recheck->window[recheck->sent];
    if (!row->is_awaited) continue;
    KalamStoredRows* versions = lookups(state, &recheck->versions, false);
    if (!kalam_stored_rows_has_room(versions)) return;
    kalam_stored_rows_start(versions, row->key);
  }
}

static void receive_versions(KalamModifyState* state) {
  KalamRecheck* recheck = state->recheck;
  for (int i = 0; i < recheck->count; i++) {
    Row* row = &recheck->window[i];
    if (!row->is_awaited) continue;
    kalam_recheck_send(state);
    KalamStoredRow stored;
    row->is_there = kalam_stored_rows_next(recheck->versions, row->key, &stored);
    row->mark = row->is_there ? stored.mark : 0;
    row->is_awaited = false;
    row->is_looked_up = true;
  }
}

// Whether the row is another one than the plan has found, and has not been fetched yet.
static bool is_wanted(const Row* row) {
  return row->is_looked_up && row->is_there && row->mark != row->read && row->tuple == nullptr;
}

// What a lookup has returned, which is newer than the version: other clients know nothing of the lock.
static void keep_row(KalamModifyState* state, Row* row, bool is_there, const KalamStoredRow* stored) {
  KalamRecheck* recheck = state->recheck;
  row->is_there = is_there;
  if (!is_there) return;
  MemoryContext old = MemoryContextSwitchTo(recheck->context);
  row->mark = stored->mark;
  row->tuple = heap_form_tuple(RelationGetDescr(state->relation), stored->values, stored->nulls);
  row->tuple->t_tableOid = RelationGetRelid(state->relation);
  MemoryContextSwitchTo(old);
}

static void receive_rows(KalamModifyState* state) {
  KalamRecheck* recheck = state->recheck;
  int sent = 0;
  for (int i = 0; i < recheck->count; i++) {
    if (!is_wanted(&recheck->window[i])) continue;
    KalamStoredRows* rows = lookups(state, &recheck->rows, true);
    for (sent = Max(sent, i); sent < recheck->count; sent++) {
      if (!is_wanted(&recheck->window[sent])) continue;
      if (!kalam_stored_rows_has_room(rows)) break;
      kalam_stored_rows_start(rows, recheck->window[sent].key);
    }
    KalamStoredRow stored;
    bool is_there = kalam_stored_rows_next(rows, recheck->window[i].key, &stored);
    keep_row(state, &recheck->window[i], is_there, &stored);
  }
}

void kalam_recheck_receive(KalamModifyState* state) {
  KalamRecheck* recheck = state->recheck;
  receive_versions(state);
  receive_rows(state);
  for (int i = 0; i < recheck->count; i++) {
    const Row* row = &recheck->window[i];
    if (!row->is_looked_up || (row->is_there && row->tuple == nullptr) || has_moved_on(recheck, row->key)) continue;
    MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
    recheck->moved_on = lappend(recheck->moved_on, pstrdup(row->key));
    MemoryContextSwitchTo(old);
  }
}

// ---------------------------------------------------------------- one row

static Row* row_of_key(KalamModifyState* state, const char* key, uint64 mark) {
  KalamRecheck* recheck = state->recheck;
  uint32 hash = hash_key(key);
  Row* row = find_row(recheck, key, hash);
  if (row != nullptr) return row;
  clear_window(recheck);
  kalam_recheck_add(state, key, mark);
  kalam_recheck_lock(state);
  kalam_recheck_receive(state);
  return recheck->window;
}

bool kalam_recheck_take(KalamModifyState* state, const char* key, KalamJournalBase* base, HeapTuple* newest) {
  KalamRecheck* recheck = state->recheck;
  *newest = nullptr;
  Row* row = row_of_key(state, key, base->mark);
  base->is_locked = row->is_looked_up || (row->lock == KalamRowLock::held && !is_young(recheck, row));
  if (!row->is_looked_up) return true;
  // A plan that reads a row twice may find two versions of it.
  row->read = base->mark;
  receive_rows(state);
  if (!row->is_there || row->mark != base->mark) recheck->changed++;
  if (IsolationUsesXactSnapshot() && !row->is_there) kalam_report_row_gone(state->journal, key);
  if (IsolationUsesXactSnapshot() && row->mark != base->mark) kalam_report_row_changed(state->journal, key);
  base->mark = row->mark;
  *newest = row->tuple;
  return row->is_there;
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

KalamRecheckCounters kalam_recheck_counters(const KalamRecheck* recheck) {
  KalamRecheckCounters counters = {0, recheck->changed, recheck->unlocked};
  if (recheck->versions != nullptr) counters.lookups += kalam_stored_rows_count(recheck->versions);
  if (recheck->rows != nullptr) counters.lookups += kalam_stored_rows_count(recheck->rows);
  return counters;
}
