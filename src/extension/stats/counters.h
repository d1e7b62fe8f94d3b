// What has been done with KalamDB, over all sessions: counters of foreign tables and of foreign servers in shared
// memory. From PostgreSQL 17 on they are there without preloading, before that where the library is in
// shared_preload_libraries. Nobody's data is in them, and no user of KalamDB: only numbers.
//
// Nothing here raises but kalam_counters_attach(), so that whoever releases a call may count it, also after an error.
#pragma once

#include "extension/base/compat.h"

enum class KalamCounter : uint8_t {
  // Calls by what they ask for.
  scans,
  lookups,
  queries,     // of the extension's own and of kalam_exec()
  statements,  // DDL and flushes
  inserts,
  updates,
  deletes,
  transactions,  // Begin, Commit and Rollback
  others,        // Ping and sessions that were opened or closed by themselves
  // How they went.
  failures,
  retries,         // requests that were sent again
  leader_changes,  // another node was found to lead
  sessions,        // that were opened
  bytes_sent,
  bytes_received,
  wait_us,
  // What they were for.
  rows_read,
  rows_written,
  repeated_scans,          // an answer was not complete
  completeness_questions,  // whether one is
  flushes,                 // asked for
  conflicts,               // with other clients: 40001
  unknown_outcomes,        // 08007
};
constexpr int KALAM_COUNTERS = (int)KalamCounter::unknown_outcomes + 1;

struct KalamCounts {
  uint64 of[KALAM_COUNTERS];
};

enum class KalamCounted : uint8_t { table, server };

// One table's or server's share, of the current database. `object` is InvalidOid for what found no room of its own, in
// any database.
struct KalamCountsOf {
  Oid object;
  TimestampTz since;
  KalamCounts counts;
};

// How many tables and servers of the cluster have a share of their own.
constexpr int KALAM_COUNTED_TABLES = 1000;
constexpr int KALAM_COUNTED_SERVERS = 100;

// Asks for the shared memory, and to be told of objects that are dropped. When the library is loaded.
void kalam_counters_init();

// Whether there is memory for them, however it is with this session.
bool kalam_counters_are_kept();

// Makes them available to this session; nothing is counted before. Raises when there is no memory left.
void kalam_counters_attach();

// Adds to the counters of a foreign server, and to those of a foreign table (InvalidOid: of none).
void kalam_counters_add(Oid serverid, Oid relid, const KalamCounts* counts);
void kalam_count(Oid serverid, Oid relid, KalamCounter counter, uint64 count = 1);

// All shares of the current database. palloc'd.
KalamCountsOf* kalam_counters_read(KalamCounted what, int* count);

// Forgets all shares of the current database, and what found no room.
void kalam_counters_reset();

// Whether the object has a share; and forgets it. A database's are all in it.
bool kalam_counters_has(Oid classid, Oid object);
void kalam_counters_forget(Oid classid, Oid object);

// (dropped.cpp)
void kalam_counters_watch_drops();
