// What the plan of an INSERT ... ON CONFLICT hands over to the executor: the key that the clause means.
#pragma once

#include "extension/base/compat.h"

// The fdw_private of an INSERT; NIL without the clause. Refuses what it cannot name (system columns).
List* kalam_plan_on_conflict(PlannerInfo* root, const ModifyTable* plan);

// The key of the foreign table that the clause names, from there; InvalidAttrNumber: it names none.
AttrNumber kalam_planned_conflict_key(const List* fdw_private);

// The same for a partition that rows are routed to: the column of the name by which they are.
AttrNumber kalam_partition_conflict_key(const ModifyTableState* mtstate, const ResultRelInfo* partition);
