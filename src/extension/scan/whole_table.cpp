#include "extension/remote/wait.h"
#include "extension/scan/completeness.h"
#include "extension/scan/row_source.h"
#include "extension/stats/counters.h"

// Leaders that are tried, one after the other, for a snapshot.
constexpr int LEADERS_MAX = 5;

namespace {

struct WholeTable {
  KalamRowSource source;            // must be first
  KalamCompleteness* completeness;  // NULL: it cannot be checked
  KalamCallHolder* holder;
  bool keeps_answer;  // runs after this one read its answer again
  bool is_kept;       // the holder has the answer of an earlier run, or of this one
  bool is_taken;      // the answer is there, and complete
  bool is_read;       // to its end
  uint64 rows_read;
};

}  // namespace

// A scan of everything must tell whether it is complete.
static KalamCompleteness* create_completeness(const KalamRowSource* source, bool keeps_answer) {
  const KalamRelation* remote = source->remote;
  if (remote->awaits_commit || !kalam_completeness_can_check(remote)) return nullptr;
  KalamCompleteness* check = kalam_completeness_create(source->connection, remote, source->subject, keeps_answer);
  check->questions = &source->counters->completeness_questions;
  check->snapshot = source->snapshot;
  if (remote->version_column >= 0)
    check->version_index = kalam_scan_columns_add(source->columns, remote->version_column);
  if (kalam_completeness_by_version(remote))
    check->key_index = kalam_scan_columns_add(source->columns, remote->key_column);
  return check;
}

static void start_call(WholeTable* whole) {
  const KalamRowSource* source = &whole->source;
  kalam::ScanRequest request = {};
  kalam::CallOptions options = {};
  kalam::Status status;
  request.table = kalam_table_ref(source->remote, source->subject);
  request.columns = source->columns->names;
  request.column_count = (size_t)source->columns->count;
  if (whole->completeness != nullptr) kalam_completeness_start(whole->completeness);
  source->counters->scans++;
  whole->holder->call = kalam::call_scan(source->connection->handle, &request, &options, &status);
  if (source->snapshot != nullptr && whole->holder->call != nullptr) kalam_snapshot_note_sent();
  if (whole->holder->call == nullptr) kalam_row_source_report(source, &status);
}

// The answer of an earlier run is read again: all runs of one statement are to see the same rows, and a correlated
// subquery is not to fetch the table for each row of the outer query.
static void start(KalamRowSource* source) {
  WholeTable* whole = (WholeTable*)source;
  whole->is_taken = whole->is_read = false;
  whole->rows_read = 0;
  if (source->remote->awaits_commit) {
    whole->is_read = true;
    return;
  }
  if (whole->completeness != nullptr) {
    whole->completeness->attempts = 0;
    whole->completeness->is_flushing = false;
  }
  if (whole->is_kept) return;
  MemoryContext old = MemoryContextSwitchTo(source->run_context);
  start_call(whole);
  MemoryContextSwitchTo(old);
}

static void wait_for_call(WholeTable* whole, kalam::Status* status) {
  const KalamRowSource* source = &whole->source;
  kalam::CallStatistics statistics;
  kalam_wait_for_call(whole->holder->call);
  kalam::call_status(whole->holder->call, status);
  kalam::call_statistics(whole->holder->call, &statistics);
  source->counters->scan_calls += statistics.rpcs;
  source->counters->scan_request_bytes += statistics.request_bytes;
  source->counters->scan_bytes += statistics.response_bytes;
  source->counters->scan_waited_us += statistics.waited_us;
  if (source->snapshot != nullptr) kalam_snapshot_note_answer(status);
}

// A transaction of the server stays on the node where it was begun. One that has read nothing is begun again, where the
// answer has said that it can be.
static bool follows_leader(WholeTable* whole, const kalam::Status* status) {
  const KalamRowSource* source = &whole->source;
  if (source->snapshot == nullptr || status->error != kalam::ErrorClass::not_leader) return false;
  if (whole->completeness->attempts++ >= LEADERS_MAX || !kalam_snapshot_renew()) return false;
  kalam_call_holder_clear(whole->holder);
  kalam_snapshot_open(source->remote, source->connection, source->subject);
  return true;
}

static void wait_for_answer(WholeTable* whole) {
  kalam::Status status;
  wait_for_call(whole, &status);
  while (follows_leader(whole, &status)) {
    start_call(whole);
    wait_for_call(whole, &status);
  }
  if (status.error != kalam::ErrorClass::none) kalam_row_source_report(&whole->source, &status);
}

// The answer is checked as a whole, and the scan repeated until it is complete.
static void take_complete_answer(WholeTable* whole) {
  KalamCompleteness* check = whole->completeness;
  wait_for_answer(whole);
  if (check == nullptr) {
    if (whole->keeps_answer) kalam::call_result_keep(whole->holder->call);
  } else {
    while (!kalam_completeness_check(check, whole->holder->call)) {
      kalam_call_holder_clear(whole->holder);
      kalam_completeness_repair(check);
      whole->source.counters->repeated_scans++;
      kalam_count(check->remote->serverid, check->remote->relid, KalamCounter::repeated_scans);
      start_call(whole);
      wait_for_answer(whole);
    }
  }
  whole->is_kept = whole->keeps_answer;
}

static void take_answer(WholeTable* whole) {
  const KalamScanColumns* columns = whole->source.columns;
  kalam::Status status;
  MemoryContext old = MemoryContextSwitchTo(whole->source.run_context);
  if (!whole->is_kept) {
    take_complete_answer(whole);
  } else if (!kalam::call_result_rewind(whole->holder->call, true, &status)) {
    kalam_row_source_report(&whole->source, &status);
  }
  MemoryContextSwitchTo(old);

  // What only told whether the answer is complete is not decoded again.
  kalam::call_result_select(whole->holder->call, columns->reader_column,
                            (size_t)columns->reader_count + (columns->version_index >= 0 ? 1 : 0));
  kalam_row_source_bind(&whole->source, whole->holder->call);
  whole->is_taken = true;
}

static void finish_answer(WholeTable* whole) {
  const KalamRelation* remote = whole->source.remote;
  whole->is_read = true;
  if (remote->kind == kalam::TableKind::system || remote->kind == kalam::TableKind::shared)
    kalam_relation_note_rows(remote->relid, (double)whole->rows_read);
  if (!whole->is_kept) kalam_call_holder_clear(whole->holder);
}

static bool next_window(KalamRowSource* source, kalam::Window* window) {
  WholeTable* whole = (WholeTable*)source;
  if (whole->is_read) return false;
  if (!whole->is_taken) take_answer(whole);
  if (!kalam_row_source_read(source, whole->holder->call, window)) {
    finish_answer(whole);
    return false;
  }
  whole->rows_read += window->rows;
  return true;
}

static void end(KalamRowSource* source) {
  WholeTable* whole = (WholeTable*)source;
  kalam_call_holder_clear(whole->holder);
  whole->is_kept = whole->is_taken = false;
}

// The whole table has no parameters.
static void rewind_answer(KalamRowSource* source, bool) {
  WholeTable* whole = (WholeTable*)source;
  if (!whole->is_kept) end(source);
  // One repetition is seldom the last one.
  whole->keeps_answer = true;
  if (whole->completeness != nullptr) whole->completeness->keeps_answer = true;
}

constexpr KalamRowSourceMethods METHODS = {start, next_window, rewind_answer, end};

KalamRowSource* kalam_whole_table_create(const KalamRowSource* base, bool keeps_answer) {
  WholeTable* whole = (WholeTable*)palloc0(sizeof(WholeTable));
  whole->source = *base;
  whole->source.methods = &METHODS;
  whole->keeps_answer = keeps_answer;
  whole->completeness = create_completeness(base, keeps_answer);
  whole->holder = kalam_call_holder_create(CurrentMemoryContext, base->connection);
  kalam_call_holder_set_table(whole->holder, base->remote->relid, base->remote->remote_name);
  return &whole->source;
}
