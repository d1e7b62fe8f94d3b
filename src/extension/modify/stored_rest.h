// What a stored row has in the columns that its foreign table does not show. A change of the key inserts the row again
// (KalamDB has no other way, spec 7.4), and must take them along.
#pragma once

#include "extension/journal/journal.h"

// Looks the row up and encodes these columns, in the current memory context; nothing when there are none. Waits, serves
// interrupts. `mark` is of the version that was read (0: not known). Raises 40001 when the row is gone or another
// version, 0A000 for a column whose type cannot be written.
KalamMembers kalam_stored_rest(KalamJournal* journal, const char* key, uint64 mark);
