// Complete or an error (architecture section 7). The server reads only the oldest 100,000 unflushed versions of a table
// and says nothing: rows are missing, old, or back from the dead. For shared tables two queries tell, once the answer
// is there and before a row of it is passed on.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/remote/connection.h"
#include "extension/remote/flush.h"
#include "extension/remote/query.h"

// One scan of a whole table.
struct KalamCompleteness {
  KalamConnection* connection;  // reference: of the scan
  const KalamRelation* remote;
  int version_index;              // of the version in the answer's windows; -1: not asked for
  int64 highest;                  // highest version of the last answer; -1: none
  int key_index;                  // of the key; shared tables
  KalamPendingQuery* mark_query;  // asks for the server's clock; NULL: it was read
  int64 mark;                     // versions from here on are later than the scan
  bool marks_first;               // the clock is read before the scan starts, not while it runs
  bool keeps_answer;              // the answer is to be read more than once
  int attempts;                   // answers that were cut off so far
  bool is_flushing;               // a flush of our own was started and has not ended
  KalamFlushJob flush_job;
  int64 flush_mark;  // versions below were there when it was started
};

// Whether the answers of a table can be judged: shared tables with a key and versions, user and stream tables.
bool kalam_can_judge(const KalamRelation* remote);

// Whether that needs the version and the key of every row: by queries about later versions.
bool kalam_judges_by_version(const KalamRelation* remote);

// Notes which versions are later than the scan, by the server's clock or by the versions that are there. Just before
// the scan is started; the answer may come later, in the current memory context.
void kalam_completeness_mark(KalamCompleteness* check);

// Judges the answer of a scan that succeeded, and makes it ready to be read from its first row. False: it was cut off.
bool kalam_completeness_judge(KalamCompleteness* check, kalam::Call* call);

// After an answer that was cut off, or seems to be: flushes the table, or waits a little for a flush to take effect;
// then the scan is to be repeated. Raises 55000 when flushing is switched off, does not help, or failed.
void kalam_completeness_mend(KalamCompleteness* check);
