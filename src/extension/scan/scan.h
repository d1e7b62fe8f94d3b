// A scan of a foreign table as PostgreSQL's executor runs it: which source its rows come from, and what for.
#pragma once

#include "extension/base/compat.h"
#include "extension/journal/row_lock.h"
#include "extension/lookup/key_set.h"
#include "extension/plan/cost.h"
#include "extension/plan/key_values.h"
#include "extension/plan/scan_plan.h"
#include "extension/scan/kept_rows.h"
#include "extension/scan/merge.h"
#include "extension/scan/row_mark.h"
#include "extension/scan/row_source.h"

extern "C" {
#include "foreign/fdwapi.h"
}

struct KalamKeptAnswer;

struct KalamScanState {
  KalamRelation* remote;
  KalamConnection* connection;  // reference: of the query
  const char* subject;          // NULL for shared tables
  Oid userid;                   // whose rights the table is read with
  List* attributes;             // that are needed
  KalamLookup lookup;
  bool changes;                        // the statement changes the rows that it finds here
  LockClauseStrength change_strength;  // of the lock that it takes for that
  bool locks_late;                     // after its filters
  bool locks_first;                    // for a locking clause, before the rows are read
  KalamRowMark* mark;                  // of a locking clause; NULL: there is none, or the statement is only explained
  bool is_marked;                      // there is one
  bool owns_mark;
  KalamKeyValues* key_values;  // NULL: the plan names no keys, or they are handed over
  KalamTableSize size;         // as known when the scan began

  KalamRowSource* lookups;      // NULL: the plan has none
  KalamRowSource* whole_table;  // NULL: the plan looks one key up
  KalamMerge merge;
  KalamScanCounters counters;

  // In a transaction that reads a snapshot, in place of the sources.
  KalamKeptAnswer* kept;  // of this run; NULL: a source is read
  KalamKeptPlace place;

  bool is_running;
  MemoryContext run_context;     // reset by every rescan
  bool keys_are_known;           // else rows of all keys are passed on
  KalamKeySet keys;              // of this run, each once
  KalamFirstLocks* first_locks;  // of this run; NULL: none
  KalamKeySet batch;             // that a join has handed over for it
};

// The callbacks of the foreign data wrapper of the same names (fdwhandler.sgml).
void kalam_begin_foreign_scan(ForeignScanState* node, int eflags);
TupleTableSlot* kalam_iterate_foreign_scan(ForeignScanState* node);
void kalam_rescan_foreign_scan(ForeignScanState* node);
void kalam_end_foreign_scan(ForeignScanState* node);
bool kalam_recheck_foreign_scan(ForeignScanState* node, TupleTableSlot* slot);

// For KalamLookup::batch: the keys of the next run, which must live as long. Before a rescan.
void kalam_scan_set_keys(ForeignScanState* node, KalamKeySet keys);
