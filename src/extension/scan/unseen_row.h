// Rows of which no error may show a value.
#pragma once

#include "extension/scan/merge.h"

// Runs what stores the next row of a scan. An error about a value that cannot be converted quotes it in the server's
// log alone: types' input functions show the value that they refuse, which may be of a row that the statement's
// conditions, coming later, would hide from the role. Where the merge hides values, no other error shows one either.
bool kalam_store_row_unseen(bool (*store)(KalamMerge* merge, TupleTableSlot* slot), KalamMerge* merge,
                            TupleTableSlot* slot);
