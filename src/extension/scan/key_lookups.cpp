#include "extension/scan/row_source.h"

namespace {

struct KeyLookups {
  KalamRowSource source;  // must be first
  KalamKeysInFlight* in_flight;
  char** keys;
  int key_count;
  int started;
  kalam::Call* call;  // whose rows are being read; NULL: none
};

}  // namespace

static void report(void* source, int64, const kalam::Status* status) {
  kalam_row_source_report((const KalamRowSource*)source, status);
}

static void start(KalamRowSource* source) {
  KeyLookups* lookups = (KeyLookups*)source;
  for (; lookups->started < lookups->key_count && kalam_keys_in_flight_has_room(lookups->in_flight); lookups->started++)
    kalam_keys_in_flight_start(lookups->in_flight, lookups->keys[lookups->started], lookups->started);
  source->counters->keys = *kalam_keys_in_flight_counters(lookups->in_flight);
}

// The next answer, in the order of the keys. False: none is left.
static bool take_answer(KeyLookups* lookups) {
  KalamKeyAnswer answer;
  start(&lookups->source);
  if (kalam_keys_in_flight_next(lookups->in_flight, KalamKeyOrder::started, 0, &answer) != KalamKeyResult::answer)
    return false;
  lookups->source.counters->keys = *kalam_keys_in_flight_counters(lookups->in_flight);
  kalam_row_source_bind(&lookups->source, answer.call);
  lookups->call = answer.call;
  return true;
}

static bool next_window(KalamRowSource* source, kalam::Window* window) {
  KeyLookups* lookups = (KeyLookups*)source;
  for (;;) {
    if (lookups->call == nullptr && !take_answer(lookups)) return false;
    if (kalam_row_source_read(source, lookups->call, window)) return true;
    lookups->call = nullptr;
    kalam_keys_in_flight_release(lookups->in_flight);
  }
}

static void end(KalamRowSource* source) {
  KeyLookups* lookups = (KeyLookups*)source;
  kalam_keys_in_flight_clear(lookups->in_flight);
  lookups->call = nullptr;
  lookups->keys = nullptr;
  lookups->key_count = lookups->started = 0;
}

static void rewind_lookups(KalamRowSource* source, bool) {
  end(source);
}

constexpr KalamRowSourceMethods METHODS = {start, next_window, rewind_lookups, end};

KalamRowSource* kalam_key_lookups_create(const KalamRowSource* base) {
  KeyLookups* lookups = (KeyLookups*)palloc0(sizeof(KeyLookups));
  lookups->source = *base;
  lookups->source.methods = &METHODS;
  lookups->in_flight = kalam_keys_in_flight_create(base->connection, base->remote, base->subject, base->columns->names,
                                                   base->columns->count, report, lookups);
  return &lookups->source;
}

void kalam_key_lookups_set(KalamRowSource* source, char** keys, int count) {
  KeyLookups* lookups = (KeyLookups*)source;
  lookups->keys = keys;
  lookups->key_count = count;
  lookups->started = 0;
}
