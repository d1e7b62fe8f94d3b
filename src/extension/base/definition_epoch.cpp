#include "extension/base/definition_epoch.h"

#include "extension/base/settings.h"
#include "extension/base/shared_memory.h"

extern "C" {
#include "port/atomics.h"
}

static void init_epoch(void* memory) {
  pg_atomic_init_u64((pg_atomic_uint64*)memory, 0);
}

const KalamSharedStruct SHARED_EPOCH = {"pg_kalam definitions", sizeof(pg_atomic_uint64), init_epoch};

// Attached at the first use, and tried once only.
static pg_atomic_uint64* shared_epoch() {
  static pg_atomic_uint64* epoch;
  static bool was_tried;
  if (!was_tried) epoch = (pg_atomic_uint64*)kalam_shared_memory_try_attach(&SHARED_EPOCH);
  was_tried = true;
  return epoch;
}

void kalam_definition_epoch_init() {
  kalam_shared_memory_request(&SHARED_EPOCH);
}

KalamDefinitionMoment kalam_definition_now() {
  KalamDefinitionMoment moment = {};
  pg_atomic_uint64* shared = shared_epoch();
  moment.has_epoch = shared != nullptr;
  if (shared != nullptr) moment.epoch = pg_atomic_read_u64(shared);
  pg_memory_barrier();
  INSTR_TIME_SET_CURRENT(moment.time);
  return moment;
}

bool kalam_definition_is_recent(const KalamDefinitionMoment* moment) {
  KalamDefinitionMoment now = kalam_definition_now();
  if (!moment->has_epoch || now.epoch != moment->epoch) return false;
  INSTR_TIME_SUBTRACT(now.time, moment->time);
  return INSTR_TIME_GET_MILLISEC(now.time) < (double)kalam_setting_catalog_lifetime_ms();
}

void kalam_definition_epoch_advance() {
  pg_atomic_uint64* shared = shared_epoch();
  if (shared != nullptr) pg_atomic_fetch_add_u64(shared, 1);
}
