// A running scan of a foreign table: one request for everything, or one per key, merged with the journal.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/catalog/subject.h"
#include "extension/journal/journal.h"
#include "extension/journal/row_lock.h"
#include "extension/plan/scan_plan.h"
#include "extension/remote/wait.h"
#include "extension/scan/completeness.h"
#include "extension/types/datum_from_arrow.h"

extern "C" {
#include "foreign/fdwapi.h"
}

// A column of a window whose values are datums already.
struct KalamReadyColumn {
  const Datum* datums;
  const uint8_t* nulls;  // NULL: there are none
  int index;             // of the attribute
};

struct KalamScanState {
  KalamRelation* remote;
  KalamConnection* connection;  // reference: of the query
  const char* subject;          // NULL for shared tables
  KalamJournal* journal;        // NULL: nothing was written
  int32 journal_length;         // entries there when the scan started
  CommandId curcid;             // of the snapshot

  // The request.
  KalamLookup lookup;
  KalamLocking locking;
  int version_index;  // into columns; -1: not needed, as no row is changed
  ExprState* lookup_value;
  KalamRowWriter* key_writer;  // for texts of keys; NULL: never needed
  int column_count;
  const char** columns;  // remote names, each once
  int reader_count;
  KalamColumnReader* readers;
  KalamReadyColumn* ready;  // [reader_count]: of the window, while it is `converted`
  uint32_t* reader_column;  // [reader_count]: index into columns and windows
  int key_reader;           // index into readers; -1: the key is not fetched
  int user_id_count;
  AttrNumber* user_id_attributes;  // read as the subject
  Datum user_id_value;

  KalamCompleteness* completeness;  // NULL: cannot be judged, or no scan of everything

  // The lookups of this run, or one scan.
  MemoryContext run_context;  // reset by every rescan
  int key_count;
  char** keys;  // texts, each once
  int started;  // calls started so far
  int finished;
  KalamCallHolder* holders[KALAM_LOOKUPS_IN_FLIGHT];
  bool scans_all;     // one scan instead of lookups
  bool keeps_answer;  // runs after this one read the answer of its scan again
  bool answer_kept;   // holders[0] has it

  // Where the run is.
  bool running;
  bool bound;         // readers know the answer's schema
  bool converted;     // every value of the window is a datum already, and every row wanted
  kalam::Call* call;  // whose rows are being read; NULL: none
  kalam::Window window;
  uint32 row;
  uint64 rows_read;
  int32 journal_next;

  bool hides_values;           // no error may show one: the role may not read the rows, or not all of them
  MemoryContext row_context;   // reset for every row
  KalamColumnReader* reading;  // for the error context
  ErrorContextCallback error_callback;

  // For EXPLAIN ANALYZE, over all runs.
  uint64 calls;
  uint64 response_bytes;
  uint64 journal_rows;
  uint64 lookups;
  uint64 scans;
};

// The callbacks of the foreign data wrapper of the same names (fdwhandler.sgml).
void kalam_begin_foreign_scan(ForeignScanState* node, int eflags);
TupleTableSlot* kalam_iterate_foreign_scan(ForeignScanState* node);
void kalam_rescan_foreign_scan(ForeignScanState* node);
void kalam_end_foreign_scan(ForeignScanState* node);
bool kalam_recheck_foreign_scan(ForeignScanState* node, TupleTableSlot* slot);
