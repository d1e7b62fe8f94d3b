// The rules for a commit that is atomic (architecture section 5): what one request holds, what one transaction of the
// server takes, and what is refused because neither does.
#pragma once

#include "extension/base/compat.h"
#include "extension/journal/journal.h"

// How many journals have changes; the last of them, if there is one.
int kalam_changed_journals(const KalamJournal** last = nullptr);

// Whether there is anything to do at COMMIT: changes to send, or keys that must not be stored.
bool kalam_transaction_has_work();

// Checked after every change: refuses, at the statement that makes it so, what the server could not commit atomically.
// The change is already in the journal; the error's rollback takes it out. May ask the server for its number of shards,
// and serves interrupts then.
void kalam_transaction_check_changes(const KalamJournal* changed);

// Refuses (0A000, 54000) the changes of all journals when the server could not commit them as one.
void kalam_transaction_check_atomic();

// Whether the server's transactions take all changes of a journal: not those of stream tables, and no inserts where
// the key is not called "id".
bool kalam_transaction_is_stageable(const KalamJournal* journal);

// Whether the changes of two journals can be in one transaction of the server: of one data group (spec 8.3).
bool kalam_transaction_can_join(const KalamJournal* a, const KalamJournal* b);

// The journal with the only change there is, when that is the change of one row's key in a table whose inserts the
// server's transactions do not take: two requests, one after the other. NULL: it is something else.
const KalamJournal* kalam_transaction_single_move();

// Whether the changes of one journal need more than one request.
bool kalam_journal_needs_begin(const KalamJournal* journal);

// Whether the changes of all journals need a transaction of the server (more than one request).
bool kalam_transaction_needs_begin();

// What an Insert request holds besides its rows, generously, and how many bytes of encoded rows that leaves.
constexpr int64 KALAM_REQUEST_OVERHEAD = 4096;
constexpr int64 KALAM_REQUEST_BYTES = 4194304;
constexpr int64 KALAM_ROW_OVERHEAD = 6;  // protobuf tag and length

// Bound on what one transaction of the server may hold (max_transaction_buffer_bytes, spec 8.3).
constexpr int64 KALAM_TRANSACTION_BYTES = INT64CONST(100) * 1024 * 1024;
