#include "extension/transaction/commit/duplicate_key.h"

#include "extension/base/report.h"
#include "extension/journal/hidden_values.h"
#include "extension/stats/counters.h"
#include "extension/transaction/outcome.h"

[[noreturn]] static void report(const KalamJournal* journal, const char* key) {
  bool is_shown = key != nullptr && kalam_may_show_key(journal);
  kalam_count(journal->relation->serverid, journal->relid, KalamCounter::conflicts);
  ereport(ERROR,
          (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("could not serialize access due to concurrent insert"),
           is_shown ? errdetail("Key (%s)=(%s) of KalamDB table \"%s\" was inserted by others since it was looked up.",
                                kalam_journal_key_name(journal), kalam_text_from_remote(key, strlen(key)),
                                journal->relation->remote_name)
                    : errdetail("A row of KalamDB table \"%s\" was inserted by others since its key was looked up.",
                                journal->relation->remote_name),
           errhint("Repeat the transaction.")));
}

// A long value was cut.
static bool is_named(const kalam::Status* status, const char* key) {
  size_t length = strlen(status->value);
  return length + 1 < sizeof(status->value) ? strcmp(status->value, key) == 0
                                            : strncmp(status->value, key, length) == 0;
}

namespace {

// What became of the search for the key that the server names.
struct Search {
  const KalamJournal* absent;  // has a new row that was looked up
  const char* key;             // the one that is named, if it was looked up; NULL
  bool has_others;             // new rows that were not
  bool names_other;            // one of these
};

}  // namespace

static void search(const KalamJournal* journal, const kalam::Status* status, Search* found) {
  for (int32 i = 0; i < journal->key_count; i++) {
    const KalamJournalKey* key = &journal->keys[i];
    if (kalam_journal_net(journal, key) != KalamNetChange::insert) continue;
    bool named = is_named(status, key->text);
    if (!kalam_journal_base(journal, &journal->entries[key->newest]).expects_absent) {
      found->has_others = true;
      found->names_other = found->names_other || named;
    } else if (found->key == nullptr) {
      found->absent = journal;
      if (named) found->key = key->text;
    }
  }
}

void kalam_check_duplicate_key(const KalamJournal* journal, const kalam::Status* status) {
  if (status->error != kalam::ErrorClass::duplicate_key) return;
  Search found = {};
  if (journal != nullptr) {
    search(journal, status, &found);
  } else {
    ListCell* cell;
    foreach (cell, kalam_journals()) search((const KalamJournal*)lfirst(cell), status, &found);
  }
  if (found.absent == nullptr || found.names_other) return;
  if (found.key != nullptr || !found.has_others) report(found.absent, found.key);
}
