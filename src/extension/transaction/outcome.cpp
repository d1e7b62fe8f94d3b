#include "extension/transaction/outcome.h"

#include "extension/base/report.h"
#include "extension/journal/hidden_values.h"
#include "extension/stats/counters.h"

const char* kalam_journal_key_name(const KalamJournal* journal) {
  return journal->relation->columns[journal->relation->key_column].name;
}

void kalam_report_row_exists(const KalamJournal* journal, const char* key) {
  ereport(
      ERROR,
      (errcode(ERRCODE_UNIQUE_VIOLATION),
       errmsg("duplicate key value violates unique constraint of KalamDB table \"%s\"", journal->relation->remote_name),
       kalam_may_show_key(journal) ? errdetail("Key (%s)=(%s) already exists.", kalam_journal_key_name(journal),
                                               kalam_text_from_remote(key, strlen(key)))
                                   : 0));
}

// 40001: another client has changed or removed the row, for which `event` and `state` stand in the messages.
[[noreturn]] static void report_conflict(const KalamJournal* journal, const char* key, const char* event,
                                         const char* state, const char* hint) {
  const char* table = journal->relation->remote_name;
  kalam_count(journal->relation->serverid, journal->relid, KalamCounter::conflicts);
  ereport(ERROR,
          (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("could not serialize access due to concurrent %s", event),
           kalam_may_show_key(journal)
               ? errdetail("Key (%s)=(%s) of KalamDB table \"%s\" %s.", kalam_journal_key_name(journal),
                           kalam_text_from_remote(key, strlen(key)), table, state)
               : errdetail("A row of KalamDB table \"%s\" %s.", table, state),
           hint != nullptr ? errhint("%s", hint) : 0));
}

void kalam_report_row_gone(const KalamJournal* journal, const char* key) {
  report_conflict(journal, key, "delete", "is gone", nullptr);
}

void kalam_report_row_changed(const KalamJournal* journal, const char* key) {
  report_conflict(journal, key, "update", "was changed by others since it was read", "Repeat the transaction.");
}

const char* kalam_answer_text(const kalam::Status* status) {
  return status->detail[0] != '\0' && kalam_may_show_changes() ? status->detail : status->message;
}

bool kalam_is_unanswered(const kalam::Status* status) {
  return status->error == kalam::ErrorClass::cancelled || status->error == kalam::ErrorClass::timeout ||
         status->error == kalam::ErrorClass::connection_lost;
}

static const char* hint_of_unknown(const kalam::Status* status) {
  if (kalam_is_unanswered(status))
    return "The changes were handed over, but no answer came. Look at the data before repeating them.";
  if (status->error == kalam::ErrorClass::transaction_unknown) {
    return "The server lost the transaction while changes were sent in it, and may have applied some of them on their "
           "own. Look at the data before repeating them.";
  }
  return "The changes were handed over, but the answer does not tell what became of them. Look at the data before "
         "repeating them.";
}

void kalam_report_unknown(const KalamConnection* connection, const char* detail, const char* hint) {
  kalam_count(connection->key.serverid, InvalidOid, KalamCounter::unknown_outcomes);
  ereport(ERROR, (errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
                  errmsg("outcome of the transaction on KalamDB server \"%s\" is unknown", connection->server_name),
                  errdetail_internal("%s", detail), hint != nullptr ? errhint("%s", hint) : 0));
}

void kalam_report_unknown_rows(const KalamConnection* connection, const kalam::Status* status) {
  const char* known = kalam_answer_text(status);
  kalam_report_unknown(connection, kalam_text_from_remote(known, strlen(known)), hint_of_unknown(status));
}

void kalam_report_stopped_commit(const KalamConnection* connection, const kalam::Status* status) {
  const char* text = kalam_answer_text(status);
  kalam_count(connection->key.serverid, InvalidOid,
              status->error == kalam::ErrorClass::row_gone ? KalamCounter::conflicts : KalamCounter::unknown_outcomes);
  ereport(ERROR, (errcode(status->error == kalam::ErrorClass::row_gone ? ERRCODE_T_R_SERIALIZATION_FAILURE
                                                                       : ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
                  errmsg("KalamDB server \"%s\" stopped in the middle of the commit", connection->server_name),
                  errdetail_internal("%s", kalam_text_from_remote(text, strlen(text))),
                  errhint("Some of the transaction's changes may have been applied.")));
}
