#include "extension/transaction/deadline.h"

extern "C" {
#include "storage/proc.h"
}

KalamCommitDeadline kalam_commit_deadline(const KalamConnection* connection, uint64 most_ms) {
  KalamCommitDeadline deadline = {};
  if (StatementTimeout > 0) {
    deadline.at = TimestampTzPlusMilliseconds(GetCurrentStatementStartTimestamp(), (int64)StatementTimeout);
    deadline.is_statement_timeout = true;
  }
  uint64 limit_ms = connection->commit_timeout_ms > 0 ? connection->commit_timeout_ms : most_ms;
  if (limit_ms > 0) {
    TimestampTz limit = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), (int64)limit_ms);
    if (deadline.at == 0 || limit < deadline.at) deadline = {limit, false};
  }
  return deadline;
}

void kalam_report_deadline(const KalamCommitDeadline* deadline, const KalamConnection* connection) {
  if (deadline->is_statement_timeout)
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceling statement due to statement timeout")));
  ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                  errmsg("KalamDB server \"%s\" did not answer in time", connection->server_name)));
}

void kalam_check_deadline(const KalamCommitDeadline* deadline, const KalamConnection* connection) {
  if (deadline->at != 0 && GetCurrentTimestamp() >= deadline->at) kalam_report_deadline(deadline, connection);
}
