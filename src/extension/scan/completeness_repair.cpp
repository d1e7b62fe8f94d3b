// What is done about an answer that was cut off.
#include "extension/base/report.h"
#include "extension/base/settings.h"
#include "extension/remote/wait.h"
#include "extension/scan/completeness_answer.h"
#include "extension/scan/completeness_questions.h"
#include "extension/stats/counters.h"

extern "C" {
#include "utils/lsyscache.h"
}

// A flush shows within seconds. Pauses grow from the first to the last of these.
constexpr int FIRST_PAUSE_MS = 50;
constexpr int LAST_PAUSE_MS = 1000;
constexpr int ATTEMPTS_MAX = 60;
// The job of a flush may say "running" for more than a minute after its effect is there.
constexpr int ATTEMPTS_UNTIL_END_MAX = 600;

constexpr long STATE_BOUND_MS = 1000;

// Snapshots that are taken one after the other until one can be shown to be whole.
constexpr int SNAPSHOTS_MAX = 5;

static void report_incomplete(const KalamCompleteness* check, const char* reason) {
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("cannot read all rows of KalamDB table \"%s\"", check->remote->remote_name),
           errdetail("The server reads only a part of a table that holds many unflushed row versions. %s", reason),
           errhint("Flush the table: SELECT kalam_flush(%s). Give it a FLUSH_POLICY to have that done regularly.",
                   quote_literal_cstr(quote_qualified_identifier(
                       get_namespace_name(get_rel_namespace(check->remote->relid)), check->remote->local_name)))));
}

// Starts a flush, unless one is running: that may be too early for what is to be read, so this one follows it later.
static void start_flush(KalamCompleteness* check) {
  kalam::Status status;
  if (check->attempts == 0) {
    ereport(NOTICE, (errmsg("flushing KalamDB table \"%s\"", check->remote->remote_name),
                     errdetail("It holds more unflushed row versions than the server reads."),
                     errhint("Give the table a FLUSH_POLICY, or switch kalam.auto_flush off.")));
  }
  // What the answer has, at least, was there before.
  check->flushed_before =
      kalam_has_timed_versions(check->remote)
          ? kalam_first_version_of(kalam_finish_clock(check->connection, kalam_completeness_ask_clock(check)))
          : check->highest + 1;
  kalam_storage_state_forget_table(check->remote->serverid, check->remote->name_space, check->remote->table);
  check->is_flushing =
      kalam_flush_start(check->connection, kalam_completeness_table(check), &check->flush_job, &status);
  if (check->is_flushing) {
    kalam_count(check->remote->serverid, check->remote->relid, KalamCounter::flushes);
  } else if (status.error != kalam::ErrorClass::busy) {
    kalam_answer_report(check, &status);
  }
}

// Whether the flush is over, as far as the server says. Raises when it failed.
static bool flush_has_ended(KalamCompleteness* check, bool waits_for_end) {
  char* message;
  kalam::JobState state = kalam_flush_state(check->connection, &check->flush_job, &message);
  if (state == kalam::JobState::failed) {
    report_incomplete(check, psprintf("Flushing it failed: %s.", message != nullptr ? message : "no reason is given"));
  }
  if (state == kalam::JobState::unknown && waits_for_end) report_incomplete(check, message);
  return state == kalam::JobState::completed;
}

// Whether the answer may only look cut off, and a second scan will tell.
static bool is_worth_another_look(KalamCompleteness* check) {
  // Somebody else may have committed between the scan's start and the answer about the clock.
  if (kalam_completeness_by_version(check->remote)) {
    if (check->reads_clock_first) return false;
    check->reads_clock_first = true;
    return true;
  }
  // The user may have many rows, all of them flushed: that must be known before the scan is sent.
  if (check->asked_state_first || !kalam_storage_state_is_told(check->remote)) return false;
  KalamStorageState state;
  check->asked_state_first = true;
  kalam_storage_state_finish(kalam_storage_state_start(check->connection, check->remote, check->subject),
                             STATE_BOUND_MS, &state);
  return state.in_sync;
}

// In a snapshot, or in another one where nothing was read in this one.
static void repair_in_snapshot(KalamCompleteness* check) {
  if (check->doubt == KalamDoubt::cut_off)
    report_incomplete(check, "In a transaction that reads a snapshot it is not flushed.");
  if (check->attempts++ < SNAPSHOTS_MAX && kalam_snapshot_renew()) {
    check->snapshot = kalam_snapshot_open(check->remote, check->connection, check->subject);
    return;
  }
  switch (check->doubt) {
    case KalamDoubt::not_told:
      ereport(ERROR,
              (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
               errmsg("cannot read KalamDB table \"%s\" in the transaction's snapshot", check->remote->remote_name),
               errdetail("The server does not tell whether the table was flushed since the snapshot was taken.")));
      break;
    case KalamDoubt::is_close:
      ereport(ERROR,
              (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
               errmsg("cannot read KalamDB table \"%s\" in the transaction's snapshot", check->remote->remote_name),
               errdetail("It was changed at the moment when the snapshot was taken, and nothing tells whether "
                         "that is in the snapshot."),
               errhint("Run the transaction again.")));
      break;
    default:
      ereport(ERROR,
              (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
               errmsg("cannot read KalamDB table \"%s\" in the transaction's snapshot", check->remote->remote_name),
               check->doubt == KalamDoubt::flushed
                   ? errdetail("Rows that were changed after the snapshot was taken have been flushed, and the "
                               "versions before them may be gone.")
                   : errdetail("The server sent rows that were changed after the snapshot was taken."),
               errhint("Run the transaction again.")));
  }
}

void kalam_completeness_repair(KalamCompleteness* check) {
  if (check->snapshot != nullptr) return repair_in_snapshot(check);
  if (is_worth_another_look(check)) return;
  if (!kalam_setting_auto_flush()) report_incomplete(check, "Setting kalam.auto_flush is off.");
  if (check->attempts >= ATTEMPTS_MAX) report_incomplete(check, "Flushing it did not help.");

  // A flush goes on after its command was answered. Shared tables are read again at once, since they tell; the job may
  // say "running" long after its effect is there. For the others its end is all that is known.
  bool waits_for_end = !kalam_completeness_by_version(check->remote);
  int most = waits_for_end ? ATTEMPTS_UNTIL_END_MAX : ATTEMPTS_MAX;
  do {
    if (!check->is_flushing) start_flush(check);
    kalam_pause(KalamWait::flush, Min(LAST_PAUSE_MS, FIRST_PAUSE_MS << Min(check->attempts, 5)));
    if (check->is_flushing && flush_has_ended(check, waits_for_end)) {
      check->is_flushing = false;
      waits_for_end = false;
      kalam_relation_note_flush(check->remote->relid, check->flushed_before);
    }
    check->attempts++;
  } while (waits_for_end && check->attempts < most);
  if (waits_for_end) report_incomplete(check, "Flushing it takes too long.");
}
