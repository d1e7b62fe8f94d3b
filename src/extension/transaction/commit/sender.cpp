#include "extension/transaction/commit/sender.h"

#include "extension/base/report.h"
#include "extension/journal/hidden_values.h"
#include "extension/journal/version_mark.h"
#include "extension/transaction/outcome.h"

extern "C" {
#include "storage/proc.h"
}

// ---------------------------------------------------------------- errors

void kalam_sender_report(const KalamSender* sender, const KalamJournal* journal, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = sender->connection->server_name;
  if (journal != nullptr) {
    const KalamRelation* relation = journal->relation;
    context.remote_table = relation->remote_name;
    context.relation = relation->local_name;
    if (relation->key_column >= 0) context.key_column = relation->columns[relation->key_column].name;
    context.hides_key = !kalam_may_show_key(journal);
    kalam_relation_error(journal->relid, status);
  }
  // The answer of a commit may be about any of the tables.
  context.hides_values = !kalam_may_show_changes();
  if (journal == nullptr) context.hides_key = context.hides_values;
  kalam_report(status, &context);
}

[[noreturn]] static void report_timeout(const KalamSender* sender) {
  if (sender->is_statement_timeout)
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceling statement due to statement timeout")));
  ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                  errmsg("KalamDB server \"%s\" did not answer in time", sender->connection->server_name)));
}

void kalam_sender_check_started(const KalamSender* sender, const KalamJournal* journal, const kalam::Call* call,
                                const kalam::Status* status) {
  if (call == nullptr) kalam_sender_report(sender, journal, status);
}

static void check_succeeded(const KalamSender* sender, const KalamJournal* journal, const kalam::Call* call) {
  kalam::Status status;
  kalam::call_status(call, &status);
  if (status.error != kalam::ErrorClass::none) kalam_sender_report(sender, journal, &status);
}

void kalam_sender_check_deadline(const KalamSender* sender) {
  if (sender->deadline != 0 && GetCurrentTimestamp() >= sender->deadline) report_timeout(sender);
}

// ---------------------------------------------------------------- waiting

static void set_deadline(KalamSender* sender) {
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

KalamSender* kalam_sender_open(KalamConnection* connection) {
  KalamSender* sender = (KalamSender*)palloc0(sizeof(KalamSender));
  sender->context = CurrentMemoryContext;
  sender->row_context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB commit row", ALLOCSET_DEFAULT_SIZES);
  sender->connection = connection;
  set_deadline(sender);
  sender->holder = kalam_call_holder_create(CurrentMemoryContext, connection);
  for (int i = 0; i < KALAM_LOOKUPS_IN_FLIGHT; i++)
    sender->lookups[i].holder = kalam_call_holder_create(CurrentMemoryContext, connection);
  return sender;
}

static void wait_for(const KalamSender* sender, kalam::Call* call) {
  if (!kalam_wait_for_call_until(call, sender->deadline)) report_timeout(sender);
}

void kalam_sender_finish_single(const KalamSender* sender, const KalamJournal* journal) {
  wait_for(sender, sender->holder->call);
  check_succeeded(sender, journal, sender->holder->call);
  kalam_call_holder_clear(sender->holder);
}

void kalam_sender_wait_for_outcome(KalamSender* sender, kalam::Status* status) {
  kalam::Call* call = sender->holder->call;
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

// ---------------------------------------------------------------- lookups in flight

// The version is the second column of the answer.
static bool has_base_version(const KalamPendingLookup* lookup, const kalam::Window* window) {
  uint64 mark = kalam_journal_base(lookup->journal, lookup->entry).mark;
  if (mark == 0 || lookup->journal->relation->version_column < 0) return true;
  if (window->column_count < 2 || window->columns[1].kind != kalam::ColumnKind::int64)
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("KalamDB server \"%s\" sent no version of a row",
                                                                lookup->journal->connection->server_name)));
  return kalam_version_mark(((const int64_t*)window->columns[1].values)[0]) == mark;
}

static void finish_lookup(const KalamSender* sender, const KalamPendingLookup* lookup) {
  const char* key = lookup->journal->keys[lookup->entry->key].text;
  kalam::Window window;
  kalam::Status status;
  check_succeeded(sender, lookup->journal, lookup->holder->call);
  bool is_there = kalam::call_result_next(lookup->holder->call, 1, &window, &status);
  if (!is_there && status.error != kalam::ErrorClass::none) kalam_sender_report(sender, lookup->journal, &status);
  if (is_there && !lookup->expects_row) kalam_report_row_exists(lookup->journal, key);
  if (!is_there && lookup->expects_row) kalam_report_row_gone(lookup->journal, key);
  if (is_there && !has_base_version(lookup, &window)) kalam_report_row_changed(lookup->journal, key);
  kalam_call_holder_clear(lookup->holder);
}

// A place for one more lookup.
static KalamPendingLookup* acquire_lookup(KalamSender* sender) {
  kalam::Call* calls[KALAM_LOOKUPS_IN_FLIGHT];
  for (int i = 0; i < KALAM_LOOKUPS_IN_FLIGHT; i++) {
    KalamPendingLookup* lookup = &sender->lookups[i];
    if (lookup->holder->call == nullptr) return lookup;
    calls[i] = lookup->holder->call;
  }
  int done = kalam_wait_for_any(calls, KALAM_LOOKUPS_IN_FLIGHT, sender->deadline);
  if (done < 0) report_timeout(sender);
  finish_lookup(sender, &sender->lookups[done]);
  return &sender->lookups[done];
}

static void start_lookup(KalamSender* sender, const KalamJournal* journal, int32 index, bool expects_row) {
  const KalamRelation* relation = journal->relation;
  KalamPendingLookup* lookup = acquire_lookup(sender);
  lookup->journal = journal;
  lookup->entry = &journal->entries[index];
  lookup->expects_row = expects_row;

  const char* columns[2] = {kalam_journal_key_name(journal), nullptr};
  kalam::ScanFilter filter = {columns[0], journal->keys[lookup->entry->key].text};
  kalam::ScanRequest request = {};
  kalam::CallOptions options = {};
  kalam::Status status;
  request.table = kalam_sender_table(journal);
  request.columns = columns;
  request.column_count = 1;
  if (relation->version_column >= 0) columns[request.column_count++] = relation->columns[relation->version_column].name;
  request.filters = &filter;
  request.filter_count = 1;
  lookup->holder->call = kalam::call_scan(sender->connection->handle, &request, &options, &status);
  kalam_sender_check_started(sender, journal, lookup->holder->call, &status);
}

void kalam_sender_look_up(KalamSender* sender, const KalamJournal* journal, int32 index) {
  start_lookup(sender, journal, index, true);
}

void kalam_sender_look_for_duplicate(KalamSender* sender, const KalamJournal* journal, int32 index) {
  start_lookup(sender, journal, index, false);
}

void kalam_sender_drain(KalamSender* sender) {
  for (int i = 0; i < KALAM_LOOKUPS_IN_FLIGHT; i++) {
    const KalamPendingLookup* lookup = &sender->lookups[i];
    if (lookup->holder->call == nullptr) continue;
    wait_for(sender, lookup->holder->call);
    finish_lookup(sender, lookup);
  }
}

// ---------------------------------------------------------------- staged changes

void kalam_sender_stage(KalamSender* sender, const KalamJournal* journal, kalam::Call* call,
                        const kalam::Status* status) {
  kalam::Status answer;
  sender->holder->call = call;
  kalam_sender_check_started(sender, journal, call, status);
  wait_for(sender, call);
  kalam::call_status(call, &answer);
  if (answer.error == kalam::ErrorClass::transaction_unknown && sender->staged > 0)
    kalam_report_unknown(sender->connection, &answer);
  if (answer.error != kalam::ErrorClass::none) kalam_sender_report(sender, journal, &answer);
  sender->staged++;
  kalam_call_holder_clear(sender->holder);
}

// ---------------------------------------------------------------- rows

kalam::TableRef kalam_sender_table(const KalamJournal* journal) {
  return kalam_table_ref(journal->relation, journal->subject);
}

void kalam_sender_add_row(KalamSender* sender, KalamJournal* journal, const KalamJournalEntry* entry) {
  MemoryContext old = MemoryContextSwitchTo(sender->row_context);
  KalamMembers sent;
  KalamMembers rest;
  KalamMembers added = {};
  kalam_journal_members(journal, entry, &sent, &rest);
  // An update of a stored row leaves what it does not name as it is.
  if (entry->shape != journal->shape && kalam_journal_makes_row(journal, entry))
    added = kalam_row_writer_added(journal->writer, journal->shapes[entry->shape]);
  kalam::RowMembers members[] = {{sent.text, sent.size}, {rest.text, rest.size}, {added.text, added.size}};
  kalam::Status status;
  if (!kalam::row_buffer_append_members(journal->writer->rows, members, lengthof(members), &status))
    kalam_sender_report(sender, journal, &status);
  MemoryContextSwitchTo(old);
  MemoryContextReset(sender->row_context);
}

bool kalam_sender_is_net(const KalamJournal* journal, int32 index, KalamNet wanted) {
  const KalamJournalEntry* entry = &journal->entries[index];
  if (entry->key < 0) return wanted == KalamNet::insert;
  const KalamJournalKey* key = &journal->keys[entry->key];
  return key->newest == index && kalam_journal_net(journal, key) == wanted;
}

kalam::Call* kalam_sender_start_change(KalamSender* sender, KalamJournal* journal, int32 index, kalam::Status* status) {
  const KalamJournalEntry* entry = &journal->entries[index];
  const char* key = journal->keys[entry->key].text;
  kalam::TableRef table = kalam_sender_table(journal);
  kalam::CallOptions options = {};
  if (entry->change == KalamChange::remove)
    return kalam::call_delete(sender->connection->handle, &table, key, &options, status);
  kalam::row_buffer_clear(journal->writer->rows);
  kalam_sender_add_row(sender, journal, entry);
  kalam::Call* call =
      kalam::call_update(sender->connection->handle, &table, key, journal->writer->rows, 0, &options, status);
  kalam::row_buffer_clear(journal->writer->rows);
  return call;
}
