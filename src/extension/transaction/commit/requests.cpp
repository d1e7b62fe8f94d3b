#include "extension/transaction/commit/requests.h"

#include "extension/base/report.h"
#include "extension/journal/hidden_values.h"
#include "extension/transaction/atomic.h"
#include "extension/transaction/cleanup_pending.h"
#include "extension/transaction/outcome.h"

extern "C" {
#include "storage/ipc.h"
}

// Rows of the writer's buffer as one request.
static void send_rows(KalamSender* sender, KalamJournal* journal, size_t first, size_t count) {
  kalam::TableRef table = kalam_sender_table(journal);
  kalam::CallOptions options = {};
  kalam::Status status;
  KalamCallHolder* holder = sender->holder;
  TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), KALAM_CLEANUP_ROWS_MS);
  do {
    kalam_sender_check_deadline(sender);
    kalam_call_holder_clear(holder);
    holder->call =
        kalam::call_insert(sender->connection->handle, &table, journal->writer->rows, first, count, &options, &status);
    kalam_sender_check_started(sender, journal, holder->call, &status);
    kalam_sender_wait_for_outcome(sender, &status);
  } while (kalam_pause_for_cleanup(&status, until));
  if (status.error != kalam::ErrorClass::none) kalam_sender_report(sender, journal, &status);
  uint64 affected = kalam::call_affected_rows(holder->call);
  kalam_call_holder_clear(holder);
  if (affected != count) {
    kalam_report_unknown(
        sender->connection,
        psprintf("%zu rows were sent, but the server reports %llu.", count, (unsigned long long)affected), nullptr);
  }
}

bool kalam_send_inserts_at_once(KalamSender* sender, KalamJournal* journal) {
  kalam::RowBuffer* rows = journal->writer->rows;
  kalam::TableRef table = kalam_sender_table(journal);
  kalam::Status status;

  kalam::row_buffer_clear(rows);
  for (int32 i = 0; i < journal->length; i++) {
    if (kalam_sender_is_net(journal, i, KalamNetChange::insert))
      kalam_sender_add_row(sender, journal, &journal->entries[i]);
  }
  size_t count = kalam::row_buffer_count(rows);
  if (kalam::row_buffer_fit(rows, &table, 0, &status) < count) {
    kalam::row_buffer_clear(rows);
    if (status.error != kalam::ErrorClass::none) kalam_sender_report(sender, journal, &status);
    return false;
  }

  send_rows(sender, journal, 0, count);
  kalam::row_buffer_clear(rows);
  return true;
}

void kalam_send_single_change(KalamSender* sender, KalamJournal* journal) {
  kalam::Status status;
  int32 index = 0;
  while (!kalam_sender_is_net(journal, index, KalamNetChange::update) &&
         !kalam_sender_is_net(journal, index, KalamNetChange::remove))
    index++;
  const KalamJournalEntry* entry = &journal->entries[index];
  const char* key = journal->keys[entry->key].text;
  KalamCallHolder* holder = sender->holder;

  KalamJournalBase base = kalam_journal_base(journal, entry);
  if (base.mark != 0 && !kalam_sender_has_just_read(base)) {
    kalam_sender_look_up(sender, journal, index);
    kalam_sender_drain(sender);
  }
  holder->call = kalam_sender_start_change(sender, journal, index, &status);
  kalam_sender_check_started(sender, journal, holder->call, &status);
  kalam_sender_wait_for_outcome(sender, &status);
  if (status.error == kalam::ErrorClass::row_gone) kalam_report_row_gone(journal, key);
  if (status.error != kalam::ErrorClass::none) kalam_sender_report(sender, journal, &status);
  // An update that changes nothing counts no row (spec 7.4), a removal always does.
  if (entry->change == KalamChange::remove && kalam::call_affected_rows(holder->call) == 0)
    kalam_report_row_gone(journal, key);
  kalam_call_holder_clear(holder);
}

// How long taking a new row back may keep the session waiting.
constexpr uint32 TAKE_BACK_MS = 2000;

// Whether the row that has come under a new key is certainly gone again.
static bool take_back(const KalamSender* sender, const KalamJournal* journal, const char* key) {
  kalam::TableRef table = kalam_sender_table(journal);
  kalam::CallOptions options = {};
  options.deadline_ms = TAKE_BACK_MS;
  kalam::Status status;
  kalam::Call* call = kalam::call_delete(sender->connection->handle, &table, key, &options, &status);
  if (call == nullptr) return false;
  bool is_done = kalam::call_wait(call, TAKE_BACK_MS);
  if (is_done) kalam::call_status(call, &status);
  is_done = is_done && status.error == kalam::ErrorClass::none;
  KalamCallSubject subject = {journal->relid, journal->relation->remote_name};
  kalam_release_call(sender->connection, &subject, call);
  return is_done;
}

namespace {

// The change of a key that is being sent.
struct Move {
  const KalamSender* sender;
  const KalamJournal* journal;
  const char* new_key;
  bool is_inserted;
};

}  // namespace

// The session is ended while it waits. Its call comes to its end rather than being cancelled, and a row that has come
// by it goes again, so that the row is not there twice.
static void finish_move(int, Datum argument) {
  const Move* move = (const Move*)DatumGetPointer(argument);
  kalam::Call* call = move->sender->holder->call;
  kalam::Status status;
  if (call == nullptr || kalam::client_is_broken() || !kalam::call_wait(call, TAKE_BACK_MS) || move->is_inserted)
    return;
  kalam::call_status(call, &status);
  if (status.error == kalam::ErrorClass::none) take_back(move->sender, move->journal, move->new_key);
}

// The removal of the old row. Its failure tells what became of the new one.
static void remove_moved(KalamSender* sender, KalamJournal* journal, int32 removal, const char* new_key) {
  kalam::Status status;
  const char* old_key = journal->keys[journal->entries[removal].key].text;
  KalamCallHolder* holder = sender->holder;
  PG_TRY();
  {
    kalam_call_holder_clear(holder);
    holder->call = kalam_sender_start_change(sender, journal, removal, &status);
    kalam_sender_check_started(sender, journal, holder->call, &status);
    kalam_sender_wait_for_outcome(sender, &status);
    if (status.error != kalam::ErrorClass::none) kalam_sender_report(sender, journal, &status);
    if (kalam::call_affected_rows(holder->call) == 0) kalam_report_row_gone(journal, old_key);
    kalam_call_holder_clear(holder);
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(sender->context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    bool is_known = error->sqlerrcode != ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN;
    if (is_known && take_back(sender, journal, new_key)) ReThrowError(error);
    const char* state = is_known ? "it is still there" : "nobody knows whether it is still there";
    const char* name = kalam_journal_key_name(journal);
    const char* told = kalam_may_show_key(journal)
                           ? psprintf("The row was stored with key (%s)=(%s) before that; %s with key (%s)=(%s).", name,
                                      kalam_text_from_remote(new_key, strlen(new_key)), state, name,
                                      kalam_text_from_remote(old_key, strlen(old_key)))
                           : psprintf("The row was stored with its new key before that; %s with the old one.", state);
    error->sqlerrcode = ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN;
    error->detail = error->detail != nullptr ? psprintf("%s\n%s", error->detail, told) : pstrdup(told);
    error->hint = pstrdup("Look at the data, and delete one of the two rows.");
    ReThrowError(error);
  }
  PG_END_TRY();
}

void kalam_send_move(KalamSender* sender, KalamJournal* journal) {
  const KalamJournalEntry* removal;
  const KalamJournalEntry* insertion;
  if (!kalam_journal_single_move(journal, &removal, &insertion)) return;
  int32 index = (int32)(removal - journal->entries);
  kalam_sender_look_up(sender, journal, index);
  kalam_sender_drain(sender);
  kalam::row_buffer_clear(journal->writer->rows);
  kalam_sender_add_row(sender, journal, insertion);

  Move move = {sender, journal, journal->keys[insertion->key].text, false};
  before_shmem_exit(finish_move, PointerGetDatum(&move));
  PG_TRY();
  {
    send_rows(sender, journal, 0, 1);
    kalam::row_buffer_clear(journal->writer->rows);
    move.is_inserted = true;
    remove_moved(sender, journal, index, move.new_key);
  }
  PG_FINALLY();
  {
    cancel_before_shmem_exit(finish_move, PointerGetDatum(&move));
  }
  PG_END_TRY();
}

// The rows in the writer's buffer: staged, or with `progress` each request for itself.
static void send_buffered(KalamSender* sender, KalamJournal* journal, KalamProgress* progress) {
  kalam::RowBuffer* rows = journal->writer->rows;
  kalam::TableRef table = kalam_sender_table(journal);
  kalam::CallOptions options = {};
  kalam::Status status;
  size_t count = kalam::row_buffer_count(rows);
  for (size_t first = 0; first < count;) {
    size_t fitting = kalam::row_buffer_fit(rows, &table, first, &status);
    if (fitting == 0) kalam_sender_report(sender, journal, &status);
    if (progress != nullptr) {
      send_rows(sender, journal, first, fitting);
      progress->steps++;
      progress->rows += (int64)fitting;
    } else {
      kalam::Call* call =
          kalam::call_insert(sender->connection->handle, &table, rows, first, fitting, &options, &status);
      kalam_sender_stage(sender, journal, call, &status);
    }
    first += fitting;
  }
  kalam::row_buffer_clear(rows);
}

void kalam_send_inserts(KalamSender* sender, KalamJournal* journal, KalamProgress* progress) {
  if (journal->net_inserts == 0) return;
  kalam::row_buffer_clear(journal->writer->rows);
  int64 bytes = KALAM_REQUEST_OVERHEAD;
  for (int32 i = 0; i < journal->length; i++) {
    if (!kalam_sender_is_net(journal, i, KalamNetChange::insert)) continue;
    const KalamJournalEntry* entry = &journal->entries[i];
    int64 row_bytes = KALAM_ROW_OVERHEAD + (int64)(sender->insert_form == kalam::RowForm::plain
                                                       ? kalam_journal_bytes(entry)
                                                       : kalam_journal_most_tagged_bytes(entry));
    if (bytes + row_bytes > KALAM_REQUEST_BYTES) {
      send_buffered(sender, journal, progress);
      bytes = KALAM_REQUEST_OVERHEAD;
    }
    kalam_sender_add_row(sender, journal, entry);
    bytes += row_bytes;
  }
  send_buffered(sender, journal, progress);
}
