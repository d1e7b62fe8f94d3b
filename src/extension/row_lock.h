// Sessions of one PostgreSQL that change the same row of KalamDB wait for each other, as for a row of an ordinary
// table. KalamDB has no row locks: both would start from the same row, and what one of them did would be lost.
//
// The locks are advisory ones, of a class that pg_advisory_lock() does not use, and belong to the transaction. Other
// clients of KalamDB know nothing of them: what those changed is found out by the row's version (commit/sender.h).
#pragma once

#include "extension/catalog.h"

enum class KalamRowLock : uint8_t {
  held,   // since before this call: what was read meanwhile is still so
  taken,  // by this call: somebody may have changed the row since it was read
  none,   // the transaction has as many locks as the server's table of locks can spare for it
};

// Locks the row of a key, whether it exists or not, until the end of the transaction; waits for sessions that have it.
// Raises what PostgreSQL raises for a lock: 40P01, 55P03 after lock_timeout, 57014.
KalamRowLock kalam_lock_row(const KalamRelation* relation, const char* subject, const char* key);
