// Values of rows in messages. A role that may change rows of a table need not have the right to read them, and an error
// must not show them instead: neither the key in a DETAIL nor what the server quotes.
#pragma once

#include "extension/base/report.h"
#include "extension/journal/journal.h"

// Whether the current role may SELECT a column of the table, or all of them (InvalidAttrNumber). As PostgreSQL decides
// about "Key (id)=(1) already exists."
bool kalam_may_show(Oid relid, AttrNumber attnum);

// The same for the key of a journal's rows, which also must be rows of the current KalamDB user.
bool kalam_may_show_key(const KalamJournal* journal);

// Whether everything may be shown that the transaction has changed.
bool kalam_may_show_changes();

// Fills in what a report must leave out.
void kalam_hide_values(KalamErrorContext* context, const KalamRelation* relation);
