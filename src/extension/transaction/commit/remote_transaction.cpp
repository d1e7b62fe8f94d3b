#include "extension/transaction/commit/remote_transaction.h"

#include "extension/transaction/commit/requests.h"
#include "extension/transaction/outcome.h"

// How long the rollback of a failed commit may keep the session waiting.
constexpr uint32 ROLLBACK_WAIT_MS = 500;

// Every row that is to be changed must still be there, and as it was read: a commit stops in the middle at a row that
// is gone, and what was applied before stays (spec 8.5). Rows that were read a moment ago are as good as looked up: the
// look-ups of many rows take as long as reading them did. Outside the server's transaction, where lookups by key are
// fast.
static void look_rows_up(KalamSender* sender, const KalamJournal* journal) {
  if (journal->net_updates + journal->net_removes == 0) return;
  for (int32 i = 0; i < journal->length; i++) {
    if ((kalam_sender_is_net(journal, i, KalamNetChange::update) ||
         kalam_sender_is_net(journal, i, KalamNetChange::remove)) &&
        !kalam_sender_has_just_read(kalam_journal_base(journal, &journal->entries[i])))
      kalam_sender_look_up(sender, journal, i);
  }
}

static void stage_changes(KalamSender* sender, KalamJournal* journal) {
  kalam::Status status;
  for (int32 i = 0; i < journal->length; i++) {
    if (!kalam_sender_is_net(journal, i, KalamNetChange::update) &&
        !kalam_sender_is_net(journal, i, KalamNetChange::remove))
      continue;
    kalam::Call* call = kalam_sender_start_change(sender, journal, i, &status);
    kalam_sender_stage(sender, journal, call, &status);
  }
}

// The answer of a commit that failed. Duplicate keys, and whatever one batch of inserts is refused for, are found
// before anything is applied; what is found later leaves behind what came first (spec 8.5). The client tells which it
// was.
[[noreturn]] static void report_commit_failure(const KalamSender* sender, const KalamJournal* journal,
                                               const kalam::Status* status) {
  // A server that remembers the transaction has staged the changes in it; of one that does not nobody knows.
  if (status->error == kalam::ErrorClass::transaction_unknown) kalam_report_unknown_rows(sender->connection, status);
  if (status->maybe_executed) kalam_report_stopped_commit(sender->connection, status);
  kalam_sender_report(sender, journal, status);
}

static void roll_back(KalamSender* sender) {
  kalam::CallOptions options = {};
  options.deadline_ms = ROLLBACK_WAIT_MS;
  kalam::Status ignored;
  kalam::Call* call = kalam::call_rollback(sender->connection->handle, &options, &ignored);
  if (call == nullptr) return;
  kalam::call_wait(call, ROLLBACK_WAIT_MS);
  KalamCallSubject none = {};
  kalam_release_call(sender->connection, &none, call);
}

// Ends the server's transaction after a failure before its Commit.
static void end_failed_transaction(KalamSender* sender) {
  bool is_answered = true;
  if (sender->holder->call != nullptr) {
    kalam::Status status;
    is_answered = kalam::call_done(sender->holder->call);
    kalam::call_status(sender->holder->call, &status);
    is_answered = is_answered && !kalam_is_unanswered(&status);
    kalam_call_holder_clear(sender->holder);
  }
  if (is_answered) {
    roll_back(sender);
  } else {
    kalam::connection_abandon_session(sender->connection->handle);
  }
}

void kalam_send_in_transaction(KalamSender* sender, List* journals, bool with_inserts) {
  // Whether the server's transaction may be open, so that the handler ends it.
  volatile bool is_open = false;

  PG_TRY();
  {
    // In here, as the handler has no use for it: no compiler need wonder which value it has after a longjmp.
    KalamJournal* only = list_length(journals) == 1 ? (KalamJournal*)linitial(journals) : nullptr;
    kalam::CallOptions options = {};
    kalam::Status status;
    KalamCallHolder* holder = sender->holder;
    ListCell* cell;

    foreach (cell, journals) look_rows_up(sender, (KalamJournal*)lfirst(cell));
    kalam_sender_drain(sender);

    holder->call = kalam::call_begin(sender->connection->handle, &options, &status);
    kalam_sender_check_started(sender, only, holder->call, &status);
    is_open = true;
    sender->staged = 0;
    sender->insert_form =
        only != nullptr && only->net_updates + only->net_removes == 0 ? kalam::RowForm::plain : kalam::RowForm::tagged;
    kalam_sender_finish_single(sender, only);

    foreach (cell, journals) {
      if (with_inserts) kalam_send_inserts(sender, (KalamJournal*)lfirst(cell), nullptr);
      stage_changes(sender, (KalamJournal*)lfirst(cell));
    }

    CHECK_FOR_INTERRUPTS();
    holder->call = kalam::call_commit(sender->connection->handle, &options, &status);
    kalam_sender_check_started(sender, only, holder->call, &status);
    is_open = false;
    kalam_sender_wait_for_outcome(sender, &status);
    if (status.error != kalam::ErrorClass::none) report_commit_failure(sender, only, &status);
    kalam_call_holder_clear(holder);
  }
  PG_CATCH();
  {
    if (is_open) end_failed_transaction(sender);
    PG_RE_THROW();
  }
  PG_END_TRY();
}
