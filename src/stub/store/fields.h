// Columns as answers describe them.
#pragma once

#include "stub/arrow/value.h"
#include "stub/store/store.h"

namespace kalam::stub {

// A table's column, with KalamDB's metadata (specification 4.5).
Field field_of(const ColumnDef& column);
// With the metadata that KalamDB gives the columns of its system tables: its own type, NOT NULL, key.
Field system_field(const char* name, TypeId id, bool nullable = false, bool primary_key = false);
// Without: information_schema is DataFusion's own.
Field plain_field(const char* name, TypeId id, bool nullable = false);

}  // namespace kalam::stub
