// Remote DDL and PostgreSQL's transaction (architecture section 6): KalamDB's DDL is not transactional, so what can be
// undone (CREATE, ADD COLUMN, SET and DROP NOT NULL) happens at once and is undone, newest first, when its
// (sub)transaction aborts. Everything else (DROP, DROP COLUMN, defaults) waits for PRE_COMMIT, where it follows the
// rows of the transaction, oldest first.
//
// The undo runs in the abort callback: it waits at most three seconds, not at all to speak of after a wait that was
// cancelled, a second when the backend ends, without ever raising. What could not be undone is reported as a WARNING; a
// request that was not answered in time goes on by itself.
#pragma once

#include "extension/base/compat.h"
#include "extension/remote/connection.h"

struct KalamPendingChange;

// The remote table is about to be created by the current (sub)transaction: known before the request is sent, because
// the wait for its answer may be interrupted. Lives as long as the transaction.
KalamPendingChange* kalam_pending_create(KalamConnection* connection, const char* name_space, const char* table);

// The remote table is about to be altered; `undo_sql` takes that back. `what` names the change in a WARNING ("ADD
// COLUMN c"). Both are copied.
KalamPendingChange* kalam_pending_alter(KalamConnection* connection, const char* name_space, const char* table,
                                        const char* undo_sql, const char* what);

// A namespace was made for a table of the current (sub)transaction. It stays when that is undone, which a NOTICE says.
void kalam_pending_namespace(KalamConnection* connection, const char* name_space);

// Waits for requests of this session that undo an earlier change of the table and go on by themselves: what is done
// next under its name must not meet them. Serves interrupts.
void kalam_pending_settle(const KalamConnection* connection, const char* name_space, const char* table);

// Sends a statement, again for some seconds while the server is busy with what was there before under the name (spec
// 10.5). `change` (may be NULL) is what the statement makes: nothing is to be undone while only refusals have come.
// Waits, serves interrupts; the outcome is in `status`.
void kalam_send_ddl(KalamConnection* connection, const char* sql, KalamPendingChange* change, kalam::Status* status,
                    uint64 deadline_ms = 0);

// How long rows wait for a table that was created again a moment ago (spec 10.5).
constexpr int KALAM_SETTLE_MS = 3000;

// True after a pause, when a request was refused because of what was there under the table's name before, and `until`
// has not passed: it can be sent again. Serves interrupts.
bool kalam_pause_to_settle(const kalam::Status* status, TimestampTz until);

// A statement about the remote table that is to be sent when the transaction commits. Copied.
void kalam_pending_at_commit(KalamConnection* connection, const char* name_space, const char* table, const char* sql);

// The remote table is to be dropped when the transaction commits.
void kalam_pending_drop(KalamConnection* connection, const char* name_space, const char* table);

// Whether a drop of that table is waiting.
bool kalam_pending_is_dropped(const KalamConnection* connection, const char* name_space, const char* table);

// Whether the table was created by this transaction, and whether anything of it is pending.
bool kalam_pending_is_created(const KalamConnection* connection, const char* name_space, const char* table);
bool kalam_pending_has(const KalamConnection* connection, const char* name_space, const char* table);

// Transaction callbacks.
void kalam_pending_init();
