#include "extension/remote/server_clock.h"

// Versions count milliseconds from 2024-01-01, SNOWFLAKE_ID() from 1970 (kalamdb-in-practice: both above bit 22).
constexpr int SNOWFLAKE_SHIFT = 22;
constexpr int64 VERSION_EPOCH_MS = INT64CONST(1704067200000);

int64 kalam_first_version_of(int64 milliseconds) {
  return milliseconds << SNOWFLAKE_SHIFT;
}

KalamPendingQuery* kalam_ask_clock(KalamConnection* connection) {
  return kalam_query_start(connection, KALAM_CLOCK_QUESTION);
}

static bool read_id(const KalamQueryResult* answer, int64* id) {
  char* end;
  if (answer->row_count == 0 || answer->column_count == 0) return false;
  const char* text = answer->values[0][0];
  if (text == nullptr || *text == '\0') return false;
  errno = 0;
  *id = strtoll(text, &end, 10);
  return *end == '\0' && errno == 0;
}

int64 kalam_finish_clock(const KalamConnection* connection, KalamPendingQuery* question) {
  int64 id;
  if (!read_id(kalam_query_finish(question), &id)) {
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("KalamDB server \"%s\" did not tell its clock", connection->server_name)));
  }
  return (id >> SNOWFLAKE_SHIFT) - VERSION_EPOCH_MS;
}
