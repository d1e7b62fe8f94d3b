// Whether sessions of this PostgreSQL have changed rows of a KalamDB table since a moment. A row that was read before
// it was locked (row_lock.h) is still as it was read if none has: then it need not be looked up before COMMIT compares
// its version. What other clients of KalamDB do is not known here.
//
// The counters are shared by all databases of the cluster. Tables share a counter by a hash, which costs a lookup now
// and then and nothing else.
#pragma once

#include "extension/catalog/relation.h"

// Asks for the shared memory, when the library is preloaded.
void kalam_row_epoch_init();

// A moment. Of rows that are read later, it is told whether somebody has changed them since.
struct KalamRowEpoch {
  bool is_known;  // false when there is no shared memory for it: then nobody can know of others' changes
  uint32 counter;
  uint64 count;
};

KalamRowEpoch kalam_row_epoch_now(const KalamRelation* relation, const char* subject);

// Whether nobody can have changed a row since, that is locked by now.
bool kalam_row_epoch_is_current(const KalamRowEpoch* epoch, const KalamRelation* relation, const char* subject);

// To be called before changes are made, since it may need memory.
void kalam_row_epoch_attach();

// To be called when changes have been sent, however that has ended, before their rows are unlocked. Never raises.
void kalam_row_epoch_advance(const KalamRelation* relation, const char* subject);
