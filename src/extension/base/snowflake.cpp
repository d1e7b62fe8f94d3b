#include "extension/base/snowflake.h"

#include "extension/base/settings.h"
#include "extension/base/shared_memory.h"

extern "C" {
#include "access/xlog.h"
#include "common/hashfn.h"
#include "port/atomics.h"
}

constexpr int COUNTER_BITS = 12;
constexpr int WORKER_BITS = 10;
// 2024-01-01 in PostgreSQL's epoch of 2000-01-01.
constexpr int64 EPOCH_MS = (int64)8766 * 86400 * 1000;

namespace {

struct SnowflakeState {
  pg_atomic_uint64 last;  // milliseconds and counter of the newest id, without the worker
  uint64 worker;          // the same until PostgreSQL is restarted: a lower one would take ids back
};

}  // namespace

static SnowflakeState* state;

// The ids that this session was given last, and in which transaction. They grow.
constexpr uint32 GIVEN_MAX = 1024;
static int64 given[GIVEN_MAX];
static uint32 given_count;
static LocalTransactionId given_in;

static uint64 worker_number() {
  int setting = kalam_setting_snowflake_worker_id();
  if (setting >= 0) return (uint64)setting;
  uint64 system = GetSystemIdentifier();
  return hash_bytes((const unsigned char*)&system, sizeof(system)) & ((1 << WORKER_BITS) - 1);
}

static void init_state(void* memory) {
  auto* fresh = (SnowflakeState*)memory;
  pg_atomic_init_u64(&fresh->last, 0);
  fresh->worker = worker_number();
}

const KalamSharedStruct SHARED_STATE = {"pg_kalam snowflake", sizeof(SnowflakeState), init_state};

void kalam_snowflake_init() {
  kalam_shared_memory_request(&SHARED_STATE);
}

static int64 note_given(int64 id) {
  LocalTransactionId transaction = kalam_local_transaction_id();
  if (given_in != transaction) given_count = 0;
  given_in = transaction;
  given[given_count++ % GIVEN_MAX] = id;
  return id;
}

bool kalam_snowflake_is_fresh(int64 id) {
  if (given_in != kalam_local_transaction_id()) return false;
  // Mostly it is the very last one.
  uint32 kept = Min(given_count, GIVEN_MAX);
  for (uint32 i = 1; i <= kept; i++) {
    int64 known = given[(given_count - i) % GIVEN_MAX];
    if (known <= id) return known == id;
  }
  return false;
}

int64 kalam_snowflake_next() {
  if (state == nullptr) state = (SnowflakeState*)kalam_shared_memory_attach(&SHARED_STATE);

  int64 now = GetCurrentTimestamp() / 1000 - EPOCH_MS;
  uint64 earliest = now > 0 ? (uint64)now << COUNTER_BITS : 0;
  uint64 last = pg_atomic_read_u64(&state->last);
  uint64 next;
  do {
    next = Max(last + 1, earliest);
  } while (!pg_atomic_compare_exchange_u64(&state->last, &last, next));

  uint64 milliseconds = next >> COUNTER_BITS;
  uint64 counter = next & ((1 << COUNTER_BITS) - 1);
  return note_given((int64)(milliseconds << (COUNTER_BITS + WORKER_BITS) | state->worker << COUNTER_BITS | counter));
}
