#include "extension/base/temporary_file.h"

extern "C" {
#include "utils/memutils.h"
#include "utils/resowner.h"
}

constexpr int64 SEGMENT_BYTES = 0x40000000;  // buffile.c: MAX_PHYSICAL_FILESIZE

BufFile* kalam_temporary_file_create(MemoryContext context) {
  ResourceOwner owner = CurrentResourceOwner;
  MemoryContext old = MemoryContextSwitchTo(context);
  BufFile* volatile file = nullptr;
  CurrentResourceOwner = TopTransactionResourceOwner;
  PG_TRY();
  {
    file = BufFileCreateTemp(false);
  }
  PG_FINALLY();
  {
    CurrentResourceOwner = owner;
  }
  PG_END_TRY();
  MemoryContextSwitchTo(old);
  return file;
}

void kalam_temporary_file_seek(BufFile* file, int64 position, const char* what) {
  if (BufFileSeek(file, (int)(position / SEGMENT_BYTES), (off_t)(position % SEGMENT_BYTES), SEEK_SET) != 0)
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not seek in %s", what)));
}

void kalam_temporary_file_read(BufFile* file, void* to, Size size, const char* what) {
  if (BufFileRead(file, to, size) != size)
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not read %s", what)));
}
