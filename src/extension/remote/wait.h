// Waiting for calls to KalamDB so that every interrupt is served, and owning them so that none is lost.
//
//     KalamCallHolder *holder = kalam_call_holder_create(CurrentMemoryContext, connection);   // first
//     holder->call = kalam::call_scan(connection->handle, …, &status);                        // second
//     if (holder->call == nullptr) kalam_report(&status, &context);
//     kalam_wait_for_call(holder->call);
//
// A holder belongs to a memory context: when that is reset or deleted, after an error too, the call is cancelled,
// drained and freed. What the caller has in a context of its own stays valid across a wait. Interrupts process no
// invalidation messages, so the relation cache is after a wait as it was before; what is done between two waits, such
// as a catalog lookup or a lock on a relation, may process some.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/remote/account.h"
#include "extension/remote/connection.h"
#include "extension/remote/wait_event.h"

// Lookups by key that one scan or commit has in flight at once: enough to hide the round trip.
constexpr int KALAM_LOOKUPS_IN_FLIGHT = 64;

struct KalamCallHolder {
  MemoryContextCallback callback;
  kalam::Call* call;            // set by the owner, released by the holder; NULL: empty
  KalamConnection* connection;  // counted as a user while the holder lives
  KalamCallSubject subject;     // its name is in the holder's context
};

// An empty holder in `context`. Holders cannot be freed before their context: reuse them (kalam_call_holder_clear).
KalamCallHolder* kalam_call_holder_create(MemoryContext context, KalamConnection* connection);

// Says which table the holder's calls are about (InvalidOid, NULL: none), for counters and the log. The name is copied.
void kalam_call_holder_set_table(KalamCallHolder* holder, Oid relid, const char* remote_name);

// Cancels and releases the holder's call now; the holder can be used again. Never raises.
void kalam_call_holder_clear(KalamCallHolder* holder);

// Waits until the call is done; its outcome is in kalam::call_status(). Serves interrupts, so it may raise (57014,
// 57P01 …) and leave the call to its holder. Returns at once when the call is done.
void kalam_wait_for_call(kalam::Call* call);

// As above, but no longer than until `deadline` (0: no bound). False when the time is over and the call is not done.
bool kalam_wait_for_call_until(kalam::Call* call, TimestampTz deadline);

// Waits until one of the calls is done and returns its index; -1 at the deadline (0: none). NULL entries are skipped;
// with nothing but NULL entries the answer is -1 at once.
int kalam_wait_for_any(kalam::Call* const* calls, int count, TimestampTz deadline);

// Waits until `deadline` at the latest, for callbacks that must not raise: no interrupt is served, but one that arrives
// ends the wait. True when the call is done.
bool kalam_wait_without_interrupts(kalam::Call* call, TimestampTz deadline);

// Whether an interrupt has left the last wait or pause, so that the server may be silent. Asked for once, when a
// (sub)transaction aborts.
bool kalam_wait_was_left();

// Sleeps, serving interrupts; pg_stat_activity says what for.
void kalam_pause(KalamWait wait, long milliseconds);
