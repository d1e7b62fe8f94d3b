// A key that COMMIT finds stored, though the statement that inserted the row had looked it up and not found it: an
// INSERT ... ON CONFLICT, which promises that there is no unique violation. Another client of KalamDB was faster.
#pragma once

#include "extension/journal/journal.h"

// Raises 40001 when the duplicate key that the server names is one of these. `journal`: the one that was sent; NULL:
// all of them were.
void kalam_check_duplicate_key(const KalamJournal* journal, const kalam::Status* status);
