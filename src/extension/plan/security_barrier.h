// Filters that hide rows from whoever runs a statement: of a security-barrier view, and of a policy of row-level
// security (of a parent; foreign tables have none of their own).
#pragma once

#include "extension/base/compat.h"

// Whether such a filter decides after the scan which of its rows the statement may see. A row that is locked before it
// passes may be one that the role does not see, and a lock that is waited for, or not had, tells of it.
// `local_clauses`: list of RestrictInfo that the scan evaluates here.
bool kalam_hides_rows(PlannerInfo* root, const List* local_clauses);
