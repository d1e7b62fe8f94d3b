// What a backend waits for, as pg_stat_activity names it: from PostgreSQL 17 on by these names, before "Extension". A
// wait for the lock of a row is PostgreSQL's own, "advisory" of type "Lock".
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

enum class KalamWait : uint8_t {
  connect,  // a connection or session that is being made
  scan,
  lookup,
  query,
  statement,
  write,    // inserts, updates and deletes
  commit,   // the server's transaction: Begin, Commit, Rollback
  flush,    // a flush that goes on at the server
  cleanup,  // what was dropped under the name is being removed by the server
};

uint32 kalam_wait_event(KalamWait wait);

// What a wait for the call is.
KalamWait kalam_wait_of(const kalam::Call* call);

// Names the events, once a session. Raises, so it is called before there is something to wait for.
void kalam_wait_events_init();
