// All stored rows of a table by their keys, read by one scan: for statements that would look so many of them up that
// the scan takes less time. They are kept in as much memory as PostgreSQL gives a hash table (work_mem times
// hash_mem_multiplier); of the keys beyond it a Bloom filter is kept, and their rows have to be looked up.
#pragma once

#include "extension/journal/stored_rows.h"

struct KalamScannedRows;

enum class KalamScannedRow : uint8_t { absent, found, unknown };

// Reads the rows into the current memory context; `whole` as of kalam_stored_rows_create(). Waits, serves interrupts.
// `expected_rows` is a guess. Raises what a scan raises.
KalamScannedRows* kalam_scanned_rows_read(TupleDesc tupdesc, const KalamRelation* remote, KalamConnection* connection,
                                          const char* subject, bool whole, double expected_rows);

// The row of a key, in the current memory context; its values point into the rows that are kept.
KalamScannedRow kalam_scanned_rows_find(KalamScannedRows* rows, const char* key, KalamStoredRow* row);
