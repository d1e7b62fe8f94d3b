// Rows that are written once, one after the other, and then read any number of times, by several readers at once. They
// are in memory while all rows that the session keeps this way take less than work_mem, and else in a temporary file.
#pragma once

#include "extension/base/compat.h"

struct KalamKeptRows;

// Where a reader is. All zeros: before the first row.
struct KalamKeptPlace {
  int64 row;
  int64 position;  // in the file, of the next row that is in it
};

// Without a row. They belong to a memory context, which must not outlive a transaction that commits.
KalamKeptRows* kalam_kept_rows_create(MemoryContext parent);

void kalam_kept_rows_append(KalamKeptRows* rows, MinimalTuple tuple);

// The next row: it lives as long as the rows, or is in the current memory context. NULL: there is none.
MinimalTuple kalam_kept_rows_next(KalamKeptRows* rows, KalamKeptPlace* place);

int64 kalam_kept_rows_count(const KalamKeptRows* rows);

// Whether some are in a temporary file.
bool kalam_kept_rows_are_on_disk(const KalamKeptRows* rows);
