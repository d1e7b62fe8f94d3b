#include "extension/transaction/commit/new_tables.h"

#include "extension/base/settings.h"
#include "extension/remote/query.h"
#include "extension/transaction/atomic.h"
#include "extension/transaction/cleanup_pending.h"
#include "extension/transaction/commit/commit.h"
#include "extension/transaction/commit/sender.h"
#include "extension/transaction/new_table.h"

extern "C" {
#include "storage/ipc.h"
}

// A bound for one question, where neither statement_timeout nor option timeout sets one.
constexpr uint64 QUESTION_MS = 60000;

// So many statements are told by an error.
constexpr int MAX_TOLD = 20;

static bool has_others_rows(const KalamJournal* journal) {
  return !kalam_new_table_has_rows(journal);
}

// ---------------------------------------------------------------- before anything is sent

// Whether a newer change drops the table of that name, so that this one need not be sent.
static bool is_dropped_later(const KalamPendingChange* older) {
  for (const KalamPendingChange* change = kalam_pending_changes(); change != older; change = change->next) {
    if (change->kind == KalamRemoteDdl::drop &&
        kalam_pending_concerns(change, older->connection->key.serverid, older->name_space, older->table))
      return true;
  }
  return false;
}

static bool is_dropped_before(const KalamPendingChange* newer) {
  for (const KalamPendingChange* change = newer->next; change != nullptr; change = change->next) {
    if (change->kind == KalamRemoteDdl::drop &&
        kalam_pending_concerns(change, newer->connection->key.serverid, newer->name_space, newer->table))
      return true;
  }
  return false;
}

// Of several rounds of DROP and CREATE the first DROP and the last CREATE are left.
static void leave_out_superseded() {
  for (KalamPendingChange* change = kalam_pending_changes(); change != nullptr; change = change->next) {
    if (change->commit_sql == nullptr || change->done) continue;
    change->done = change->kind == KalamRemoteDdl::drop ? is_dropped_before(change) : is_dropped_later(change);
  }
}

// The server answers, and says nothing that would keep the table from being dropped and created.
static void check_server(const KalamPendingChange* change) {
  KalamCommitDeadline deadline = kalam_commit_deadline(change->connection, QUESTION_MS);
  kalam_check_deadline(&deadline, change->connection);
  uint64 left = (uint64)Max(1, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline.at));
  const KalamQueryResult* answer =
      kalam_query(change->connection,
                  psprintf("SELECT table_type FROM system.tables WHERE namespace_id = %s AND table_name = %s LIMIT 1",
                           kalam_quote_literal(change->name_space), kalam_quote_literal(change->table)),
                  nullptr, left);
  kalam::TableKind kind;
  if (answer->row_count == 1 && answer->column_count == 1 && answer->values[0][0] != nullptr &&
      kalam_table_kind_from_text(answer->values[0][0], &kind) && kind == kalam::TableKind::stream) {
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("KalamDB table \"%s.%s\" has become a stream table", change->name_space, change->table),
                    errdetail("Its rows would outlive DROP TABLE, and be those of the new table."),
                    errhint("Repeat the transaction.")));
  }
}

static void check_everything() {
  kalam_new_table_check_others();
  kalam_journals_choose(kalam_new_table_has_rows);
  if (kalam_setting_write_mode() == KalamWriteMode::atomic && kalam_transaction_needs_begin() &&
      kalam_transaction_single_move() == nullptr)
    kalam_transaction_check_atomic();
  for (const KalamPendingChange* change = kalam_pending_changes(); change != nullptr; change = change->next)
    if (change->kind == KalamRemoteDdl::new_table && !change->done) check_server(change);
}

// ---------------------------------------------------------------- rows of the new tables

// Single requests are sent again while the server cleans up behind DROP TABLE; its transactions are not. A removal of a
// row that is not there tells whether it has come to its end.
static void wait_for_cleanup(KalamJournal* journal) {
  if (!journal->relation->awaits_commit) return;
  TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), KALAM_CLEANUP_DDL_MS);
  KalamSender* sender = kalam_sender_open(journal->connection);
  kalam::TableRef table = kalam_sender_table(journal);
  kalam::CallOptions options = {};
  kalam::Status status;
  do {
    kalam_sender_check_deadline(sender);
    kalam_call_holder_clear(sender->holder);
    sender->holder->call =
        kalam::call_delete(sender->connection->handle, &table, journal->keys[0].text, &options, &status);
    kalam_sender_check_started(sender, journal, sender->holder->call, &status);
    if (!kalam_wait_for_call_until(sender->holder->call, sender->deadline.at)) kalam_sender_check_deadline(sender);
    kalam::call_status(sender->holder->call, &status);
  } while (kalam_pause_for_cleanup(&status, until));
  kalam_call_holder_clear(sender->holder);
}

static void send_new_rows() {
  ListCell* cell;
  kalam_journals_choose(kalam_new_table_has_rows);
  if (!kalam_transaction_has_work()) return;
  if (kalam_transaction_needs_begin()) {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB clean-up", ALLOCSET_SMALL_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    foreach (cell, kalam_journals()) {
      KalamJournal* journal = (KalamJournal*)lfirst(cell);
      if (kalam_journal_net_count(journal) > 0) wait_for_cleanup(journal);
    }
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
  }
  kalam_commit_journals();
}

// ---------------------------------------------------------------- errors

// What became of a table: the DROP was carried out, or may have been.
static void tell_table(StringInfo told, const KalamPendingChange* drop) {
  const KalamPendingChange* create = kalam_pending_changes();
  for (; create != drop; create = create->next) {
    if (create->kind == KalamRemoteDdl::new_table && (create->is_sent || !create->done) &&
        kalam_pending_concerns(create, drop->connection->key.serverid, drop->name_space, drop->table))
      break;
  }
  if (create == drop) return;
  const char* created = create->confirmed                  ? "and the new one was created"
                        : !create->is_sent || create->done ? "and the new one was not created"
                                                           : "and the new one may have been created";
  appendStringInfo(told, "%sKalamDB table \"%s.%s\" %s, with its rows, %s.", told->len > 0 ? "\n" : "",
                   drop->name_space, drop->table, drop->confirmed ? "is dropped" : "may be dropped", created);
}

static void tell_statements(StringInfo told, const KalamPendingChange* change, int* count) {
  if (change == nullptr) return;
  tell_statements(told, change->next, count);
  if (!change->is_sent || (*count)++ >= MAX_TOLD) return;
  appendStringInfo(told, "%s%s", *count > 1 ? "; " : "\nSent: ", change->commit_sql);
}

static char* tell_all(bool has_sent_others) {
  StringInfoData told;
  int count = 0;
  initStringInfo(&told);
  for (const KalamPendingChange* change = kalam_pending_changes(); change != nullptr; change = change->next) {
    if (change->kind == KalamRemoteDdl::drop && (change->confirmed || (change->is_sent && !change->done)))
      tell_table(&told, change);
  }
  if (told.len == 0 && !has_sent_others) return nullptr;
  if (has_sent_others)
    appendStringInfo(&told, "%sThe changes of other tables were applied before that.", told.len > 0 ? "\n" : "");
  tell_statements(&told, kalam_pending_changes(), &count);
  appendStringInfoString(&told, count > MAX_TOLD ? "; ..." : "");
  return told.data;
}

constexpr const char* HINT = "Repeat the whole transaction, with DROP TABLE.";

// The session is ended while it waits: no error comes, but the table may be gone.
static void tell_at_exit(int, Datum has_sent_others) {
  const char* told = tell_all(DatumGetBool(has_sent_others));
  if (told == nullptr) return;
  ereport(WARNING,
          (errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN), errmsg("the session ended in the middle of a COMMIT"),
           errdetail_internal("%s", told), errhint("%s", HINT)));
}

static void send_tables(bool has_sent_others) {
  MemoryContext context = CurrentMemoryContext;
  before_shmem_exit(tell_at_exit, BoolGetDatum(has_sent_others));
  PG_TRY();
  {
    kalam_remote_ddl_send();
    send_new_rows();
    cancel_before_shmem_exit(tell_at_exit, BoolGetDatum(has_sent_others));
  }
  PG_CATCH();
  {
    cancel_before_shmem_exit(tell_at_exit, BoolGetDatum(has_sent_others));
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    const char* told = tell_all(has_sent_others);
    if (told == nullptr) ReThrowError(error);
    error->detail = error->detail != nullptr ? psprintf("%s\n%s", error->detail, told) : pstrdup(told);
    if (error->hint == nullptr) error->hint = pstrdup(HINT);
    ReThrowError(error);
  }
  PG_END_TRY();
}

void kalam_commit_new_tables() {
  leave_out_superseded();
  check_everything();
  kalam_journals_choose(has_others_rows);
  bool has_others = kalam_transaction_has_work();
  if (has_others) kalam_commit_journals();
  send_tables(has_others);
}
