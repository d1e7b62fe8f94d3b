// Remote DDL and PostgreSQL's transaction (architecture section 6): KalamDB's DDL is not transactional, so what can be
// undone (CREATE, ADD COLUMN, SET and DROP NOT NULL) happens at once and is undone, newest first, when its
// (sub)transaction aborts (undo.h). Everything else (DROP, DROP COLUMN, defaults) waits for PRE_COMMIT, where it
// follows the rows of the transaction, oldest first (transaction.cpp).
#pragma once

#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/remote/connection.h"

enum class KalamRemoteDdl : uint8_t {
  created,
  altered,
  drop,
  at_commit,
  name_space,
  new_table,   // CREATE TABLE of a name that the transaction drops (new_table.h)
  new_column,  // a change of such a table's definition
};

// One change of KalamDB's definitions by the transaction. It belongs to the transaction's memory, and pins its
// connection until the change is undone, or the transaction has ended.
struct KalamPendingChange {
  KalamPendingChange* next;  // older
  KalamRemoteDdl kind;
  bool done;       // nothing is left to be sent for it
  bool confirmed;  // the server has said that the change was made
  bool is_sent;    // at PRE_COMMIT, whatever came of it
  int nest_level;
  KalamConnection* connection;  // pinned
  char* name_space;
  char* table;
  char* undo_sql;    // NULL: waits for PRE_COMMIT, or stays (a namespace)
  char* commit_sql;  // NULL: happened at once
  char* what;        // for a WARNING when it cannot be undone
  char* about;       // of what waits for PRE_COMMIT: the newest about the same takes the place of the others; NULL
  // Of a table that awaits COMMIT:
  Oid relid;                        // the foreign table
  const KalamRelation* definition;  // what the table is with this change
};

// ---------------------------------------------------------------- what statements do

// The remote table is about to be created by the current (sub)transaction: known before the request is sent, because
// the wait for its answer may be interrupted. Lives as long as the transaction.
KalamPendingChange* kalam_pending_create(KalamConnection* connection, const char* name_space, const char* table);

// The remote table is about to be altered; `undo_sql` takes that back. `what` names the change in a WARNING ("ADD
// COLUMN c"). Both are copied. Waits for what is still undone for the table, serves interrupts.
KalamPendingChange* kalam_pending_alter(KalamConnection* connection, const char* name_space, const char* table,
                                        const char* undo_sql, const char* what);

// A namespace was made for a table of the current (sub)transaction. It stays when that is undone, which a NOTICE says.
void kalam_pending_namespace(KalamConnection* connection, const char* name_space);

// A statement about the remote table that is to be sent when the transaction commits. Copied.
void kalam_pending_at_commit(KalamConnection* connection, const char* name_space, const char* table, const char* sql);

// The same, in the place of what waits about the same (`about`); NULL for `sql`: none is to be sent. And the newest of
// these, NULL: there is none.
void kalam_pending_instead(KalamConnection* connection, const char* name_space, const char* table, const char* sql,
                           const char* about);
const KalamPendingChange* kalam_pending_about(const KalamConnection* connection, const char* name_space,
                                              const char* table, const char* about);

// The remote table is to be dropped when the transaction commits.
void kalam_pending_drop(KalamConnection* connection, const char* name_space, const char* table);

// Whether a drop of that table is waiting, and the transaction has not created another one of its name since.
bool kalam_pending_is_dropped(const KalamConnection* connection, const char* name_space, const char* table);

// Whether the table was created by this transaction, and whether anything of it is pending.
bool kalam_pending_is_created(const KalamConnection* connection, const char* name_space, const char* table);
bool kalam_pending_has(const KalamConnection* connection, const char* name_space, const char* table);

// All changes, newest first; and a number that is another one whenever they are.
KalamPendingChange* kalam_pending_changes();
uint64 kalam_pending_state();

// A change of the definition of a table that awaits COMMIT, whose CREATE was noted or is noted by this: of kind
// new_table or new_column.
KalamPendingChange* kalam_pending_new_table(KalamRemoteDdl kind, KalamConnection* connection, const char* name_space,
                                            const char* table, const char* sql, Oid relid);

// Whether a change is of the server's table of that name.
bool kalam_pending_concerns(const KalamPendingChange* change, Oid serverid, const char* name_space, const char* table);

// Sends a statement, again for some seconds while a clean-up is pending (cleanup_pending.h). `change` (may be NULL) is
// what the statement makes: nothing is to be undone while only refusals have come. Waits, serves interrupts; the
// outcome is in `status`.
void kalam_send_ddl(KalamConnection* connection, const char* sql, KalamPendingChange* change, kalam::Status* status,
                    uint64 deadline_ms = 0);

// ---------------------------------------------------------------- the end of transactions (transaction.cpp)

// Sends what has waited for PRE_COMMIT. Waits, serves interrupts, raises: 08007 when PostgreSQL's side is rolled back
// and nobody knows whether the server has executed the statement.
void kalam_remote_ddl_send();

// Refuses (0A000) to PREPARE a transaction with changes.
void kalam_remote_ddl_refuse_prepare();

// The subtransaction's changes are its parent's from now on. Never raises.
void kalam_remote_ddl_commit_subtransaction(int level);

// Forgets all changes, after COMMIT. Never raises.
void kalam_remote_ddl_forget();

// Takes the newest change of a level at or above `level` out of the transaction's; NULL: there is none. Who has called
// it unpins the connection. Never raises.
KalamPendingChange* kalam_remote_ddl_pop(int level);
