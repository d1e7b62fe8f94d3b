// What becomes of a call for those who watch: counters (stats/counters.h), and a line in the log.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/remote/connection.h"

// Which table a call is about. InvalidOid, NULL: none. The name is KalamDB's, "namespace.table".
struct KalamCallSubject {
  Oid relid;
  const char* table;
};

// Counts a call that is about to be released, and logs it at DEBUG1: what was asked for, where, how long it took, how
// much was sent and received; never a value, a key, a user or an SQL text. Never raises.
void kalam_account_call(KalamConnection* connection, const KalamCallSubject* subject, const kalam::Call* call);

// Releases a call that no holder has, and accounts for it. NULL is allowed.
void kalam_release_call(KalamConnection* connection, const KalamCallSubject* subject, kalam::Call* call);
