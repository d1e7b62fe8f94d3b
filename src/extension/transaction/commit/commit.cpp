#include "extension/transaction/commit/commit.h"

#include "extension/base/settings.h"
#include "extension/catalog/storage_state.h"
#include "extension/transaction/atomic.h"
#include "extension/transaction/commit/remote_transaction.h"
#include "extension/transaction/commit/requests.h"

// One journal in as few steps as the server takes it in. Keys occur once, so inserts may come before other changes.
static void send_in_steps(KalamSender* sender, KalamJournal* journal, KalamProgress* progress) {
  int64 changes = journal->net_updates + journal->net_removes;
  kalam_send_inserts(sender, journal, progress);
  if (changes == 0) return;
  if (changes == 1) {
    kalam_send_single_change(sender, journal);
  } else {
    kalam_send_in_transaction(sender, list_make1(journal), false);
  }
  progress->steps++;
  progress->rows += changes;
}

// Journals of one data group: as one where that is possible.
static void send_group(List* group, KalamProgress* progress) {
  KalamJournal* first = (KalamJournal*)linitial(group);
  KalamSender* sender = kalam_sender_open(first->connection);
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

  // Inserts alone are sent request by request: the commit of a server's transaction costs ten times as much as they do.
  bool is_single =
      list_length(group) == 1 && (!kalam_journal_needs_begin(first) || first->net_updates + first->net_removes == 0);
  if (!is_single && is_stageable && bytes <= KALAM_TRANSACTION_BYTES) {
    kalam_send_in_transaction(sender, group, true);
    progress->steps++;
    progress->rows += rows;
    return;
  }
  foreach (cell, group) send_in_steps(sender, (KalamJournal*)lfirst(cell), progress);
}

static void send_each_group(List* journals, KalamProgress* progress) {
  while (journals != NIL) {
    List* group = NIL;
    List* others = NIL;
    ListCell* cell;
    foreach (cell, journals) {
      KalamJournal* journal = (KalamJournal*)lfirst(cell);
      if (group == NIL || kalam_transaction_can_join((const KalamJournal*)linitial(group), journal)) {
        group = lappend(group, journal);
      } else {
        others = lappend(others, journal);
      }
    }
    CHECK_FOR_INTERRUPTS();
    send_group(group, progress);
    journals = others;
  }
}

// kalam.write_mode = autocommit: one data group after the other. An error says what had been applied before it.
static void send_in_groups(List* journals) {
  KalamProgress* progress = (KalamProgress*)palloc0(sizeof(KalamProgress));
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

// Keys that were inserted and removed again must not be stored: nothing is sent that the server could refuse. Those
// that were looked up when they were inserted were not.
static void check_absences() {
  ListCell* cell;
  foreach (cell, kalam_journals()) {
    const KalamJournal* journal = (const KalamJournal*)lfirst(cell);
    if (journal->net_absences == 0) continue;
    KalamSender* sender = kalam_sender_open(journal->connection);
    for (int32 i = 0; i < journal->length; i++) {
      if (!kalam_sender_is_net(journal, i, KalamNetChange::absence)) continue;
      KalamJournalBase base = kalam_journal_base(journal, &journal->entries[i]);
      if (!base.expects_absent && !base.was_absent) kalam_sender_look_for_duplicate(sender, journal, i);
    }
    kalam_sender_drain(sender);
  }
}

// What a row takes in a transaction of the server, whose commit is what costs, and how long that goes without a word.
constexpr int64 STAGED_ROW_US = 320;
constexpr int64 SILENT_SECONDS = 5;

// Once a session: many rows of one table, which the other write mode inserts in a tenth of the time.
static void tell_of_cost(List* journals) {
  static bool was_told;
  const KalamJournal* journal = (const KalamJournal*)linitial(journals);
  if (was_told || list_length(journals) > 1 || journal->net_updates + journal->net_removes > 0) return;
  int64 seconds = journal->net_inserts * STAGED_ROW_US / USECS_PER_SEC;
  if (seconds < SILENT_SECONDS) return;
  was_told = true;
  ereport(
      NOTICE,
      (errmsg("inserting " INT64_FORMAT " rows into KalamDB table \"%s\" as one transaction may take " INT64_FORMAT
              " seconds",
              journal->net_inserts, journal->relation->remote_name, seconds),
       errdetail("They do not fit one request of 4 MB, and a transaction of KalamDB takes about 0.3 ms for each row."),
       errhint("With kalam.write_mode = autocommit they are inserted request by request, which takes a tenth of the "
               "time and is not atomic.")));
}

void kalam_commit_journals() {
  List* journals = NIL;
  ListCell* cell;
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB commit", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  foreach (cell, kalam_journals()) {
    KalamJournal* journal = (KalamJournal*)lfirst(cell);
    if (kalam_journal_net_count(journal) == 0) continue;
    journals = lappend(journals, journal);
    kalam_storage_state_forget(journal->relation, journal->subject);
  }
  CHECK_FOR_INTERRUPTS();
  check_absences();
  if (journals == NIL) {
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    return;
  }

  KalamJournal* first = (KalamJournal*)linitial(journals);
  bool sent = kalam_transaction_single_move() != nullptr;
  if (sent) {
    kalam_send_move(kalam_sender_open(first->connection), first);
  } else if (!kalam_transaction_needs_begin()) {
    KalamSender* sender = kalam_sender_open(first->connection);
    sent = first->net_inserts == 0 || kalam_send_inserts_at_once(sender, first);
    if (first->net_inserts == 0) kalam_send_single_change(sender, first);
  }
  if (!sent && kalam_setting_write_mode() == KalamWriteMode::autocommit) {
    send_in_groups(journals);
  } else if (!sent) {
    kalam_transaction_check_atomic();
    tell_of_cost(journals);
    kalam_send_in_transaction(kalam_sender_open(first->connection), journals, true);
  }
  MemoryContextSwitchTo(old);
  MemoryContextDelete(context);
}
