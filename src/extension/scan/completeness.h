// Complete or an error (architecture section 7). The server reads only the oldest 100,000 unflushed versions of a table
// and says nothing: rows are missing, old, or back from the dead. So the answer of a scan is checked before a row of it
// is passed on:
//
//   * A table whose versions are all flushed cannot be cut off. system.manifest says so (storage_state.h), once before
//     the scan is sent and once when its answer is there; no row of the answer may be newer than the files.
//   * Otherwise two questions about a shared table tell: is there a row, or a deletion, behind the answer's last
//     version? Where the last two answers ended with the same version, they are asked while the scan runs.
//   * Otherwise the rows of a user are counted, and must be fewer than half of what the server reads.
//
// An answer that does not pass is repaired: the table is flushed and the scan repeated.
//
// In a snapshot (transaction/snapshot.h) the same is asked of the versions that were there when it was taken; and those
// must be there still. What a flush does to the versions that a snapshot needs is not known, so no version that is
// later than the snapshot may be in the files.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/catalog/storage_state.h"
#include "extension/remote/connection.h"
#include "extension/remote/flush.h"
#include "extension/remote/query.h"
#include "extension/transaction/snapshot.h"

// Why an answer does not pass.
enum class KalamDoubt : uint8_t {
  none,
  cut_off,   // or it seems to be
  is_close,  // only by what was committed about when the snapshot was taken
  is_later,  // it has rows that are later than the snapshot
  flushed,   // files have versions that are later than the snapshot
  not_told,  // nothing shows whether the table was flushed
};

// One scan of a whole table, with its repetitions.
struct KalamCompleteness {
  KalamConnection* connection;  // reference: of the scan
  const KalamRelation* remote;
  const char* subject;            // whose rows of a user or stream table; NULL: a shared table
  int version_index;              // of the version in the answer's windows; -1: not asked for
  int key_index;                  // of the key; shared tables
  bool keeps_answer;              // the answer is to be read more than once
  uint64* questions;              // counts them, for EXPLAIN
  const KalamSnapshot* snapshot;  // that it is read in; NULL: what is stored now

  // Of the last scan.
  int64 highest;                             // highest version of its answer; -1: none
  KalamPendingQuery* clock_question;         // asks for the server's clock; NULL: it was read
  int64 later_from;                          // versions from here on are later than the scan
  KalamStorageState before;                  // what was known of the table's files when it was sent
  KalamPendingStorageState* state_question;  // the same for the next scan; NULL: not asked
  int64 early_behind;                        // what was asked while it ran: a row or a deletion behind this version
  KalamPendingQuery* early_row;              // NULL: not asked
  KalamPendingQuery* early_deletion;
  int64 unread;      // the lowest version that was found behind its last one, of those that are not later than it
  KalamDoubt doubt;  // in a snapshot

  // Of its repetitions.
  bool reads_clock_first;  // the clock is read before the scan starts, not while it runs
  bool asked_state_first;  // what is known of the files was asked for before the scan
  int attempts;            // answers that were cut off so far
  bool is_flushing;        // a flush of our own was started and has not ended
  KalamFlushJob flush_job;
  int64 flushed_before;  // versions below were there when it was started
};

// Whether the answers of a table can be checked: shared tables with a key and versions, user and stream tables.
bool kalam_completeness_can_check(const KalamRelation* remote);

// Whether that needs the version and the key of every row: by questions about later versions.
bool kalam_completeness_by_version(const KalamRelation* remote);

// A check of scans of this table, whose answers have no version and no key until their columns are named. In the
// current memory context; keeps what it is given.
KalamCompleteness* kalam_completeness_create(KalamConnection* connection, const KalamRelation* remote,
                                             const char* subject, bool keeps_answer);

// Asks what must be asked before a scan or can be while it runs; just before the scan is started, in a memory context
// that lives until its answer is checked.
void kalam_completeness_start(KalamCompleteness* check);

// Checks the answer of a scan that succeeded, and makes it ready to be read from its first row. False: it was cut off.
bool kalam_completeness_check(KalamCompleteness* check, kalam::Call* call);

// After an answer that was cut off, or seems to be: flushes the table, or waits a little for a flush to take effect;
// then the scan is to be repeated. Raises 55000 when flushing is switched off, does not help, or failed.
void kalam_completeness_repair(KalamCompleteness* check);
