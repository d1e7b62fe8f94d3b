#include "extension/scan/remote_count.h"

#include "extension/scan/completeness_questions.h"

// What the manifest says when the rows are counted is worth no longer wait: a scan counts them as well.
constexpr long STATE_BOUND_MS = 1000;

static KalamScanState* scan_below(const PlanState* state) {
  while (!IsA(state, ForeignScanState)) state = outerPlanState(state);
  return (KalamScanState*)((const ForeignScanState*)state)->fdw_state;
}

void kalam_begin_remote_count(ForeignScanState* node) {
  KalamRemoteCount* state = (KalamRemoteCount*)palloc0(sizeof(KalamRemoteCount));
  node->fdw_state = state;
  // It has looked at the access to the table, as for itself.
  state->scan = scan_below(outerPlanState(node));
}

// Whether the server can count the rows, and what it counts. Nothing is unflushed before and after, in the same files:
// so nothing was in between. A server whose manifest is behind its tables is seen by a row that is newer than the
// files.
static bool count_by_server(KalamRemoteCount* state) {
  const KalamScanState* scan = state->scan;
  KalamStorageState before;
  KalamStorageState after;
  int64 version;
  if (scan->merge.journal != nullptr || kalam_snapshot_is_used()) return false;
  if (!kalam_storage_state_last(scan->remote, nullptr, &before) || !before.in_sync) return false;

  KalamCompleteness table = {};
  table.connection = scan->connection;
  table.remote = scan->remote;
  table.questions = &state->scan->counters.completeness_questions;
  KalamPendingQuery* counted = kalam_ask_row_count(&table);
  KalamPendingQuery* later = kalam_ask_version(&table, before.max_seq, "", "");
  bool is_counted = kalam_finish_row_count(&table, counted, &state->count);
  bool is_behind = kalam_finish_version(&table, later, &version);
  kalam_storage_state_finish(kalam_storage_state_start(scan->connection, scan->remote, nullptr), STATE_BOUND_MS,
                             &after);
  if (!is_counted || is_behind || !kalam_storage_state_is_unchanged(&before, &after)) return false;
  // Each row has a version in the files.
  return state->count <= after.cold_rows;
}

static int64 count_by_scan(ForeignScanState* node) {
  bool is_null;
  // As the executor runs nodes: what they allocate lives as long as they do.
  MemoryContext old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
  TupleTableSlot* slot = ExecProcNode(outerPlanState(node));
  MemoryContextSwitchTo(old);
  return DatumGetInt64(slot_getattr(slot, 1, &is_null));
}

// All runs of one statement are to see the same rows.
static void decide(ForeignScanState* node, KalamRemoteCount* state) {
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB count", ALLOCSET_SMALL_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  state->by_server = count_by_server(state);
  MemoryContextSwitchTo(old);
  MemoryContextDelete(context);
  if (!state->by_server) state->count = count_by_scan(node);
  state->is_decided = true;
}

TupleTableSlot* kalam_iterate_remote_count(ForeignScanState* node) {
  KalamRemoteCount* state = (KalamRemoteCount*)node->fdw_state;
  TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
  ExecClearTuple(slot);
  if (state->is_returned) return slot;
  if (!state->is_decided) decide(node, state);
  slot->tts_values[0] = Int64GetDatum(state->count);
  slot->tts_isnull[0] = false;
  state->is_returned = true;
  return ExecStoreVirtualTuple(slot);
}

void kalam_rescan_remote_count(ForeignScanState* node) {
  ((KalamRemoteCount*)node->fdw_state)->is_returned = false;
}
