// Handles of rows: tids that stand for rows of KalamDB which a running statement has read, as PostgreSQL's executor can
// name a row by a tid alone. A handle says which row was read (its key), in which version, and where the row was locked
// before it was read, all of it. It means something to the statement that it was made in, and nothing beyond it.
//
// Rows are kept in memory up to work_mem, and in a temporary file beyond it.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "storage/itemptr.h"
}

struct KalamRowHandles;

struct KalamHandledRow {
  const char* key;     // text form (spec 7.3)
  uint64 mark;         // of its version (version_mark.h); 0: not known, or the transaction has written the row itself
  MinimalTuple tuple;  // as it was read while its row was locked; NULL: it was not
};

// No handle yet. In the current memory context.
KalamRowHandles* kalam_row_handles_create();

// Makes a handle of a row, which is copied.
void kalam_row_handles_add(KalamRowHandles* handles, const KalamHandledRow* row, ItemPointer handle);

// The row of a handle, in the current memory context.
void kalam_row_handles_get(KalamRowHandles* handles, ItemPointer handle, KalamHandledRow* row);

// Closes the temporary file. All handles are void then.
void kalam_row_handles_close(KalamRowHandles* handles);
