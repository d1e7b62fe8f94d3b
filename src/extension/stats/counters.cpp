#include "extension/stats/counters.h"

#include "extension/base/preload.h"
#include "extension/base/shared_memory.h"

extern "C" {
#include "catalog/pg_database.h"
#include "port/atomics.h"
#include "storage/ipc.h"
}

namespace {

struct Share {
  Oid database;  // InvalidOid: free
  Oid object;
  TimestampTz since;
  pg_atomic_uint64 counters[KALAM_COUNTERS];
};

struct SharedCounters {
  LWLock lock;  // exclusive for who takes, frees or resets a share; shared for who adds or reads
  Share others[2];
  Share tables[KALAM_COUNTED_TABLES];
  Share servers[KALAM_COUNTED_SERVERS];
};

// The shares of tables or of servers.
struct Shares {
  Share* first;
  int count;
  Share* others;
};

// Where an object's share was found last; only a guess.
struct Guess {
  Oid object;
  int index;
};

}  // namespace

constexpr const char* TRANCHE = "KalamdbCounters";
constexpr KalamCounted KINDS[] = {KalamCounted::table, KalamCounted::server};

static SharedCounters* shared_counters;
static Guess guesses[128];

static void reset_share(Share* share, Oid database, Oid object) {
  share->database = database;
  share->object = object;
  share->since = GetCurrentTimestamp();
  for (pg_atomic_uint64& counter : share->counters) pg_atomic_write_u64(&counter, 0);
}

static void init_share(Share* share) {
  for (pg_atomic_uint64& counter : share->counters) pg_atomic_init_u64(&counter, 0);
  reset_share(share, InvalidOid, InvalidOid);
}

static void init_counters(void* memory) {
  SharedCounters* counters = (SharedCounters*)memory;
  kalam_lwlock_initialize(&counters->lock, TRANCHE);
  for (Share& share : counters->others) init_share(&share);
  for (Share& share : counters->tables) init_share(&share);
  for (Share& share : counters->servers) init_share(&share);
}

// A library of another version that keeps other counters has others of another name.
static const KalamSharedStruct SHARED_COUNTERS = {"pg_kalam counters 1", sizeof(SharedCounters), init_counters};

void kalam_counters_init() {
  kalam_shared_memory_request(&SHARED_COUNTERS);
  kalam_counters_watch_drops();
}

bool kalam_counters_are_kept() {
  return PG_VERSION_NUM >= 170000 || kalam_is_preloaded();
}

void kalam_counters_attach() {
  if (shared_counters != nullptr || !kalam_counters_are_kept()) return;
  SharedCounters* counters = (SharedCounters*)kalam_shared_memory_attach(&SHARED_COUNTERS);
  kalam_lwlock_register(&counters->lock, TRANCHE);
  shared_counters = counters;
}

// A backend that ends gives the memory back before its last calls are released.
static bool is_usable() {
  return shared_counters != nullptr && MyProc != nullptr && !proc_exit_inprogress;
}

static Shares shares_of(KalamCounted what) {
  if (what == KalamCounted::table) return {shared_counters->tables, KALAM_COUNTED_TABLES, &shared_counters->others[0]};
  return {shared_counters->servers, KALAM_COUNTED_SERVERS, &shared_counters->others[1]};
}

// ---------------------------------------------------------------- shares; under the lock

static bool is_of(const Share* share, Oid object) {
  return share->object == object && share->database == MyDatabaseId;
}

static Share* find(const Shares* shares, Oid object) {
  Guess* guess = &guesses[object % lengthof(guesses)];
  if (guess->object == object && guess->index < shares->count && is_of(&shares->first[guess->index], object))
    return &shares->first[guess->index];
  for (int i = 0; i < shares->count; i++) {
    if (!is_of(&shares->first[i], object)) continue;
    *guess = {object, i};
    return &shares->first[i];
  }
  return nullptr;
}

static Share* take(const Shares* shares, Oid object) {
  Share* share = find(shares, object);
  if (share != nullptr) return share;
  for (int i = 0; i < shares->count; i++) {
    if (OidIsValid(shares->first[i].database)) continue;
    reset_share(&shares->first[i], MyDatabaseId, object);
    return &shares->first[i];
  }
  return shares->others;
}

// ---------------------------------------------------------------- counting

static void add_to(Share* share, const KalamCounts* counts) {
  for (int i = 0; i < KALAM_COUNTERS; i++)
    if (counts->of[i] != 0) pg_atomic_fetch_add_u64(&share->counters[i], counts->of[i]);
}

static void add(KalamCounted what, Oid object, const KalamCounts* counts) {
  Shares shares = shares_of(what);
  if (!OidIsValid(object)) return;
  LWLockAcquire(&shared_counters->lock, LW_SHARED);
  Share* share = find(&shares, object);
  if (share != nullptr) add_to(share, counts);
  LWLockRelease(&shared_counters->lock);
  if (share != nullptr) return;
  LWLockAcquire(&shared_counters->lock, LW_EXCLUSIVE);
  add_to(take(&shares, object), counts);
  LWLockRelease(&shared_counters->lock);
}

void kalam_counters_add(Oid serverid, Oid relid, const KalamCounts* counts) {
  if (!is_usable()) return;
  add(KalamCounted::server, serverid, counts);
  add(KalamCounted::table, relid, counts);
}

void kalam_count(Oid serverid, Oid relid, KalamCounter counter, uint64 count) {
  KalamCounts counts = {};
  counts.of[(int)counter] = count;
  kalam_counters_add(serverid, relid, &counts);
}

// ---------------------------------------------------------------- reading and forgetting

static void read_share(Share* share, KalamCountsOf* copy) {
  copy->object = share->object;
  copy->since = share->since;
  for (int i = 0; i < KALAM_COUNTERS; i++) copy->counts.of[i] = pg_atomic_read_u64(&share->counters[i]);
}

static bool is_empty(const KalamCountsOf* copy) {
  for (uint64 counter : copy->counts.of)
    if (counter != 0) return false;
  return true;
}

KalamCountsOf* kalam_counters_read(KalamCounted what, int* count) {
  *count = 0;
  kalam_counters_attach();
  if (!is_usable()) return nullptr;
  Shares shares = shares_of(what);
  KalamCountsOf* copies = (KalamCountsOf*)palloc((shares.count + 1) * sizeof(KalamCountsOf));
  LWLockAcquire(&shared_counters->lock, LW_SHARED);
  for (int i = 0; i < shares.count; i++)
    if (shares.first[i].database == MyDatabaseId) read_share(&shares.first[i], &copies[(*count)++]);
  read_share(shares.others, &copies[*count]);
  LWLockRelease(&shared_counters->lock);
  if (!is_empty(&copies[*count])) (*count)++;
  return copies;
}

static void forget_database(const Shares* shares, Oid database) {
  for (int i = 0; i < shares->count; i++)
    if (shares->first[i].database == database) reset_share(&shares->first[i], InvalidOid, InvalidOid);
}

void kalam_counters_reset() {
  kalam_counters_attach();
  if (!is_usable()) return;
  LWLockAcquire(&shared_counters->lock, LW_EXCLUSIVE);
  for (KalamCounted what : KINDS) {
    Shares shares = shares_of(what);
    forget_database(&shares, MyDatabaseId);
    reset_share(shares.others, InvalidOid, InvalidOid);
  }
  LWLockRelease(&shared_counters->lock);
}

bool kalam_counters_has(Oid classid, Oid object) {
  if (classid == DatabaseRelationId) return kalam_counters_are_kept();
  if (!is_usable()) return false;
  Shares shares = shares_of(classid == RelationRelationId ? KalamCounted::table : KalamCounted::server);
  LWLockAcquire(&shared_counters->lock, LW_SHARED);
  bool found = find(&shares, object) != nullptr;
  LWLockRelease(&shared_counters->lock);
  return found;
}

void kalam_counters_forget(Oid classid, Oid object) {
  if (!is_usable()) return;
  LWLockAcquire(&shared_counters->lock, LW_EXCLUSIVE);
  for (KalamCounted what : KINDS) {
    Shares shares = shares_of(what);
    if (classid == DatabaseRelationId) forget_database(&shares, object);
    if (classid != (what == KalamCounted::table ? RelationRelationId : ForeignServerRelationId)) continue;
    Share* share = find(&shares, object);
    if (share != nullptr) reset_share(share, InvalidOid, InvalidOid);
  }
  LWLockRelease(&shared_counters->lock);
}
