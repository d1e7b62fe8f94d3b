#include "extension/modify/scanned_rows.h"

#include "extension/journal/hidden_values.h"
#include "extension/journal/journal.h"
#include "extension/journal/version_mark.h"
#include "extension/scan/merge.h"
#include "extension/types/key.h"

extern "C" {
#include "common/hashfn.h"
#include "executor/nodeHash.h"
#include "lib/bloomfilter.h"
}

struct KalamScannedEntry {
  const char* key;
  MinimalTuple tuple;  // NULL: only the key is wanted
  uint64 mark;
  uint32 hash;
  char status;
};

static uint32 hash_of(const char* key) {
  return hash_bytes((const unsigned char*)key, (int)strlen(key));
}

#define SH_PREFIX kalam_scanned
#define SH_ELEMENT_TYPE KalamScannedEntry
#define SH_KEY_TYPE const char*
#define SH_KEY key
#define SH_HASH_KEY(tb, key) hash_of(key)
#define SH_EQUAL(tb, a, b) (strcmp(a, b) == 0)
#define SH_SCOPE static inline
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_DECLARE
#define SH_DEFINE
extern "C++" {
#include "lib/simplehash.h"
}

struct KalamScannedRows {
  TupleDesc tupdesc;
  bool whole;
  kalam_scanned_hash* rows;
  bloom_filter* others;  // keys whose rows are not kept; NULL: there are none
};

// Keys that the filter has room for, where fewer rows are expected: it takes two bytes for each.
constexpr double FILTER_ROWS = 1000000;

// ---------------------------------------------------------------- reading

static List* all_attributes(TupleDesc tupdesc) {
  List* attributes = NIL;
  for (int i = 0; i < tupdesc->natts; i++)
    if (!TupleDescAttr(tupdesc, i)->attisdropped) attributes = lappend_int(attributes, i + 1);
  return attributes;
}

static void keep_row(KalamScannedRows* rows, const char* key, TupleTableSlot* slot) {
  bool is_known;
  KalamScannedEntry* entry = kalam_scanned_insert(rows->rows, pstrdup(key), &is_known);
  entry->mark = kalam_version_mark_load(&slot->tts_tid);
  entry->tuple = rows->whole ? ExecCopySlotMinimalTuple(slot) : nullptr;
}

static void keep_rows(KalamScannedRows* rows, KalamMerge* merge, KalamColumnWriter* writer, AttrNumber key_attribute,
                      double expected_rows) {
  MemoryContext context = CurrentMemoryContext;
  TupleTableSlot* slot = MakeSingleTupleTableSlot(rows->tupdesc, &TTSOpsVirtual);
  while (kalam_merge_next(merge, slot)) {
    bool is_null;
    Datum value = slot_getattr(slot, key_attribute, &is_null);
    if (is_null) continue;
    MemoryContextSwitchTo(merge->row_context);
    char* key = kalam_key_text(writer, value);
    MemoryContextSwitchTo(context);
    if (rows->others == nullptr && MemoryContextMemAllocated(context, false) > get_hash_memory_limit())
      rows->others = bloom_create((int64)Max(2 * expected_rows, FILTER_ROWS), work_mem, 0);
    if (rows->others == nullptr) {
      keep_row(rows, key, slot);
    } else {
      bloom_add_element(rows->others, (unsigned char*)key, strlen(key));
    }
  }
  ExecDropSingleTupleTableSlot(slot);
}

KalamScannedRows* kalam_scanned_rows_read(TupleDesc tupdesc, const KalamRelation* remote, KalamConnection* connection,
                                          const char* subject, bool whole, double expected_rows) {
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB scanned rows", ALLOCSET_DEFAULT_SIZES);
  MemoryContext run_context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB scan run", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(run_context);
  KalamScanCounters counters = {};
  KalamRowSource base = {};
  base.connection = connection;
  base.remote = remote;
  base.subject = subject;
  base.counters = &counters;
  base.run_context = run_context;
  base.columns = kalam_scan_columns_create(remote, connection->server_name, tupdesc,
                                           whole ? all_attributes(tupdesc) : NIL, true, true, subject);
  KalamRowSource* source = kalam_whole_table_create(&base, false);
  kalam_scan_columns_complete(base.columns);

  KalamMerge merge = {};
  merge.columns = base.columns;
  merge.counters = &counters;
  merge.hides_values = !kalam_may_show(remote->relid, InvalidAttrNumber);
  merge.row_context = AllocSetContextCreate(run_context, "KalamDB scan row", ALLOCSET_DEFAULT_SIZES);
  KalamColumnWriter* writer = kalam_key_writer_of_attribute(remote, tupdesc);

  MemoryContextSwitchTo(context);
  KalamScannedRows* rows = (KalamScannedRows*)palloc0(sizeof(KalamScannedRows));
  rows->tupdesc = tupdesc;
  rows->whole = whole;
  rows->rows = kalam_scanned_create(context, 1024, nullptr);
  source->methods->start(source);
  kalam_merge_start(&merge, source, nullptr);
  keep_rows(rows, &merge, writer, remote->key_attribute, expected_rows);
  source->methods->end(source);
  MemoryContextSwitchTo(old);
  MemoryContextDelete(run_context);
  return rows;
}

// ---------------------------------------------------------------- finding

KalamScannedRow kalam_scanned_rows_find(KalamScannedRows* rows, const char* key, KalamStoredRow* row) {
  const KalamScannedEntry* entry = kalam_scanned_lookup(rows->rows, key);
  if (entry == nullptr) {
    bool is_absent = rows->others == nullptr || bloom_lacks_element(rows->others, (unsigned char*)key, strlen(key));
    return is_absent ? KalamScannedRow::absent : KalamScannedRow::unknown;
  }
  *row = {};
  row->mark = entry->mark;
  if (!rows->whole) return KalamScannedRow::found;
  row->values = (Datum*)palloc(sizeof(Datum) * Max(rows->tupdesc->natts, 1));
  row->nulls = (bool*)palloc(sizeof(bool) * Max(rows->tupdesc->natts, 1));
  kalam_journal_deform(entry->tuple, rows->tupdesc, row->values, row->nulls);
  return KalamScannedRow::found;
}
