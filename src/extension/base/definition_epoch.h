// How many changes of tables' definitions this PostgreSQL has sent to KalamDB. What a session knows of a table's
// definition is older than a change when this number has grown since it asked. PostgreSQL's own invalidation does not
// do: it stays in one database, and a KalamDB table may be reached from several.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "portability/instr_time.h"
}

// Asks for the shared memory, when the library is preloaded.
void kalam_definition_epoch_init();

// When a question about a definition was sent: its answer may be older than what came after that.
struct KalamDefinitionMoment {
  instr_time time;
  uint64 epoch;
  bool has_epoch;  // false when there is no shared memory for it: then nobody can know of others' changes
};

KalamDefinitionMoment kalam_definition_now();

// Whether that is less than kalam.catalog_lifetime ago, and this PostgreSQL has changed no definition since.
bool kalam_definition_is_recent(const KalamDefinitionMoment* moment);

// To be called when a statement that may change a definition has come to its end, however it ended. Raises only when
// there is no memory to attach the number with, which the first call of a session does.
void kalam_definition_epoch_advance();
