#include "extension/modify/stored_keys.h"

#include "extension/base/settings.h"
#include "extension/journal/stored_rows.h"
#include "extension/plan/table_size.h"
#include "extension/scan/row_source.h"
#include "extension/types/key.h"

extern "C" {
#include "lib/bloomfilter.h"
}

// In the journal's memory: what the transaction knows of the keys that are stored.
struct KalamStoredKeys {
  double spent_ms;       // on lookups, by the pace
  int64 asked;           // keys that were looked up
  bool knows_size;       // the server was asked how large the table is
  bloom_filter* filter;  // of the keys that a scan has found; NULL: there was no scan
};

// Keys that are looked up before the server is asked how large the table is: the question takes as long as some lookups
// of a small table.
constexpr int64 UNSIZED_KEYS = 4;

// Rows that a filter has room for where fewer are expected: it takes two bytes for each.
constexpr double FILTER_ROWS = 1000000;

static KalamStoredKeys* known_of(KalamJournal* journal) {
  if (journal->stored_keys == nullptr)
    journal->stored_keys = (KalamStoredKeys*)MemoryContextAllocZero(journal->context, sizeof(KalamStoredKeys));
  return journal->stored_keys;
}

// ---------------------------------------------------------------- which way

// Without a flush a scan may fail where lookups do not. Keys of other types are not sent as the texts that they have.
static bool can_scan(const KalamRelation* remote) {
  if (!kalam_setting_auto_flush()) return false;
  switch (remote->columns[remote->key_column].type.kind) {
    case kalam::RemoteKind::smallint:
    case kalam::RemoteKind::integer:
    case kalam::RemoteKind::bigint:
    case kalam::RemoteKind::text:
      return true;
    default:
      return false;
  }
}

// A transaction that has looked up before scans when it has spent nearly as much: what the figures do not count, such
// as the question for the table's size, is to fit into two scans as well.
constexpr double SPENT_SHARE = 0.75;

static bool is_scan_cheaper(const KalamStoredKeys* known, const KalamTableSize* size, double count) {
  double spent_ms = known != nullptr ? known->spent_ms : 0;
  if (spent_ms == 0) return count > 1 && kalam_lookups_ms(size, count) > kalam_scan_ms(size);
  return spent_ms + kalam_lookups_ms(size, count) > SPENT_SHARE * kalam_scan_ms(size);
}

bool kalam_stored_keys_would_scan(const KalamJournal* journal, Relation relation, const KalamRelation* remote,
                                  const char* subject, double count) {
  const KalamStoredKeys* known = journal != nullptr ? journal->stored_keys : nullptr;
  KalamTableSize size = kalam_table_size(relation, remote, subject);
  return can_scan(remote) && ((known != nullptr && known->filter != nullptr) || is_scan_cheaper(known, &size, count));
}

static KalamTableSize size_for(const KalamJournal* journal, Relation relation, KalamStoredKeys* known, int64 count) {
  if (!known->knows_size && known->asked + count > UNSIZED_KEYS) {
    known->knows_size = true;
    kalam_table_size_ask(journal->relation, journal->connection, journal->subject, true);
  }
  return kalam_table_size(relation, journal->relation, journal->subject);
}

// ---------------------------------------------------------------- lookups

// Those of the keys that the filter does not rule out, in flight together. The first that is stored, or -1.
static int64 look_up(KalamJournal* journal, const KalamStoredKeys* known, char* const* keys, int64 count,
                     KalamStoredKeyCounters* counters) {
  KalamStoredRows* rows =
      kalam_stored_rows_create(journal->tupdesc, journal->relation, journal->connection, journal->subject, false);
  int64* started = (int64*)palloc(sizeof(int64) * KALAM_LOOKUPS_IN_FLIGHT);
  uint64 begun = 0;
  uint64 ended = 0;
  int64 next = 0;
  int64 found = -1;
  while (found < 0) {
    for (; next < count && begun - ended < KALAM_LOOKUPS_IN_FLIGHT && kalam_stored_rows_has_room(rows); next++) {
      if (known->filter != nullptr &&
          bloom_lacks_element(known->filter, (unsigned char*)keys[next], strlen(keys[next]))) {
        counters->hints++;
        continue;
      }
      kalam_stored_rows_start(rows, keys[next]);
      started[begun++ % KALAM_LOOKUPS_IN_FLIGHT] = next;
    }
    if (begun == ended) break;
    int64 index = started[ended++ % KALAM_LOOKUPS_IN_FLIGHT];
    if (kalam_stored_rows_next(rows, keys[index], nullptr)) found = index;
  }
  counters->lookups += begun;
  kalam_stored_rows_clear(rows);
  return found;
}

// ---------------------------------------------------------------- the scan

// The value of a key as the client hands values over. False: there is none.
static bool read_key(const kalam::ColumnView* view, uint32 row, kalam::Value* value) {
  if (view->nulls != nullptr && view->nulls[row] != 0) return false;
  value->kind = kalam::ValueKind::integer;
  switch (view->kind) {
    case kalam::ColumnKind::int16:
      value->i = ((const int16_t*)view->values)[row];
      return true;
    case kalam::ColumnKind::int32:
      value->i = ((const int32_t*)view->values)[row];
      return true;
    case kalam::ColumnKind::int64:
      value->i = ((const int64_t*)view->values)[row];
      return true;
    case kalam::ColumnKind::utf8: {
      const kalam::Slice* text = &((const kalam::Slice*)view->values)[row];
      value->kind = kalam::ValueKind::bytes;
      value->bytes = {(const uint8_t*)text->data, text->size};
      return true;
    }
    default:
      return false;
  }
}

static void add_keys(bloom_filter* filter, const kalam::ColumnView* view, uint32 rows, MemoryContext context) {
  MemoryContext old = MemoryContextSwitchTo(context);
  for (uint32 i = 0; i < rows; i++) {
    kalam::Value value = {};
    if (!read_key(view, i, &value)) continue;
    char* key = kalam_key_text_of_value(&value);
    bloom_add_element(filter, (unsigned char*)key, strlen(key));
  }
  MemoryContextSwitchTo(old);
  MemoryContextReset(context);
}

// The filter belongs to the journal once it is complete. The table will have so many rows more than were found: what
// the session knows of its size is told so.
static bloom_filter* scan_keys(KalamJournal* journal, double expected_rows, int64 new_rows) {
  const KalamRelation* remote = journal->relation;
  KalamScanCounters counters = {};
  KalamRowSource base = {};
  base.connection = journal->connection;
  base.remote = remote;
  base.subject = journal->subject;
  base.counters = &counters;
  base.run_context = CurrentMemoryContext;
  base.columns = kalam_scan_columns_create(remote, journal->connection->server_name, journal->tupdesc, NIL, true, false,
                                           journal->subject);
  KalamRowSource* source = kalam_whole_table_create(&base, false);
  kalam_scan_columns_complete(base.columns);
  uint32_t key = base.columns->reader_column[base.columns->key_reader];

  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB key filter", ALLOCSET_SMALL_SIZES);
  MemoryContext window_context =
      AllocSetContextCreate(CurrentMemoryContext, "KalamDB keys of a window", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  bloom_filter* filter = bloom_create((int64)Max(2 * expected_rows, FILTER_ROWS), work_mem, 0);
  MemoryContextSwitchTo(old);
  kalam::Window window;
  int64 rows = new_rows;
  source->methods->start(source);
  while (source->methods->next_window(source, &window)) {
    rows += window.rows;
    add_keys(filter, &window.columns[key], window.rows, window_context);
  }
  source->methods->end(source);
  if (remote->kind == kalam::TableKind::shared) kalam_relation_note_rows(remote->relid, (double)rows);
  MemoryContextSetParent(context, journal->context);
  return filter;
}

// ---------------------------------------------------------------- both

static int64 find(KalamJournal* journal, Relation relation, char* const* keys, int64 count, KalamKeyEvidence* evidence,
                  KalamStoredKeyCounters* counters) {
  KalamStoredKeys* known = known_of(journal);
  *evidence = KalamKeyEvidence::hint;
  if (known->filter == nullptr) {
    *evidence = KalamKeyEvidence::answer;
    KalamTableSize size = size_for(journal, relation, known, count);
    if (can_scan(journal->relation) && is_scan_cheaper(known, &size, (double)count)) {
      counters->scans++;
      known->filter = scan_keys(journal, Max(size.rows, size.cold_rows), count);
    } else {
      known->spent_ms += kalam_lookups_ms(&size, (double)count);
      known->asked += count;
    }
  }
  return look_up(journal, known, keys, count, counters);
}

int64 kalam_stored_keys_find(KalamJournal* journal, Relation relation, char* const* keys, int64 count,
                             KalamKeyEvidence* evidence, KalamStoredKeyCounters* counters) {
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB stored keys", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  int64 found = find(journal, relation, keys, count, evidence, counters);
  MemoryContextSwitchTo(old);
  MemoryContextDelete(context);
  return found;
}
