// What a commit that failed says of the changes that it carried.
#pragma once

#include "extension/journal/journal.h"

// Name of the journal's key column on the server.
const char* kalam_journal_key_name(const KalamJournal* journal);

// 40001: the row of this key is gone.
[[noreturn]] void kalam_report_row_gone(const KalamJournal* journal, const char* key);

// 23505: the key that the transaction has inserted is stored already.
[[noreturn]] void kalam_report_row_exists(const KalamJournal* journal, const char* key);

// 40001: the row of this key is not the one that the transaction's change starts from.
[[noreturn]] void kalam_report_row_changed(const KalamJournal* journal, const char* key);

// What the server said of the changes, as far as the role may see values that it quotes.
const char* kalam_answer_text(const kalam::Status* status);

// Whether no answer came, so that the request may still be on its way to the server.
bool kalam_is_unanswered(const kalam::Status* status);

// 08007: changes were handed over, and nothing tells what became of them. The only place that says so; `detail` and
// `hint` are whole sentences in the database's encoding (`hint` may be NULL).
[[noreturn]] void kalam_report_unknown(const KalamConnection* connection, const char* detail, const char* hint);

// The same of rows, for a call that ended with this status.
[[noreturn]] void kalam_report_unknown_rows(const KalamConnection* connection, const kalam::Status* status);

// 08007, or 40001 for a row that is gone: the server stopped in the middle of the commit, and what it had applied by
// then stays.
[[noreturn]] void kalam_report_stopped_commit(const KalamConnection* connection, const kalam::Status* status);
