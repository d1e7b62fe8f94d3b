#include "extension/transaction/snapshot.h"

#include "extension/base/report.h"
#include "extension/base/settings.h"
#include "extension/catalog/storage_state.h"
#include "extension/remote/server_clock.h"
#include "extension/remote/wait.h"
#include "extension/transaction/outcome.h"

extern "C" {
#include "access/xact.h"
}

// How long the end of the server's transaction may keep the session waiting.
constexpr uint32 ROLLBACK_WAIT_MS = 500;

// Of this transaction of PostgreSQL's. Subtransactions come and go: what was read in one that is rolled back was read.
static struct {
  KalamConnection* connection;  // pinned from the first access on; NULL: there was none
  KalamCallHolder* begin;       // of the Begin; NULL: none was sent through the connection
  KalamCallHolder* keeper;      // keeps the server's transaction from ending for silence; NULL as above
  char* subject;                // of the data group; NULL: the shared tables'
  KalamSnapshot snapshot;
  bool is_open;           // the server may have its transaction open
  bool is_begun;          // and has told so, and the clock after that
  bool is_awaited;        // a scan was sent, and its answer has not come
  bool is_lost;           // the server's transaction has ended, or may have
  bool is_read;           // answers were passed on
  MemoryContext context;  // of what was read; NULL: nothing
  bool is_given_up;       // each statement reads what is stored
  bool has_told_groups;   // the WARNING about several snapshots was given
} current;

static bool has_told_latest;  // once a session

static bool is_strict() {
  return kalam_setting_isolation() == KalamIsolation::strict;
}

static const char* level_name() {
  return IsolationIsSerializable() ? "SERIALIZABLE" : "REPEATABLE READ";
}

bool kalam_snapshot_is_used() {
  return IsolationUsesXactSnapshot() && !current.is_given_up;
}

// ---------------------------------------------------------------- the server's transaction

// Rolls the server's transaction back. Where it is not known whether that is still open it ends with its session: what
// is sent later under the session's name could be executed in it, or on its own.
static void end_remote() {
  if (!current.is_open) return;
  kalam::Connection* handle = current.connection->handle;
  kalam::CallOptions options = {};
  kalam::Status status;
  bool is_ended = false;
  kalam_call_holder_clear(current.begin);
  if (current.keeper != nullptr) kalam_call_holder_clear(current.keeper);
  if (!current.is_awaited && !current.is_lost) {
    options.deadline_ms = ROLLBACK_WAIT_MS;
    kalam::Call* call = kalam::call_rollback(handle, &options, &status);
    if (call != nullptr && kalam::call_wait(call, ROLLBACK_WAIT_MS)) {
      kalam::call_status(call, &status);
      is_ended = status.error == kalam::ErrorClass::none;
    }
    kalam::call_release(call);
  }
  if (!is_ended) kalam::connection_abandon_session(handle);
  current.is_open = current.is_begun = current.is_awaited = current.is_lost = false;
}

static void let_connection_go() {
  end_remote();
  if (current.connection != nullptr) kalam_connection_unpin(current.connection);
  if (current.subject != nullptr) pfree(current.subject);
  current.connection = nullptr;
  current.begin = current.keeper = nullptr;
  current.subject = nullptr;
}

static void bind(KalamConnection* connection, const char* subject) {
  char* copy = subject != nullptr ? MemoryContextStrdup(TopTransactionContext, subject) : nullptr;
  let_connection_go();
  current.subject = copy;
  current.connection = connection;
  kalam_connection_pin(connection);
}

static bool is_bound_to(const KalamConnection* connection, const char* subject) {
  if (current.connection != connection) return false;
  if (subject == nullptr || current.subject == nullptr) return subject == current.subject;
  return strcmp(subject, current.subject) == 0;
}

static void report(const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = current.connection->server_name;
  kalam_report(status, &context);
}

// Waits for the answer to Begin. However the wait ends, it is noted before that the transaction may be open.
static void begin_remote(const KalamRelation* remote) {
  KalamConnection* connection = current.connection;
  kalam::TableRef table = kalam_table_ref(remote, current.subject);
  kalam::CallOptions options = {};
  options.to_use = &table;
  kalam::Status status;

  int64 before = kalam_finish_clock(connection, kalam_ask_clock(connection));
  if (current.begin == nullptr) current.begin = kalam_call_holder_create(TopTransactionContext, connection);
  current.begin->call = kalam::call_begin(connection->handle, &options, &status);
  if (current.begin->call == nullptr) report(&status);
  current.is_open = current.is_awaited = true;
  kalam_wait_for_call(current.begin->call);
  kalam::call_status(current.begin->call, &status);
  kalam_call_holder_clear(current.begin);
  current.is_awaited = false;
  if (status.error != kalam::ErrorClass::none) {
    current.is_open = false;
    report(&status);
  }
  // The end of the millisecond is later than the transaction, and what was there before the other one is earlier.
  int64 after = kalam_finish_clock(connection, kalam_ask_clock(connection));
  current.snapshot = {kalam_first_version_of(before), kalam_first_version_of(after + 1)};
  current.is_begun = true;
}

[[noreturn]] static void report_lost() {
  ereport(ERROR,
          (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
           errmsg("the transaction's snapshot of KalamDB server \"%s\" is gone", current.connection->server_name),
           errdetail("The server has ended the transaction that it belongs to, or an answer of it is missing."),
           errhint("Run the transaction again.")));
  pg_unreachable();
}

// ---------------------------------------------------------------- checks

// Once a transaction.
static void warn_about_groups(const char* reason) {
  if (current.has_told_groups) return;
  current.has_told_groups = true;
  ereport(WARNING, (errmsg("a transaction at isolation level %s reads several snapshots of KalamDB", level_name()),
                    errdetail("%s Setting kalam.isolation is \"relaxed\".", reason)));
}

// Once a session.
static void warn_about_latest(const char* reason) {
  if (has_told_latest) return;
  has_told_latest = true;
  ereport(
      WARNING,
      (errmsg("statements of a transaction at isolation level %s read KalamDB tables as they are", level_name()),
       errdetail("%s Setting kalam.isolation is \"relaxed\", so each statement sees what was committed before it, as "
                 "at READ COMMITTED.",
                 reason)));
}

static void give_up(const char* reason) {
  let_connection_go();
  current.is_given_up = true;
  warn_about_latest(reason);
}

static const char* const RELAXED_HINT = "Use READ COMMITTED, or SET kalam.isolation = 'relaxed'.";

// Whether the snapshot holds for the table, and can be shown to: its versions tell the time, and where they are stored
// is told.
static bool has_snapshot(const KalamRelation* remote) {
  return kalam_storage_state_is_told(remote) && (remote->kind == kalam::TableKind::user || remote->key_column >= 0);
}

static void check_group(const KalamRelation* remote, KalamConnection* connection, const char* subject) {
  if (current.connection == nullptr) bind(connection, subject);
  if (is_bound_to(connection, subject)) return;
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
           errmsg("cannot read KalamDB table \"%s\" in the snapshot of this transaction", remote->local_name),
           current.connection != connection
               ? errdetail("The snapshot is of another server, or was taken with another user mapping.")
               : errdetail("The snapshot is of %s, and KalamDB has none of tables of several users or of shared and "
                           "user tables.",
                           current.subject == nullptr ? "the shared tables" : "the tables of one user"),
           errhint("Read the table in a transaction of its own, use READ COMMITTED, or SET kalam.isolation = "
                   "'relaxed'.")));
}

void kalam_snapshot_check_read(const KalamRelation* remote, KalamConnection* connection, const char* subject) {
  if (!kalam_snapshot_is_used()) return;
  if (is_strict() && IsolationIsSerializable()) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("KalamDB tables cannot be used at isolation level %s", level_name()),
                    errhint("Use READ COMMITTED, REPEATABLE READ to read, or SET kalam.isolation = 'relaxed'.")));
  }
  if (!has_snapshot(remote)) {
    if (!is_strict()) return give_up("KalamDB has no snapshots of one of the tables.");
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot read KalamDB table \"%s\" at isolation level %s", remote->local_name, level_name()),
                    remote->kind == kalam::TableKind::stream
                        ? errdetail("KalamDB has no snapshots of stream tables.")
                        : errdetail("Nothing shows that the server keeps a snapshot of the table."),
                    errhint("%s", RELAXED_HINT)));
  }
  if (is_strict()) check_group(remote, connection, subject);
}

void kalam_snapshot_check_change() {
  if (!kalam_snapshot_is_used()) return;
  if (!is_strict()) return give_up("KalamDB does not check changes against a snapshot.");
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot change or lock rows of KalamDB tables at isolation level %s", level_name()),
                  errdetail("KalamDB does not check changes against a snapshot."), errhint("%s", RELAXED_HINT)));
}

// ---------------------------------------------------------------- reading

const KalamSnapshot* kalam_snapshot_open(const KalamRelation* remote, KalamConnection* connection,
                                         const char* subject) {
  if (current.connection == nullptr) bind(connection, subject);
  if (!is_bound_to(connection, subject)) {
    if (is_strict()) check_group(remote, connection, subject);
    if (current.is_read) warn_about_groups("Its tables are not of one data group, user mapping and server.");
    bind(connection, subject);
  }
  if (current.is_lost || current.is_awaited) {
    current.is_lost = true;
    if (current.is_read || !kalam_snapshot_renew()) report_lost();
  }
  // A Begin whose clock is missing.
  if (current.is_open && !current.is_begun) end_remote();
  if (!current.is_open) begin_remote(remote);
  return &current.snapshot;
}

void kalam_snapshot_note_sent() {
  current.is_awaited = true;
}

void kalam_snapshot_note_answer(const kalam::Status* status) {
  current.is_awaited = false;
  if (kalam_is_unanswered(status) || status->error == kalam::ErrorClass::transaction_gone ||
      status->error == kalam::ErrorClass::transaction_unknown || status->error == kalam::ErrorClass::session_gone)
    current.is_lost = true;
}

MemoryContext kalam_snapshot_context() {
  if (current.context == nullptr)
    current.context = AllocSetContextCreate(TopTransactionContext, "KalamDB snapshot", ALLOCSET_SMALL_SIZES);
  return current.context;
}

// A lookup of some key: KalamDB reads the table for it, and answers with a row at most. It goes on while PostgreSQL
// waits for the client's next statement, so it is the client's to send.
static void keep_alive(const KalamRelation* remote) {
  if (current.keeper == nullptr) current.keeper = kalam_call_holder_create(TopTransactionContext, current.connection);
  if (current.keeper->call != nullptr || remote->key_column < 0) return;
  const KalamRemoteColumn* key = &remote->columns[remote->key_column];
  kalam::ScanFilter filter = {key->name, key->type.kind == kalam::RemoteKind::boolean ? "true" : "0"};
  kalam::ScanRequest request = {};
  kalam::Status ignored;
  request.table = kalam_table_ref(remote, current.subject);
  const char* column = key->name;
  request.columns = &column;
  request.column_count = 1;
  request.filters = &filter;
  request.filter_count = 1;
  // Without it the snapshot ends when the session is idle for long, which is an error then.
  current.keeper->call = kalam::call_keep_alive(current.connection->handle, &request,
                                                (uint32)kalam_setting_snapshot_keep_alive_ms(), &ignored);
}

void kalam_snapshot_note_read(const KalamRelation* remote) {
  current.is_read = true;
  if (current.is_open) keep_alive(remote);
}

bool kalam_snapshot_renew() {
  if (current.is_read) {
    if (is_strict()) return false;
    warn_about_groups("The first one could not be used for all tables.");
  }
  end_remote();
  return true;
}

void kalam_snapshot_end() {
  let_connection_go();
  if (current.context != nullptr) MemoryContextDelete(current.context);
  current = {};
}
