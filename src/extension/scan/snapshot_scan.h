// Scans in a transaction that reads a snapshot (transaction/snapshot.h). KalamDB reads the whole table for every
// request in one, also for a single key; so each table is read once, whole, and its rows are kept for the transaction's
// other scans: lists of keys and counts are answered from them as well. A scan that needs more columns reads the table
// again.
#pragma once

#include "extension/scan/scan.h"

struct KalamKeptAnswer;

// The rows of the table that the scan is to read, with at least the columns that it needs: kept ones, or ones that are
// read now. Waits, serves interrupts. Raises 40001 and 55000 where the snapshot's rows cannot be had, or not be proved
// to be all.
KalamKeptAnswer* kalam_snapshot_answer(KalamScanState* state, Relation relation, TupleTableSlot* slot);

// The next row of one of the scan's keys, or of all, in the slot, which lives until the next call; false: no more.
bool kalam_snapshot_next(KalamScanState* state, TupleTableSlot* slot);
