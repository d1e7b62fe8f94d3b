#include "extension/scan/scan.h"

#include "extension/base/parallel.h"
#include "extension/catalog/subject.h"
#include "extension/journal/hidden_values.h"
#include "extension/plan/table_size.h"
#include "extension/scan/remote_count.h"
#include "extension/scan/snapshot_scan.h"
#include "extension/transaction/snapshot.h"

extern "C" {
#include "utils/snapmgr.h"
}

// ---------------------------------------------------------------- begin

// The columns that the scan asks for, and the sources that its runs may read.
static void create_sources(KalamScanState* state, TupleDesc tupdesc, List* attributes, bool keeps_answer) {
  bool merges = state->merge.journal != nullptr && state->remote->kind != kalam::TableKind::stream;
  // A row that is changed must be found by its key's text.
  bool needs_key = merges || state->lookup != KalamLookup::none || state->mark != nullptr ||
                   (state->changes && kalam_key_text_may_differ(state->remote, tupdesc));
  if (needs_key) state->merge.key_writer = kalam_key_writer_of_attribute(state->remote, tupdesc);

  KalamRowSource base = {};
  base.connection = state->connection;
  base.remote = state->remote;
  base.subject = state->subject;
  base.counters = &state->counters;
  base.run_context = state->run_context;
  base.columns = kalam_scan_columns_create(state->remote, state->connection->server_name, tupdesc, attributes,
                                           needs_key, state->changes || state->mark != nullptr, state->subject);
  bool may_scan = state->lookup == KalamLookup::none || state->lookup == KalamLookup::keys;
  if (may_scan) state->whole_table = kalam_whole_table_create(&base, keeps_answer);
  kalam_scan_columns_complete(base.columns);
  if (state->lookup != KalamLookup::none) state->lookups = kalam_key_lookups_create(&base);
  state->merge.columns = base.columns;
  state->merge.counters = &state->counters;
}

// The mark of a locking clause, which the first scan of the statement makes.
static void find_mark(ForeignScanState* node, KalamScanState* state, bool explains_only, const List* attributes) {
  ExecRowMark* erm = kalam_find_row_mark(node->ss.ps.state, ((Scan*)node->ss.ps.plan)->scanrelid);
  state->is_marked = erm != nullptr;
  if (erm == nullptr || explains_only) return;
  state->mark = (KalamRowMark*)erm->ermExtra;
  state->owns_mark = state->mark == nullptr;
  if (state->owns_mark)
    state->mark = kalam_row_mark_create(erm, state->remote, state->connection, state->subject, attributes);
  state->merge.mark = state->mark;
}

// Rows that are to be changed or locked are read as they are stored.
static void check_isolation(const KalamScanState* state) {
  if (state->changes || state->is_marked) {
    kalam_snapshot_check_change();
  } else {
    kalam_snapshot_check_read(state->remote, state->connection, state->subject);
  }
}

void kalam_begin_foreign_scan(ForeignScanState* node, int eflags) {
  if (kalam_is_remote_count(node)) return kalam_begin_remote_count(node);
  ForeignScan* plan = (ForeignScan*)node->ss.ps.plan;
  EState* estate = node->ss.ps.state;
  Relation relation = node->ss.ss_currentRelation;
  KalamScanState* state = (KalamScanState*)palloc0(sizeof(KalamScanState));

  node->fdw_state = state;
  KalamScanPlan scan = kalam_scan_plan(plan);
  state->lookup = scan.lookup;
  Oid userid = kalam_scan_check_as_user(node);
  if (!OidIsValid(userid)) userid = GetUserId();
  bool explains_only = (eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0;
  if (!explains_only) kalam_parallel_check_access();
  state->userid = userid;
  state->attributes = scan.attributes;
  state->remote = kalam_relation_get(relation, userid, KalamFreshness::cached);
  // Conditions on a key are not checked again.
  if (state->lookup != KalamLookup::none && scan.key != state->remote->key_attribute)
    kalam_report_other_key(state->remote);
  state->connection = kalam_connection_get(state->remote->serverid, userid);
  if (!explains_only || kalam_connection_subject(state->connection) != nullptr)
    state->subject = kalam_require_subject(state->remote, state->connection, false);
  state->changes = kalam_is_result_relation(estate->es_plannedstmt, plan->scan.scanrelid);
  state->change_strength = scan.change_strength;
  state->locks_late = scan.locks_late;
  state->locks_first = scan.locks_first;
  find_mark(node, state, explains_only, scan.attributes);
  kalam_merge_find_journal(&state->merge, state->remote->relid, state->subject, estate->es_snapshot->curcid);
  if (explains_only) return;

  check_isolation(state);
  kalam_journal_check_aliases(state->remote, state->subject);
  if (state->lookup == KalamLookup::key || state->lookup == KalamLookup::keys) {
    state->key_values = kalam_key_values_create(&scan.terms, state->remote, &node->ss.ps);
  }
  state->size = kalam_table_size(relation, state->remote, state->subject);
  state->run_context = AllocSetContextCreate(estate->es_query_cxt, "KalamDB scan run", ALLOCSET_SMALL_SIZES);
  state->merge.row_context = AllocSetContextCreate(estate->es_query_cxt, "KalamDB scan row", ALLOCSET_DEFAULT_SIZES);
  // Whatever depends on parameters is run again for each of their values.
  create_sources(state, RelationGetDescr(relation), scan.attributes,
                 (eflags & EXEC_FLAG_REWIND) != 0 || !bms_is_empty(plan->scan.plan.extParam));
  // Also a row that a filter of a view or a policy leaves out is read here first.
  state->merge.hides_values = state->locks_late || !kalam_may_show(state->remote->relid, InvalidAttrNumber);
}

// ---------------------------------------------------------------- runs

// Keys whose row the journal has are answered by it; the others are looked up.
static void start_lookups(KalamScanState* state) {
  char** keys = (char**)palloc(sizeof(char*) * Max(state->keys.count, 1));
  int count = 0;
  for (int i = 0; i < state->keys.count; i++)
    if (!kalam_merge_is_written(&state->merge, state->keys.texts[i])) keys[count++] = state->keys.texts[i];
  kalam_key_lookups_set(state->lookups, keys, count);
}

// Locks the rows of keys before they are read: those of a statement that changes them, and those of a locking clause
// where that locks no more than it has to. Rows that the journal has are locked when they are taken from there.
static void lock_keys(KalamScanState* state) {
  if (state->changes && !state->locks_late) {
    for (int i = 0; i < state->keys.count; i++)
      kalam_lock_row(state->remote, state->subject, state->keys.texts[i], state->change_strength);
  }
  if (state->mark == nullptr || !state->locks_first) return;
  state->first_locks = kalam_first_locks_create(&state->keys);
  for (int i = 0; i < state->keys.count; i++) {
    if (!kalam_merge_is_written(&state->merge, state->keys.texts[i]))
      kalam_first_locks_take(state->first_locks, state->mark, i);
  }
}

// The keys of a run, as far as the plan names them. False: a range spans too many, or is open.
static bool find_keys(ForeignScanState* node, KalamScanState* state) {
  KalamNamedKeys named = {false, state->batch};
  if (state->key_values != nullptr) named = kalam_key_values_list(state->key_values, node->ss.ps.ps_ExprContext);
  state->keys_are_known = !named.is_open;
  if (!named.is_open) state->keys = named.keys;
  return state->keys_are_known;
}

// The source of a run, after the keys are known and locked. A range that spans too many keys has them unknown; then,
// and where it is cheaper, everything is scanned.
static KalamRowSource* choose_source(ForeignScanState* node, KalamScanState* state) {
  if (state->lookup == KalamLookup::none || !find_keys(node, state)) return state->whole_table;
  lock_keys(state);
  if (state->whole_table != nullptr && !kalam_lookups_beat_scan(&state->size, state->keys.count)) {
    // An answer that earlier runs have read is older than the locks.
    if (state->changes || state->first_locks != nullptr) state->whole_table->methods->end(state->whole_table);
    return state->whole_table;
  }
  start_lookups(state);
  return state->lookups;
}

// The keys are known or not, as in other transactions; but no key is looked up.
static void start_snapshot_run(ForeignScanState* node, KalamScanState* state) {
  uint64 scans = state->counters.scans;
  MemoryContext old = MemoryContextSwitchTo(state->run_context);
  if (state->lookup != KalamLookup::none) find_keys(node, state);
  state->kept = kalam_snapshot_answer(state, node->ss.ss_currentRelation, node->ss.ss_ScanTupleSlot);
  state->place = {};
  if (state->counters.scans == scans) state->counters.kept_answers++;
  MemoryContextSwitchTo(old);
  state->is_running = true;
}

static void start_run(ForeignScanState* node, KalamScanState* state) {
  state->keys_are_known = false;
  state->first_locks = nullptr;
  if (kalam_snapshot_is_used()) return start_snapshot_run(node, state);
  MemoryContext old = MemoryContextSwitchTo(state->run_context);
  KalamRowSource* source = choose_source(node, state);
  MemoryContextSwitchTo(old);
  source->methods->start(source);
  kalam_merge_start(&state->merge, source, state->keys_are_known ? &state->keys : nullptr);
  state->merge.first = state->first_locks;
  state->is_running = true;
}

TupleTableSlot* kalam_iterate_foreign_scan(ForeignScanState* node) {
  if (kalam_is_remote_count(node)) return kalam_iterate_remote_count(node);
  KalamScanState* state = (KalamScanState*)node->fdw_state;
  TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
  if (!state->is_running) start_run(node, state);
  if (state->kept != nullptr) return kalam_snapshot_next(state, slot) ? slot : ExecClearTuple(slot);
  if (kalam_merge_next(&state->merge, slot)) return slot;
  if (state->first_locks != nullptr) kalam_first_locks_finish(state->first_locks, state->mark);
  return ExecClearTuple(slot);
}

void kalam_rescan_foreign_scan(ForeignScanState* node) {
  if (kalam_is_remote_count(node)) return kalam_rescan_remote_count(node);
  KalamScanState* state = (KalamScanState*)node->fdw_state;
  if (!state->is_running) return;
  KalamRowSource* source = state->merge.source;
  if (state->kept == nullptr) source->methods->rewind(source, !bms_is_empty(node->ss.ps.chgParam));
  state->kept = nullptr;
  state->is_running = false;
  state->keys = {};
  state->first_locks = nullptr;
  MemoryContextReset(state->run_context);
}

void kalam_end_foreign_scan(ForeignScanState* node) {
  KalamScanState* state = (KalamScanState*)node->fdw_state;
  if (state == nullptr || kalam_is_remote_count(node)) return;
  KalamRowSource* sources[] = {state->lookups, state->whole_table};
  for (KalamRowSource* source : sources)
    if (source != nullptr) source->methods->end(source);
  if (state->owns_mark) kalam_row_mark_end(state->mark);
}

void kalam_scan_set_keys(ForeignScanState* node, KalamKeySet keys) {
  ((KalamScanState*)node->fdw_state)->batch = keys;
}

// A copy of a row, to be joined again with one that others have changed. It has lost where it is from.
bool kalam_recheck_foreign_scan(ForeignScanState* node, TupleTableSlot* slot) {
  slot->tts_tableOid = RelationGetRelid(node->ss.ss_currentRelation);
  return true;
}
