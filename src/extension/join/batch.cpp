#include "extension/join/batch.h"

extern "C" {
#include "common/hashfn.h"
#include "executor/tuptable.h"
}

constexpr int GROWTH = 4;

static Size half_of_work_mem() {
  return (Size)work_mem * 1024 / 2;
}

static uint32 hash_key(const void* key, Size) {
  const char* text = *(char* const*)key;
  return hash_bytes((const unsigned char*)text, (int)strlen(text));
}

static int compare_keys(const void* a, const void* b, Size) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

void kalam_join_batch_init(KalamJoinBatch* batch, MemoryContext parent, int first) {
  batch->context = AllocSetContextCreate(parent, "KalamDB join batch", ALLOCSET_DEFAULT_SIZES);
  batch->kept_context = AllocSetContextCreate(parent, "KalamDB join keys", ALLOCSET_DEFAULT_SIZES);
  batch->first = batch->wanted = first;
}

static void forget(KalamJoinBatch* batch) {
  MemoryContextReset(batch->kept_context);
  batch->keys = nullptr;
}

void kalam_join_batch_rewind(KalamJoinBatch* batch, bool changed) {
  batch->wanted = batch->first;
  batch->count = batch->next = 0;
  if (changed) forget(batch);
}

// A batch grows from the one before it, unless the rows that came for that were large.
static void choose_size(KalamJoinBatch* batch) {
  if (batch->count == 0) return;
  int64 most = Min((int64)batch->wanted * GROWTH, KALAM_JOIN_BATCH);
  if (batch->looked_up > 0)
    most = Min(most, (int64)((double)batch->text_count * (double)half_of_work_mem() / (double)batch->looked_up));
  batch->wanted = (int)Max(most, 1);
}

void kalam_join_batch_start(KalamJoinBatch* batch) {
  choose_size(batch);
  MemoryContextReset(batch->context);
  if (MemoryContextMemAllocated(batch->kept_context, true) > half_of_work_mem()) forget(batch);
  if (batch->keys == nullptr) {
    HASHCTL control = {};
    control.keysize = sizeof(char*);
    control.entrysize = sizeof(KalamJoinKey);
    control.hash = hash_key;
    control.match = compare_keys;
    control.hcxt = batch->kept_context;
    batch->keys = hash_create("KalamDB join keys", KALAM_JOIN_BATCH, &control,
                              HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
  }
  batch->rows = (KalamOuterRow*)MemoryContextAlloc(batch->context, sizeof(KalamOuterRow) * batch->wanted);
  batch->texts = (char**)MemoryContextAlloc(batch->context, sizeof(char*) * batch->wanted);
  batch->count = batch->next = batch->text_count = 0;
  batch->bytes = batch->looked_up = 0;
  batch->batches++;
}

bool kalam_join_batch_is_full(const KalamJoinBatch* batch) {
  return batch->count >= batch->wanted || batch->bytes > half_of_work_mem();
}

static const KalamJoinKey* find_key(KalamJoinBatch* batch, const char* text) {
  bool is_known;
  KalamJoinKey* key = (KalamJoinKey*)hash_search(batch->keys, &text, HASH_ENTER, &is_known);
  if (is_known) return key;
  // The key of the entry is a pointer to the caller's text until here.
  key->rows = nullptr;
  key->text = MemoryContextStrdup(batch->kept_context, text);
  batch->texts[batch->text_count++] = key->text;
  return key;
}

void kalam_join_batch_add(KalamJoinBatch* batch, TupleTableSlot* slot, const char* key) {
  MemoryContext old = MemoryContextSwitchTo(batch->context);
  KalamOuterRow* row = &batch->rows[batch->count];
  row->tuple = ExecCopySlotMinimalTuple(slot);
  row->key = key != nullptr ? find_key(batch, key) : nullptr;
  batch->bytes += row->tuple->t_len;
  batch->count++;
  MemoryContextSwitchTo(old);
}

void kalam_join_batch_add_inner(KalamJoinBatch* batch, TupleTableSlot* slot, const char* text) {
  KalamJoinKey* key = (KalamJoinKey*)hash_search(batch->keys, &text, HASH_FIND, nullptr);
  if (key == nullptr) return;
  MemoryContext old = MemoryContextSwitchTo(batch->kept_context);
  KalamInnerRow* row = (KalamInnerRow*)palloc(sizeof(KalamInnerRow));
  row->tuple = ExecCopySlotMinimalTuple(slot);
  row->next = key->rows;
  key->rows = row;
  batch->looked_up += row->tuple->t_len;
  MemoryContextSwitchTo(old);
}
