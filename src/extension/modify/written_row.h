// What the journal keeps of a row that a statement writes, made of the statement's values; and what of it the statement
// leaves to KalamDB.
#pragma once

#include "extension/journal/journal.h"

// Puts values that are stored elsewhere (out of line in a table, or expanded in memory) in the place of what points to
// them. Values inside of arrays, ranges and composite values are never stored elsewhere.
void kalam_flatten_values(TupleDesc tupdesc, Datum* values, const bool* nulls);

// The row for the journal, in the current memory context; its `rest` and `moved_from` are the caller's. Attributes of
// `defaulted` get KalamDB's default where they are sent. Refuses what KalamDB cannot hold, and rows that fit no
// request.
void kalam_written_row(KalamJournal* journal, Datum* values, bool* nulls, const Bitmapset* defaulted,
                       KalamJournalRow* row);

// What an entry that makes a row (kalam_journal_makes_row) has in columns that the foreign table does not show, those
// that the remote table has got since included.
KalamMembers kalam_entry_rest(KalamJournal* journal, const KalamJournalEntry* entry);

// Attributes that an INSERT (or COPY) leaves out, without a default of their own, where KalamDB has one.
Bitmapset* kalam_unnamed_attributes(ResultRelInfo* result, EState* estate, const KalamRelation* remote);

// Those of `attributes` that are NULL in the row, numbered from 1 as in `nulls`. In the current memory context.
Bitmapset* kalam_null_attributes(const Bitmapset* attributes, const bool* nulls);

// KalamDB's default of the key as a value of the key's attribute: a row must have its key as long as it is here.
Datum kalam_default_key(const KalamRelation* remote, Form_pg_attribute attribute);

// Checks constraints as PostgreSQL does for a row, but NOT NULL of some attributes. Made once and kept, for rows that
// leave the same attributes out.
struct KalamConstraintCheck {
  Bitmapset* exempt;
  ResultRelInfo* result;
};

void kalam_check_constraints(ResultRelInfo* result, TupleTableSlot* slot, EState* estate, const Bitmapset* exempt,
                             KalamConstraintCheck* check);
