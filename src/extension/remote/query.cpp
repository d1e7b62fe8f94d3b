#include "extension/remote/query.h"

#include "extension/base/definition_epoch.h"
#include "extension/base/report.h"
#include "extension/remote/answer_text.h"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/formatting.h"
}

// What an answer may hold: no query of the extension's own asks for more rows than the server gives (spec 9.3), for
// more columns than PostgreSQL has, or for longer texts than a table's definition has.
constexpr int MAX_ROWS = 1000;
constexpr uint32 MAX_COLUMNS = MaxTupleAttributeNumber;
constexpr Size MAX_TEXT_BYTES = 64 * 1024 * 1024;

static void report(KalamConnection* connection, const char* sql, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = connection->server_name;
  context.remote_sql = sql;
  kalam_report(status, &context);
}

static const char* to_utf8(const char* text) {
  return pg_server_to_any(text, (int)strlen(text), PG_UTF8);
}

static char* message_of(const kalam::Call* call) {
  size_t size = 0;
  const char* message = kalam::call_message(call, &size);
  return message != nullptr ? kalam_text_from_remote(message, size) : pstrdup("");
}

static void set_too_large(kalam::Status* status, const char* what, int64 limit) {
  memset(status, 0, sizeof(*status));
  status->error = kalam::ErrorClass::protocol;
  status->grpc_code = -1;
  snprintf(status->message, sizeof(status->message),
           "the answer of the KalamDB server is larger than what was asked for");
  snprintf(status->detail, sizeof(status->detail), "It has more than %lld %s.", (long long)limit, what);
}

// What a server sends takes its place in the answer's memory and in time, whatever it claims to be.
static void append_window(KalamQueryResult* result, const kalam::Window* window, Size* text_bytes,
                          kalam::Status* status) {
  StringInfoData text;

  if (window->column_count > MAX_COLUMNS) return set_too_large(status, "columns", MAX_COLUMNS);
  if (window->rows > (uint32)(MAX_ROWS - result->row_count)) return set_too_large(status, "rows", MAX_ROWS);
  initStringInfo(&text);
  result->column_count = (int)window->column_count;
  Size size = ((Size)result->row_count + window->rows + 1) * sizeof(char**);
  result->values = (char***)(result->values == nullptr ? palloc(size) : repalloc(result->values, size));
  for (uint32 row = 0; row < window->rows; row++) {
    char** cells = (char**)palloc0((window->column_count + 1) * sizeof(char*));
    result->values[result->row_count++] = cells;
    for (uint32 i = 0; i < window->column_count; i++) {
      CHECK_FOR_INTERRUPTS();
      if (kalam_value_is_null(&window->columns[i], row)) continue;
      resetStringInfo(&text);
      kalam_append_value(&text, &window->columns[i], row, KalamTextStyle::plain);
      *text_bytes += (Size)text.len;
      if (*text_bytes > MAX_TEXT_BYTES) return set_too_large(status, "bytes", MAX_TEXT_BYTES);
      cells[i] = pnstrdup(text.data, text.len);
    }
  }
  pfree(text.data);
}

static bool is_word_character(char c) {
  return isalnum((unsigned char)c) || c == '_' || IS_HIGHBIT_SET(c);
}

KalamPendingQuery* kalam_query_start(KalamConnection* connection, const char* sql, uint64 deadline_ms) {
  MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "KalamDB query", ALLOCSET_SMALL_SIZES);
  MemoryContext old = MemoryContextSwitchTo(scratch);
  KalamPendingQuery* query = (KalamPendingQuery*)palloc0(sizeof(KalamPendingQuery));
  query->scratch = scratch;
  query->connection = connection;
  query->sql = pstrdup(sql);
  query->holder = kalam_call_holder_create(scratch, connection);
  const char* text = to_utf8(sql);
  kalam::CallOptions options = {deadline_ms};
  query->holder->call =
      kalam::call_execute_query(connection->handle, text, strlen(text), true, &options, &query->status);
  MemoryContextSwitchTo(old);
  return query;
}

KalamQueryResult* kalam_query_finish(KalamPendingQuery* query, kalam::Status* outcome) {
  kalam::Window window;
  Size text_bytes = 0;
  kalam::Status status = query->status;
  kalam::Call* call = query->holder->call;
  KalamQueryResult* result = (KalamQueryResult*)palloc0(sizeof(KalamQueryResult));

  if (call != nullptr) {
    kalam_wait_for_call(call);
    kalam::call_status(call, &status);
  }
  if (status.error == kalam::ErrorClass::none) {
    // One row more than there may be, so that too many are noticed at once.
    while (status.error == kalam::ErrorClass::none && kalam::call_result_next(call, MAX_ROWS + 1, &window, &status)) {
      append_window(result, &window, &text_bytes, &status);
    }
  }
  if (status.error == kalam::ErrorClass::none) result->message = message_of(call);

  if (outcome != nullptr) {
    *outcome = status;
  } else if (status.error != kalam::ErrorClass::none) {
    report(query->connection, query->sql, &status);
  }
  MemoryContextDelete(query->scratch);
  return status.error == kalam::ErrorClass::none ? result : nullptr;
}

KalamQueryResult* kalam_query(KalamConnection* connection, const char* sql, kalam::Status* outcome,
                              uint64 deadline_ms) {
  return kalam_query_finish(kalam_query_start(connection, sql, deadline_ms), outcome);
}

char* kalam_execute(KalamConnection* connection, const char* sql, kalam::Status* outcome, uint64 deadline_ms) {
  kalam::Status status;
  MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "KalamDB statement", ALLOCSET_SMALL_SIZES);
  KalamCallHolder* holder = kalam_call_holder_create(scratch, connection);

  const char* text = to_utf8(sql);
  kalam::CallOptions options = {deadline_ms};
  // Once before anything is sent, since the first time may fail, and once when it has come to its end.
  kalam_definition_epoch_advance();
  PG_TRY();
  {
    holder->call = kalam::call_execute_sql(connection->handle, text, strlen(text), &options, &status);
    if (holder->call != nullptr) {
      kalam_wait_for_call(holder->call);
      kalam::call_status(holder->call, &status);
    }
  }
  PG_FINALLY();
  {
    kalam_definition_epoch_advance();
  }
  PG_END_TRY();
  char* message = status.error == kalam::ErrorClass::none ? message_of(holder->call) : nullptr;
  MemoryContextDelete(scratch);

  if (outcome != nullptr) {
    *outcome = status;
  } else if (status.error != kalam::ErrorClass::none) {
    report(connection, sql, &status);
  }
  return message;
}

const char* kalam_replaced_word(const char* text, bool as_word) {
  static const char* const replaced[] = {"current_user_id", "current_user", "current_role"};
  char* folded = asc_tolower(text, strlen(text));

  for (const char* word : replaced) {
    for (const char* at = folded; (at = strstr(at, word)) != nullptr; at++) {
      bool begins = at == folded || !is_word_character(at[-1]);
      bool ends = !is_word_character(at[strlen(word)]);
      if (!as_word || (begins && ends)) return word;
    }
  }
  return nullptr;
}

char* kalam_quote_literal(const char* text) {
  const char* word = kalam_replaced_word(text, true);
  if (word != nullptr) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("KalamDB cannot be sent a literal that contains \"%s\"", word),
                    errdetail("The server replaces the word inside of string literals as well.")));
  }

  StringInfoData out;
  initStringInfo(&out);
  appendStringInfoChar(&out, '\'');
  for (const char* p = text; *p != '\0'; p++) {
    if (*p == '\'') appendStringInfoChar(&out, '\'');
    appendStringInfoChar(&out, *p);
  }
  appendStringInfoChar(&out, '\'');
  return out.data;
}

char* kalam_exec_call(const char* server, const char* sql) {
  return psprintf("SELECT kalam_exec(%s, %s)", quote_literal_cstr(server), quote_literal_cstr(sql));
}

char* kalam_quote_table(const char* name_space, const char* table) {
  if (!kalam_is_plain_name(name_space) || !kalam_is_plain_name(table)) {
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("KalamDB table \"%s.%s\" does not exist", name_space, table),
             errdetail("Names of KalamDB namespaces and tables consist of ASCII letters, digits and underscores.")));
  }
  return psprintf("%s.%s", name_space, table);
}
