// Rows of which no error may show a value.
#pragma once

#include "extension/scan/scan.h"

// Runs what stores the next row of a scan. An error about a value that cannot be converted quotes it in the server's
// log alone.
bool kalam_store_row_unseen(bool (*store)(KalamScanState* state, TupleTableSlot* slot), KalamScanState* state,
                            TupleTableSlot* slot);
