#include "extension/scan/kept_rows.h"

#include "extension/base/temporary_file.h"

extern "C" {
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
}

constexpr const char* FILE_TEXT = "a temporary file of KalamDB rows";
constexpr int64 FIRST_CAPACITY = 64;

struct KalamKeptRows {
  MemoryContext context;
  MemoryContextCallback callback;
  int64 count;
  int64 in_memory;       // the first rows; the others are in the file
  int64 capacity;        // of the array
  MinimalTuple* tuples;  // [in_memory]
  int64 bytes;           // of the rows in memory
  BufFile* file;         // NULL: none
  int64 file_end;
};

static int64 bytes_in_memory;  // of all rows that are kept

// When a transaction aborts PostgreSQL closes its files by itself, and has done so before some contexts go.
static void release(void* argument) {
  KalamKeptRows* rows = (KalamKeptRows*)argument;
  bytes_in_memory -= rows->bytes;
  if (rows->file != nullptr && IsTransactionState()) BufFileClose(rows->file);
}

KalamKeptRows* kalam_kept_rows_create(MemoryContext parent) {
  MemoryContext context = AllocSetContextCreate(parent, "KalamDB kept rows", ALLOCSET_DEFAULT_SIZES);
  KalamKeptRows* rows = (KalamKeptRows*)MemoryContextAllocZero(context, sizeof(KalamKeptRows));
  rows->context = context;
  rows->callback.func = release;
  rows->callback.arg = rows;
  MemoryContextRegisterResetCallback(context, &rows->callback);
  return rows;
}

static void keep_in_memory(KalamKeptRows* rows, MinimalTuple tuple) {
  if (rows->in_memory >= rows->capacity) {
    int64 capacity = Max(rows->capacity * 2, FIRST_CAPACITY);
    Size size = sizeof(MinimalTuple) * (Size)capacity;
    rows->tuples = (MinimalTuple*)(rows->tuples == nullptr ? MemoryContextAllocHuge(rows->context, size)
                                                           : repalloc_huge(rows->tuples, size));
    rows->capacity = capacity;
  }
  MinimalTuple copy = (MinimalTuple)MemoryContextAlloc(rows->context, tuple->t_len);
  memcpy(copy, tuple, tuple->t_len);
  rows->tuples[rows->in_memory++] = copy;
  int64 bytes = (int64)GetMemoryChunkSpace(copy) + (int64)sizeof(MinimalTuple);
  rows->bytes += bytes;
  bytes_in_memory += bytes;
}

void kalam_kept_rows_append(KalamKeptRows* rows, MinimalTuple tuple) {
  if (rows->file == nullptr && bytes_in_memory + tuple->t_len <= (int64)work_mem * 1024) {
    keep_in_memory(rows, tuple);
  } else {
    if (rows->file == nullptr) rows->file = kalam_temporary_file_create(rows->context);
    kalam_temporary_file_seek(rows->file, rows->file_end, FILE_TEXT);
    BufFileWrite(rows->file, tuple, tuple->t_len);
    rows->file_end += tuple->t_len;
  }
  rows->count++;
}

MinimalTuple kalam_kept_rows_next(KalamKeptRows* rows, KalamKeptPlace* place) {
  if (place->row >= rows->count) return nullptr;
  if (place->row < rows->in_memory) return rows->tuples[place->row++];

  uint32 size;
  kalam_temporary_file_seek(rows->file, place->position, FILE_TEXT);
  kalam_temporary_file_read(rows->file, &size, sizeof(size), FILE_TEXT);
  MinimalTuple tuple = (MinimalTuple)palloc(size);
  tuple->t_len = size;
  kalam_temporary_file_read(rows->file, (char*)tuple + sizeof(size), size - sizeof(size), FILE_TEXT);
  place->position += size;
  place->row++;
  return tuple;
}

int64 kalam_kept_rows_count(const KalamKeptRows* rows) {
  return rows->count;
}

bool kalam_kept_rows_are_on_disk(const KalamKeptRows* rows) {
  return rows->file != nullptr;
}
