// kalam_exec(sql) and kalam_exec(server, sql): a statement as it is to the server, the answer as JSON.
#include "extension/base/definition_epoch.h"
#include "extension/base/report.h"
#include "extension/catalog/own.h"
#include "extension/catalog/rights.h"
#include "extension/catalog/storage_state.h"
#include "extension/functions/sql_words.h"
#include "extension/remote/answer_text.h"
#include "extension/remote/query.h"
#include "extension/remote/server_facts.h"
#include "extension/remote/wait.h"

extern "C" {
#include "mb/pg_wchar.h"
#include "tcop/utility.h"
}

constexpr uint32 WINDOW_ROWS = 1024;

// Whether the statement's first word is one of a query, which the server cuts; SHOW, DESCRIBE and EXPLAIN are not.
static bool is_query(const char* sql) {
  KalamSqlWord word = kalam_sql_first_word(sql);
  return kalam_sql_word_is(&word, "SELECT") || kalam_sql_word_is(&word, "WITH");
}

// How many rows the query really has, or -1 when the server does not say. A count of a query counts all its rows
// (spec 9.3).
static int64 count_rows(KalamConnection* connection, const char* sql) {
  kalam::Status status;
  size_t size = strlen(sql);
  while (size > 0 && (isspace((unsigned char)sql[size - 1]) || sql[size - 1] == ';')) size--;
  // The line break ends a comment at the statement's end.
  KalamQueryResult* answer =
      kalam_query(connection, psprintf("SELECT count(*) AS c1 FROM (%.*s\n) AS q LIMIT 1", (int)size, sql), &status);
  if (answer == nullptr || answer->row_count != 1 || answer->values[0][0] == nullptr) return -1;
  return strtoll(answer->values[0][0], nullptr, 10);
}

// Says so when the server has cut the answer of a query, which it does silently.
static void notice_cut_off(KalamConnection* connection, const char* sql, uint64 rows) {
  if (!is_query(sql)) return;
  kalam_server_facts_get_limits(connection);
  uint64 without = connection->facts.default_query_limit, with = connection->facts.max_query_limit;
  if (rows != without && rows != with) return;
  int64 all = count_rows(connection, sql);
  if (all >= 0 && (uint64)all <= rows) return;

  char* found = all >= 0 ? psprintf(" The query has " INT64_FORMAT ".", all) : pstrdup("");
  ereport(NOTICE,
          (all >= 0 ? errmsg("the KalamDB server has cut the answer off after %llu rows", (unsigned long long)rows)
                    : errmsg("the answer has reached a limit of the KalamDB server and may be incomplete"),
           errdetail("The server returns at most %llu rows without LIMIT, and at most %llu with it.%s",
                     (unsigned long long)without, (unsigned long long)with, found),
           errhint("Read the rest with ORDER BY a unique key, LIMIT and OFFSET, or through a foreign table.")));
}

static uint64 append_rows(StringInfo out, kalam::Call* call, kalam::Status* status) {
  kalam::Window window;
  uint64 rows = 0;

  while (kalam::call_result_next(call, WINDOW_ROWS, &window, status)) {
    for (uint32 row = 0; row < window.rows; row++) {
      CHECK_FOR_INTERRUPTS();
      appendStringInfoString(out, rows++ > 0 ? ",{" : "{");
      for (uint32 i = 0; i < window.column_count; i++) {
        const kalam::ColumnView* column = &window.columns[i];
        if (i > 0) appendStringInfoChar(out, ',');
        kalam_append_json_string(out, column->name, strlen(column->name));
        appendStringInfoChar(out, ':');
        kalam_append_value(out, column, row, KalamTextStyle::json);
      }
      appendStringInfoChar(out, '}');
    }
  }
  return rows;
}

// The statement is sent as it is, so nothing can be told of what it names.
static void check_unbounded(const ForeignServer* server) {
  if (!kalam_is_bounded(server->serverid, GetUserId())) return;
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("permission denied to send statements to server \"%s\"", server->servername),
                  errdetail("Its option \"%s\" bounds all roles but its owner and superusers.", "allowed_namespaces")));
}

// Statements that may change something are what INSERT is in PostgreSQL: not for READ ONLY transactions, standby
// servers and parallel workers.
static void check_writes(const char* sql) {
  constexpr const char* what = "a kalam_exec() that may write";
  if (kalam_sql_only_reads(sql)) return;
  PreventCommandIfReadOnly(what);
  PreventCommandDuringRecovery(what);
  PreventCommandIfParallelMode(what);
}

static bool may_change_definitions(const char* sql) {
  KalamSqlWord word = kalam_sql_first_word(sql);
  return !kalam_sql_only_reads(sql) && !kalam_sql_word_is(&word, "INSERT") && !kalam_sql_word_is(&word, "UPDATE") &&
         !kalam_sql_word_is(&word, "DELETE");
}

static text* execute(const char* server_name, const char* sql) {
  kalam::Status status;
  StringInfoData out;
  uint64 rows = 0;
  ForeignServer* server = kalam_server_for_use(server_name);
  check_unbounded(server);
  check_writes(sql);
  kalam_storage_state_forget_all();
  KalamConnection* connection = kalam_connection_get(server->serverid, GetUserId());
  MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "kalam_exec", ALLOCSET_SMALL_SIZES);
  KalamCallHolder* holder = kalam_call_holder_create(scratch, connection);
  const char* remote_sql = pg_server_to_any(sql, (int)strlen(sql), PG_UTF8);

  initStringInfo(&out);
  bool changes_definitions = may_change_definitions(sql);
  if (changes_definitions) kalam_definition_epoch_advance();
  PG_TRY();
  {
    // It may write, so it is not repeated after a broken connection.
    holder->call =
        kalam::call_execute_query(connection->handle, remote_sql, strlen(remote_sql), false, nullptr, &status);
    if (holder->call != nullptr) {
      kalam_wait_for_call(holder->call);
      kalam::call_status(holder->call, &status);
    }
  }
  PG_FINALLY();
  {
    if (changes_definitions) kalam_definition_epoch_advance();
  }
  PG_END_TRY();
  if (status.error == kalam::ErrorClass::none) {
    appendStringInfoChar(&out, '[');
    rows = append_rows(&out, holder->call, &status);
    appendStringInfoChar(&out, ']');
  }
  if (status.error != kalam::ErrorClass::none) {
    // Without the statement: it may hold passwords, and CONTEXT is written to the log whatever log_statement is.
    KalamErrorContext context = {};
    context.server = server->servername;
    kalam_report(&status, &context);
  }

  if (rows == 0) {
    // A statement without rows, or a query that found none: the server's message.
    size_t size = 0;
    const char* message = kalam::call_message(holder->call, &size);
    resetStringInfo(&out);
    kalam_append_json_string(&out, message != nullptr ? message : "", message != nullptr ? size : 0);
  }
  MemoryContextDelete(scratch);

  if (rows > 0) notice_cut_off(connection, sql, rows);
  return cstring_to_text_with_len(out.data, out.len);
}

KALAM_SQL_FUNCTION(kalam_exec) {
  PG_RETURN_TEXT_P(execute(KALAM_DEFAULT_SERVER, text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

KALAM_SQL_FUNCTION(kalam_exec_server) {
  char* server = text_to_cstring(PG_GETARG_TEXT_PP(0));
  PG_RETURN_TEXT_P(execute(server, text_to_cstring(PG_GETARG_TEXT_PP(1))));
}
