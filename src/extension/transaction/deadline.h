// How long a COMMIT waits for KalamDB. PostgreSQL has switched statement_timeout off when its callbacks run, so that it
// is kept here, from the start of the statement on; the foreign server's option `timeout` bounds the wait as well.
#pragma once

#include "extension/remote/connection.h"

struct KalamCommitDeadline {
  TimestampTz at;             // 0: none
  bool is_statement_timeout;  // what has set it
};

// The deadline of what is begun now. `most_ms` is taken where option `timeout` is not set (0: no bound).
KalamCommitDeadline kalam_commit_deadline(const KalamConnection* connection, uint64 most_ms = 0);

// 57014: the deadline has passed.
[[noreturn]] void kalam_report_deadline(const KalamCommitDeadline* deadline, const KalamConnection* connection);

// Raises that when it has.
void kalam_check_deadline(const KalamCommitDeadline* deadline, const KalamConnection* connection);
