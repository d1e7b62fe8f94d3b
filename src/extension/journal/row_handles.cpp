#include "extension/journal/row_handles.h"

#include "extension/base/temporary_file.h"

// One behind the other, each at a multiple of UNIT bytes: that number is its handle.
struct Record {
  uint64 mark;
  uint32 key_size;    // with the zero at its end, padded
  uint32 tuple_size;  // 0: none
};

struct KalamRowHandles {
  MemoryContext context;
  char* memory;  // the first of the records
  Size used;
  Size capacity;
  bool is_full;   // of the memory: what comes is written to the file
  BufFile* file;  // NULL: none was needed
  int64 file_end;
};

constexpr Size UNIT = MAXIMUM_ALIGNOF;
constexpr Size FIRST_CAPACITY = 8192;
constexpr uint64 UNITS_MAX = UINT64CONST(1) << 47;  // what a tid can count, one bit of it being set in each

KalamRowHandles* kalam_row_handles_create() {
  KalamRowHandles* handles = (KalamRowHandles*)palloc0(sizeof(KalamRowHandles));
  handles->context = CurrentMemoryContext;
  return handles;
}

// ---------------------------------------------------------------- tids

// A tid is valid if its offset number is not 0.
static void store_position(int64 position, ItemPointer handle) {
  uint64 units = (uint64)position / UNIT;
  if (units >= UNITS_MAX) ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows to lock")));
  uint64 number = units << 1 | 1;
  ItemPointerSet(handle, (BlockNumber)(number >> 16), (OffsetNumber)number);
}

static int64 load_position(ItemPointer handle) {
  uint64 number = (uint64)ItemPointerGetBlockNumberNoCheck(handle) << 16 | ItemPointerGetOffsetNumberNoCheck(handle);
  return (int64)((number >> 1) * UNIT);
}

// ---------------------------------------------------------------- the file

constexpr const char* FILE_TEXT = "a temporary file of rows to lock";

// ---------------------------------------------------------------- records

// Room for a record in memory; NULL: it goes to the file.
static char* memory_room(KalamRowHandles* handles, Size size) {
  if (handles->is_full) return nullptr;
  if (handles->used + size > handles->capacity) {
    Size capacity = Max(Max(handles->capacity * 2, FIRST_CAPACITY), handles->used + size);
    if (capacity > (Size)work_mem * 1024) {
      handles->is_full = true;
      return nullptr;
    }
    handles->memory = handles->memory == nullptr ? (char*)MemoryContextAllocHuge(handles->context, capacity)
                                                 : (char*)repalloc_huge(handles->memory, capacity);
    handles->capacity = capacity;
  }
  return handles->memory + handles->used;
}

static void write_record(KalamRowHandles* handles, const char* bytes, Size size) {
  if (handles->file == nullptr) {
    MemoryContext old = MemoryContextSwitchTo(handles->context);
    handles->file = BufFileCreateTemp(false);
    MemoryContextSwitchTo(old);
  }
  kalam_temporary_file_seek(handles->file, handles->file_end, FILE_TEXT);
  // Declared without const up to PostgreSQL 15.
  BufFileWrite(handles->file, (void*)bytes, size);
  handles->file_end += (int64)size;
}

static void fill_record(char* to, const KalamHandledRow* row, const Record* record) {
  memcpy(to, record, sizeof(Record));
  strcpy(to + sizeof(Record), row->key);
  if (row->tuple != nullptr) memcpy(to + sizeof(Record) + record->key_size, row->tuple, row->tuple->t_len);
}

void kalam_row_handles_add(KalamRowHandles* handles, const KalamHandledRow* row, ItemPointer handle) {
  Record record = {row->mark, (uint32)MAXALIGN(strlen(row->key) + 1),
                   row->tuple != nullptr ? (uint32)MAXALIGN(row->tuple->t_len) : 0};
  Size size = sizeof(Record) + record.key_size + record.tuple_size;
  char* room = memory_room(handles, size);
  if (room != nullptr) {
    fill_record(room, row, &record);
    store_position((int64)handles->used, handle);
    handles->used += size;
    return;
  }
  char* bytes = (char*)palloc0(size);
  fill_record(bytes, row, &record);
  store_position((int64)handles->used + handles->file_end, handle);
  write_record(handles, bytes, size);
  pfree(bytes);
}

// Copies what is behind the record's head.
static char* load_record(KalamRowHandles* handles, int64 position, Record* record) {
  int64 in_file = position - (int64)handles->used;
  if (in_file < 0) {
    const char* from = handles->memory + position;
    memcpy(record, from, sizeof(Record));
    char* parts = (char*)palloc(record->key_size + record->tuple_size);
    memcpy(parts, from + sizeof(Record), record->key_size + record->tuple_size);
    return parts;
  }
  if (in_file >= handles->file_end) elog(ERROR, "no row has this handle");
  kalam_temporary_file_seek(handles->file, in_file, FILE_TEXT);
  kalam_temporary_file_read(handles->file, record, sizeof(Record), FILE_TEXT);
  char* parts = (char*)palloc(record->key_size + record->tuple_size);
  kalam_temporary_file_read(handles->file, parts, record->key_size + record->tuple_size, FILE_TEXT);
  return parts;
}

void kalam_row_handles_get(KalamRowHandles* handles, ItemPointer handle, KalamHandledRow* row) {
  Record record;
  char* parts = load_record(handles, load_position(handle), &record);
  row->key = parts;
  row->mark = record.mark;
  row->tuple = record.tuple_size > 0 ? (MinimalTuple)(parts + record.key_size) : nullptr;
}

void kalam_row_handles_close(KalamRowHandles* handles) {
  if (handles->file != nullptr) BufFileClose(handles->file);
  handles->file = nullptr;
  handles->used = 0;
  handles->file_end = 0;
}
