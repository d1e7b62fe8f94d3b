// Which of the transaction's journals take part in what is done to all of them.
#include "extension/catalog/new_table.h"
#include "extension/journal/journal.h"

static bool (*chosen)(const KalamJournal* journal);

namespace {

// What kalam_journals() returns where it is not all of them, and of what state that is.
struct SomeJournals {
  List* list;    // in TopTransactionContext
  uint64 state;  // of the tables that await COMMIT
  int length;    // of all journals
};

}  // namespace

static SomeJournals some;

// Whether KalamDB's table goes at COMMIT, and another one of its name comes, or none.
static bool is_replaced(const KalamJournal* journal) {
  const KalamRelation* relation = journal->relation;
  Oid named = kalam_new_table_named(relation->serverid, relation->name_space, relation->table);
  return relation->awaits_commit ? named != journal->relid : OidIsValid(named);
}

List* kalam_journals() {
  List* journals = kalam_journals_all();
  uint64 state = kalam_new_tables_state();
  if (chosen == nullptr && state == 0) return journals;
  if (some.state == state && some.length == list_length(journals)) return some.list;
  MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
  ListCell* cell;
  some = {NIL, state, list_length(journals)};
  foreach (cell, journals) {
    KalamJournal* journal = (KalamJournal*)lfirst(cell);
    if (!is_replaced(journal) && (chosen == nullptr || chosen(journal))) some.list = lappend(some.list, journal);
  }
  MemoryContextSwitchTo(old);
  return some.list;
}

void kalam_journals_choose(bool (*is_chosen)(const KalamJournal* journal)) {
  chosen = is_chosen;
  some = {NIL, 0, -1};
}

void kalam_journals_forget() {
  kalam_journals_choose(nullptr);
}

static bool is_alias(const KalamJournal* journal, const KalamRelation* remote, const char* subject) {
  if (journal->length == 0 || journal->relid == remote->relid || journal->relation->serverid != remote->serverid ||
      strcmp(journal->relation->remote_name, remote->remote_name) != 0)
    return false;
  return subject == nullptr || journal->subject == nullptr ? subject == journal->subject
                                                           : strcmp(subject, journal->subject) == 0;
}

void kalam_journal_check_aliases(const KalamRelation* remote, const char* subject) {
  ListCell* cell;
  Oid named = kalam_new_table_named(remote->serverid, remote->name_space, remote->table);
  if (OidIsValid(named) && named != remote->relid) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot use KalamDB table \"%s\" through foreign table \"%s\" in a transaction that has "
                           "dropped it and created it again",
                           remote->remote_name, remote->local_name),
                    errhint("COMMIT first.")));
  }
  foreach (cell, kalam_journals()) {
    const KalamJournal* journal = (const KalamJournal*)lfirst(cell);
    if (!is_alias(journal, remote, subject)) continue;
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("cannot use KalamDB table \"%s\" through foreign table \"%s\" in a transaction that has changed it "
                    "through \"%s\"",
                    remote->remote_name, remote->local_name, journal->relation->local_name),
             errhint("Use the same foreign table, or commit first.")));
  }
}
