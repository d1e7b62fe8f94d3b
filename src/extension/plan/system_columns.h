// Rows of KalamDB have no ctid, xmin and the like: a statement that names one is refused (0A000), whatever parent it
// goes through. tableoid is the exception; the executor fills it in.
//
// ctid is also what the planner itself asks for: as the identity of rows of ordinary tables beside a KalamDB table, and
// here for the mark of a row's version (version_mark.h), which stands in its place. So for ctid it has to be found out
// whether the statement names it.
#pragma once

#include "extension/base/compat.h"

// Looks at what the relation's scan has to deliver and at the clauses that it evaluates.
void kalam_check_system_columns(PlannerInfo* root, RelOptInfo* rel, Oid relid, List* clauses);

// Looks at the RETURNING lists, the check options and the ON CONFLICT clause of a plan, which are evaluated on rows
// that it writes to `relid` and on stored ones. `index`: of the list; its Vars have number `rtindex`. RETURNING of
// INSERT ... ON CONFLICT has xmax.
void kalam_check_written_system_columns(const ModifyTable* plan, int index, Index rtindex, Oid relid);
