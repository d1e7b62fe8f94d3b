// What goes with a row through a plan that changes it: a mark of its version, which tells another version for all
// practical purposes. It travels as the ctid of the scan's slot, so that tables that do not show the version have it
// too, and in a junk column of its own name. No expression of a statement sees it (system_columns.h).
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "common/hashfn.h"
#include "storage/itemptr.h"
}

constexpr const char* KALAM_MARK_NAME = "kalam_version";  // of the junk column

// 47 bits of a hash, and one that is set; 0 is no version.
static inline uint64 kalam_version_mark(int64 version) {
  return (hash_bytes_extended((const unsigned char*)&version, sizeof(version), 0) & UINT64CONST(0xFFFFFFFFFFFF)) | 1;
}

static inline void kalam_version_mark_store(uint64 mark, ItemPointer identity) {
  ItemPointerSet(identity, (BlockNumber)(mark >> 16), (OffsetNumber)mark);
}

// 0 for an invalid identity: a row that the transaction has written itself.
static inline uint64 kalam_version_mark_load(ItemPointer identity) {
  if (!ItemPointerIsValid(identity)) return 0;
  return (uint64)ItemPointerGetBlockNumber(identity) << 16 | ItemPointerGetOffsetNumber(identity);
}
