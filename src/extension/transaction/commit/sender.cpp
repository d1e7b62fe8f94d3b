#include "extension/transaction/commit/sender.h"

#include "extension/base/report.h"
#include "extension/journal/hidden_values.h"
#include "extension/journal/version_mark.h"
#include "extension/transaction/commit/duplicate_key.h"
#include "extension/transaction/outcome.h"

// ---------------------------------------------------------------- errors

void kalam_sender_report(const KalamSender* sender, const KalamJournal* journal, const kalam::Status* status) {
  kalam_check_duplicate_key(journal, status);
  KalamErrorContext context = {};
  context.server = sender->connection->server_name;
  if (journal != nullptr) {
    const KalamRelation* relation = journal->relation;
    context.remote_table = relation->remote_name;
    context.relation = relation->local_name;
    if (relation->key_column >= 0) context.key_column = relation->columns[relation->key_column].name;
    context.hides_key = !kalam_may_show_key(journal);
    kalam_relation_invalidate_on_error(journal->relid, status);
  }
  // The answer of a commit may be about any of the tables.
  context.hides_values = !kalam_may_show_changes();
  if (journal == nullptr) context.hides_key = context.hides_values;
  kalam_report(status, &context);
}

void kalam_sender_check_started(const KalamSender* sender, const KalamJournal* journal, const kalam::Call* call,
                                const kalam::Status* status) {
  kalam_call_holder_set_table(sender->holder, journal != nullptr ? journal->relid : InvalidOid,
                              journal != nullptr ? journal->relation->remote_name : nullptr);
  if (call == nullptr) kalam_sender_report(sender, journal, status);
}

static void check_succeeded(const KalamSender* sender, const KalamJournal* journal, const kalam::Call* call) {
  kalam::Status status;
  kalam::call_status(call, &status);
  if (status.error != kalam::ErrorClass::none) kalam_sender_report(sender, journal, &status);
}

void kalam_sender_check_deadline(const KalamSender* sender) {
  kalam_check_deadline(&sender->deadline, sender->connection);
}

// ---------------------------------------------------------------- waiting

KalamSender* kalam_sender_open(KalamConnection* connection) {
  KalamSender* sender = (KalamSender*)palloc0(sizeof(KalamSender));
  sender->context = CurrentMemoryContext;
  sender->row_context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB commit row", ALLOCSET_DEFAULT_SIZES);
  sender->connection = connection;
  sender->deadline = kalam_commit_deadline(connection);
  sender->holder = kalam_call_holder_create(CurrentMemoryContext, connection);
  sender->insert_form = kalam::RowForm::plain;
  return sender;
}

static void wait_for(const KalamSender* sender, kalam::Call* call) {
  if (!kalam_wait_for_call_until(call, sender->deadline.at))
    kalam_report_deadline(&sender->deadline, sender->connection);
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
    done = kalam_wait_for_call_until(call, sender->deadline.at);
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
    kalam_report_deadline(&sender->deadline, sender->connection);
  }
  // Any other failure of a request that may have been executed says nothing of what was applied.
  if (status->maybe_executed && (!done || !status->is_definite_failure))
    kalam_report_unknown_rows(sender->connection, status);
}

// ---------------------------------------------------------------- lookups in flight

// A lookup's tag: the entry that it is about, and whether its row must be there or must not.
static int64 lookup_tag(int32 index, bool expects_row) {
  return (int64)index * 2 + (expects_row ? 1 : 0);
}

static void report_lookup(void* argument, int64, const kalam::Status* status) {
  const KalamSenderLookups* lookups = (const KalamSenderLookups*)argument;
  kalam_sender_report(lookups->sender, lookups->journal, status);
}

// The version is the second column of the answer.
static bool has_base_version(const KalamJournal* journal, const KalamJournalEntry* entry, const kalam::Window* window) {
  uint64 mark = kalam_journal_base(journal, entry).mark;
  if (mark == 0 || journal->relation->version_column < 0) return true;
  if (window->column_count < 2 || window->columns[1].kind != kalam::ColumnKind::int64) {
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("KalamDB server \"%s\" sent no version of a row", journal->connection->server_name)));
  }
  return kalam_version_mark(((const int64_t*)window->columns[1].values)[0]) == mark;
}

// Waits for one of the lookups to end and looks at its answer. False: none is in flight.
static bool finish_lookup(const KalamSenderLookups* lookups, KalamKeyOrder order) {
  const KalamSender* sender = lookups->sender;
  KalamKeyAnswer answer;
  kalam::Window window;
  kalam::Status status;
  switch (kalam_keys_in_flight_next(lookups->keys, order, sender->deadline.at, &answer)) {
    case KalamKeyResult::none:
      return false;
    case KalamKeyResult::too_late:
      kalam_report_deadline(&sender->deadline, sender->connection);
    case KalamKeyResult::answer:
      break;
  }
  const KalamJournal* journal = lookups->journal;
  const KalamJournalEntry* entry = &journal->entries[answer.tag / 2];
  const char* key = journal->keys[entry->key].text;
  bool expects_row = answer.tag % 2 != 0;
  bool is_there = kalam::call_result_next(answer.call, 1, &window, &status);
  if (!is_there && status.error != kalam::ErrorClass::none) kalam_sender_report(sender, journal, &status);
  if (is_there && !expects_row) kalam_report_row_exists(journal, key);
  if (!is_there && expects_row) kalam_report_row_gone(journal, key);
  if (is_there && !has_base_version(journal, entry, &window)) kalam_report_row_changed(journal, key);
  return true;
}

static KalamSenderLookups* lookups_of(KalamSender* sender, const KalamJournal* journal) {
  ListCell* cell;
  foreach (cell, sender->lookups) {
    KalamSenderLookups* lookups = (KalamSenderLookups*)lfirst(cell);
    if (lookups->journal == journal) return lookups;
  }
  MemoryContext old = MemoryContextSwitchTo(sender->context);
  const KalamRelation* relation = journal->relation;
  KalamSenderLookups* lookups = (KalamSenderLookups*)palloc0(sizeof(KalamSenderLookups));
  lookups->sender = sender;
  lookups->journal = journal;
  lookups->columns[0] = kalam_journal_key_name(journal);
  if (relation->version_column >= 0) lookups->columns[1] = relation->columns[relation->version_column].name;
  lookups->keys = kalam_keys_in_flight_create(sender->connection, relation, journal->subject, lookups->columns,
                                              relation->version_column >= 0 ? 2 : 1, report_lookup, lookups);
  sender->lookups = lappend(sender->lookups, lookups);
  MemoryContextSwitchTo(old);
  return lookups;
}

static void start_lookup(KalamSender* sender, const KalamJournal* journal, int32 index, bool expects_row) {
  KalamSenderLookups* lookups = lookups_of(sender, journal);
  if (!kalam_keys_in_flight_has_room(lookups->keys)) finish_lookup(lookups, KalamKeyOrder::answered);
  kalam_keys_in_flight_start(lookups->keys, journal->keys[journal->entries[index].key].text,
                             lookup_tag(index, expects_row));
}

void kalam_sender_look_up(KalamSender* sender, const KalamJournal* journal, int32 index) {
  start_lookup(sender, journal, index, true);
}

void kalam_sender_look_for_duplicate(KalamSender* sender, const KalamJournal* journal, int32 index) {
  start_lookup(sender, journal, index, false);
}

void kalam_sender_drain(KalamSender* sender) {
  ListCell* cell;
  foreach (cell, sender->lookups) {
    while (finish_lookup((const KalamSenderLookups*)lfirst(cell), KalamKeyOrder::started)) {
    }
  }
}

// How old a statement may be for what it has read by keys to be taken for what is stored.
constexpr int64 JUST_READ_MS = 5000;

bool kalam_sender_has_just_read(KalamJournalBase base) {
  if (base.mark == 0 || !base.is_locked || IsTransactionBlock()) return false;
  return !TimestampDifferenceExceeds(GetCurrentTransactionStartTimestamp(), GetCurrentTimestamp(), JUST_READ_MS);
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
    kalam_report_unknown_rows(sender->connection, &answer);
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
    added = kalam_row_writer_added(journal->writer, journal->shapes[entry->shape].relation);
  // An update's values are coerced in any case (spec 8.5).
  kalam::RowForm form = kalam_journal_makes_row(journal, entry) ? sender->insert_form : kalam::RowForm::plain;
  kalam::RowMembers members[] = {kalam_row_members(&sent), kalam_row_members(&rest), kalam_row_members(&added)};
  kalam::Status status;
  if (!kalam::row_buffer_append_members(journal->writer->rows, members, lengthof(members), form, &status))
    kalam_sender_report(sender, journal, &status);
  MemoryContextSwitchTo(old);
  MemoryContextReset(sender->row_context);
}

bool kalam_sender_is_net(const KalamJournal* journal, int32 index, KalamNetChange wanted) {
  const KalamJournalEntry* entry = &journal->entries[index];
  if (entry->key < 0) return wanted == KalamNetChange::insert;
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
