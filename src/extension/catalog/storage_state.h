// What system.manifest says of a table: whether all of its row versions are flushed, and how many rows are in its
// files. Asked for shared tables, and for the rows of one user of a user table. The answer is kept for a short time;
// what is not known, not understood or not about this table is "not known".
//
// Nothing rests on one answer. That a scan was not cut off at the server's limit of unflushed versions is known where
// two answers, one from before the scan was sent and one asked for after its rows were there, say "in sync" and name
// the same files (kalam_storage_state_is_unchanged): with none unflushed at the end, and no flush in between, there
// were none while the scan ran.
#pragma once

#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/remote/connection.h"

struct KalamStorageState {
  bool known;
  bool in_sync;          // there are files, and nothing that is not in them
  int64 cold_rows;       // row versions in the files
  int segment_count;     // files
  int64 max_seq;         // highest version in the files; -1: there is none
  TimestampTz asked_at;  // when the question was sent
  int64 version;         // of the manifest: another one after each flush
  int64 created_at_ms;   // server's clock
  int64 updated_at_ms;
};

// Whether anything is told about a table: a shared or user table of KalamDB 0.4, whose versions are those of the files.
bool kalam_storage_state_is_told(const KalamRelation* remote);

// The last answer, if it is trusted: younger than a second, and nothing was written or flushed by this session since.
// False: there is none. Never asks. `subject`: whose rows of a user table; NULL for shared tables.
bool kalam_storage_state_cached(const KalamRelation* remote, const char* subject, KalamStorageState* state);

// The last answer however old it is, for kalam_storage_state_is_unchanged(). False: there is none, or it is not known.
bool kalam_storage_state_last(const KalamRelation* remote, const char* subject, KalamStorageState* state);

// Whether it would be of use to ask: there is no trusted answer, and it is not long known that there will be none.
bool kalam_storage_state_is_due(const KalamRelation* remote, const char* subject);

// Whether both say "in sync" and name the same files.
bool kalam_storage_state_is_unchanged(const KalamStorageState* before, const KalamStorageState* after);

// Asks in two steps, for what can be done meanwhile. The question belongs to the memory context that is current when it
// is started: resetting that cancels it. Never raises for what the server answers. NULL: it cannot be asked.
struct KalamPendingStorageState;
KalamPendingStorageState* kalam_storage_state_start(KalamConnection* connection, const KalamRelation* remote,
                                                    const char* subject);

// Takes the answer, waiting no longer than that for it (0: not at all), and frees the question. What did not come is
// not known. NULL is allowed. Serves interrupts.
void kalam_storage_state_finish(KalamPendingStorageState* question, long bound_ms, KalamStorageState* state);

// The trusted answer, or else asks for it, for the planner: at most some milliseconds. False: it is not known.
bool kalam_storage_state_ask(KalamConnection* connection, const KalamRelation* remote, const char* subject,
                             KalamStorageState* state);

// Of shared tables: notes the version that a complete answer ended with; and whether the last two ended with the same.
void kalam_storage_state_note_highest(const KalamRelation* remote, const char* subject, int64 version);
bool kalam_storage_state_stays_at(const KalamRelation* remote, const char* subject, int64* version);

// Ends the trust: this session has written or flushed, or may have. None of them raises.
void kalam_storage_state_forget(const KalamRelation* remote, const char* subject);
void kalam_storage_state_forget_table(Oid serverid, const char* name_space, const char* table);
void kalam_storage_state_forget_all();
