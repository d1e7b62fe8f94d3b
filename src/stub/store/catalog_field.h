// Columns of the catalog's relations.
#pragma once

#include "stub/arrow/value.h"

namespace kalam::stub {

// With the metadata that KalamDB gives the columns of its system tables: its own type, NOT NULL, key.
Field system_field(const char* name, TypeId id, bool nullable = false, bool primary_key = false);
// Without: information_schema is DataFusion's own.
Field plain_field(const char* name, TypeId id, bool nullable = false);

}  // namespace kalam::stub
