#include "extension/journal/row_epoch.h"

#include "extension/base/shared_memory.h"

extern "C" {
#include "common/hashfn.h"
#include "port/atomics.h"
}

constexpr uint32 COUNTERS = 64;

static void init_counters(void* memory) {
  for (uint32 i = 0; i < COUNTERS; i++) pg_atomic_init_u64((pg_atomic_uint64*)memory + i, 0);
}

const KalamSharedStruct SHARED_COUNTERS = {"pg_kalam changed rows", sizeof(pg_atomic_uint64) * COUNTERS, init_counters};

static pg_atomic_uint64* counters;

void kalam_row_epoch_init() {
  kalam_shared_memory_request(&SHARED_COUNTERS);
}

// At the first use, and tried once only.
void kalam_row_epoch_attach() {
  static bool was_tried;
  if (!was_tried) counters = (pg_atomic_uint64*)kalam_shared_memory_try_attach(&SHARED_COUNTERS);
  was_tried = true;
}

static uint64 add_text(uint64 hash, const char* text) {
  return text == nullptr ? hash : hash_bytes_extended((const unsigned char*)text, (int)strlen(text), hash);
}

// The same one for whoever locks the same rows (row_lock.h).
static uint32 counter_of(const KalamRelation* relation, const char* subject) {
  uint64 hash = 0;
  if (relation->created_at == nullptr) hash = (uint64)MyDatabaseId << 32 | relation->serverid;
  hash = add_text(hash, relation->created_at);
  hash = add_text(hash, relation->remote_name);
  return (uint32)(add_text(hash, subject) % COUNTERS);
}

KalamRowEpoch kalam_row_epoch_now(const KalamRelation* relation, const char* subject) {
  kalam_row_epoch_attach();
  KalamRowEpoch epoch = {counters != nullptr, counter_of(relation, subject), 0};
  if (epoch.is_known) epoch.count = pg_atomic_read_u64(&counters[epoch.counter]);
  pg_memory_barrier();
  return epoch;
}

bool kalam_row_epoch_is_current(const KalamRowEpoch* epoch, const KalamRelation* relation, const char* subject) {
  KalamRowEpoch now = kalam_row_epoch_now(relation, subject);
  return epoch->is_known && epoch->counter == now.counter && epoch->count == now.count;
}

void kalam_row_epoch_advance(const KalamRelation* relation, const char* subject) {
  if (counters != nullptr) pg_atomic_fetch_add_u64(&counters[counter_of(relation, subject)], 1);
}
