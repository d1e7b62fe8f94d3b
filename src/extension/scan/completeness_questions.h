// What the completeness of a scan asks the server: versions behind one, deletions, the number of rows. Each
// in two steps: kalam_ask_...() starts the question in the current memory context, kalam_finish_...() takes the answer.
#pragma once

#include "extension/remote/server_clock.h"
#include "extension/scan/completeness.h"

// KalamDB 0.4's versions tell the time. Those of 0.7, called _version, count commits (spec 5.3).
bool kalam_has_timed_versions(const KalamRelation* remote);

// The server's clock (server_clock.h), which kalam_finish_clock() takes.
KalamPendingQuery* kalam_completeness_ask_clock(const KalamCompleteness* check);

// namespace.table, to be used in a statement. palloc'd.
char* kalam_completeness_table(const KalamCompleteness* check);

// The first or last of the versions behind one; `condition` and `order` end the query. False: there is none.
KalamPendingQuery* kalam_ask_version(const KalamCompleteness* check, int64 behind, const char* condition,
                                     const char* order);
bool kalam_finish_version(const KalamCompleteness* check, KalamPendingQuery* question, int64* version);

constexpr const char* KALAM_OF_DELETIONS = " AND _deleted = true";

// A version with none behind it, at least as high as the highest of the last answer.
int64 kalam_find_last_version(const KalamCompleteness* check);

// Deletions behind a version, as far as the server reads, and no more than this.
constexpr int KALAM_DELETIONS_MAX = 1000;

struct KalamDeletions {
  int count;
  char** keys;      // [count]: texts
  int64* versions;  // [count], ascending
  int64 last;       // version of the last one of all that the server reads
};

KalamPendingQuery* kalam_ask_deletions(const KalamCompleteness* check, int64 behind);
void kalam_finish_deletions(const KalamCompleteness* check, KalamPendingQuery* question, int64 behind,
                            KalamDeletions* deletions);

// The number of rows, as far as the server reads: it counts the oldest million unflushed versions. False: a server of
// KalamDB 0.7 refuses to count them.
KalamPendingQuery* kalam_ask_row_count(const KalamCompleteness* check);
bool kalam_finish_row_count(const KalamCompleteness* check, KalamPendingQuery* question, int64* rows);
