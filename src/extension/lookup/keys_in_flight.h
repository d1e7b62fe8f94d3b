// Lookups by key, many of them in flight at once, for whoever has keys: scans, joins, upserts, and the version check at
// COMMIT. It knows nothing of foreign tables' plans or of the journal.
//
//     KalamKeysInFlight* keys = kalam_keys_in_flight_create(connection, remote, subject, columns, count, report,
//     state); for (;;) {
//       while (next < key_count && kalam_keys_in_flight_has_room(keys))
//         kalam_keys_in_flight_start(keys, texts[next], next), next++;
//       if (kalam_keys_in_flight_next(keys, KalamKeyOrder::started, 0, &answer) != KalamKeyResult::answer) break;
//       … kalam::call_result_next(answer.call, …) …
//     }
//
// The keys in flight belong to the memory context that is current when they are made: when it is reset or deleted,
// after an error too, all calls are cancelled and freed. Waiting serves interrupts.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/remote/wait.h"

// Raises what a lookup failed with. `argument` is what kalam_keys_in_flight_create() was given, `tag` the lookup's.
using KalamKeyReport = void (*)(void* argument, int64 tag, const kalam::Status* status);

// In which order answers are handed out.
enum class KalamKeyOrder : uint8_t {
  started,   // as the lookups were started
  answered,  // as the answers come
};

enum class KalamKeyResult : uint8_t {
  answer,
  none,      // no lookup is in flight
  too_late,  // the deadline has passed
};

// The answer of one lookup, which has succeeded. Nothing was read of it yet: the row, or none, is in `call`. It lives
// until the next call of a function that takes the keys in flight, kalam_keys_in_flight_has_room() excepted.
struct KalamKeyAnswer {
  int64 tag;
  kalam::Call* call;
};

struct KalamKeysInFlight;

// What the lookups have cost so far, for EXPLAIN.
struct KalamKeyCounters {
  uint64 lookups;
  uint64 calls;  // RPCs, repetitions included
  uint64 request_bytes;
  uint64 response_bytes;
  uint64 waited_us;
};

// No lookup yet. `columns` are remote names, each once; they, `connection` and `relation` must live as long as the keys
// in flight. `subject` is ignored for shared tables.
KalamKeysInFlight* kalam_keys_in_flight_create(KalamConnection* connection, const KalamRelation* relation,
                                               const char* subject, const char* const* columns, int column_count,
                                               KalamKeyReport report, void* argument);

// Whether one more lookup can be started. At most KALAM_LOOKUPS_IN_FLIGHT are in flight, and fewer where the answers
// so far were so large that many of them would take more than work_mem.
bool kalam_keys_in_flight_has_room(const KalamKeysInFlight* keys);

// Starts the lookup of a key (text form, spec 7.3), which is copied. There must be room. Of a table that awaits COMMIT
// nothing is looked up: no answer is what the key has.
void kalam_keys_in_flight_start(KalamKeysInFlight* keys, const char* key, int64 tag);

// Waits for an answer; no longer than until `deadline` (0: no bound). A lookup that failed is reported.
KalamKeyResult kalam_keys_in_flight_next(KalamKeysInFlight* keys, KalamKeyOrder order, TimestampTz deadline,
                                         KalamKeyAnswer* answer);

// Gives the answer back that was handed out last, before it has to be.
void kalam_keys_in_flight_release(KalamKeysInFlight* keys);

// Cancels all lookups in flight, which are forgotten, and gives the answer back. Never raises.
void kalam_keys_in_flight_clear(KalamKeysInFlight* keys);

const KalamKeyCounters* kalam_keys_in_flight_counters(const KalamKeysInFlight* keys);
