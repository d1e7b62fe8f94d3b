// What a transaction above READ COMMITTED reads: one snapshot of KalamDB, which is a transaction of the server. It is
// begun at the first access, its Scan requests see what was committed when it began (spec 8.1), and it changes nothing.
// Everything else that can be asked, lookups by SQL, count(*), the catalog, sees later commits and is no answer in it.
//
// A transaction of the server reads one data group, the shared tables or the tables of one user (spec 8.3), through one
// connection. A table of another group is refused under kalam.isolation = strict, and begins another snapshot, with a
// WARNING, under relaxed. The first change ends the snapshot: it is refused under strict, and under relaxed each
// statement from there on reads what is stored, as at READ COMMITTED.
#pragma once

#include "client/api.h"
#include "extension/catalog/relation.h"
#include "extension/remote/connection.h"

// The server's transaction. Versions of rows tell the time (server_clock.h).
struct KalamSnapshot {
  int64 earlier_than;  // versions below were committed before it began
  int64 later_from;    // versions from here on were committed after it
};

// Whether scans that start now read a snapshot.
bool kalam_snapshot_is_used();

// Checked when a scan or a count is begun: refuses (0A000) what has no snapshot, or another one than the transaction
// reads. Under relaxed what has none ends the snapshot. `subject`: NULL for shared tables.
void kalam_snapshot_check_read(const KalamRelation* remote, KalamConnection* connection, const char* subject);

// Checked before rows are changed or locked, and before DDL looks at rows: refuses it (0A000) under strict; ends the
// snapshot under relaxed.
void kalam_snapshot_check_change();

// The snapshot for a scan of this table, which may be sent next; begun if need be. Waits, serves interrupts. Raises
// 40001 when the transaction had a snapshot that is gone.
const KalamSnapshot* kalam_snapshot_open(const KalamRelation* remote, KalamConnection* connection, const char* subject);

// A scan is sent; its answer has come, with this status. Between the two nothing is known of the server's transaction:
// an answer that is missing may have told of its end.
void kalam_snapshot_note_sent();
void kalam_snapshot_note_answer(const kalam::Status* status);

// Where rows that were read in snapshots are kept: the memory context lives until the end of the transaction, or until
// just before its commit.
MemoryContext kalam_snapshot_context();

// An answer of this table has been passed on: what is read later has to fit it, and the server has to keep the snapshot
// until then, however long the session is idle.
void kalam_snapshot_note_read(const KalamRelation* remote);

// Gives the snapshot up for a later one, which the next kalam_snapshot_open() begins. False when the transaction has
// read it, and has to keep it.
bool kalam_snapshot_renew();

// The end of PostgreSQL's transaction. Never raises; waits for half a second at most.
void kalam_snapshot_end();
