#include "extension/scan/kept_rows.h"

extern "C" {
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
}

// A BufFile is made of segments of a fixed size (buffile.c: MAX_PHYSICAL_FILESIZE).
constexpr int64 SEGMENT_BYTES = 0x40000000;
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

// Opens the file as a possession of the top transaction: subtransactions come and go.
static void open_file(KalamKeptRows* rows) {
  ResourceOwner owner = CurrentResourceOwner;
  MemoryContext old = MemoryContextSwitchTo(rows->context);
  CurrentResourceOwner = TopTransactionResourceOwner;
  PG_TRY();
  {
    rows->file = BufFileCreateTemp(false);
  }
  PG_FINALLY();
  {
    CurrentResourceOwner = owner;
  }
  PG_END_TRY();
  MemoryContextSwitchTo(old);
}

static void go_to(KalamKeptRows* rows, int64 position) {
  if (BufFileSeek(rows->file, (int)(position / SEGMENT_BYTES), (off_t)(position % SEGMENT_BYTES), SEEK_SET) != 0)
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not seek in a temporary file of KalamDB rows")));
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
    if (rows->file == nullptr) open_file(rows);
    go_to(rows, rows->file_end);
    BufFileWrite(rows->file, tuple, tuple->t_len);
    rows->file_end += tuple->t_len;
  }
  rows->count++;
}

static void read_exactly(KalamKeptRows* rows, void* to, Size size) {
  if (BufFileRead(rows->file, to, size) != size)
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not read a temporary file of KalamDB rows")));
}

MinimalTuple kalam_kept_rows_next(KalamKeptRows* rows, KalamKeptPlace* place) {
  if (place->row >= rows->count) return nullptr;
  if (place->row < rows->in_memory) return rows->tuples[place->row++];

  uint32 size;
  go_to(rows, place->position);
  read_exactly(rows, &size, sizeof(size));
  MinimalTuple tuple = (MinimalTuple)palloc(size);
  tuple->t_len = size;
  read_exactly(rows, (char*)tuple + sizeof(size), size - sizeof(size));
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
