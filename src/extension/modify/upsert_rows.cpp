#include "extension/modify/upsert_rows.h"

#include "extension/base/settings.h"
#include "extension/modify/scanned_rows.h"
#include "extension/plan/table_size.h"

namespace {

struct Prepared {
  const char* key;
  int order;  // among the rows
  KalamFoundRow found;
};

}  // namespace

struct KalamUpsertRows {
  KalamModifyState* state;
  bool whole;
  MemoryContext context;  // of what is prepared
  MemoryContext kept;     // of the scanned rows
  Prepared* prepared;     // in the order of their keys
  int count;

  double planned_rows;
  double rows;      // asked for so far
  double spent_ms;  // on lookups, by the pace
  bool knows_size;  // the server was asked how large the table is
  uint64 scans;
  KalamScannedRows* scanned;  // NULL: there was no scan
};

// Keys that are looked up before the server is asked how large the table is.
constexpr double UNSIZED_KEYS = 4;

KalamUpsertRows* kalam_upsert_rows_create(KalamModifyState* state, double planned_rows, bool whole) {
  KalamUpsertRows* rows = (KalamUpsertRows*)palloc0(sizeof(KalamUpsertRows));
  rows->state = state;
  rows->whole = whole;
  rows->planned_rows = planned_rows;
  rows->context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB upsert rows", ALLOCSET_DEFAULT_SIZES);
  rows->kept = CurrentMemoryContext;
  return rows;
}

// ---------------------------------------------------------------- the keys

static int compare_keys(const void* a, const void* b) {
  const Prepared* left = (const Prepared*)a;
  const Prepared* right = (const Prepared*)b;
  int order = strcmp(left->key, right->key);
  return order != 0 ? order : left->order - right->order;
}

static int compare_orders(const void* a, const void* b) {
  return (*(Prepared* const*)a)->order - (*(Prepared* const*)b)->order;
}

// Each key once, at its first row.
static void set_keys(KalamUpsertRows* rows, char** keys, int count) {
  rows->prepared = (Prepared*)palloc0(sizeof(Prepared) * Max(count, 1));
  rows->count = 0;
  for (int i = 0; i < count; i++) {
    if (kalam_journal_newest(rows->state->journal, keys[i]) != nullptr) continue;
    Prepared* prepared = &rows->prepared[rows->count++];
    prepared->key = pstrdup(keys[i]);
    prepared->order = i;
  }
  qsort(rows->prepared, (size_t)rows->count, sizeof(Prepared), compare_keys);
  int kept = 0;
  for (int i = 0; i < rows->count; i++) {
    if (kept == 0 || strcmp(rows->prepared[i].key, rows->prepared[kept - 1].key) != 0)
      rows->prepared[kept++] = rows->prepared[i];
  }
  rows->count = kept;
}

// ---------------------------------------------------------------- the scan

static KalamTableSize size_for(KalamUpsertRows* rows, const KalamStoredRows* lookup) {
  KalamModifyState* state = rows->state;
  const KalamRelation* remote = kalam_stored_rows_relation(lookup);
  if (!rows->knows_size && rows->rows > UNSIZED_KEYS) {
    rows->knows_size = true;
    kalam_table_size_ask(remote, state->journal->connection, state->subject, true);
  }
  return kalam_table_size(state->relation, remote, state->subject);
}

// Lookups that are made one at a time take longer than those of a batch.
static double lookups_ms(const KalamTableSize* size, double keys, int batch) {
  return batch > 1 ? kalam_lookups_ms(size, keys) : keys * kalam_lookups_ms(size, 1);
}

static bool is_scan_cheaper(KalamUpsertRows* rows, const KalamTableSize* size, int batch) {
  // Without a flush a scan may fail where lookups do not.
  if (!kalam_setting_auto_flush()) return false;
  double left = Max(rows->planned_rows - (rows->rows - batch), batch);
  double ms = lookups_ms(size, left, batch);
  return (left > 1 || rows->spent_ms > 0) && rows->spent_ms + ms > kalam_scan_ms(size);
}

// Scans if that is cheaper, once. True: the scan came now, and shows the rows as they are under their locks.
static bool scan_if_cheaper(KalamUpsertRows* rows, const KalamStoredRows* lookup) {
  KalamModifyState* state = rows->state;
  if (rows->scanned != nullptr || rows->count == 0) return false;
  KalamTableSize size = size_for(rows, lookup);
  if (!is_scan_cheaper(rows, &size, rows->count)) {
    rows->spent_ms += lookups_ms(&size, rows->count, rows->count);
    return false;
  }
  MemoryContext old = MemoryContextSwitchTo(rows->kept);
  rows->scans++;
  rows->scanned =
      kalam_scanned_rows_read(RelationGetDescr(state->relation), kalam_stored_rows_relation(lookup),
                              state->journal->connection, state->subject, rows->whole, Max(size.rows, size.cold_rows));
  MemoryContextSwitchTo(old);
  return true;
}

// ---------------------------------------------------------------- finding

// Those that the scan does not tell are looked up, in the order of the rows.
static void look_up(KalamStoredRows* lookup, bool whole, Prepared** wanted, int count) {
  int started = 0;
  for (int i = 0; i < count; i++) {
    for (; started < count && kalam_stored_rows_has_room(lookup); started++)
      kalam_stored_rows_start(lookup, wanted[started]->key);
    KalamFoundRow* found = &wanted[i]->found;
    found->exists = kalam_stored_rows_next(lookup, wanted[i]->key, whole ? &found->row : nullptr);
    found->is_current = found->lock != KalamRowLock::none;
  }
}

static bool find_in_scan(KalamUpsertRows* rows, Prepared* prepared, bool is_new_scan) {
  KalamScannedRow answer = kalam_scanned_rows_find(rows->scanned, prepared->key, &prepared->found.row);
  if (answer == KalamScannedRow::unknown) return false;
  prepared->found.exists = answer == KalamScannedRow::found;
  prepared->found.is_current = is_new_scan && prepared->found.lock != KalamRowLock::none;
  return true;
}

static void prepare(KalamUpsertRows* rows, KalamStoredRows* lookup, char** keys, int count) {
  KalamModifyState* state = rows->state;
  set_keys(rows, keys, count);
  rows->rows += rows->count;
  Prepared** wanted = (Prepared**)palloc(sizeof(Prepared*) * Max(rows->count, 1));
  for (int i = 0; i < rows->count; i++) wanted[i] = &rows->prepared[i];
  qsort(wanted, (size_t)rows->count, sizeof(Prepared*), compare_orders);
  LockClauseStrength strength = kalam_modify_lock_strength(state);
  for (int i = 0; i < rows->count; i++)
    wanted[i]->found.lock = kalam_lock_row(state->remote, state->subject, wanted[i]->key, strength);

  bool is_new_scan = scan_if_cheaper(rows, lookup);
  int left = 0;
  for (int i = 0; i < rows->count; i++)
    if (rows->scanned == nullptr || !find_in_scan(rows, wanted[i], is_new_scan)) wanted[left++] = wanted[i];
  look_up(lookup, rows->whole, wanted, left);
}

void kalam_upsert_rows_prepare(KalamUpsertRows* rows, KalamStoredRows* lookup, char** keys, int count) {
  rows->count = 0;
  MemoryContextReset(rows->context);
  MemoryContext old = MemoryContextSwitchTo(rows->context);
  prepare(rows, lookup, keys, count);
  MemoryContextSwitchTo(old);
}

bool kalam_upsert_rows_find(KalamUpsertRows* rows, const char* key, KalamFoundRow* found) {
  int low = 0;
  int high = rows->count;
  while (low < high) {
    int middle = (low + high) / 2;
    if (strcmp(rows->prepared[middle].key, key) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == rows->count || strcmp(rows->prepared[low].key, key) != 0) return false;
  Prepared* prepared = &rows->prepared[low];
  *found = prepared->found;
  if (prepared->found.lock == KalamRowLock::taken) prepared->found.lock = KalamRowLock::held;
  return true;
}

uint64 kalam_upsert_rows_scans(const KalamUpsertRows* rows) {
  return rows->scans;
}
