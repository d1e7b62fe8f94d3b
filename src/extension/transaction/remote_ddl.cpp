#include "extension/transaction/remote_ddl.h"

#include "extension/base/report.h"
#include "extension/catalog/storage_state.h"
#include "extension/remote/query.h"
#include "extension/transaction/cleanup_pending.h"
#include "extension/transaction/deadline.h"
#include "extension/transaction/detached_calls.h"
#include "extension/transaction/new_table.h"
#include "extension/transaction/outcome.h"

// A bound for one statement at PRE_COMMIT, where neither statement_timeout nor option timeout sets one.
constexpr uint64 STATEMENT_MS = 60000;

static KalamPendingChange* changes;  // in TopTransactionContext, newest first
static uint64 state;

// ---------------------------------------------------------------- what statements do

[[noreturn]] static void report(const KalamPendingChange* change, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = change->connection->server_name;
  context.remote_table = psprintf("%s.%s", change->name_space, change->table);
  context.remote_sql = change->commit_sql;
  kalam_report(status, &context);
}

static KalamPendingChange* add(KalamRemoteDdl kind, KalamConnection* connection, const char* name_space,
                               const char* table, const char* undo_sql, const char* commit_sql, const char* what) {
  MemoryContext previous = MemoryContextSwitchTo(TopTransactionContext);
  KalamPendingChange* change = (KalamPendingChange*)palloc0(sizeof(KalamPendingChange));
  change->kind = kind;
  change->nest_level = GetCurrentTransactionNestLevel();
  change->connection = connection;
  change->name_space = pstrdup(name_space);
  change->table = pstrdup(table);
  change->undo_sql = undo_sql != nullptr ? pstrdup(undo_sql) : nullptr;
  change->commit_sql = commit_sql != nullptr ? pstrdup(commit_sql) : nullptr;
  change->what = what != nullptr ? pstrdup(what) : nullptr;
  MemoryContextSwitchTo(previous);

  kalam_connection_pin(connection);
  change->next = changes;
  changes = change;
  state++;
  return change;
}

KalamPendingChange* kalam_pending_create(KalamConnection* connection, const char* name_space, const char* table) {
  char* undo_sql = psprintf("DROP TABLE IF EXISTS %s", kalam_quote_table(name_space, table));
  return add(KalamRemoteDdl::created, connection, name_space, table, undo_sql, nullptr, "the creation");
}

KalamPendingChange* kalam_pending_alter(KalamConnection* connection, const char* name_space, const char* table,
                                        const char* undo_sql, const char* what) {
  if (KalamPendingChange* change = kalam_new_table_note(connection, name_space, table)) return change;
  kalam_detached_calls_wait(connection, name_space, table);
  return add(KalamRemoteDdl::altered, connection, name_space, table, undo_sql, nullptr, what);
}

void kalam_pending_namespace(KalamConnection* connection, const char* name_space) {
  add(KalamRemoteDdl::name_space, connection, name_space, "", nullptr, nullptr, nullptr);
}

void kalam_pending_drop(KalamConnection* connection, const char* name_space, const char* table) {
  char* sql = psprintf("DROP TABLE IF EXISTS %s", kalam_quote_table(name_space, table));
  add(KalamRemoteDdl::drop, connection, name_space, table, nullptr, sql, nullptr);
}

void kalam_pending_at_commit(KalamConnection* connection, const char* name_space, const char* table, const char* sql) {
  // Rows that were written before were encoded for the columns that were there: these stay until COMMIT, as they do in
  // other tables.
  KalamPendingChange* change = kalam_new_table_is_written(connection, name_space, table)
                                   ? nullptr
                                   : kalam_new_table_note(connection, name_space, table);
  if (change != nullptr) {
    kalam::Status status;
    kalam_new_table_alter(change, sql, &status);
    if (status.error != kalam::ErrorClass::none) report(change, &status);
    return;
  }
  add(KalamRemoteDdl::at_commit, connection, name_space, table, nullptr, sql, nullptr);
}

KalamPendingChange* kalam_pending_changes() {
  return changes;
}

uint64 kalam_pending_state() {
  return state;
}

KalamPendingChange* kalam_pending_new_table(KalamRemoteDdl kind, KalamConnection* connection, const char* name_space,
                                            const char* table, const char* sql, Oid relid) {
  KalamPendingChange* change = add(kind, connection, name_space, table, nullptr, sql, nullptr);
  change->relid = relid;
  return change;
}

bool kalam_pending_concerns(const KalamPendingChange* change, Oid serverid, const char* name_space, const char* table) {
  return change->connection->key.serverid == serverid && pg_strcasecmp(change->name_space, name_space) == 0 &&
         pg_strcasecmp(change->table, table) == 0;
}

void kalam_pending_instead(KalamConnection* connection, const char* name_space, const char* table, const char* sql,
                           const char* about) {
  KalamPendingChange* change = add(KalamRemoteDdl::at_commit, connection, name_space, table, nullptr, sql, nullptr);
  change->about = MemoryContextStrdup(TopTransactionContext, about);
}

static bool concerns(const KalamPendingChange* change, const KalamConnection* connection, const char* name_space,
                     const char* table) {
  return kalam_pending_concerns(change, connection->key.serverid, name_space, table);
}

static bool has(KalamRemoteDdl kind, const KalamConnection* connection, const char* name_space, const char* table) {
  for (const KalamPendingChange* change = changes; change != nullptr; change = change->next) {
    if (change->kind == kind && concerns(change, connection, name_space, table)) return true;
  }
  return false;
}

const KalamPendingChange* kalam_pending_about(const KalamConnection* connection, const char* name_space,
                                              const char* table, const char* about) {
  for (const KalamPendingChange* change = changes; change != nullptr; change = change->next) {
    if (change->about != nullptr && strcmp(change->about, about) == 0 &&
        concerns(change, connection, name_space, table))
      return change;
  }
  return nullptr;
}

bool kalam_pending_is_dropped(const KalamConnection* connection, const char* name_space, const char* table) {
  for (const KalamPendingChange* change = changes; change != nullptr; change = change->next) {
    if (!concerns(change, connection, name_space, table)) continue;
    if (change->kind == KalamRemoteDdl::drop) return true;
    if (change->kind == KalamRemoteDdl::created || change->kind == KalamRemoteDdl::new_table) return false;
  }
  return false;
}

bool kalam_pending_is_created(const KalamConnection* connection, const char* name_space, const char* table) {
  return has(KalamRemoteDdl::created, connection, name_space, table) ||
         has(KalamRemoteDdl::new_table, connection, name_space, table);
}

bool kalam_pending_has(const KalamConnection* connection, const char* name_space, const char* table) {
  for (const KalamPendingChange* change = changes; change != nullptr; change = change->next) {
    if (concerns(change, connection, name_space, table)) return true;
  }
  return false;
}

void kalam_send_ddl(KalamConnection* connection, const char* sql, KalamPendingChange* change, kalam::Status* status,
                    uint64 deadline_ms) {
  TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), KALAM_CLEANUP_DDL_MS);

  if (change != nullptr && change->kind == KalamRemoteDdl::new_column && change->commit_sql == nullptr) {
    kalam_new_table_alter(change, sql, status);
    return;
  }
  kalam_storage_state_forget_all();
  do {
    if (change != nullptr) change->done = false;
    kalam_execute(connection, sql, status, deadline_ms);
    // A refusal is an answer; what is there under the name is then somebody else's.
    if (change != nullptr && status->error != kalam::ErrorClass::none && !status->maybe_executed) change->done = true;
  } while (kalam_pause_for_cleanup(status, until));
  if (change != nullptr && status->error == kalam::ErrorClass::none) change->confirmed = true;
}

// ---------------------------------------------------------------- the end of transactions

// PostgreSQL's side is rolled back, and the remote statement may have been executed.
[[noreturn]] static void report_unknown(const KalamPendingChange* change) {
  kalam_report_unknown(change->connection, psprintf("\"%s\" was sent, but no answer came.", change->commit_sql),
                       "Check whether KalamDB has executed it before you repeat the transaction.");
}

// The call itself has the deadline, so that the client tells what became of the statement.
static uint64 time_left(const KalamConnection* connection) {
  KalamCommitDeadline deadline = kalam_commit_deadline(connection, STATEMENT_MS);
  kalam_check_deadline(&deadline, connection);
  return (uint64)Max(1, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline.at));
}

static void send(KalamPendingChange* change) {
  kalam::Status status;
  KalamConnection* connection = change->connection;
  MemoryContext context = CurrentMemoryContext;

  change->done = true;  // while nothing is handed over
  change->is_sent = true;
  PG_TRY();
  {
    kalam_send_ddl(connection, change->commit_sql, change, &status, time_left(connection));
  }
  PG_CATCH();
  {
    if (change->done) PG_RE_THROW();
    MemoryContextSwitchTo(context);
    FlushErrorState();
    report_unknown(change);
  }
  PG_END_TRY();
  if (status.error != kalam::ErrorClass::none) {
    if (status.maybe_executed && kalam_is_unanswered(&status)) report_unknown(change);
    report(change, &status);
  }
  change->done = true;
}

static bool is_replaced(const KalamPendingChange* change) {
  return change->about != nullptr &&
         kalam_pending_about(change->connection, change->name_space, change->table, change->about) != change;
}

static void send_oldest_first(KalamPendingChange* change) {
  if (change == nullptr) return;
  send_oldest_first(change->next);
  if (change->commit_sql != nullptr && !change->done && !is_replaced(change)) send(change);
}

void kalam_remote_ddl_send() {
  send_oldest_first(changes);
}

void kalam_remote_ddl_refuse_prepare() {
  if (changes != nullptr) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot PREPARE a transaction that has created, altered or dropped KalamDB tables")));
  }
}

void kalam_remote_ddl_commit_subtransaction(int level) {
  for (KalamPendingChange* change = changes; change != nullptr; change = change->next) {
    if (change->nest_level >= level) change->nest_level = level - 1;
  }
}

void kalam_remote_ddl_forget() {
  for (KalamPendingChange* change = changes; change != nullptr; change = change->next) {
    kalam_connection_unpin(change->connection);
  }
  changes = nullptr;
  state++;
}

KalamPendingChange* kalam_remote_ddl_pop(int level) {
  for (KalamPendingChange** link = &changes; *link != nullptr; link = &(*link)->next) {
    KalamPendingChange* change = *link;
    if (change->nest_level < level) continue;
    *link = change->next;
    state++;
    return change;
  }
  return nullptr;
}
