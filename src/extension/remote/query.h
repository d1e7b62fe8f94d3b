// Small statements through ExecuteQuery and ExecuteSql that the extension itself sends (catalog, counts, DDL), with
// the answer as text.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/options/options.h"
#include "extension/remote/connection.h"
#include "extension/remote/wait.h"

struct KalamQueryResult {
  int row_count;
  int column_count;
  char*** values;  // [row][column]; NULL is an SQL NULL. Text in the database's encoding
  char* message;
};

// Runs one query and reads its whole answer, in the current memory context. Waits, serves interrupts. With `outcome`
// NULL failures are raised; otherwise they are left to the caller there, and NULL is returned. `sql` must not ask for
// more rows than the server's cap (LIMIT 1000): an answer that has more, or more columns than PostgreSQL has, or 64 MB
// of text, is a failure. `deadline_ms` 0: option timeout.
KalamQueryResult* kalam_query(KalamConnection* connection, const char* sql, kalam::Status* outcome = nullptr,
                              uint64 deadline_ms = 0);

// The same in two steps, for what can be done meanwhile. The query belongs to the memory context that is current when
// it is started: resetting that cancels it. kalam_query_finish() frees it and gives the answer in the context that is
// current then.
struct KalamPendingQuery {
  MemoryContext scratch;
  KalamConnection* connection;  // counted by the holder
  KalamCallHolder* holder;
  const char* sql;
  kalam::Status status;  // why the call could not be started
};

KalamPendingQuery* kalam_query_start(KalamConnection* connection, const char* sql, uint64 deadline_ms = 0);
KalamQueryResult* kalam_query_finish(KalamPendingQuery* query, kalam::Status* outcome = nullptr);

// Runs one statement that may change something. With `status` NULL failures are raised; otherwise they are left to the
// caller there, and NULL is returned. The message is palloc'd. `deadline_ms` 0: option timeout.
char* kalam_execute(KalamConnection* connection, const char* sql, kalam::Status* status, uint64 deadline_ms = 0);

// A word in the text that the server replaces wherever it stands in a statement (spec 9.5), or NULL. `as_word`: only
// where it is not a part of a longer word, such as a name.
const char* kalam_replaced_word(const char* text, bool as_word);

// 'it''s' with the quotes: a string literal of KalamDB's SQL. palloc'd. Raises 0A000 for text that the server would
// rewrite inside literals (spec 9.5).
char* kalam_quote_literal(const char* text);

// namespace.table for use in a statement. palloc'd. Raises 42P01 for a name that no KalamDB table can have (spec 10.1):
// such a name is never put into SQL text.
char* kalam_quote_table(const char* name_space, const char* table);

// SELECT kalam_exec('server', 'sql'), for HINTs: a database can have several servers. palloc'd.
char* kalam_exec_call(const char* server, const char* sql);
