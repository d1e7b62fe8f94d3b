// count(*) of a whole shared table by the server. Its answer is right while fewer than a million versions of the table
// are unflushed; a scan is read by the oldest 100,000. Whether that holds is known when the statement runs, so the plan
// has both: a node that asks the server, and below it the aggregate over a scan, for when it may not.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "foreign/fdwapi.h"
}

// The callback of the foreign data wrapper of the same name (fdwhandler.sgml). Adds the path to a bare count(*) of a
// table that was in sync when it was asked last.
void kalam_get_foreign_upper_paths(PlannerInfo* root, UpperRelationKind stage, RelOptInfo* input_rel,
                                   RelOptInfo* output_rel, void* extra);

// What kalam_get_foreign_plan() makes of that path. `aggregate`: the plan below it.
ForeignScan* kalam_remote_count_plan(ForeignPath* path, List* tlist, Plan* aggregate);

// Whether a node is one of these.
bool kalam_is_remote_count(const ForeignScanState* node);
