// The rows of a scan: those of a source, checked against the keys that were asked for, and the ones that the
// transaction has written itself in the place of what is stored. The same above any source.
#pragma once

#include "extension/journal/journal.h"
#include "extension/lookup/key_set.h"
#include "extension/scan/row_mark.h"
#include "extension/scan/row_source.h"
#include "extension/types/key.h"

extern "C" {
#include "executor/tuptable.h"
}

struct KalamMerge {
  KalamRowSource* source;  // of this run
  KalamScanColumns* columns;
  KalamScanCounters* counters;
  KalamJournal* journal;          // NULL: nothing was written
  int32 journal_length;           // entries there when the scan started
  CommandId curcid;               // of the snapshot
  KalamColumnWriter* key_writer;  // for texts of keys; NULL: never needed
  const KalamKeySet* keys;        // rows of others are not wanted; NULL: all are
  KalamRowMark* mark;             // for which rows get handles; NULL: none
  KalamFirstLocks* first;         // keys that the run has locked; NULL: none

  // Where the run is.
  kalam::Window window;
  uint32 row;
  bool is_converted;     // every value of the window is a datum already, and every row wanted
  bool is_source_ended;  // only the journal is left
  int32 journal_next;

  bool hides_values;           // no error may show one: the role may not read the rows, or not all of them
  MemoryContext row_context;   // reset for every row
  KalamColumnReader* reading;  // for errors: whose value is being read; NULL: none
  ErrorContextCallback error_callback;
};

// What the scan may see of the journal was written before its snapshot: nothing that comes later matters to it, and
// nothing that it sees can be rolled back while it lives.
void kalam_merge_find_journal(KalamMerge* merge, Oid relid, const char* subject, CommandId curcid);

// Rows of the transaction's own that a scan started now would see.
int64 kalam_merge_visible_journal_rows(const KalamMerge* merge);

// Whether the journal has the row of a key, or its removal: then what is stored does not matter.
bool kalam_merge_is_written(const KalamMerge* merge, const char* key);

// Starts a run over a source that was started; `keys` must live as long.
void kalam_merge_start(KalamMerge* merge, KalamRowSource* source, const KalamKeySet* keys);

// The next row in the slot, which lives until the next call; false: no more. An error about a value that cannot be
// converted shows the value in the server's log alone.
bool kalam_merge_next(KalamMerge* merge, TupleTableSlot* slot);
