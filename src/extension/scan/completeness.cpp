#include "extension/scan/completeness.h"

#include "extension/base/report.h"
#include "extension/base/settings.h"
#include "extension/scan/completeness_answer.h"
#include "extension/scan/completeness_questions.h"

// What the manifest says when the scan's answer is there is worth no longer wait: the other questions tell as well.
constexpr long STATE_BOUND_MS = 1000;
// And what is asked for the next scan, usually answered before the scan, is worth none.
constexpr long NEXT_STATE_BOUND_MS = 10;
// A snapshot is not read without an answer.
constexpr long SNAPSHOT_STATE_BOUND_MS = 30000;

bool kalam_completeness_by_version(const KalamRelation* remote) {
  return remote->kind == kalam::TableKind::shared && remote->key_column >= 0 && remote->version_column >= 0;
}

bool kalam_completeness_can_check(const KalamRelation* remote) {
  return kalam_completeness_by_version(remote) || remote->kind == kalam::TableKind::user ||
         remote->kind == kalam::TableKind::stream;
}

KalamCompleteness* kalam_completeness_create(KalamConnection* connection, const KalamRelation* remote,
                                             const char* subject, bool keeps_answer) {
  KalamCompleteness* check = (KalamCompleteness*)palloc0(sizeof(KalamCompleteness));
  check->connection = connection;
  check->remote = remote;
  check->subject = subject;
  check->version_index = check->key_index = -1;
  check->keeps_answer = keeps_answer;
  return check;
}

// ---------------------------------------------------------------- before the scan, and while it runs

static void finish_clock(KalamCompleteness* check) {
  KalamPendingQuery* question = check->clock_question;
  if (question == nullptr) return;
  check->clock_question = nullptr;
  // Up to the end of the millisecond: rather a needless repetition than a row that is missed.
  check->later_from = kalam_first_version_of(kalam_finish_clock(check->connection, question) + 1);
}

// Notes which versions are later than the scan, by the server's clock or by the versions that are there.
static void read_clock(KalamCompleteness* check) {
  if (!kalam_has_timed_versions(check->remote)) {
    // Nothing tells whether a later version was committed before the scan or while it ran. If there is one the scan is
    // repeated, and what was there before it is known then.
    check->later_from = check->reads_clock_first ? kalam_find_last_version(check) + 1 : PG_INT64_MAX;
    return;
  }
  check->clock_question = kalam_completeness_ask_clock(check);
  // A clock that is read while the scan runs may be late, never early: what is committed in between makes the answer
  // look cut off. Only then is the round trip worth it.
  if (check->reads_clock_first) finish_clock(check);
}

static KalamPendingStorageState* ask_state(const KalamCompleteness* check) {
  return kalam_storage_state_start(check->connection, check->remote, check->subject);
}

// Questions that are asked while the scan runs are asked before its answer is known: about the version that the last
// two answers ended with.
static void ask_early(KalamCompleteness* check) {
  if (!kalam_has_timed_versions(check->remote)) return;
  if (!kalam_storage_state_stays_at(check->remote, check->subject, &check->early_behind)) return;
  check->early_row = kalam_ask_version(check, check->early_behind, "", "");
  check->early_deletion = kalam_ask_version(check, check->early_behind, KALAM_OF_DELETIONS, "");
}

void kalam_completeness_start(KalamCompleteness* check) {
  if (check->snapshot != nullptr) {
    check->later_from = check->snapshot->later_from;
    return;
  }
  check->before = {};
  check->state_question = nullptr;
  check->early_row = check->early_deletion = nullptr;
  kalam_storage_state_last(check->remote, check->subject, &check->before);
  // A user who has few rows needs no more; about the others see kalam_completeness_repair().
  if (!kalam_completeness_by_version(check->remote)) return;
  read_clock(check);
  if (check->before.in_sync) return;
  ask_early(check);
  // What is answered while the scan runs may be answered after a flush that came too late for it. It is for the next.
  if (kalam_storage_state_is_due(check->remote, check->subject)) check->state_question = ask_state(check);
}

// ---------------------------------------------------------------- checking the answer

// Whether nothing was unflushed while the scan ran. `question` was asked when the answer was there. A server whose
// manifest is behind its tables is seen by rows that are newer than the files.
static bool was_in_sync(const KalamCompleteness* check, KalamPendingStorageState* question) {
  KalamStorageState after;
  kalam_storage_state_finish(question, STATE_BOUND_MS, &after);
  return kalam_storage_state_is_unchanged(&check->before, &after) && check->highest >= 0 &&
         check->highest <= after.max_seq;
}

// Whether what was asked while the scan ran has shown that there is nothing behind its last version: what was committed
// after those questions is later than the scan's start, and none of it is in the answer.
static bool had_no_changes(const KalamCompleteness* check) {
  int64 version;
  if (check->early_row == nullptr) return false;
  bool found = kalam_finish_version(check, check->early_row, &version);
  found = kalam_finish_version(check, check->early_deletion, &version) || found;
  return !found && check->highest == check->early_behind;
}

// Whether the table has that many rows; true also when the server refuses to count them.
static bool has_row_count(const KalamCompleteness* check, int64 rows) {
  int64 count;
  return !kalam_finish_row_count(check, kalam_ask_row_count(check), &count) || count == rows;
}

// Keys of the deletions that are not later than the scan.
static int select_earlier(KalamCompleteness* check, KalamDeletions* deletions) {
  int count = 0;
  if (deletions->count > 0) check->unread = deletions->versions[0];
  for (int i = 0; i < deletions->count; i++)
    if (deletions->versions[i] < check->later_from) deletions->keys[count++] = deletions->keys[i];
  return count;
}

// Rows that are there, changed or new, but were not read, or that were deleted, but whose deletion was not read; unless
// it was later than the scan. The server starts reading behind the version that a condition names, and again reads only
// so many versions. If all that it finds is deletions, there may be others behind the last one.
static bool has_unread_changes(KalamCompleteness* check, kalam::Call* call, int64 rows) {
  KalamDeletions deletions;
  int64 behind;
  int64 next = check->highest;
  int64 version;
  bool has_later_row;
  bool must_count = false;
  do {
    behind = next;
    KalamPendingQuery* first_row = kalam_ask_version(check, behind, "", "");
    KalamPendingQuery* deleted = kalam_ask_deletions(check, behind);
    has_later_row = kalam_finish_version(check, first_row, &version);
    if (has_later_row) {
      finish_clock(check);
      check->unread = version;
      if (version < check->later_from) return true;
    }
    kalam_finish_deletions(check, deleted, behind, &deletions);
    if (deletions.count > 0) finish_clock(check);
    int earlier = select_earlier(check, &deletions);
    // Too many to know them all, or of a type whose texts are not compared: the counts must agree.
    if (earlier >= KALAM_DELETIONS_MAX || (earlier > 0 && !kalam_answer_has_comparable_key(check->remote))) {
      must_count = true;
    } else if (earlier > 0) {
      kalam_answer_rewind(check, call, true);
      if (kalam_answer_has_any_key(check, call, deletions.keys, earlier)) return true;
    }
    next = deletions.last;
  } while (!has_later_row && deletions.count > 0 && next > behind && next < check->later_from);
  return must_count && !has_row_count(check, rows);
}

static bool is_complete(KalamCompleteness* check, kalam::Call* call) {
  // Asked now that the answer is there, and answered while it is read.
  KalamPendingStorageState* question = check->before.in_sync ? ask_state(check) : nullptr;
  int64 rows = kalam_answer_read_versions(check, call, 0).all;
  bool complete;
  if (rows == 0) {
    // Without a version to start from only the count is right.
    complete = has_row_count(check, 0);
  } else {
    complete = was_in_sync(check, question) || had_no_changes(check) || !has_unread_changes(check, call, rows);
  }
  kalam_answer_rewind(check, call, false);
  if (complete) kalam_storage_state_note_highest(check->remote, check->subject, check->highest);
  return complete;
}

// A user's or a stream's rows. A flush moves the user's versions out of the way of the limit; after one the result has
// to be taken as it is.
static bool is_below_limit(KalamCompleteness* check, kalam::Call* call) {
  KalamAnswerRows rows = kalam_answer_read_versions(check, call, kalam_relation_flushed_before(check->remote->relid));
  kalam_answer_rewind(check, call, false);
  if (rows.unflushed < kalam_setting_server_version_limit() / 2 || check->attempts > 0) return true;
  if (check->before.in_sync && was_in_sync(check, ask_state(check))) return true;
  if (check->remote->kind == kalam::TableKind::user) return false;
  ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                  errmsg("cannot read all rows of KalamDB stream table \"%s\"", check->remote->remote_name),
                  errdetail("The server reads at most %d rows of a user, and sent " INT64_FORMAT
                            ": whether that is all cannot be told.",
                            kalam_setting_server_version_limit(), rows.unflushed),
                  errhint("Look rows up by their key, or let the stream's rows expire sooner.")));
  return false;
}

// ---------------------------------------------------------------- the answer of a scan in a snapshot

// What a flush has left of the snapshot.
static KalamDoubt doubt_of_files(const KalamCompleteness* check, int64 rows, KalamPendingStorageState* question) {
  KalamStorageState state;
  kalam_storage_state_finish(question, SNAPSHOT_STATE_BOUND_MS, &state);
  // A table without a word about it was never written.
  if (!state.known) return rows == 0 ? KalamDoubt::none : KalamDoubt::not_told;
  return state.max_seq < check->snapshot->earlier_than ? KalamDoubt::none : KalamDoubt::flushed;
}

static KalamDoubt doubt_of_rows(KalamCompleteness* check, kalam::Call* call, const KalamAnswerRows* rows) {
  if (check->highest >= check->snapshot->later_from) return KalamDoubt::is_later;
  if (!kalam_completeness_by_version(check->remote))
    return rows->unflushed < kalam_setting_server_version_limit() / 2 ? KalamDoubt::none : KalamDoubt::cut_off;
  if (!has_unread_changes(check, call, rows->all)) return KalamDoubt::none;
  return check->unread >= check->snapshot->earlier_than ? KalamDoubt::is_close : KalamDoubt::cut_off;
}

static bool is_whole_snapshot(KalamCompleteness* check, kalam::Call* call) {
  // Asked now that the answer is there.
  KalamPendingStorageState* question = ask_state(check);
  KalamAnswerRows rows = kalam_answer_read_versions(check, call, kalam_relation_flushed_before(check->remote->relid));
  check->doubt = doubt_of_rows(check, call, &rows);
  if (check->doubt == KalamDoubt::none) check->doubt = doubt_of_files(check, rows.all, question);
  kalam_answer_rewind(check, call, false);
  return check->doubt == KalamDoubt::none;
}

bool kalam_completeness_check(KalamCompleteness* check, kalam::Call* call) {
  KalamStorageState state;
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB completeness", ALLOCSET_SMALL_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  kalam::call_result_keep(call);
  bool complete;
  if (check->snapshot != nullptr) {
    complete = is_whole_snapshot(check, call);
  } else {
    complete = kalam_completeness_by_version(check->remote) ? is_complete(check, call) : is_below_limit(check, call);
  }
  if (check->state_question != nullptr) kalam_storage_state_finish(check->state_question, NEXT_STATE_BOUND_MS, &state);
  check->state_question = nullptr;
  MemoryContextSwitchTo(old);
  MemoryContextDelete(context);
  return complete;
}
