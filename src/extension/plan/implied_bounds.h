// Bounds of the key that clauses of other relations imply: PostgreSQL derives "a.id = 5" from "a.id = b.id AND b.id =
// 5", but nothing from "b.id < 5".
#pragma once

#include "extension/plan/key_access.h"

// List of KalamKeySource, with constants only. `key`: of an integer type.
List* kalam_implied_bounds(PlannerInfo* root, const RelOptInfo* rel, AttrNumber key);
