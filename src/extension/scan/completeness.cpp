#include "extension/scan/completeness.h"

#include "extension/base/report.h"
#include "extension/base/settings.h"

extern "C" {
#include "utils/lsyscache.h"
}

using kalam::ColumnKind;
using kalam::ColumnView;

// Versions count milliseconds from 2024-01-01, SNOWFLAKE_ID() from 1970 (kalamdb-in-practice: both above bit 22).
constexpr int SNOWFLAKE_SHIFT = 22;
constexpr int64 VERSION_EPOCH_MS = INT64CONST(1704067200000);

constexpr uint32 WINDOW_ROWS = 8192;
constexpr int TOMBSTONES_MAX = 1000;

// A flush shows within seconds. Pauses grow from the first to the last of these.
constexpr int FIRST_PAUSE_MS = 50;
constexpr int LAST_PAUSE_MS = 1000;
constexpr int ATTEMPTS_MAX = 60;
// The job of a flush may say "running" for more than a minute after its effect is there.
constexpr int ATTEMPTS_UNTIL_END_MAX = 600;

// KalamDB 0.4's versions tell the time. Those of 0.7, called _version, count commits (spec 5.3).
static bool has_timed_versions(const KalamRelation* remote) {
  return remote->version_column >= 0 && strcmp(remote->columns[remote->version_column].name, "_seq") == 0;
}

bool kalam_judges_by_version(const KalamRelation* remote) {
  return remote->kind == kalam::TableKind::shared && remote->key_column >= 0 && remote->version_column >= 0;
}

bool kalam_can_judge(const KalamRelation* remote) {
  return kalam_judges_by_version(remote) || remote->kind == kalam::TableKind::user ||
         remote->kind == kalam::TableKind::stream;
}

static char* quoted_table(const KalamCompleteness* check) {
  return kalam_quote_table(check->remote->name_space, check->remote->table);
}

static const char* version_name(const KalamCompleteness* check) {
  return check->remote->columns[check->remote->version_column].name;
}

[[noreturn]] static void report_unreadable(const KalamCompleteness* check, const char* what) {
  ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                  errmsg("KalamDB server \"%s\" did not tell %s", check->connection->server_name, what)));
  pg_unreachable();
}

static bool read_integer(const char* text, int64* value) {
  char* end;
  if (text == nullptr || *text == '\0') return false;
  errno = 0;
  *value = strtoll(text, &end, 10);
  return *end == '\0' && errno == 0;
}

// Once a session and server.
static void warn_unjudged(const KalamCompleteness* check, const kalam::Status* status) {
  static List* warned;
  Oid server = check->connection->key.serverid;
  if (list_member_oid(warned, server)) return;
  MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
  warned = lappend_oid(warned, server);
  MemoryContextSwitchTo(old);
  ereport(WARNING, (errmsg("cannot tell whether KalamDB server \"%s\" sends all rows of a table",
                           check->connection->server_name),
                    errdetail_internal("%s", kalam_text_from_remote(status->detail, strlen(status->detail))),
                    errhint("Give tables a FLUSH_POLICY: the server reads only a part of a table that holds many "
                            "unflushed row versions.")));
}

// The answer to a question about versions or their number; NULL where a server of KalamDB 0.7 refuses it, which was
// never seen to answer one: its tables are read without being judged then.
static KalamQueryResult* finish_question(const KalamCompleteness* check, KalamPendingQuery* query) {
  kalam::Status status;
  if (has_timed_versions(check->remote)) return kalam_query_finish(query);

  const char* sql = pstrdup(query->sql);
  KalamQueryResult* answer = kalam_query_finish(query, &status);
  if (answer != nullptr) return answer;
  if (status.error != kalam::ErrorClass::sql_error) {
    KalamErrorContext context = {};
    context.server = check->connection->server_name;
    context.remote_sql = sql;
    kalam_report(&status, &context);
  }
  warn_unjudged(check, &status);
  return nullptr;
}

// The first value of a query's answer as an integer; false when there is no row, or the question is refused. `what` is
// asked for, for a message.
static bool finish_integer(const KalamCompleteness* check, KalamPendingQuery* query, const char* what, int64* value) {
  KalamQueryResult* answer = finish_question(check, query);
  if (answer == nullptr || answer->row_count == 0) return false;
  if (answer->column_count == 0 || !read_integer(answer->values[0][0], value)) report_unreadable(check, what);
  return true;
}

static KalamPendingQuery* ask_time(const KalamCompleteness* check) {
  return kalam_query_start(check->connection, "SELECT SNOWFLAKE_ID() AS c1");
}

// The server's clock in milliseconds from the versions' epoch.
static int64 finish_time(const KalamCompleteness* check, KalamPendingQuery* query) {
  static constexpr const char* what = "its time";
  int64 id;
  if (!finish_integer(check, query, what, &id)) report_unreadable(check, what);
  return (id >> SNOWFLAKE_SHIFT) - VERSION_EPOCH_MS;
}

static void finish_mark(KalamCompleteness* check) {
  KalamPendingQuery* query = check->mark_query;
  if (query == nullptr) return;
  check->mark_query = nullptr;
  // Up to the end of the millisecond: rather a needless repetition than a row that is missed.
  check->mark = (finish_time(check, query) + 1) << SNOWFLAKE_SHIFT;
}

// The first or last of the versions behind one; `condition` and `order` end the query. One row in all.
static KalamPendingQuery* ask_version(const KalamCompleteness* check, int64 behind, const char* condition,
                                      const char* order) {
  const char* version = version_name(check);
  return kalam_query_start(check->connection,
                           psprintf("SELECT %s AS c1 FROM %s WHERE %s > " INT64_FORMAT "%s ORDER BY %s%s LIMIT 1",
                                    version, quoted_table(check), version, behind, condition, version, order));
}

static bool finish_version(const KalamCompleteness* check, KalamPendingQuery* query, int64* version) {
  return finish_integer(check, query, "the version of a row", version);
}

// Looks behind a version for others, of rows or of deletions. Takes the highest that the server reads, which is not
// the last one when too many are unflushed; false when there is none.
static bool find_later_version(const KalamCompleteness* check, int64 behind, int64* latest) {
  KalamPendingQuery* queries[] = {ask_version(check, behind, "", " DESC"),
                                  ask_version(check, behind, " AND _deleted = true", " DESC")};
  bool found = false;
  int64 version;
  for (KalamPendingQuery* query : queries) {
    if (!finish_version(check, query, &version)) continue;
    *latest = Max(*latest, version);
    found = true;
  }
  return found;
}

// A version with none behind it. Others may commit all the time, so looks start more and more commits behind the last
// version that is known; a version counts commits above bit 16 (spec 5.3).
static int64 last_version(const KalamCompleteness* check) {
  static constexpr int64 commit = INT64CONST(1) << 16;
  int64 latest = Max(check->highest, 0);
  int64 behind = latest;
  int64 step = 0;
  while (find_later_version(check, behind, &latest)) {
    if (latest > PG_INT64_MAX - 1 - step) return PG_INT64_MAX - 1;
    behind = latest + step;
    step = step == 0 ? commit : Min(step * 2, PG_INT64_MAX / 4);
  }
  return behind;
}

void kalam_completeness_mark(KalamCompleteness* check) {
  if (!kalam_judges_by_version(check->remote)) return;
  if (!has_timed_versions(check->remote)) {
    // Nothing tells whether a later version was committed before the scan or while it ran. If there is one the scan is
    // repeated, and what was there before it is known then.
    check->mark = check->marks_first ? last_version(check) + 1 : PG_INT64_MAX;
    return;
  }
  check->mark_query = ask_time(check);
  // A clock that is read while the scan runs may be late, never early: what is committed in between makes the answer
  // look cut off. Only then is the round trip worth it.
  if (check->marks_first) finish_mark(check);
}

// ---------------------------------------------------------------- reading ahead

static void report_answer(const KalamCompleteness* check, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = check->connection->server_name;
  context.remote_table = check->remote->remote_name;
  context.relation = check->remote->local_name;
  kalam_report(status, &context);
}

// The next window, or false at the end of the answer.
static bool next_window(const KalamCompleteness* check, kalam::Call* call, kalam::Window* window) {
  kalam::Status status;
  CHECK_FOR_INTERRUPTS();
  if (kalam::call_result_next(call, WINDOW_ROWS, window, &status)) {
    if ((int)window->column_count > Max(check->version_index, check->key_index)) return true;
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("KalamDB server \"%s\" sent %u columns, fewer than were asked for",
                           check->connection->server_name, window->column_count)));
  }
  if (status.error != kalam::ErrorClass::none) report_answer(check, &status);
  return false;
}

static void rewind_answer(const KalamCompleteness* check, kalam::Call* call, bool keep) {
  kalam::Status status;
  if (!kalam::call_result_rewind(call, keep || check->keeps_answer, &status)) report_answer(check, &status);
}

// What the next reading of the answer needs; -1: nothing but the number of rows.
static void select_column(kalam::Call* call, int index) {
  uint32 column = (uint32)Max(index, 0);
  kalam::call_result_select(call, &column, index >= 0 ? 1 : 0);
}

static const int64_t* versions_of(const KalamCompleteness* check, const kalam::Window* window) {
  const ColumnView* view = &window->columns[check->version_index];
  if (view->kind != ColumnKind::int64)
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("KalamDB server \"%s\" sent row versions of type %s",
                                                                check->connection->server_name, view->type_name)));
  return (const int64_t*)view->values;
}

// Number of the answer's rows; notes their highest version.
static int64 read_versions(KalamCompleteness* check, kalam::Call* call) {
  kalam::Window window;
  int64 highest = -1;
  int64 rows = 0;
  select_column(call, check->version_index);
  while (next_window(check, call, &window)) {
    const int64_t* versions = versions_of(check, &window);
    for (uint32 i = 0; i < window.rows; i++) highest = Max(highest, versions[i]);
    rows += window.rows;
  }
  check->highest = highest;
  return rows;
}

// Text of a key as a query's answer renders it, in `buffer` or palloc'd; NULL for types that are not compared.
static const char* key_text(const ColumnView* view, uint32 row, char* buffer, size_t size) {
  switch (view->kind) {
    case ColumnKind::boolean:
      return ((const uint8_t*)view->values)[row] != 0 ? "true" : "false";
    case ColumnKind::int16:
      snprintf(buffer, size, "%d", ((const int16_t*)view->values)[row]);
      return buffer;
    case ColumnKind::int32:
      snprintf(buffer, size, "%d", ((const int32_t*)view->values)[row]);
      return buffer;
    case ColumnKind::int64:
      snprintf(buffer, size, INT64_FORMAT, (int64)((const int64_t*)view->values)[row]);
      return buffer;
    case ColumnKind::utf8: {
      const kalam::Slice* slice = &((const kalam::Slice*)view->values)[row];
      return kalam_text_from_remote(slice->data, slice->size);
    }
    default:
      return nullptr;
  }
}

static int compare_texts(const void* a, const void* b) {
  return strcmp(*(const char* const*)a, *(const char* const*)b);
}

// Whether the answer has a row of one of the keys.
static bool has_any_key(const KalamCompleteness* check, kalam::Call* call, char** keys, int count) {
  kalam::Window window;
  char buffer[32];
  bool found = false;
  qsort(keys, (size_t)count, sizeof(char*), compare_texts);
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB keys", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  select_column(call, check->key_index);
  while (!found && next_window(check, call, &window)) {
    for (uint32 i = 0; i < window.rows && !found; i++) {
      const char* text = key_text(&window.columns[check->key_index], i, buffer, sizeof(buffer));
      found = text != nullptr && bsearch(&text, keys, (size_t)count, sizeof(char*), compare_texts) != nullptr;
    }
    MemoryContextReset(context);
  }
  MemoryContextSwitchTo(old);
  MemoryContextDelete(context);
  return found;
}

// ---------------------------------------------------------------- judging

// Whether the table has that many rows; true also when a server of KalamDB 0.7 refuses to count them.
static bool has_rows(const KalamCompleteness* check, int64 rows) {
  int64 count = rows;
  KalamQueryResult* answer = finish_question(
      check, kalam_query_start(check->connection, psprintf("SELECT count(*) FROM %s", quoted_table(check))));
  if (answer == nullptr) return true;
  if (answer->row_count != 1 || answer->column_count != 1 || !read_integer(answer->values[0][0], &count))
    report_unreadable(check, "the number of rows");
  return count == rows;
}

static bool has_comparable_key(const KalamRelation* remote) {
  switch (remote->columns[remote->key_column].type.kind) {
    case kalam::RemoteKind::boolean:
    case kalam::RemoteKind::smallint:
    case kalam::RemoteKind::integer:
    case kalam::RemoteKind::bigint:
    case kalam::RemoteKind::text:
      return true;
    default:
      return false;
  }
}

// Deletions behind a version, as far as the server reads.
struct Deletions {
  int all;
  int count;    // of those before the mark
  char** keys;  // [count]
  int64 last;   // version of the last one of all
};

static KalamPendingQuery* ask_deletions(const KalamCompleteness* check, int64 behind) {
  const char* version = version_name(check);
  return kalam_query_start(
      check->connection,
      psprintf("SELECT %s AS c1, %s AS c2 FROM %s WHERE %s > " INT64_FORMAT " AND _deleted = true ORDER BY %s LIMIT %d",
               quote_identifier(check->remote->columns[check->remote->key_column].name), version, quoted_table(check),
               version, behind, version, TOMBSTONES_MAX));
}

static void finish_deletions(KalamCompleteness* check, KalamPendingQuery* query, int64 behind, Deletions* deletions) {
  KalamQueryResult* answer = finish_question(check, query);
  *deletions = {};
  if (answer == nullptr || answer->row_count == 0) return;
  finish_mark(check);
  deletions->all = answer->row_count;
  deletions->keys = (char**)palloc(sizeof(char*) * answer->row_count);
  for (int i = 0; i < answer->row_count; i++) {
    char** row = answer->values[i];
    int64 version;
    if (answer->column_count != 2 || row[0] == nullptr || !read_integer(row[1], &version))
      report_unreadable(check, "the versions of deleted rows");
    deletions->last = Max(deletions->last, version);
    if (version < check->mark) deletions->keys[deletions->count++] = row[0];
  }
  if (answer->row_count < TOMBSTONES_MAX) return;
  // There may be more. The rest is known to be deletions, too, when there is no row behind the version.
  if (!finish_version(check, ask_version(check, behind, " AND _deleted = true", " DESC"), &deletions->last))
    deletions->last = PG_INT64_MAX;
}

// Rows that are there, changed or new, but were not read, or that were deleted, but whose deletion was not read; unless
// it was later than the scan. The server starts reading behind the version that a condition names, and again reads only
// so many versions. If all that it finds is deletions, there may be others behind the last one.
static bool has_unread_changes(KalamCompleteness* check, kalam::Call* call, int64 rows) {
  Deletions deletions;
  int64 behind;
  int64 next = check->highest;
  int64 version;
  bool has_later_row;
  bool must_count = false;
  do {
    behind = next;
    KalamPendingQuery* first_row = ask_version(check, behind, "", "");
    KalamPendingQuery* deleted = ask_deletions(check, behind);
    has_later_row = finish_version(check, first_row, &version);
    if (has_later_row) {
      finish_mark(check);
      if (version < check->mark) return true;
    }
    finish_deletions(check, deleted, behind, &deletions);
    // Too many to know them all, or of a type whose texts are not compared: the counts must agree.
    if (deletions.count >= TOMBSTONES_MAX || (deletions.count > 0 && !has_comparable_key(check->remote))) {
      must_count = true;
    } else if (deletions.count > 0) {
      rewind_answer(check, call, true);
      if (has_any_key(check, call, deletions.keys, deletions.count)) return true;
    }
    next = deletions.last;
  } while (!has_later_row && deletions.all > 0 && next > behind && next < check->mark);
  return must_count && !has_rows(check, rows);
}

// Rows that are not known to be flushed, and so count against the server's limit.
static int64 count_unflushed(KalamCompleteness* check, kalam::Call* call) {
  kalam::Window window;
  int64 rows = 0;
  check->highest = -1;
  int64 flushed_before = kalam_relation_flushed_before(check->remote->relid);
  select_column(call, check->version_index);
  while (next_window(check, call, &window)) {
    if (check->version_index < 0) {
      rows += window.rows;
      continue;
    }
    const int64_t* versions = versions_of(check, &window);
    for (uint32 i = 0; i < window.rows; i++) {
      check->highest = Max(check->highest, versions[i]);
      rows += versions[i] >= flushed_before ? 1 : 0;
    }
  }
  return rows;
}

// A user's or a stream's rows. A flush moves the user's versions out of the way of the limit; after one the result has
// to be taken as it is.
static bool is_below_limit(KalamCompleteness* check, kalam::Call* call) {
  int64 rows = count_unflushed(check, call);
  rewind_answer(check, call, false);
  if (rows < kalam_setting_server_version_limit() / 2 || check->attempts > 0) return true;
  if (check->remote->kind == kalam::TableKind::user) return false;
  ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                  errmsg("cannot read all rows of KalamDB stream table \"%s\"", check->remote->remote_name),
                  errdetail("The server reads at most %d rows of a user, and sent " INT64_FORMAT
                            ": whether that is all cannot be told.",
                            kalam_setting_server_version_limit(), rows),
                  errhint("Look rows up by their key, or let the stream's rows expire sooner.")));
  return false;
}

static bool is_complete(KalamCompleteness* check, kalam::Call* call) {
  int64 rows = read_versions(check, call);
  // Without a version to start from only the count is right.
  bool complete = rows > 0 ? !has_unread_changes(check, call, rows) : has_rows(check, 0);
  rewind_answer(check, call, false);
  return complete;
}

bool kalam_completeness_judge(KalamCompleteness* check, kalam::Call* call) {
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB completeness", ALLOCSET_SMALL_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  kalam::call_result_keep(call);
  bool complete = kalam_judges_by_version(check->remote) ? is_complete(check, call) : is_below_limit(check, call);
  MemoryContextSwitchTo(old);
  MemoryContextDelete(context);
  return complete;
}

// ---------------------------------------------------------------- mending

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
  if (check->attempts == 0)
    ereport(NOTICE, (errmsg("flushing KalamDB table \"%s\"", check->remote->remote_name),
                     errdetail("It holds more unflushed row versions than the server reads."),
                     errhint("Give the table a FLUSH_POLICY, or switch kalam.auto_flush off.")));
  // What the answer has, at least, was there before.
  check->flush_mark =
      has_timed_versions(check->remote) ? finish_time(check, ask_time(check)) << SNOWFLAKE_SHIFT : check->highest + 1;
  check->is_flushing = kalam_flush_start(check->connection, quoted_table(check), &check->flush_job, &status);
  if (!check->is_flushing && status.error != kalam::ErrorClass::busy) report_answer(check, &status);
}

// Whether the flush is over, as far as the server says. Raises when it failed.
static bool flush_has_ended(KalamCompleteness* check, bool waits_for_end) {
  char* message;
  KalamFlushState state = kalam_flush_state(check->connection, &check->flush_job, &message);
  if (state == KalamFlushState::failed) {
    report_incomplete(check, psprintf("Flushing it failed: %s.", message != nullptr ? message : "no reason is given"));
  }
  if (state == KalamFlushState::unknown && waits_for_end) report_incomplete(check, message);
  return state == KalamFlushState::completed;
}

void kalam_completeness_mend(KalamCompleteness* check) {
  // It may only look so, when somebody else committed between the scan's start and the answer about the clock.
  if (kalam_judges_by_version(check->remote) && !check->marks_first) {
    check->marks_first = true;
    return;
  }
  if (!kalam_setting_auto_flush()) report_incomplete(check, "Setting kalam.auto_flush is off.");
  if (check->attempts >= ATTEMPTS_MAX) report_incomplete(check, "Flushing it did not help.");

  // A flush goes on after its command was answered. Shared tables are read again at once, since they tell; the job may
  // say "running" long after its effect is there. For the others its end is all that is known.
  bool waits_for_end = !kalam_judges_by_version(check->remote);
  int most = waits_for_end ? ATTEMPTS_UNTIL_END_MAX : ATTEMPTS_MAX;
  do {
    if (!check->is_flushing) start_flush(check);
    kalam_pause(Min(LAST_PAUSE_MS, FIRST_PAUSE_MS << Min(check->attempts, 5)));
    if (check->is_flushing && flush_has_ended(check, waits_for_end)) {
      check->is_flushing = false;
      waits_for_end = false;
      kalam_relation_note_flush(check->remote->relid, check->flush_mark);
    }
    check->attempts++;
  } while (waits_for_end && check->attempts < most);
  if (waits_for_end) report_incomplete(check, "Flushing it takes too long.");
}
