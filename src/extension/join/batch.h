// A batch of rows of the outer side, and the rows of the inner side that their keys have. What was looked up is kept
// for the batches that follow, and for further runs, while it takes less than half of work_mem; so does a batch.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "access/htup.h"
#include "utils/hsearch.h"
}

// Rows of a batch; few enough for the lookups of one batch never to be replaced by a scan of the table.
constexpr int KALAM_JOIN_BATCH = 512;
// Of the first one: nobody knows yet how large the rows are that its keys have.
constexpr int KALAM_JOIN_FIRST_BATCH = 64;
// And where the statement may end early.
constexpr int KALAM_JOIN_SMALL_BATCH = 16;

struct KalamInnerRow {
  KalamInnerRow* next;
  MinimalTuple tuple;
};

// A key that was looked up, or is to be.
struct KalamJoinKey {
  char* text;           // hash key
  KalamInnerRow* rows;  // NULL: there are none
};

struct KalamOuterRow {
  MinimalTuple tuple;
  const KalamJoinKey* key;  // NULL: it is NULL
};

struct KalamJoinBatch {
  MemoryContext context;       // of the outer rows
  MemoryContext kept_context;  // of the keys and the inner rows
  HTAB* keys;                  // of KalamJoinKey; NULL: none is known
  int wanted;                  // rows that the next batch may have
  int first;
  KalamOuterRow* rows;
  int count;
  int next;      // of the rows: to be joined
  char** texts;  // of the keys to be looked up for this batch
  int text_count;
  Size bytes;      // of the outer rows
  Size looked_up;  // bytes of inner rows that came for this batch
  int64 batches;   // for EXPLAIN
};

void kalam_join_batch_init(KalamJoinBatch* batch, MemoryContext parent, int first);

// Goes back to the first batch. `changed`: the inner side has other parameters, so that nothing that is known holds.
void kalam_join_batch_rewind(KalamJoinBatch* batch, bool changed);

// Makes ready for the rows of the next batch.
void kalam_join_batch_start(KalamJoinBatch* batch);
bool kalam_join_batch_is_full(const KalamJoinBatch* batch);

// Adds an outer row, which is copied, with the text of its key (NULL: it is NULL).
void kalam_join_batch_add(KalamJoinBatch* batch, TupleTableSlot* slot, const char* key);

// Adds an inner row, which is copied, under its key.
void kalam_join_batch_add_inner(KalamJoinBatch* batch, TupleTableSlot* slot, const char* key);
