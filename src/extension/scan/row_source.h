// Where the rows of a scan come from: lookups by key, or the whole table. A source knows the server and nothing of the
// journal, of the filters of the query, or of PostgreSQL's executor: these stand above any source (merge.h).
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/lookup/keys_in_flight.h"
#include "extension/remote/connection.h"
#include "extension/scan/columns.h"
#include "extension/transaction/snapshot.h"

// For EXPLAIN ANALYZE, over all runs of a scan.
struct KalamScanCounters {
  KalamKeyCounters keys;
  uint64 scans;
  uint64 scan_calls;
  uint64 scan_request_bytes;
  uint64 scan_bytes;
  uint64 scan_waited_us;
  uint64 repeated_scans;
  uint64 completeness_questions;
  uint64 rows;  // received
  uint64 journal_rows;
  uint64 kept_answers;  // runs that read the rows of an earlier scan
};

struct KalamRowSource;

struct KalamRowSourceMethods {
  // Sends what can be sent, and waits for nothing (but for a completeness check that has to ask the clock first).
  void (*start)(KalamRowSource* source);
  // The next rows, which live until the next call; false: no more. The columns are bound to their schema.
  bool (*next_window)(KalamRowSource* source, kalam::Window* window);
  // Makes ready for another start: of the same answer, or of a new one where `changed` says that parameters are others.
  void (*rewind)(KalamRowSource* source, bool changed);
  // Cancels what is in flight and gives answers back. Never raises; the memory is the context's.
  void (*end)(KalamRowSource* source);
};

struct KalamRowSource {
  const KalamRowSourceMethods* methods;
  KalamConnection* connection;  // reference: of the query
  const KalamRelation* remote;
  const char* subject;            // NULL for shared tables
  const KalamSnapshot* snapshot;  // of the transaction; NULL: what is stored now. The whole table alone
  KalamScanColumns* columns;
  KalamScanCounters* counters;
  MemoryContext run_context;  // of what one run needs; the owner resets it after a rewind
};

// Rows of a window: enough to pay for decoding in batches, few enough to keep it in the processor's cache.
constexpr uint32 KALAM_WINDOW_ROWS = 1024;

// Raises what a call of the source failed with.
[[noreturn]] void kalam_row_source_report(const KalamRowSource* source, const kalam::Status* status);

// The next rows of an answer; false at its end.
bool kalam_row_source_read(const KalamRowSource* source, kalam::Call* call, kalam::Window* window);

// Binds the columns to an answer that has come, as far as it has a schema.
void kalam_row_source_bind(const KalamRowSource* source, kalam::Call* call);

// ---------------------------------------------------------------- the sources

// Rows by their keys, many lookups in flight, in the order of the keys. The fields of `base` are copied but for the
// methods.
KalamRowSource* kalam_key_lookups_create(const KalamRowSource* base);

// The keys of the next run; the array must live as long as the run.
void kalam_key_lookups_set(KalamRowSource* source, char** keys, int count);

// All rows of the table, once it is known that the answer has all of them: the check of that is the source's own. It
// adds the columns that the check needs. `keeps_answer`: later runs read the same answer again.
KalamRowSource* kalam_whole_table_create(const KalamRowSource* base, bool keeps_answer);
