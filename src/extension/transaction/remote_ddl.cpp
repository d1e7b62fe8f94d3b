#include "extension/transaction/remote_ddl.h"

#include "extension/base/report.h"
#include "extension/catalog/storage_state.h"
#include "extension/remote/query.h"
#include "extension/remote/wait.h"

extern "C" {
#include "storage/ipc.h"
#include "storage/pmsignal.h"
}

namespace {

// Dropping a name that was dropped and created again a moment ago fails until the server's clean-up job has ended
// (spec 10.5).
constexpr int64 BUSY_RETRY_MS = 10000;
constexpr long BUSY_PAUSE_MS = 100;
// statement_timeout is over at PRE_COMMIT: a bound for servers without option timeout.
constexpr uint64 COMMIT_DEADLINE_MS = 60000;
// Bounds on the wait in an abort, for all tables together: usually; when the backend ends, whose requests end with it;
// and when a wait for the server was cancelled, which is not to end later for it.
constexpr int64 UNDO_MS = 3000;
constexpr int64 UNDO_AT_EXIT_MS = 1000;
constexpr int64 UNDO_AFTER_CANCEL_MS = 50;
// A request that is not waited for keeps its place before later ones of the session until the server has answered it.
constexpr uint64 STRAGGLER_MS = 60000;
constexpr int64 POLL_MS = 20;

enum class Change : uint8_t { created, altered, drop, at_commit, name_space };

}  // namespace

// In TopTransactionContext, newest first.
struct KalamPendingChange {
  KalamPendingChange* next;
  Change change;
  bool done;
  bool confirmed;  // the server has said that the change was made
  int nest_level;
  KalamConnection* connection;  // pinned
  char* name_space;
  char* table;
  char* undo_sql;    // NULL: waits for PRE_COMMIT, or stays (a namespace)
  char* commit_sql;  // NULL: happened at once
  char* what;        // for a WARNING when it cannot be undone
};

namespace {

using PendingChange = KalamPendingChange;

PendingChange* changes;

PendingChange* add(Change change, KalamConnection* connection, const char* name_space, const char* table,
                   const char* undo_sql, const char* commit_sql, const char* what) {
  MemoryContext previous = MemoryContextSwitchTo(TopTransactionContext);
  auto* entry = (PendingChange*)palloc0(sizeof(PendingChange));
  entry->change = change;
  entry->nest_level = GetCurrentTransactionNestLevel();
  entry->connection = connection;
  entry->name_space = pstrdup(name_space);
  entry->table = pstrdup(table);
  entry->undo_sql = undo_sql != nullptr ? pstrdup(undo_sql) : nullptr;
  entry->commit_sql = commit_sql != nullptr ? pstrdup(commit_sql) : nullptr;
  entry->what = what != nullptr ? pstrdup(what) : nullptr;
  MemoryContextSwitchTo(previous);

  kalam_connection_pin(connection);
  entry->next = changes;
  changes = entry;
  return entry;
}

void forget_all() {
  for (PendingChange* entry = changes; entry != nullptr; entry = entry->next) {
    kalam_connection_unpin(entry->connection);
  }
  changes = nullptr;
}

// A request of an undo that was not waited for to its end. It ends by itself, at the latest by its deadline.
struct Straggler {
  Straggler* next;
  kalam::Call* call;
  KalamConnection* connection;  // counted as used
  char table[160];              // namespace.table
};

Straggler* stragglers;

bool postmaster_is_alive() {
  return !IsUnderPostmaster || PostmasterIsAlive();
}

// Releases those that have ended, or all of them.
void release_stragglers(bool all) {
  Straggler** link = &stragglers;
  while (*link != nullptr) {
    Straggler* straggler = *link;
    if (!all && !kalam::call_done(straggler->call)) {
      link = &straggler->next;
      continue;
    }
    *link = straggler->next;
    kalam::call_release(straggler->call);
    kalam_connection_unuse(straggler->connection);
    pfree(straggler);
  }
}

// Without serving interrupts, but not when one is waiting: true when the call has ended.
bool wait_uninterruptibly(kalam::Call* call, TimestampTz deadline) {
  for (;;) {
    int64 left = (deadline - GetCurrentTimestamp()) / 1000;
    if (left <= 0 || QueryCancelPending || ProcDiePending) return kalam::call_done(call);
    if (kalam::call_wait(call, (uint32_t)Min(left, POLL_MS))) return true;
  }
}

// What is not answered by then is cancelled.
void release_stragglers_at_exit(int, Datum) {
  TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), UNDO_AT_EXIT_MS);
  for (Straggler* straggler = stragglers; straggler != nullptr && postmaster_is_alive(); straggler = straggler->next) {
    wait_uninterruptibly(straggler->call, deadline);
  }
  release_stragglers(true);
}

// Takes the call; never raises.
void leave_to_itself(const PendingChange* entry, kalam::Call* call) {
  static bool is_registered;
  auto* straggler = proc_exit_inprogress ? nullptr
                                         : (Straggler*)MemoryContextAllocExtended(TopMemoryContext, sizeof(Straggler),
                                                                                  MCXT_ALLOC_NO_OOM);
  if (straggler == nullptr) {
    kalam::call_release(call);
    return;
  }
  // Before the connections are closed, whose callback was registered when the first one was made.
  if (!is_registered) on_proc_exit(release_stragglers_at_exit, (Datum)0);
  is_registered = true;
  straggler->call = call;
  straggler->connection = entry->connection;
  snprintf(straggler->table, sizeof(straggler->table), "%s.%s", entry->name_space, entry->table);
  kalam_connection_use(entry->connection);
  straggler->next = stragglers;
  stragglers = straggler;
}

// One attempt, which never raises. Sent even after the deadline, and then left to itself.
void undo_uninterruptibly(const PendingChange* entry, TimestampTz deadline, kalam::Status* status) {
  kalam::CallOptions options = {STRAGGLER_MS};
  kalam::Call* call =
      kalam::call_execute_sql(entry->connection->handle, entry->undo_sql, strlen(entry->undo_sql), &options, status);
  if (call == nullptr) return;
  if (wait_uninterruptibly(call, deadline)) {
    kalam::call_status(call, status);
    kalam::call_release(call);
  } else {
    status->error = kalam::ErrorClass::timeout;
    leave_to_itself(entry, call);
  }
}

// A change whose answer was lost may not have been made, and one whose undoing was lost may be undone: then there is
// nothing to undo (spec 10.4).
bool is_undone(const PendingChange* entry, bool repeated, const kalam::Status* status) {
  return entry->change == Change::altered && (repeated || !entry->confirmed) &&
         (strstr(status->detail, "does not exist") != nullptr || strstr(status->message, "does not exist") != nullptr);
}

void undo(PendingChange* entry, TimestampTz deadline) {
  kalam::Status status = {};
  bool repeated = false;

  for (;;) {
    undo_uninterruptibly(entry, deadline, &status);
    // What broke the connection that the change was made on often shows only here. Undoing twice does no harm.
    bool is_lost = status.error == kalam::ErrorClass::connection_lost && !repeated;
    if (status.error != kalam::ErrorClass::busy && !is_lost) break;
    if (TimestampTzPlusMilliseconds(GetCurrentTimestamp(), BUSY_PAUSE_MS) > deadline) break;
    repeated = repeated || is_lost;
    pg_usleep(BUSY_PAUSE_MS * 1000);
  }
  entry->done = true;
  if (status.error != kalam::ErrorClass::none && !is_undone(entry, repeated, &status)) {
    ereport(WARNING,
            (errcode(kalam_sqlstate(&status)),
             errmsg("could not undo %s of KalamDB table \"%s.%s\"", entry->what, entry->name_space, entry->table),
             status.detail[0] != '\0'
                 ? errdetail_internal("%s", kalam_text_from_remote(status.detail, strlen(status.detail)))
             : status.error == kalam::ErrorClass::timeout
                 ? errdetail("The server did not answer in time. It may carry out the request still.")
                 : 0,
             entry->change == Change::created
                 ? errhint("Drop it in KalamDB, or attach it with CREATE FOREIGN TABLE.")
                 : errhint("%s takes it back.", kalam_exec_call(entry->connection->server_name, entry->undo_sql))));
  }
}

// A namespace that was made for a table stays: the server drops what is in it with it (spec 10.2), and another session
// may have put a table there at any time.
void tell_of_namespace(const PendingChange* entry) {
  if (proc_exit_inprogress) return;
  ereport(NOTICE, (errmsg("namespace \"%s\" stays in KalamDB", entry->name_space),
                   errdetail("It was made for a table whose creation is undone. It is not dropped, because KalamDB "
                             "would drop the tables that others may have made in it.")));
}

// The changes of levels at or above `level` did not happen.
void abort_level(int level) {
  int64 most = UNDO_MS;
  if (proc_exit_inprogress && postmaster_is_alive()) {
    most = UNDO_AT_EXIT_MS;
  } else if (proc_exit_inprogress || kalam_wait_was_left()) {
    most = UNDO_AFTER_CANCEL_MS;
  }
  TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), most);
  PendingChange** link = &changes;

  while (*link != nullptr) {
    PendingChange* entry = *link;
    if (entry->nest_level < level) {
      link = &entry->next;
      continue;
    }
    *link = entry->next;
    if (entry->change == Change::name_space) {
      tell_of_namespace(entry);
    } else if (entry->undo_sql != nullptr && !entry->done) {
      undo(entry, deadline);
    }
    kalam_connection_unpin(entry->connection);
  }
}

// PostgreSQL's side is rolled back, and the remote statement may have been executed.
[[noreturn]] void report_unknown(const PendingChange* entry) {
  ereport(ERROR,
          (errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
           errmsg("outcome of the transaction on KalamDB server \"%s\" is unknown", entry->connection->server_name),
           errdetail("\"%s\" was handed over, but no answer came.", entry->commit_sql),
           errhint("Look whether KalamDB has executed it before repeating the transaction.")));
  pg_unreachable();
}

// Time left for one statement: PostgreSQL has switched statement_timeout off by now, so it is kept here.
uint64 time_left(const PendingChange* entry) {
  uint64 limit = entry->connection->commit_timeout_ms == 0 ? COMMIT_DEADLINE_MS : entry->connection->commit_timeout_ms;
  if (StatementTimeout <= 0) return limit;
  TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentStatementStartTimestamp(), (int64)StatementTimeout);
  int64 left = (end - GetCurrentTimestamp()) / 1000;
  if (left <= 0) {
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceling statement due to statement timeout")));
  }
  return Min(limit, (uint64)left);
}

// Waits, serves interrupts, raises.
void send_now(PendingChange* entry) {
  kalam::Status status;
  MemoryContext context = CurrentMemoryContext;

  entry->done = true;  // while nothing is handed over
  PG_TRY();
  {
    kalam_send_ddl(entry->connection, entry->commit_sql, entry, &status, time_left(entry));
  }
  PG_CATCH();
  {
    if (entry->done) PG_RE_THROW();
    MemoryContextSwitchTo(context);
    FlushErrorState();
    report_unknown(entry);
  }
  PG_END_TRY();
  if (status.error != kalam::ErrorClass::none) {
    bool answered = status.error != kalam::ErrorClass::timeout && status.error != kalam::ErrorClass::cancelled &&
                    status.error != kalam::ErrorClass::connection_lost;
    if (status.maybe_executed && !answered) report_unknown(entry);
    char* name = psprintf("%s.%s", entry->name_space, entry->table);
    KalamErrorContext error = {};
    error.server = entry->connection->server_name;
    error.remote_table = name;
    error.remote_sql = entry->commit_sql;
    kalam_report(&status, &error);
  }
  entry->done = true;
}

// Oldest first.
void send_pending(PendingChange* entry) {
  if (entry == nullptr) return;
  send_pending(entry->next);
  if (entry->commit_sql != nullptr && !entry->done) send_now(entry);
}

void transaction_callback(XactEvent event, void*) {
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
      send_pending(changes);
      break;
    case XACT_EVENT_PRE_PREPARE:
      if (changes != nullptr) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot PREPARE a transaction that has created, altered or dropped KalamDB tables")));
      }
      break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
      forget_all();
      break;
    case XACT_EVENT_ABORT:
      abort_level(0);
      break;
    default:
      break;
  }
}

void subtransaction_callback(SubXactEvent event, SubTransactionId, SubTransactionId, void*) {
  int level = GetCurrentTransactionNestLevel();

  if (event == SUBXACT_EVENT_ABORT_SUB) {
    abort_level(level);
  } else if (event == SUBXACT_EVENT_COMMIT_SUB) {
    for (PendingChange* entry = changes; entry != nullptr; entry = entry->next) {
      if (entry->nest_level >= level) entry->nest_level = level - 1;
    }
  }
}

}  // namespace

KalamPendingChange* kalam_pending_create(KalamConnection* connection, const char* name_space, const char* table) {
  char* undo_sql = psprintf("DROP TABLE IF EXISTS %s", kalam_quote_table(name_space, table));
  return add(Change::created, connection, name_space, table, undo_sql, nullptr, "the creation");
}

KalamPendingChange* kalam_pending_alter(KalamConnection* connection, const char* name_space, const char* table,
                                        const char* undo_sql, const char* what) {
  kalam_pending_settle(connection, name_space, table);
  return add(Change::altered, connection, name_space, table, undo_sql, nullptr, what);
}

void kalam_pending_settle(const KalamConnection* connection, const char* name_space, const char* table) {
  char name[sizeof(Straggler::table)];
  snprintf(name, sizeof(name), "%s.%s", name_space, table);
  for (Straggler* straggler = stragglers; straggler != nullptr; straggler = straggler->next) {
    if (straggler->connection->key.serverid == connection->key.serverid && pg_strcasecmp(straggler->table, name) == 0) {
      kalam_wait_for_call(straggler->call);
    }
  }
  release_stragglers(false);
}

void kalam_pending_namespace(KalamConnection* connection, const char* name_space) {
  add(Change::name_space, connection, name_space, "", nullptr, nullptr, nullptr);
}

bool kalam_pause_to_settle(const kalam::Status* status, TimestampTz until) {
  bool settling =
      status->error == kalam::ErrorClass::busy || (status->error == kalam::ErrorClass::table_not_found &&
                                                   (strstr(status->detail, "provider not found") != nullptr ||
                                                    strstr(status->message, "provider not found") != nullptr));
  if (!settling || status->maybe_executed || GetCurrentTimestamp() > until) return false;
  kalam_pause(BUSY_PAUSE_MS);
  return true;
}

void kalam_send_ddl(KalamConnection* connection, const char* sql, KalamPendingChange* change, kalam::Status* status,
                    uint64 deadline_ms) {
  TimestampTz deadline = GetCurrentTimestamp() + BUSY_RETRY_MS * 1000;

  kalam_storage_state_forget_all();
  for (;;) {
    if (change != nullptr) change->done = false;
    kalam_execute(connection, sql, status, deadline_ms);
    // A refusal is an answer; what is there under the name is then somebody else's.
    if (change != nullptr && status->error != kalam::ErrorClass::none && !status->maybe_executed) change->done = true;
    if (!kalam_pause_to_settle(status, deadline)) break;
  }
  if (change != nullptr && status->error == kalam::ErrorClass::none) change->confirmed = true;
}

void kalam_pending_drop(KalamConnection* connection, const char* name_space, const char* table) {
  char* sql = psprintf("DROP TABLE IF EXISTS %s", kalam_quote_table(name_space, table));
  add(Change::drop, connection, name_space, table, nullptr, sql, nullptr);
}

void kalam_pending_at_commit(KalamConnection* connection, const char* name_space, const char* table, const char* sql) {
  add(Change::at_commit, connection, name_space, table, nullptr, sql, nullptr);
}

namespace {

bool concerns(const PendingChange* entry, const KalamConnection* connection, const char* name_space,
              const char* table) {
  return entry->connection->key.serverid == connection->key.serverid &&
         pg_strcasecmp(entry->name_space, name_space) == 0 && pg_strcasecmp(entry->table, table) == 0;
}

bool has(Change change, const KalamConnection* connection, const char* name_space, const char* table) {
  for (PendingChange* entry = changes; entry != nullptr; entry = entry->next) {
    if (entry->change == change && concerns(entry, connection, name_space, table)) return true;
  }
  return false;
}

}  // namespace

bool kalam_pending_is_dropped(const KalamConnection* connection, const char* name_space, const char* table) {
  return has(Change::drop, connection, name_space, table);
}

bool kalam_pending_is_created(const KalamConnection* connection, const char* name_space, const char* table) {
  return has(Change::created, connection, name_space, table);
}

bool kalam_pending_has(const KalamConnection* connection, const char* name_space, const char* table) {
  for (PendingChange* entry = changes; entry != nullptr; entry = entry->next) {
    if (concerns(entry, connection, name_space, table)) return true;
  }
  return false;
}

void kalam_pending_init() {
  RegisterXactCallback(transaction_callback, nullptr);
  RegisterSubXactCallback(subtransaction_callback, nullptr);
}
