// The server's clock, by which KalamDB 0.4 counts the versions of rows.
#pragma once

#include "extension/remote/query.h"

// The first version of a millisecond of the clock, counted from the versions' epoch.
int64 kalam_first_version_of(int64 milliseconds);

constexpr const char* KALAM_CLOCK_QUESTION = "SELECT SNOWFLAKE_ID() AS c1";

// The clock in milliseconds from the versions' epoch, in two steps: the question is started in the current memory
// context, and the second function waits for the answer.
KalamPendingQuery* kalam_ask_clock(KalamConnection* connection);
int64 kalam_finish_clock(const KalamConnection* connection, KalamPendingQuery* question);
