// Reading the answer of a scan ahead, for its completeness: versions and keys alone.
#pragma once

#include "extension/scan/completeness.h"

struct KalamAnswerRows {
  int64 all;
  int64 unflushed;  // rows that are not known to be flushed, and so count against the server's limit
};

// Counts the rows of an answer that is at its beginning, and notes their highest version. Versions below
// `flushed_before` are flushed.
KalamAnswerRows kalam_answer_read_versions(KalamCompleteness* check, kalam::Call* call, int64 flushed_before);

// Whether keys of the table have texts that can be compared with those of a query's answer.
bool kalam_answer_has_comparable_key(const KalamRelation* remote);

// Whether the answer, which is at its beginning, has a row of one of the keys. Sorts them.
bool kalam_answer_has_any_key(const KalamCompleteness* check, kalam::Call* call, char** keys, int count);

// Back to the first row; `keep`: to come back once more.
void kalam_answer_rewind(const KalamCompleteness* check, kalam::Call* call, bool keep);

// Raises what a call about the table failed with.
void kalam_answer_report(const KalamCompleteness* check, const kalam::Status* status);
