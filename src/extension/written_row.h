// What the journal keeps of a row that a statement writes, made of the statement's values.
#pragma once

#include "extension/journal.h"

// Puts values that are stored elsewhere (out of line in a table, or expanded in memory) in the place of what points to
// them. Values inside of arrays, ranges and composite values are never stored elsewhere.
void kalam_flatten_values(TupleDesc tupdesc, Datum* values, const bool* nulls);

// The row for the journal, in the current memory context. `before` is the row's present entry (NULL: a stored row, or
// none), which an update goes on from. Refuses what KalamDB cannot hold, and rows that fit no request.
void kalam_written_row(KalamJournal* journal, KalamChange change, Datum* values, bool* nulls,
                       const KalamJournalEntry* before, KalamJournalRow* row);
