#include "extension/lookup/keys_in_flight.h"

namespace {

// A place for one lookup, used again and again.
struct Place {
  KalamCallHolder* holder;  // NULL until the place is used for the first time
  uint64 number;            // of the lookup, in the order they were started
  int64 tag;
};

}  // namespace

// Lookups that are in flight however large the answers are: waiting for one after the other takes many times as long.
constexpr int FEWEST_IN_FLIGHT = 4;

struct KalamKeysInFlight {
  MemoryContext context;
  KalamConnection* connection;  // reference: of the user's; the holders count it as well
  const KalamRelation* relation;
  kalam::TableRef table;
  const char* const* columns;
  int column_count;
  KalamKeyReport report;
  void* argument;
  KalamKeyCounters counters;
  uint64 answers;  // that `counters` counts
  int in_flight;
  Place* answered;  // whose answer was handed out; NULL: none
  Place places[KALAM_LOOKUPS_IN_FLIGHT];
};

KalamKeysInFlight* kalam_keys_in_flight_create(KalamConnection* connection, const KalamRelation* relation,
                                               const char* subject, const char* const* columns, int column_count,
                                               KalamKeyReport report, void* argument) {
  KalamKeysInFlight* keys = (KalamKeysInFlight*)palloc0(sizeof(KalamKeysInFlight));
  keys->context = CurrentMemoryContext;
  keys->connection = connection;
  keys->relation = relation;
  keys->table = kalam_table_ref(relation, subject);
  keys->columns = columns;
  keys->column_count = column_count;
  keys->report = report;
  keys->argument = argument;
  return keys;
}

bool kalam_keys_in_flight_has_room(const KalamKeysInFlight* keys) {
  if (keys->in_flight >= KALAM_LOOKUPS_IN_FLIGHT) return false;
  if (keys->in_flight < FEWEST_IN_FLIGHT || keys->answers == 0) return true;
  uint64 usual = keys->counters.response_bytes / keys->answers;
  return ((uint64)keys->in_flight + 1) * usual <= (uint64)work_mem * 1024;
}

static Place* free_place(KalamKeysInFlight* keys) {
  for (Place& place : keys->places) {
    if (place.holder == nullptr) {
      place.holder = kalam_call_holder_create(keys->context, keys->connection);
      kalam_call_holder_set_table(place.holder, keys->relation->relid, keys->relation->remote_name);
    }
    if (place.holder->call == nullptr) return &place;
  }
  Assert(false);  // there was no room
  pg_unreachable();
}

void kalam_keys_in_flight_start(KalamKeysInFlight* keys, const char* key, int64 tag) {
  kalam_keys_in_flight_release(keys);
  if (keys->relation->awaits_commit) return;
  Place* place = free_place(keys);
  kalam::ScanFilter filter = {keys->relation->columns[keys->relation->key_column].name, key};
  kalam::ScanRequest request = {};
  kalam::CallOptions options = {};
  kalam::Status status;
  request.table = keys->table;
  request.columns = keys->columns;
  request.column_count = (size_t)keys->column_count;
  request.filters = &filter;
  request.filter_count = 1;
  place->number = keys->counters.lookups++;
  place->tag = tag;
  place->holder->call = kalam::call_scan(keys->connection->handle, &request, &options, &status);
  if (place->holder->call == nullptr) keys->report(keys->argument, tag, &status);
  keys->in_flight++;
}

static bool is_in_flight(const Place* place) {
  return place->holder != nullptr && place->holder->call != nullptr;
}

static Place* first_started(KalamKeysInFlight* keys) {
  Place* first = nullptr;
  for (Place& place : keys->places)
    if (is_in_flight(&place) && (first == nullptr || place.number < first->number)) first = &place;
  return first;
}

// The lookup whose answer is due, once it is there. NULL: the deadline has passed.
static Place* wait_for_place(KalamKeysInFlight* keys, KalamKeyOrder order, TimestampTz deadline) {
  if (order == KalamKeyOrder::started) {
    Place* first = first_started(keys);
    return kalam_wait_for_call_until(first->holder->call, deadline) ? first : nullptr;
  }
  kalam::Call* calls[KALAM_LOOKUPS_IN_FLIGHT];
  for (int i = 0; i < KALAM_LOOKUPS_IN_FLIGHT; i++)
    calls[i] = is_in_flight(&keys->places[i]) ? keys->places[i].holder->call : nullptr;
  int done = kalam_wait_for_any(calls, KALAM_LOOKUPS_IN_FLIGHT, deadline);
  return done >= 0 ? &keys->places[done] : nullptr;
}

KalamKeyResult kalam_keys_in_flight_next(KalamKeysInFlight* keys, KalamKeyOrder order, TimestampTz deadline,
                                         KalamKeyAnswer* answer) {
  kalam_keys_in_flight_release(keys);
  if (keys->in_flight == 0) return KalamKeyResult::none;
  Place* place = wait_for_place(keys, order, deadline);
  if (place == nullptr) return KalamKeyResult::too_late;

  kalam::Status status;
  kalam::CallStatistics statistics;
  kalam::Call* call = place->holder->call;
  kalam::call_status(call, &status);
  kalam::call_statistics(call, &statistics);
  keys->counters.calls += statistics.rpcs;
  keys->counters.request_bytes += statistics.request_bytes;
  keys->counters.response_bytes += statistics.response_bytes;
  keys->counters.waited_us += statistics.waited_us;
  keys->answers++;
  if (status.error != kalam::ErrorClass::none) keys->report(keys->argument, place->tag, &status);
  keys->answered = place;
  *answer = {place->tag, call};
  return KalamKeyResult::answer;
}

void kalam_keys_in_flight_release(KalamKeysInFlight* keys) {
  if (keys->answered == nullptr) return;
  kalam_call_holder_clear(keys->answered->holder);
  keys->answered = nullptr;
  keys->in_flight--;
}

void kalam_keys_in_flight_clear(KalamKeysInFlight* keys) {
  for (Place& place : keys->places)
    if (place.holder != nullptr) kalam_call_holder_clear(place.holder);
  keys->answered = nullptr;
  keys->in_flight = 0;
}

const KalamKeyCounters* kalam_keys_in_flight_counters(const KalamKeysInFlight* keys) {
  return &keys->counters;
}
