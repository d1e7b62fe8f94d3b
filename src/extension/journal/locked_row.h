// The stored row of a key that is locked, as it is now: whether it is still the one that was read before. For rows that
// a statement has read and locks only then.
#pragma once

#include "extension/journal/stored_rows.h"

enum class KalamLockedRow : uint8_t {
  same,     // the version that was read
  changed,  // another one, or the table has none
  gone,
};

// Looks the row of the key up and puts it into the slot, which keeps a copy of its own; the slot is empty for a row
// that is gone. `mark`: of the version that was read (version_mark.h); 0: not known.
KalamLockedRow kalam_locked_row_fetch(KalamStoredRows* rows, const char* key, uint64 mark, TupleTableSlot* slot);
