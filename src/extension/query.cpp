#include "extension/query.h"

#include "extension/errors.h"
#include "extension/value_text.h"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/formatting.h"
}

namespace {

constexpr uint32 WINDOW_ROWS = 1024;

void report(KalamConnection* connection, const char* sql, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = connection->server_name;
  context.remote_sql = sql;
  kalam_report(status, &context);
}

const char* to_utf8(const char* text) {
  return pg_server_to_any(text, (int)strlen(text), PG_UTF8);
}

char* message_of(const kalam::Call* call) {
  size_t size = 0;
  const char* message = kalam::call_message(call, &size);
  return message != nullptr ? kalam_text_from_remote(message, size) : pstrdup("");
}

void append_window(KalamQueryResult* result, const kalam::Window* window, int* capacity) {
  StringInfoData text;

  initStringInfo(&text);
  result->column_count = (int)window->column_count;
  for (uint32 row = 0; row < window->rows; row++) {
    if (result->row_count == *capacity) {
      *capacity = *capacity == 0 ? 64 : *capacity * 2;
      result->values = result->values == nullptr ? (char***)palloc(*capacity * sizeof(char**))
                                                 : (char***)repalloc(result->values, *capacity * sizeof(char**));
    }
    char** cells = (char**)palloc0((window->column_count + 1) * sizeof(char*));
    for (uint32 i = 0; i < window->column_count; i++) {
      if (kalam_value_is_null(&window->columns[i], row)) continue;
      resetStringInfo(&text);
      kalam_append_value(&text, &window->columns[i], row, KalamTextStyle::plain);
      cells[i] = pnstrdup(text.data, text.len);
    }
    result->values[result->row_count++] = cells;
  }
  pfree(text.data);
}

}  // namespace

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
  int capacity = 0;
  kalam::Status status = query->status;
  kalam::Call* call = query->holder->call;
  KalamQueryResult* result = (KalamQueryResult*)palloc0(sizeof(KalamQueryResult));

  if (call != nullptr) {
    kalam_wait_for_call(call);
    kalam::call_status(call, &status);
  }
  if (status.error == kalam::ErrorClass::none) {
    while (kalam::call_result_next(call, WINDOW_ROWS, &window, &status)) {
      append_window(result, &window, &capacity);
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
  char* message = nullptr;
  MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "KalamDB statement", ALLOCSET_SMALL_SIZES);
  KalamCallHolder* holder = kalam_call_holder_create(scratch, connection);

  const char* text = to_utf8(sql);
  kalam::CallOptions options = {deadline_ms};
  holder->call = kalam::call_execute_sql(connection->handle, text, strlen(text), &options, &status);
  if (holder->call != nullptr) {
    kalam_wait_for_call(holder->call);
    kalam::call_status(holder->call, &status);
    if (status.error == kalam::ErrorClass::none) message = message_of(holder->call);
  }
  MemoryContextDelete(scratch);

  if (outcome != nullptr) {
    *outcome = status;
  } else if (status.error != kalam::ErrorClass::none) {
    report(connection, sql, &status);
  }
  return message;
}

char* kalam_quote_literal(const char* text) {
  static const char* const rewritten[] = {"current_user", "current_role", "current_user_id"};
  char* folded = asc_tolower(text, strlen(text));

  for (const char* word : rewritten) {
    if (strstr(folded, word) != nullptr) {
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("KalamDB cannot be sent a literal that contains \"%s\"", word),
                      errdetail("The server replaces the word inside of string literals as well.")));
    }
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

bool kalam_is_plain_name(const char* name) {
  if (*name == '\0' || (*name >= '0' && *name <= '9')) return false;
  for (const char* p = name; *p != '\0'; p++) {
    bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_';
    if (!plain) return false;
  }
  return true;
}

char* kalam_quote_table(const char* name_space, const char* table) {
  if (!kalam_is_plain_name(name_space) || !kalam_is_plain_name(table)) {
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("KalamDB table \"%s.%s\" does not exist", name_space, table),
             errdetail("Names of KalamDB namespaces and tables consist of ASCII letters, digits and underscores.")));
  }
  return psprintf("%s.%s", name_space, table);
}
