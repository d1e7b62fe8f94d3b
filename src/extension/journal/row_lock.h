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
  held,   // since before this call: what was read meanwhile is still so
  taken,  // by this call: somebody may have changed the row since it was read
  none,   // the transaction has as many locks as the server's table of locks can spare for it
};

// Locks the row of a key for a change, whether it exists or not, until the end of the transaction; waits for sessions
// that have it. Raises what PostgreSQL raises for a lock: 40P01, 55P03 after lock_timeout, 57014.
KalamRowLock kalam_lock_row(const KalamRelation* relation, const char* subject, const char* key);

// Locks the key of a row that is inserted: who inserts the same one waits, as for an ordinary table. Only of so many
// rows that there is room for those that the transaction changes; a duplicate key is found in any case. Raises as
// above.
void kalam_lock_new_row(const KalamRelation* relation, const char* subject, const char* key);

// Gives a lock back that kalam_lock_row() has taken in this statement, of a row that is not changed after all.
void kalam_unlock_row(const KalamRelation* relation, const char* subject, const char* key);

// What a statement wants of the rows that it looks up.
struct KalamLocking {
  bool changes;                 // to change them
  bool is_late;                 // they are locked when they are changed, after the filters of the statement
  LockClauseStrength strength;  // of its FOR UPDATE clause or the like; LCS_NONE: it has none
  LockWaitPolicy wait;
};

// Locks the rows of keys before they are read; what SKIP LOCKED passes over is taken out of the array. Returns how many
// are left. Raises 55P03 for NOWAIT, and 53200 when a clause asks for more locks than a transaction gets.
int kalam_lock_keys(const KalamRelation* relation, const char* subject, const KalamLocking* locking, char** keys,
                    int count);
