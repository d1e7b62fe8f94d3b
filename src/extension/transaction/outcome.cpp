#include "extension/transaction/outcome.h"

#include "extension/base/report.h"
#include "extension/journal/hidden_values.h"

const char* kalam_journal_key_name(const KalamJournal* journal) {
  return journal->relation->columns[journal->relation->key_column].name;
}

void kalam_report_row_gone(const KalamJournal* journal, const char* key) {
  ereport(ERROR,
          (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("could not serialize access due to concurrent delete"),
           kalam_may_show_key(journal)
               ? errdetail("Key (%s)=(%s) of KalamDB table \"%s\" is gone.", kalam_journal_key_name(journal),
                           kalam_text_from_remote(key, strlen(key)), journal->relation->remote_name)
               : errdetail("A row of KalamDB table \"%s\" is gone.", journal->relation->remote_name)));
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

void kalam_report_row_changed(const KalamJournal* journal, const char* key) {
  ereport(ERROR,
          (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("could not serialize access due to concurrent update"),
           kalam_may_show_key(journal)
               ? errdetail("Key (%s)=(%s) of KalamDB table \"%s\" was changed by others since it was read.",
                           kalam_journal_key_name(journal), kalam_text_from_remote(key, strlen(key)),
                           journal->relation->remote_name)
               : errdetail("A row of KalamDB table \"%s\" was changed by others since it was read.",
                           journal->relation->remote_name),
           errhint("Repeat the transaction.")));
}

const char* kalam_answer_text(const kalam::Status* status) {
  return status->detail[0] != '\0' && kalam_may_show_changes() ? status->detail : status->message;
}

bool kalam_has_no_answer(const kalam::Status* status) {
  return status->error == kalam::ErrorClass::cancelled || status->error == kalam::ErrorClass::timeout ||
         status->error == kalam::ErrorClass::connection_lost;
}

bool kalam_is_verdict(const kalam::Status* status) {
  if (kalam_has_no_answer(status) || status->error == kalam::ErrorClass::protocol) return false;
  return strstr(status->detail, "Provider error: ") != nullptr ||
         strstr(status->detail, "failed to commit transaction") != nullptr;
}

static const char* hint_of_unknown(const kalam::Status* status) {
  if (kalam_has_no_answer(status))
    return "The changes were handed over, but no answer came. Look at the data before repeating them.";
  if (status->error == kalam::ErrorClass::transaction_unknown)
    return "The server lost the transaction while changes were sent in it, and may have applied some of them on their "
           "own. Look at the data before repeating them.";
  return "The changes were handed over, but the answer does not tell what became of them. Look at the data before "
         "repeating them.";
}

void kalam_report_unknown(const KalamConnection* connection, const kalam::Status* status) {
  const char* known = kalam_answer_text(status);
  ereport(ERROR,
          (errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
           errmsg("outcome of the transaction on KalamDB server \"%s\" is unknown", connection->server_name),
           errdetail("%s", kalam_text_from_remote(known, strlen(known))), errhint("%s", hint_of_unknown(status))));
}
