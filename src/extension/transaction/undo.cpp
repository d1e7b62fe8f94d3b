#include "extension/transaction/undo.h"

#include "extension/base/definition_epoch.h"
#include "extension/base/report.h"
#include "extension/remote/query.h"
#include "extension/remote/wait.h"
#include "extension/transaction/cleanup_pending.h"
#include "extension/transaction/detached_calls.h"
#include "extension/transaction/remote_ddl.h"

extern "C" {
#include "storage/ipc.h"
}

// Bounds on the wait, for all changes together: usually, and after a wait that was cancelled.
constexpr int64 UNDO_MS = 3000;
constexpr int64 UNDO_AFTER_CANCEL_MS = 50;

// A request that is not waited for keeps its place before later ones of the session until the server has answered it.
constexpr uint64 REQUEST_MS = 60000;

// One attempt. Sent even after the deadline, and then left to itself.
static void send(const KalamPendingChange* change, TimestampTz deadline, kalam::Status* status) {
  kalam::CallOptions options = {REQUEST_MS};
  kalam::Call* call =
      kalam::call_execute_sql(change->connection->handle, change->undo_sql, strlen(change->undo_sql), &options, status);
  if (call == nullptr) return;
  if (kalam_wait_without_interrupts(call, deadline)) {
    kalam::call_status(call, status);
    KalamCallSubject none = {};
    kalam_release_call(change->connection, &none, call);
  } else {
    status->error = kalam::ErrorClass::timeout;
    kalam_detach_call(call, change->connection, change->name_space, change->table);
  }
  // The statement that is undone has called this before, so that it cannot fail here.
  kalam_definition_epoch_advance();
}

// A change whose answer was lost may not have been made, and one whose undoing was lost may be undone: then there is
// nothing to undo (spec 10.4).
static bool is_undone(const KalamPendingChange* change, bool repeated, const kalam::Status* status) {
  return change->kind == KalamRemoteDdl::altered && (repeated || !change->confirmed) && status->is_object_missing;
}

static void warn(const KalamPendingChange* change, const kalam::Status* status) {
  ereport(WARNING,
          (errcode(kalam_sqlstate(status)),
           errmsg("could not undo %s of KalamDB table \"%s.%s\"", change->what, change->name_space, change->table),
           status->detail[0] != '\0'
               ? errdetail_internal("%s", kalam_text_from_remote(status->detail, strlen(status->detail)))
           : status->error == kalam::ErrorClass::timeout
               ? errdetail("The server did not answer in time. It may still carry out the request.")
               : 0,
           change->kind == KalamRemoteDdl::created
               ? errhint("Drop it in KalamDB, or attach it with CREATE FOREIGN TABLE.")
               : errhint("%s takes it back.", kalam_exec_call(change->connection->server_name, change->undo_sql))));
}

static void undo(const KalamPendingChange* change, TimestampTz deadline) {
  kalam::Status status = {};
  bool repeated = false;

  for (;;) {
    send(change, deadline, &status);
    // What broke the connection that the change was made on often shows only here. Undoing twice does no harm.
    bool is_lost = status.error == kalam::ErrorClass::connection_lost && !repeated;
    if (status.error != kalam::ErrorClass::busy && !is_lost) break;
    if (TimestampTzPlusMilliseconds(GetCurrentTimestamp(), KALAM_CLEANUP_PAUSE_MS) > deadline) break;
    repeated = repeated || is_lost;
    pg_usleep(KALAM_CLEANUP_PAUSE_MS * 1000);
  }
  if (status.error != kalam::ErrorClass::none && !is_undone(change, repeated, &status)) warn(change, &status);
}

// A namespace that was made for a table stays: the server drops what is in it with it (spec 10.2), and another session
// may have put a table there at any time.
static void tell_of_namespace(const KalamPendingChange* change) {
  if (proc_exit_inprogress) return;
  ereport(NOTICE, (errmsg("namespace \"%s\" stays in KalamDB", change->name_space),
                   errdetail("It was made for a table whose creation is undone. It is not dropped, because KalamDB "
                             "would drop the tables that others may have made in it.")));
}

static TimestampTz undo_deadline(bool was_cancelled) {
  int64 most = UNDO_MS;
  if (proc_exit_inprogress && kalam_postmaster_is_alive()) {
    most = KALAM_EXIT_WAIT_MS;
  } else if (proc_exit_inprogress || was_cancelled) {
    most = UNDO_AFTER_CANCEL_MS;
  }
  return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), most);
}

void kalam_remote_ddl_undo(int level, bool was_cancelled) {
  TimestampTz deadline = undo_deadline(was_cancelled);
  KalamPendingChange* change;
  while ((change = kalam_remote_ddl_pop(level)) != nullptr) {
    if (change->kind == KalamRemoteDdl::name_space) {
      tell_of_namespace(change);
    } else if (change->undo_sql != nullptr && !change->done) {
      undo(change, deadline);
    }
    kalam_connection_unpin(change->connection);
  }
}
