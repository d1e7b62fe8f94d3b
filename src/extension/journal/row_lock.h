// Sessions of one PostgreSQL that change or lock the same row of KalamDB wait for each other, as for a row of an
// ordinary table. KalamDB has no row locks: both would start from the same row, and what one of them did would be lost.
//
// The locks are advisory ones, of a class that pg_advisory_lock() does not use, and belong to the transaction. Other
// clients of KalamDB know nothing of them: what those changed is found out by the row's version (commit/sender.h).
//
// A lock holds for a row of KalamDB, whichever database, foreign server, address or role it is reached through. So its
// tag is made of what the row is there (table, user, key) and of the time at which KalamDB made the table, which its
// catalog tells in microseconds, and of nothing that PostgreSQL calls it. That time is a secret between KalamDB and
// those who may ask its catalog: naming the host does not show it, since the catalog answers nobody without credentials
// that the server accepts. A role that runs a server of its own can have it answer anything, but has to know the time
// to meet the locks of others; and who could ask for it could have locked the same keys through KalamDB itself. A
// server that tells no time shares its locks with nobody but the sessions that use the same foreign server.
//
// pg_locks shows a hash of all that. Its key is a secret of the cluster, so that nobody can try which rows are locked.
#pragma once

#include "extension/catalog/relation.h"

extern "C" {
#include "nodes/lockoptions.h"
}

enum class KalamRowLock : uint8_t {
  held,   // since before this call, and at least as strong: what was read meanwhile is still so
  taken,  // by this call: somebody may have changed the row since it was read
  none,   // the transaction has as many locks as the server's table of locks can spare for it
  busy,   // another session has the row, and the call was not to wait
};

// A lock is as strong as the clause of its name, and the four conflict as those of an ordinary table's rows do. UPDATE
// takes LCS_FORNOKEYUPDATE, or LCS_FORUPDATE where it names the key, and DELETE LCS_FORUPDATE.

// Locks the row of a key for a change, whether it exists or not, until the end of the transaction; waits for sessions
// that have it. Raises what PostgreSQL raises for a lock: 40P01, 55P03 after lock_timeout, 57014. Never `busy`.
KalamRowLock kalam_lock_row(const KalamRelation* relation, const char* subject, const char* key,
                            LockClauseStrength strength = LCS_FORUPDATE);

// The same for a locking clause, which may be told not to wait: `busy` for SKIP LOCKED, 55P03 for NOWAIT. Never `none`:
// raises 53200 when the clause asks for more locks than a transaction gets.
KalamRowLock kalam_lock_row_for_clause(const KalamRelation* relation, const char* subject, const char* key,
                                       LockClauseStrength strength, LockWaitPolicy wait);

// The same for who can go on without the lock: `none` and `busy` raise nothing.
KalamRowLock kalam_try_lock_row(const KalamRelation* relation, const char* subject, const char* key,
                                LockClauseStrength strength);

// Locks the key of a row that is inserted: who inserts the same one waits, as for an ordinary table. Only of so many
// rows that there is room for those that the transaction changes; a duplicate key is found in any case. Raises as
// above.
void kalam_lock_new_row(const KalamRelation* relation, const char* subject, const char* key);

// How many locks the session has taken so far. When the number is the same as before, each lock that it holds is older
// than that.
uint64 kalam_row_locks_acquired();

// Gives a lock back that was taken in this statement, with the same strength, of a row that turned out not to need it.
void kalam_unlock_row(const KalamRelation* relation, const char* subject, const char* key,
                      LockClauseStrength strength = LCS_FORUPDATE);
