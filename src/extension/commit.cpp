#include "extension/commit.h"

#include "extension/commit_error.h"
#include "extension/ddl/pending.h"
#include "extension/errors.h"
#include "extension/settings.h"
#include "extension/transaction.h"
#include "extension/wait.h"

extern "C" {
#include "storage/proc.h"
}

// Calls in flight: enough to hide the round trip; fewer for inserts, of which each is a few megabytes.
constexpr int CALLS_IN_FLIGHT = 64;
constexpr int INSERTS_IN_FLIGHT = 4;

// How long the rollback of a failed commit may keep the session waiting.
constexpr uint32 ROLLBACK_WAIT_MS = 500;

// One of the calls in flight and what it is about.
struct PendingCall {
  KalamCallHolder* holder;
  const KalamJournal* journal;
  const char* key;  // of a lookup; NULL: a staged change
};

struct Sender {
  KalamConnection* connection;
  TimestampTz deadline;       // 0: none
  bool is_statement_timeout;  // what set it
  MemoryContext context;      // of the whole sending
  MemoryContext row_context;  // reset for every row
  PendingCall pending[CALLS_IN_FLIGHT];
  bool in_transaction;  // the server's transaction is open
};

// What a commit in several requests has done so far.
struct Progress {
  int64 steps;  // requests or transactions of the server that were applied
  int64 rows;   // changes in them
};

// ---------------------------------------------------------------- errors

static void fill_context(const Sender* sender, const KalamJournal* journal, KalamErrorContext* context) {
  memset(context, 0, sizeof(*context));
  context->server = sender->connection->server_name;
  if (journal == nullptr) return;
  context->remote_table = journal->relation->remote_name;
  context->relation = journal->relation->local_name;
  if (journal->relation->key_column >= 0)
    context->key_column = journal->relation->columns[journal->relation->key_column].name;
}

[[noreturn]] static void report_timeout(const Sender* sender) {
  if (sender->is_statement_timeout)
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceling statement due to statement timeout")));
  ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                  errmsg("KalamDB server \"%s\" did not answer in time", sender->connection->server_name)));
}

// A call that changed nothing yet failed: starting it, staging, looking up.
static void check_started(const Sender* sender, const KalamJournal* journal, const kalam::Call* call,
                          const kalam::Status* status) {
  if (call != nullptr) return;
  KalamErrorContext context;
  fill_context(sender, journal, &context);
  kalam_report(status, &context);
}

static void check_succeeded(const Sender* sender, const KalamJournal* journal, const kalam::Call* call) {
  kalam::Status status;
  kalam::call_status(call, &status);
  if (status.error == kalam::ErrorClass::none) return;
  KalamErrorContext context;
  fill_context(sender, journal, &context);
  kalam_relation_error(journal != nullptr ? journal->relid : InvalidOid, &status);
  kalam_report(&status, &context);
}

// ---------------------------------------------------------------- waiting

// The end of the wait at commit. PostgreSQL has switched statement_timeout off by now, so it is kept here.
static void set_deadline(Sender* sender) {
  if (StatementTimeout > 0) {
    sender->deadline = TimestampTzPlusMilliseconds(GetCurrentStatementStartTimestamp(), (int64)StatementTimeout);
    sender->is_statement_timeout = true;
  }
  if (sender->connection->commit_timeout_ms > 0) {
    TimestampTz limit =
        TimestampTzPlusMilliseconds(GetCurrentTimestamp(), (int64)sender->connection->commit_timeout_ms);
    if (sender->deadline == 0 || limit < sender->deadline) {
      sender->deadline = limit;
      sender->is_statement_timeout = false;
    }
  }
}

static void wait_for(const Sender* sender, kalam::Call* call) {
  if (!kalam_wait_for_call_until(call, sender->deadline)) report_timeout(sender);
}

// Waits for a call that makes changes permanent. After it was handed over nothing but its answer tells what happened,
// so an interrupt or the deadline ends in 08007 unless the client knows that the request was not executed, or that it
// succeeded all the same. Returns the outcome of a call that was answered.
static void wait_for_outcome(Sender* sender, kalam::Call* call, kalam::Status* status) {
  volatile bool done = false;
  ErrorData* volatile interrupt = nullptr;

  PG_TRY();
  {
    done = kalam_wait_for_call_until(call, sender->deadline);
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(sender->context);
    interrupt = CopyErrorData();
    FlushErrorState();
  }
  PG_END_TRY();

  if (!done) {
    kalam::call_cancel(call);
    kalam::call_wait(call, 0);
  }
  kalam::call_status(call, status);
  if (status->error == kalam::ErrorClass::none) return;

  if (!done && !status->maybe_executed) {
    if (interrupt != nullptr) ReThrowError(interrupt);
    report_timeout(sender);
  }
  if (status->maybe_executed && (!done || !kalam_is_verdict(status))) kalam_report_unknown(sender->connection, status);
}

// ---------------------------------------------------------------- calls in flight

// Whether the answer of a lookup has a row.
static void check_lookup(const Sender* sender, PendingCall* pending) {
  kalam::Window window;
  kalam::Status status;
  if (kalam::call_result_next(pending->holder->call, 1, &window, &status)) return;
  if (status.error == kalam::ErrorClass::none) kalam_report_row_gone(pending->journal, pending->key);
  KalamErrorContext context;
  fill_context(sender, pending->journal, &context);
  kalam_report(&status, &context);
}

static void finish(Sender* sender, PendingCall* pending) {
  check_succeeded(sender, pending->journal, pending->holder->call);
  if (pending->key != nullptr) check_lookup(sender, pending);
  kalam_call_holder_clear(pending->holder);
}

// A place for one more call when fewer than `limit` are in flight; waits for one to end otherwise.
static PendingCall* acquire(Sender* sender, int limit) {
  kalam::Call* calls[CALLS_IN_FLIGHT];
  for (;;) {
    int active = 0;
    PendingCall* free_place = nullptr;
    for (int i = 0; i < CALLS_IN_FLIGHT; i++) {
      PendingCall* pending = &sender->pending[i];
      calls[i] = pending->holder->call;
      if (calls[i] == nullptr)
        free_place = pending;
      else
        active++;
    }
    if (active < limit) return free_place;
    int done = kalam_wait_for_any(calls, CALLS_IN_FLIGHT, sender->deadline);
    if (done < 0) report_timeout(sender);
    finish(sender, &sender->pending[done]);
  }
}

static void drain(Sender* sender) {
  for (int i = 0; i < CALLS_IN_FLIGHT; i++) {
    PendingCall* pending = &sender->pending[i];
    if (pending->holder->call == nullptr) continue;
    wait_for(sender, pending->holder->call);
    finish(sender, pending);
  }
}

// Takes over a call that was started, or reports why it was not.
static void launch(Sender* sender, PendingCall* pending, const KalamJournal* journal, const char* key,
                   kalam::Call* call, const kalam::Status* status) {
  pending->holder->call = call;
  pending->journal = journal;
  pending->key = key;
  check_started(sender, journal, call, status);
}

// ---------------------------------------------------------------- rows

static kalam::TableRef table_ref(const KalamJournal* journal) {
  return kalam_table_ref(journal->relation, journal->subject);
}

// Encodes the row of an entry behind those in the writer's buffer.
static void encode(Sender* sender, KalamJournal* journal, const KalamJournalEntry* entry, bool partial) {
  int natts = journal->tupdesc->natts;
  MemoryContext old = MemoryContextSwitchTo(sender->row_context);
  Datum* values = (Datum*)palloc(sizeof(Datum) * Max(natts, 1));
  bool* nulls = (bool*)palloc(sizeof(bool) * Max(natts, 1));
  kalam_journal_deform(kalam_journal_tuple(journal, entry), journal->tupdesc, values, nulls);
  kalam_row_writer_append(journal->writer, values, nulls, partial);
  MemoryContextSwitchTo(old);
  MemoryContextReset(sender->row_context);
}

// The entry to be sent for `index`, if that is the newest of its key and has the wanted effect.
static bool is_net(const KalamJournal* journal, int32 index, KalamNet wanted) {
  const KalamJournalEntry* entry = &journal->entries[index];
  if (entry->key < 0) return wanted == KalamNet::insert;
  const KalamJournalKey* key = &journal->keys[entry->key];
  return key->newest == index && kalam_journal_net(journal, key) == wanted;
}

// A row that was deleted and inserted again is a new row: it keeps nothing of the columns that only the server has.
static bool was_replaced(const KalamJournal* journal, int32 index) {
  for (; index != KALAM_NO_ENTRY; index = journal->entries[index].older)
    if (journal->entries[index].change == KalamChange::insert) return true;
  return false;
}

// ---------------------------------------------------------------- one request

static void report_not_committed(const Sender* sender, const KalamJournal* journal, const kalam::Status* status) {
  if (status->error == kalam::ErrorClass::none) return;
  KalamErrorContext context;
  fill_context(sender, journal, &context);
  kalam_relation_error(journal->relid, status);
  kalam_report(status, &context);
}

// Rows of the writer's buffer as one request.
static void send_rows(Sender* sender, KalamJournal* journal, size_t first, size_t count) {
  kalam::TableRef table = table_ref(journal);
  kalam::CallOptions options = {};
  kalam::Status status;
  KalamCallHolder* holder = sender->pending[0].holder;
  TimestampTz settled = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), KALAM_SETTLE_MS);
  do {
    if (sender->deadline != 0 && GetCurrentTimestamp() >= sender->deadline) report_timeout(sender);
    kalam_call_holder_clear(holder);
    holder->call =
        kalam::call_insert(sender->connection->handle, &table, journal->writer->rows, first, count, &options, &status);
    check_started(sender, journal, holder->call, &status);
    wait_for_outcome(sender, holder->call, &status);
  } while (kalam_pause_to_settle(&status, settled));
  report_not_committed(sender, journal, &status);
  uint64 affected = kalam::call_affected_rows(holder->call);
  kalam_call_holder_clear(holder);
  if (affected != count)
    ereport(ERROR,
            (errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
             errmsg("outcome of the transaction on KalamDB server \"%s\" is unknown", sender->connection->server_name),
             errdetail("%zu rows were sent, but the server reports %llu.", count, (unsigned long long)affected)));
}

// All inserts of the journal as one request. False when they do not fit one after all.
static bool send_inserts_at_once(Sender* sender, KalamJournal* journal) {
  kalam::RowBuffer* rows = journal->writer->rows;
  kalam::TableRef table = table_ref(journal);
  kalam::Status status;

  kalam::row_buffer_clear(rows);
  for (int32 i = 0; i < journal->length; i++)
    if (is_net(journal, i, KalamNet::insert)) encode(sender, journal, &journal->entries[i], false);
  size_t count = kalam::row_buffer_count(rows);
  if (kalam::row_buffer_fit(rows, &table, 0, &status) < count) {
    kalam::row_buffer_clear(rows);
    if (status.error != kalam::ErrorClass::none) report_not_committed(sender, journal, &status);
    return false;
  }

  send_rows(sender, journal, 0, count);
  kalam::row_buffer_clear(rows);
  return true;
}

// The one update or removal of the journal.
static void send_single_change(Sender* sender, KalamJournal* journal) {
  kalam::TableRef table = table_ref(journal);
  kalam::CallOptions options = {};
  kalam::Status status;
  int32 index = 0;
  while (!is_net(journal, index, KalamNet::update) && !is_net(journal, index, KalamNet::remove)) index++;
  const KalamJournalEntry* entry = &journal->entries[index];
  const char* key = journal->keys[entry->key].text;
  KalamCallHolder* holder = sender->pending[0].holder;
  bool removes = entry->change == KalamChange::remove;

  if (removes) {
    holder->call = kalam::call_delete(sender->connection->handle, &table, key, &options, &status);
  } else {
    kalam::row_buffer_clear(journal->writer->rows);
    encode(sender, journal, entry, !was_replaced(journal, index));
    holder->call =
        kalam::call_update(sender->connection->handle, &table, key, journal->writer->rows, 0, &options, &status);
    kalam::row_buffer_clear(journal->writer->rows);
  }
  check_started(sender, journal, holder->call, &status);
  wait_for_outcome(sender, holder->call, &status);
  if (status.error == kalam::ErrorClass::row_gone) kalam_report_row_gone(journal, key);
  report_not_committed(sender, journal, &status);
  // An update that changes nothing counts no row (spec 7.4), a removal always does.
  if (removes && kalam::call_affected_rows(holder->call) == 0) kalam_report_row_gone(journal, key);
  kalam_call_holder_clear(holder);
}

// ---------------------------------------------------------------- a transaction of the server

// Every row that is to be changed must still be there: a commit stops in the middle at a row that is gone, and what
// was applied before stays (spec 8.5). Outside the server's transaction, where lookups by key are fast.
static void look_rows_up(Sender* sender, KalamJournal* journal) {
  if (journal->net_updates + journal->net_removes == 0) return;
  const char* column = kalam_journal_key_name(journal);
  kalam::CallOptions options = {};
  kalam::Status status;
  for (int32 i = 0; i < journal->length; i++) {
    if (!is_net(journal, i, KalamNet::update) && !is_net(journal, i, KalamNet::remove)) continue;
    const char* key = journal->keys[journal->entries[i].key].text;
    PendingCall* pending = acquire(sender, CALLS_IN_FLIGHT);
    kalam::ScanFilter filter = {column, key};
    kalam::ScanRequest request = {};
    request.table = table_ref(journal);
    request.columns = &column;
    request.column_count = 1;
    request.filters = &filter;
    request.filter_count = 1;
    kalam::Call* call = kalam::call_scan(sender->connection->handle, &request, &options, &status);
    launch(sender, pending, journal, key, call, &status);
  }
}

// The rows in the writer's buffer: staged, many in flight; or with `progress` each request for itself.
static void send_buffered(Sender* sender, KalamJournal* journal, Progress* progress) {
  kalam::RowBuffer* rows = journal->writer->rows;
  kalam::TableRef table = table_ref(journal);
  kalam::CallOptions options = {};
  kalam::Status status;
  size_t count = kalam::row_buffer_count(rows);
  for (size_t first = 0; first < count;) {
    size_t fitting = kalam::row_buffer_fit(rows, &table, first, &status);
    if (fitting == 0) report_not_committed(sender, journal, &status);
    if (progress != nullptr) {
      send_rows(sender, journal, first, fitting);
      progress->steps++;
      progress->rows += (int64)fitting;
    } else {
      PendingCall* pending = acquire(sender, INSERTS_IN_FLIGHT);
      kalam::Call* call =
          kalam::call_insert(sender->connection->handle, &table, rows, first, fitting, &options, &status);
      launch(sender, pending, journal, nullptr, call, &status);
    }
    first += fitting;
  }
  kalam::row_buffer_clear(rows);
}

static void send_inserts(Sender* sender, KalamJournal* journal, Progress* progress) {
  if (journal->net_inserts == 0) return;
  kalam::RowBuffer* rows = journal->writer->rows;
  kalam::row_buffer_clear(rows);
  int64 bytes = KALAM_REQUEST_OVERHEAD;
  for (int32 i = 0; i < journal->length; i++) {
    if (!is_net(journal, i, KalamNet::insert)) continue;
    const KalamJournalEntry* entry = &journal->entries[i];
    int64 row_bytes = (int64)entry->bytes + KALAM_ROW_OVERHEAD;
    if (bytes + row_bytes > KALAM_REQUEST_BYTES) {
      send_buffered(sender, journal, progress);
      bytes = KALAM_REQUEST_OVERHEAD;
    }
    encode(sender, journal, entry, false);
    bytes += row_bytes;
  }
  send_buffered(sender, journal, progress);
}

static void stage_changes(Sender* sender, KalamJournal* journal) {
  kalam::TableRef table = table_ref(journal);
  kalam::CallOptions options = {};
  kalam::Status status;
  for (int32 i = 0; i < journal->length; i++) {
    bool updates = is_net(journal, i, KalamNet::update);
    if (!updates && !is_net(journal, i, KalamNet::remove)) continue;
    const KalamJournalEntry* entry = &journal->entries[i];
    const char* key = journal->keys[entry->key].text;
    PendingCall* pending = acquire(sender, CALLS_IN_FLIGHT);
    kalam::Call* call;
    if (updates) {
      kalam::row_buffer_clear(journal->writer->rows);
      encode(sender, journal, entry, !was_replaced(journal, i));
      call = kalam::call_update(sender->connection->handle, &table, key, journal->writer->rows, 0, &options, &status);
      kalam::row_buffer_clear(journal->writer->rows);
    } else {
      call = kalam::call_delete(sender->connection->handle, &table, key, &options, &status);
    }
    launch(sender, pending, journal, nullptr, call, &status);
  }
}

// The answer of a commit that failed. Duplicate keys, and whatever one batch of inserts is refused for, are found
// before anything is applied; what is found later leaves behind what came first (spec 8.5). The client tells which it
// was.
[[noreturn]] static void report_commit_failure(Sender* sender, const KalamJournal* journal,
                                               const kalam::Status* status) {
  const char* text = status->detail[0] != '\0' ? status->detail : status->message;
  if (status->maybe_executed)
    ereport(ERROR,
            (errcode(status->error == kalam::ErrorClass::row_gone ? ERRCODE_T_R_SERIALIZATION_FAILURE
                                                                  : ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
             errmsg("KalamDB server \"%s\" stopped in the middle of the commit", sender->connection->server_name),
             errdetail("%s", kalam_text_from_remote(text, strlen(text))),
             errhint("Some of the transaction's changes may have been applied.")));
  KalamErrorContext context;
  fill_context(sender, journal, &context);
  kalam_report(status, &context);
}

static void end_failed_transaction(Sender* sender) {
  for (int i = 0; i < CALLS_IN_FLIGHT; i++) kalam_call_holder_clear(sender->pending[i].holder);
  if (!sender->in_transaction) return;
  sender->in_transaction = false;
  kalam::CallOptions options = {};
  options.deadline_ms = ROLLBACK_WAIT_MS;
  kalam::Status ignored;
  kalam::Call* call = kalam::call_rollback(sender->connection->handle, &options, &ignored);
  if (call == nullptr) return;
  kalam::call_wait(call, ROLLBACK_WAIT_MS);
  kalam::call_release(call);
}

// The changes of the journals as one; without their inserts when these were sent before.
static void send_in_transaction(Sender* sender, List* journals, bool with_inserts) {
  kalam::CallOptions options = {};
  ListCell* cell;

  PG_TRY();
  {
    // In here, as the handler has no use for it: no compiler need wonder which value it has after a longjmp.
    KalamJournal* only = list_length(journals) == 1 ? (KalamJournal*)linitial(journals) : nullptr;
    kalam::Status status;
    KalamCallHolder* holder = sender->pending[0].holder;

    foreach (cell, journals) look_rows_up(sender, (KalamJournal*)lfirst(cell));
    drain(sender);

    holder->call = kalam::call_begin(sender->connection->handle, &options, &status);
    check_started(sender, only, holder->call, &status);
    sender->in_transaction = true;
    wait_for(sender, holder->call);
    check_succeeded(sender, only, holder->call);
    kalam_call_holder_clear(holder);

    foreach (cell, journals) {
      if (with_inserts) send_inserts(sender, (KalamJournal*)lfirst(cell), nullptr);
      stage_changes(sender, (KalamJournal*)lfirst(cell));
    }
    drain(sender);

    CHECK_FOR_INTERRUPTS();
    holder->call = kalam::call_commit(sender->connection->handle, &options, &status);
    check_started(sender, only, holder->call, &status);
    sender->in_transaction = false;
    wait_for_outcome(sender, holder->call, &status);
    if (status.error != kalam::ErrorClass::none) report_commit_failure(sender, only, &status);
    kalam_call_holder_clear(holder);
  }
  PG_CATCH();
  {
    end_failed_transaction(sender);
    PG_RE_THROW();
  }
  PG_END_TRY();
}

// ---------------------------------------------------------------- choosing

static Sender* open_sender(KalamConnection* connection) {
  Sender* sender = (Sender*)palloc0(sizeof(Sender));
  sender->context = CurrentMemoryContext;
  sender->row_context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB commit row", ALLOCSET_DEFAULT_SIZES);
  sender->connection = connection;
  set_deadline(sender);
  for (int i = 0; i < CALLS_IN_FLIGHT; i++)
    sender->pending[i].holder = kalam_call_holder_create(CurrentMemoryContext, connection);
  return sender;
}

// One journal in as few steps as the server takes it in. Keys occur once, so inserts may come before other changes.
static void send_in_steps(Sender* sender, KalamJournal* journal, Progress* progress) {
  int64 changes = journal->net_updates + journal->net_removes;
  send_inserts(sender, journal, progress);
  if (changes == 0) return;
  if (changes == 1)
    send_single_change(sender, journal);
  else
    send_in_transaction(sender, list_make1(journal), false);
  progress->steps++;
  progress->rows += changes;
}

// Journals of one data group: as one where that is possible.
static void send_group(List* group, Progress* progress) {
  KalamJournal* first = (KalamJournal*)linitial(group);
  Sender* sender = open_sender(first->connection);
  bool is_stageable = true;
  int64 bytes = 0;
  int64 rows = 0;
  ListCell* cell;
  foreach (cell, group) {
    const KalamJournal* journal = (const KalamJournal*)lfirst(cell);
    is_stageable = is_stageable && kalam_transaction_is_stageable(journal);
    bytes += journal->net_bytes;
    rows += kalam_journal_net_count(journal);
  }

  bool is_single = list_length(group) == 1 && !kalam_journal_needs_begin(first);
  if (!is_single && is_stageable && bytes <= KALAM_TRANSACTION_BYTES) {
    send_in_transaction(sender, group, true);
    progress->steps++;
    progress->rows += rows;
    return;
  }
  foreach (cell, group) send_in_steps(sender, (KalamJournal*)lfirst(cell), progress);
}

static void send_each_group(List* journals, Progress* progress) {
  while (journals != NIL) {
    List* group = NIL;
    List* others = NIL;
    ListCell* cell;
    foreach (cell, journals) {
      KalamJournal* journal = (KalamJournal*)lfirst(cell);
      if (group == NIL || kalam_transaction_can_join((const KalamJournal*)linitial(group), journal))
        group = lappend(group, journal);
      else
        others = lappend(others, journal);
    }
    CHECK_FOR_INTERRUPTS();
    send_group(group, progress);
    journals = others;
  }
}

// kalam.write_mode = autocommit: one data group after the other. An error says what had been applied before it.
static void send_in_groups(List* journals) {
  Progress* progress = (Progress*)palloc0(sizeof(Progress));
  MemoryContext context = CurrentMemoryContext;
  PG_TRY();
  {
    send_each_group(journals, progress);
  }
  PG_CATCH();
  {
    if (progress->steps == 0) PG_RE_THROW();
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    const char* done =
        psprintf("Applied before that, and not undone: row changes: %lld; requests or transactions: %lld.",
                 (long long)progress->rows, (long long)progress->steps);
    error->detail = error->detail != nullptr ? psprintf("%s\n%s", error->detail, done) : pstrdup(done);
    ReThrowError(error);
  }
  PG_END_TRY();
}

void kalam_commit_journals() {
  List* journals = NIL;
  ListCell* cell;
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB commit", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  foreach (cell, kalam_journals()) {
    KalamJournal* journal = (KalamJournal*)lfirst(cell);
    if (kalam_journal_net_count(journal) > 0) journals = lappend(journals, journal);
  }
  KalamJournal* first = (KalamJournal*)linitial(journals);

  CHECK_FOR_INTERRUPTS();
  bool sent = false;
  if (!kalam_transaction_needs_begin()) {
    Sender* sender = open_sender(first->connection);
    sent = first->net_inserts == 0 || send_inserts_at_once(sender, first);
    if (first->net_inserts == 0) send_single_change(sender, first);
  }
  if (!sent && kalam_setting_write_mode() == KalamWriteMode::autocommit) {
    send_in_groups(journals);
  } else if (!sent) {
    kalam_transaction_check_atomic();
    send_in_transaction(open_sender(first->connection), journals, true);
  }
  MemoryContextSwitchTo(old);
  MemoryContextDelete(context);
}
