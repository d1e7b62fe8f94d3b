#include "extension/modify/key_check.h"

#include "extension/base/settings.h"
#include "extension/base/snowflake.h"
#include "extension/catalog/subject.h"
#include "extension/transaction/outcome.h"
#include "extension/transaction/remote_ddl.h"

extern "C" {
#include "tcop/pquery.h"
#include "utils/portal.h"
}

struct KalamKeyCheck {
  KalamKeyCheck* outer;  // next of `running`
  MemoryContextCallback callback;
  KalamModifyState* state;
  bool is_immediate;  // row by row
  int64 unchecked;    // rows whose keys are still to be asked for
  int32 from;         // index of the first of them in the journal
  KalamStoredKeyCounters counters;
};

// The checks of statements that run, the innermost first. Each leaves the list with the memory of its statement.
static KalamKeyCheck* running;

static ExecutorFinish_hook_type previous_finish;

// ---------------------------------------------------------------- whether there is one

// Statements that the client has sent, not a function, and what they consist of.
static bool is_sent_by_client(const PlannedStmt* plan) {
  if (ActivePortal == nullptr || ActivePortal->stmts == NIL) return false;
  if (list_member_ptr(ActivePortal->stmts, plan)) return true;
  const Node* utility = linitial_node(PlannedStmt, ActivePortal->stmts)->utilityStmt;
  return utility != nullptr && (IsA(utility, ExplainStmt) || IsA(utility, CopyStmt) || IsA(utility, CreateTableAsStmt));
}

// Whether nothing but this statement can be in its transaction, so that an error at COMMIT is one of the statement.
static bool is_whole_transaction(const EState* estate) {
  if (IsTransactionBlock() || IsSubTransaction()) return false;
  // COPY has no plan.
  return estate->es_plannedstmt == nullptr || is_sent_by_client(estate->es_plannedstmt);
}

static bool is_wanted(const EState* estate) {
  return kalam_setting_check_keys() == KalamCheckKeys::statement && !is_whole_transaction(estate);
}

// COPY has its AFTER triggers run before it tells the table that it has ended, and goes by all hooks.
static bool fires_before_end(const ModifyTableState* mtstate, const ResultRelInfo* result) {
  if (mtstate->ps.plan != nullptr) return false;
  // CREATE TABLE AS has no root.
  const ResultRelInfo* relations[] = {result, mtstate->rootResultRelInfo};
  for (const ResultRelInfo* of : relations) {
    const TriggerDesc* triggers = of != nullptr ? of->ri_TrigDesc : nullptr;
    if (triggers != nullptr && (triggers->trig_insert_after_row || triggers->trig_insert_after_statement)) return true;
  }
  return false;
}

static void leave_running(void* check) {
  KalamKeyCheck** place = &running;
  while (*place != nullptr && *place != check) place = &(*place)->outer;
  if (*place != nullptr) *place = (*place)->outer;
}

void kalam_key_check_begin(KalamModifyState* state, const ModifyTableState* mtstate) {
  if (state->operation == CMD_DELETE || !is_wanted(state->estate)) return;
  MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
  KalamKeyCheck* check = (KalamKeyCheck*)palloc0(sizeof(KalamKeyCheck));
  check->state = state;
  check->is_immediate = fires_before_end(mtstate, state->result);
  check->outer = running;
  running = check;
  check->callback.func = leave_running;
  check->callback.arg = check;
  MemoryContextRegisterResetCallback(CurrentMemoryContext, &check->callback);
  state->key_check = check;
  MemoryContextSwitchTo(old);
}

// ---------------------------------------------------------------- rows

static bool is_fresh_id(const KalamModifyState* state, const char* key) {
  if (state->remote->columns[state->remote->key_column].type.kind != kalam::RemoteKind::bigint) return false;
  return kalam_snowflake_is_fresh(strtoll(key, nullptr, 10));
}

static bool knows_absence(const KalamModifyState* state, const char* key) {
  KalamJournal* journal = state->journal;
  const KalamRelation* remote = state->remote;
  if (state->is_key_made || is_fresh_id(state, key) ||
      kalam_pending_is_created(journal->connection, remote->name_space, remote->table))
    return true;
  const KalamJournalEntry* first = kalam_journal_newest(journal, key);
  if (first == nullptr) return false;
  while (first->older != KALAM_NO_ENTRY) first = &journal->entries[first->older];
  // The row of another change was there, and the transaction has removed it.
  return first->change != KalamChange::insert || first->base.expects_absent || first->base.was_absent;
}

KalamJournalBase kalam_key_check_base(KalamModifyState* state, const char* key) {
  KalamKeyCheck* check = state->key_check;
  KalamJournalBase base = {};
  if (check == nullptr || key == nullptr || knows_absence(state, key)) return base;
  if (check->unchecked++ == 0) check->from = state->journal->length;
  base.is_unchecked = true;
  return base;
}

static void note_absence(KalamJournal* journal, KalamJournalEntry* entry) {
  while (entry->older != KALAM_NO_ENTRY) entry = &journal->entries[entry->older];
  entry->base.was_absent = true;
}

// Asks for the keys of the rows that were written since. What functions of the statement have written is theirs, and
// was asked for when they ended.
static void ask(KalamKeyCheck* check) {
  KalamJournal* journal = check->state->journal;
  if (check->unchecked == 0) return;
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB key check", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  char** keys = (char**)MemoryContextAllocHuge(context, sizeof(char*) * (Size)check->unchecked);
  int32* entries = (int32*)MemoryContextAllocHuge(context, sizeof(int32) * (Size)check->unchecked);
  int64 count = 0;
  for (int32 i = check->from; i < journal->length && count < check->unchecked; i++) {
    KalamJournalEntry* entry = &journal->entries[i];
    if (!entry->base.is_unchecked) continue;
    entry->base.is_unchecked = false;
    keys[count] = journal->keys[entry->key].text;
    entries[count++] = i;
  }
  check->unchecked = 0;

  KalamKeyEvidence evidence;
  int64 stored = kalam_stored_keys_find(journal, check->state->relation, keys, count, &evidence, &check->counters);
  if (stored >= 0) kalam_report_row_exists(journal, keys[stored]);
  for (int64 i = 0; i < count && evidence == KalamKeyEvidence::answer; i++)
    note_absence(journal, &journal->entries[entries[i]]);
  MemoryContextSwitchTo(old);
  MemoryContextDelete(context);
}

void kalam_key_check_row(KalamModifyState* state) {
  if (state->key_check != nullptr && state->key_check->is_immediate) ask(state->key_check);
}

void kalam_key_check_end(KalamModifyState* state) {
  if (state->key_check != nullptr) ask(state->key_check);
}

// ---------------------------------------------------------------- the end of a statement

static bool is_running(const EState* estate) {
  for (const KalamKeyCheck* check = running; check != nullptr; check = check->outer)
    if (check->state->estate == estate) return true;
  return false;
}

// Runs changes in WITH clauses to their ends, which nobody has read so far. PostgreSQL does that in ExecutorFinish,
// just before it fires the triggers, and finds nothing left to be done then.
static void run_unread_changes(EState* estate) {
  ListCell* cell;
  estate->es_direction = ForwardScanDirection;
  foreach (cell, estate->es_auxmodifytables) {
    TupleTableSlot* slot;
    do {
      ResetPerTupleExprContext(estate);
      slot = ExecProcNode((PlanState*)lfirst(cell));
    } while (!TupIsNull(slot));
  }
}

static void ask_for_all(const EState* estate) {
  for (KalamKeyCheck* check = running; check != nullptr; check = check->outer)
    if (check->state->estate == estate) ask(check);
}

// Both count as time of the statement, where it is measured. PostgreSQL 19 has another place for that.
static void finish_changes(QueryDesc* query) {
#if PG_VERSION_NUM < 190000
  if (query->totaltime != nullptr) InstrStartNode(query->totaltime);
#endif
  MemoryContext old = MemoryContextSwitchTo(query->estate->es_query_cxt);
  run_unread_changes(query->estate);
  ask_for_all(query->estate);
  MemoryContextSwitchTo(old);
#if PG_VERSION_NUM < 190000
  if (query->totaltime != nullptr) InstrStopNode(query->totaltime, 0);
#endif
}

// Whoever runs a statement calls ExecutorFinish once, when all of its rows were read, before its outcome is told: a
// function's statement inside of the block whose EXCEPTION clause catches what it raises. It is the last moment before
// the AFTER triggers, which standard_ExecutorFinish fires; EndForeignModify comes after them.
static void finish_executor(QueryDesc* query) {
  if (is_running(query->estate)) finish_changes(query);
  if (previous_finish != nullptr) {
    previous_finish(query);
  } else {
    standard_ExecutorFinish(query);
  }
}

void kalam_key_check_init() {
  previous_finish = ExecutorFinish_hook;
  ExecutorFinish_hook = finish_executor;
}

// ---------------------------------------------------------------- EXPLAIN

KalamKeyCheckWay kalam_key_check_planned(const ModifyTableState* mtstate, const ResultRelInfo* result) {
  EState* estate = mtstate->ps.state;
  if (mtstate->operation != CMD_INSERT || is_whole_transaction(estate)) return KalamKeyCheckWay::none;
  Relation relation = result->ri_RelationDesc;
  Oid userid = kalam_result_check_as_user((ResultRelInfo*)result, estate);
  if (!OidIsValid(userid)) userid = GetUserId();
  const KalamRelation* remote = kalam_relation_get(relation, userid, KalamFreshness::cached);
  if (remote->kind == kalam::TableKind::stream) return KalamKeyCheckWay::none;
  if (kalam_setting_check_keys() == KalamCheckKeys::commit) return KalamKeyCheckWay::at_commit;
  const char* subject = kalam_find_subject(remote, kalam_connection_get(remote->serverid, userid));
  bool scans = kalam_stored_keys_would_scan(kalam_journal_find(remote->relid, subject), relation, remote, subject,
                                            outerPlanState(mtstate)->plan->plan_rows);
  return scans ? KalamKeyCheckWay::scan : KalamKeyCheckWay::lookups;
}

KalamKeyCheckWay kalam_key_check_done(const KalamModifyState* state, KalamStoredKeyCounters* counters) {
  *counters = state->key_check->counters;
  if (counters->scans > 0) return KalamKeyCheckWay::scan;
  if (counters->hints > 0) return KalamKeyCheckWay::earlier_scan;
  return counters->lookups > 0 ? KalamKeyCheckWay::lookups : KalamKeyCheckWay::not_needed;
}
