#include "extension/commit/requests.h"

#include "extension/commit/errors.h"
#include "extension/ddl/pending.h"
#include "extension/transaction.h"

// Rows of the writer's buffer as one request.
static void send_rows(KalamSender* sender, KalamJournal* journal, size_t first, size_t count) {
  kalam::TableRef table = kalam_sender_table(journal);
  kalam::CallOptions options = {};
  kalam::Status status;
  KalamCallHolder* holder = sender->holder;
  TimestampTz settled = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), KALAM_SETTLE_MS);
  do {
    kalam_sender_check_deadline(sender);
    kalam_call_holder_clear(holder);
    holder->call =
        kalam::call_insert(sender->connection->handle, &table, journal->writer->rows, first, count, &options, &status);
    kalam_sender_check_started(sender, journal, holder->call, &status);
    kalam_sender_wait_for_outcome(sender, &status);
  } while (kalam_pause_to_settle(&status, settled));
  if (status.error != kalam::ErrorClass::none) kalam_sender_report(sender, journal, &status);
  uint64 affected = kalam::call_affected_rows(holder->call);
  kalam_call_holder_clear(holder);
  if (affected != count)
    ereport(ERROR,
            (errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
             errmsg("outcome of the transaction on KalamDB server \"%s\" is unknown", sender->connection->server_name),
             errdetail("%zu rows were sent, but the server reports %llu.", count, (unsigned long long)affected)));
}

bool kalam_send_inserts_at_once(KalamSender* sender, KalamJournal* journal) {
  kalam::RowBuffer* rows = journal->writer->rows;
  kalam::TableRef table = kalam_sender_table(journal);
  kalam::Status status;

  kalam::row_buffer_clear(rows);
  for (int32 i = 0; i < journal->length; i++)
    if (kalam_sender_is_net(journal, i, KalamNet::insert)) kalam_sender_add_row(sender, journal, &journal->entries[i]);
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

// Whether others may have changed the row since it was read: other sessions, where it was not locked by then, and other
// clients of KalamDB, where a transaction block has left them time to.
static bool may_be_outdated(KalamJournalBase base) {
  return base.mark != 0 && (!base.is_locked || IsTransactionBlock());
}

void kalam_send_single_change(KalamSender* sender, KalamJournal* journal) {
  kalam::Status status;
  int32 index = 0;
  while (!kalam_sender_is_net(journal, index, KalamNet::update) &&
         !kalam_sender_is_net(journal, index, KalamNet::remove))
    index++;
  const KalamJournalEntry* entry = &journal->entries[index];
  const char* key = journal->keys[entry->key].text;
  KalamCallHolder* holder = sender->holder;

  if (may_be_outdated(kalam_journal_base(journal, entry))) {
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
    if (!kalam_sender_is_net(journal, i, KalamNet::insert)) continue;
    const KalamJournalEntry* entry = &journal->entries[i];
    int64 row_bytes = (int64)kalam_journal_bytes(entry) + KALAM_ROW_OVERHEAD;
    if (bytes + row_bytes > KALAM_REQUEST_BYTES) {
      send_buffered(sender, journal, progress);
      bytes = KALAM_REQUEST_OVERHEAD;
    }
    kalam_sender_add_row(sender, journal, entry);
    bytes += row_bytes;
  }
  send_buffered(sender, journal, progress);
}
