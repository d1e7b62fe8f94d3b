#include "extension/transaction/detached_calls.h"

#include "extension/remote/wait.h"

extern "C" {
#include "storage/ipc.h"
}

namespace {

// In TopMemoryContext, since it outlives the transaction.
struct DetachedCall {
  DetachedCall* next;
  kalam::Call* call;
  KalamConnection* connection;  // counted as used
  char table[160];              // namespace.table
};

}  // namespace

static DetachedCall* detached_calls;

// Releases those that have ended, or all of them.
static void release(bool all) {
  DetachedCall** link = &detached_calls;
  while (*link != nullptr) {
    DetachedCall* detached = *link;
    if (!all && !kalam::call_done(detached->call)) {
      link = &detached->next;
      continue;
    }
    *link = detached->next;
    KalamCallSubject subject = {InvalidOid, detached->table};
    kalam_release_call(detached->connection, &subject, detached->call);
    kalam_connection_unuse(detached->connection);
    pfree(detached);
  }
}

// What is not answered by then is cancelled.
static void release_at_exit(int, Datum) {
  TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), KALAM_EXIT_WAIT_MS);
  for (DetachedCall* detached = detached_calls; detached != nullptr && kalam_postmaster_is_alive();
       detached = detached->next) {
    kalam_wait_without_interrupts(detached->call, deadline);
  }
  release(true);
}

void kalam_detach_call(kalam::Call* call, KalamConnection* connection, const char* name_space, const char* table) {
  static bool is_registered;
  DetachedCall* detached = proc_exit_inprogress ? nullptr
                                                : (DetachedCall*)MemoryContextAllocExtended(
                                                      TopMemoryContext, sizeof(DetachedCall), MCXT_ALLOC_NO_OOM);
  if (detached == nullptr) {
    kalam::call_release(call);
    return;
  }
  // Callbacks run in the reverse order: this one before the connections are closed, whose callback was registered when
  // the first one was made.
  if (!is_registered) on_proc_exit(release_at_exit, (Datum)0);
  is_registered = true;
  detached->call = call;
  detached->connection = connection;
  snprintf(detached->table, sizeof(detached->table), "%s.%s", name_space, table);
  kalam_connection_use(connection);
  detached->next = detached_calls;
  detached_calls = detached;
}

void kalam_detached_calls_wait(const KalamConnection* connection, const char* name_space, const char* table) {
  char name[sizeof(DetachedCall::table)];
  snprintf(name, sizeof(name), "%s.%s", name_space, table);
  for (const DetachedCall* detached = detached_calls; detached != nullptr; detached = detached->next) {
    if (detached->connection->key.serverid == connection->key.serverid && pg_strcasecmp(detached->table, name) == 0) {
      kalam_wait_for_call(detached->call);
    }
  }
  release(false);
}
