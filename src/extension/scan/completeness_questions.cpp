#include "extension/scan/completeness_questions.h"

#include "extension/base/report.h"
#include "extension/stats/counters.h"

bool kalam_has_timed_versions(const KalamRelation* remote) {
  return remote->version_column >= 0 && strcmp(remote->columns[remote->version_column].name, "_seq") == 0;
}

char* kalam_completeness_table(const KalamCompleteness* check) {
  return kalam_quote_table(check->remote->name_space, check->remote->table);
}

static const char* version_name(const KalamCompleteness* check) {
  return check->remote->columns[check->remote->version_column].name;
}

[[noreturn]] static void report_unreadable(const KalamCompleteness* check, const char* what) {
  ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                  errmsg("KalamDB server \"%s\" did not return %s", check->connection->server_name, what)));
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
static void warn_unchecked(const KalamCompleteness* check, const kalam::Status* status) {
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
// never seen to answer one: its tables are read without being checked then.
static KalamQueryResult* finish_question(const KalamCompleteness* check, KalamPendingQuery* question) {
  kalam::Status status;
  if (kalam_has_timed_versions(check->remote)) return kalam_query_finish(question);

  const char* sql = pstrdup(question->sql);
  KalamQueryResult* answer = kalam_query_finish(question, &status);
  if (answer != nullptr) return answer;
  if (status.error != kalam::ErrorClass::sql_error) {
    KalamErrorContext context = {};
    context.server = check->connection->server_name;
    context.remote_sql = sql;
    kalam_report(&status, &context);
  }
  warn_unchecked(check, &status);
  return nullptr;
}

// The first value of an answer as an integer; false when there is no row, or the question is refused. `what` is asked
// for, for a message.
static bool finish_integer(const KalamCompleteness* check, KalamPendingQuery* question, const char* what,
                           int64* value) {
  KalamQueryResult* answer = finish_question(check, question);
  if (answer == nullptr || answer->row_count == 0) return false;
  if (answer->column_count == 0 || !read_integer(answer->values[0][0], value)) report_unreadable(check, what);
  return true;
}

static KalamPendingQuery* ask(const KalamCompleteness* check, const char* sql) {
  const KalamRelation* remote = check->remote;
  KalamPendingQuery* question = kalam_query_start(check->connection, sql);
  kalam_call_holder_set_table(question->holder, remote->relid, remote->remote_name);
  (*check->questions)++;
  kalam_count(remote->serverid, remote->relid, KalamCounter::completeness_questions);
  return question;
}

KalamPendingQuery* kalam_completeness_ask_clock(const KalamCompleteness* check) {
  return ask(check, KALAM_CLOCK_QUESTION);
}

KalamPendingQuery* kalam_ask_version(const KalamCompleteness* check, int64 behind, const char* condition,
                                     const char* order) {
  const char* version = version_name(check);
  return ask(check, psprintf("SELECT %s AS c1 FROM %s WHERE %s > " INT64_FORMAT "%s ORDER BY %s%s LIMIT 1", version,
                             kalam_completeness_table(check), version, behind, condition, version, order));
}

bool kalam_finish_version(const KalamCompleteness* check, KalamPendingQuery* question, int64* version) {
  return finish_integer(check, question, "the version of a row", version);
}

// Looks behind a version for others, of rows or of deletions. Takes the highest that the server reads, which is not
// the last one when too many are unflushed; false when there is none.
static bool find_later_version(const KalamCompleteness* check, int64 behind, int64* latest) {
  KalamPendingQuery* questions[] = {kalam_ask_version(check, behind, "", " DESC"),
                                    kalam_ask_version(check, behind, KALAM_OF_DELETIONS, " DESC")};
  bool found = false;
  int64 version;
  for (KalamPendingQuery* question : questions) {
    if (!kalam_finish_version(check, question, &version)) continue;
    *latest = Max(*latest, version);
    found = true;
  }
  return found;
}

// Others may commit all the time, so looks start more and more commits behind the last version that is known; a version
// counts commits above bit 16 (spec 5.3).
int64 kalam_find_last_version(const KalamCompleteness* check) {
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

KalamPendingQuery* kalam_ask_deletions(const KalamCompleteness* check, int64 behind) {
  const char* version = version_name(check);
  return ask(check, psprintf("SELECT %s AS c1, %s AS c2 FROM %s WHERE %s > " INT64_FORMAT "%s ORDER BY %s LIMIT %d",
                             quote_identifier(check->remote->columns[check->remote->key_column].name), version,
                             kalam_completeness_table(check), version, behind, KALAM_OF_DELETIONS, version,
                             KALAM_DELETIONS_MAX));
}

void kalam_finish_deletions(const KalamCompleteness* check, KalamPendingQuery* question, int64 behind,
                            KalamDeletions* deletions) {
  KalamQueryResult* answer = finish_question(check, question);
  *deletions = {};
  if (answer == nullptr || answer->row_count == 0) return;
  deletions->count = answer->row_count;
  deletions->keys = (char**)palloc(sizeof(char*) * answer->row_count);
  deletions->versions = (int64*)palloc(sizeof(int64) * answer->row_count);
  for (int i = 0; i < answer->row_count; i++) {
    char** row = answer->values[i];
    if (answer->column_count != 2 || row[0] == nullptr || !read_integer(row[1], &deletions->versions[i]))
      report_unreadable(check, "the versions of deleted rows");
    deletions->keys[i] = row[0];
    deletions->last = Max(deletions->last, deletions->versions[i]);
  }
  if (answer->row_count < KALAM_DELETIONS_MAX) return;
  // There may be more. The rest is known to be deletions, too, when there is no row behind the version.
  if (!kalam_finish_version(check, kalam_ask_version(check, behind, KALAM_OF_DELETIONS, " DESC"), &deletions->last))
    deletions->last = PG_INT64_MAX;
}

KalamPendingQuery* kalam_ask_row_count(const KalamCompleteness* check) {
  return ask(check, psprintf("SELECT count(*) FROM %s", kalam_completeness_table(check)));
}

bool kalam_finish_row_count(const KalamCompleteness* check, KalamPendingQuery* question, int64* rows) {
  KalamQueryResult* answer = finish_question(check, question);
  if (answer == nullptr) return false;
  if (answer->row_count != 1 || answer->column_count != 1 || !read_integer(answer->values[0][0], rows))
    report_unreadable(check, "the number of rows");
  return true;
}
