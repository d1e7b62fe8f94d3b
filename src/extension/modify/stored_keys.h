// Whether KalamDB has the keys of new rows already: found out by lookups, many of them in flight, or by one scan of the
// key column, whichever takes less time (plan/cost.h). What is learned is kept with the journal until the end of the
// transaction.
//
// A transaction that asks again and again, as a block of single INSERTs does, asks by lookups until they have taken as
// long as a scan, and then scans once: so it never spends more than two scans. The keys of the scan are kept as a Bloom
// filter of at most work_mem. It is a hint. A key that it has may be absent (another key with the same bits, or a row
// that was removed since), so that key is looked up. A key that it lacks may have come since: COMMIT finds that out, as
// KalamDB refuses a key that it has.
#pragma once

#include "extension/base/compat.h"
#include "extension/journal/journal.h"

// What the questions have cost, for EXPLAIN.
struct KalamStoredKeyCounters {
  uint64 lookups;
  uint64 scans;
  uint64 hints;  // keys that an earlier scan has not found
};

// What an answer rests on.
enum class KalamKeyEvidence : uint8_t {
  answer,  // of KalamDB, since the question was asked
  hint,    // of an earlier scan
};

// Asks for the keys (texts as the journal has them) in their order. Returns the index of the first that is stored; -1:
// none is. `evidence` is what the absence of the keys rests on. Waits, serves interrupts.
int64 kalam_stored_keys_find(KalamJournal* journal, Relation relation, char* const* keys, int64 count,
                             KalamKeyEvidence* evidence, KalamStoredKeyCounters* counters);

// Whether so many more keys would be asked for by a scan, as far as is known before. `journal`: NULL where the
// transaction has not written the table yet.
bool kalam_stored_keys_would_scan(const KalamJournal* journal, Relation relation, const KalamRelation* remote,
                                  const char* subject, double count);
