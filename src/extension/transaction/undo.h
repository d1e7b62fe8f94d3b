// Undoing the remote DDL of a (sub)transaction that aborts. It runs in PostgreSQL's abort callback, without ever
// raising and without serving interrupts, and is over in three seconds for all changes together; in a second when the
// backend ends, since its requests end with it; and in no time to speak of after a wait that was cancelled, which is
// not to end later for it. What could not be undone is reported as a WARNING. A request that was not answered in time
// goes on by itself (detached_calls.h).
#pragma once

#include "extension/base/compat.h"

// The changes of nest levels at or above `level` (0: all) did not happen: undoes them, newest first. `was_cancelled`:
// the transaction's last wait was left by an interrupt, so that the server may be silent.
void kalam_remote_ddl_undo(int level, bool was_cancelled);
