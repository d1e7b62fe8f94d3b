// INSERT ... ON CONFLICT is refused when a statement is analyzed. The planner, which asks the wrapper later, looks for
// an index that the clause could mean before, and would say that there is none, of a column that is the key.
#pragma once

#include "extension/base/compat.h"

// Raises 0A000.
[[noreturn]] void kalam_refuse_on_conflict();

// Raises 0A000 for an analyzed query, or a common table expression of it, that has the clause for a KalamDB table.
void kalam_check_on_conflict(const Query* query);
