// Planning of scans: the callbacks of the foreign data wrapper of the same names (fdwhandler.sgml).
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "foreign/fdwapi.h"
}

// size.cpp: what is known of the table, and how many rows the scan returns.
void kalam_get_foreign_rel_size(PlannerInfo* root, RelOptInfo* rel, Oid relid);

// paths.cpp: a scan of everything, and lookups by key.
void kalam_get_foreign_paths(PlannerInfo* root, RelOptInfo* rel, Oid relid);
List* kalam_reparameterize_foreign_path_by_child(PlannerInfo* root, List* fdw_private, RelOptInfo* child);

// plan.cpp: the plan node of a path.
ForeignScan* kalam_get_foreign_plan(PlannerInfo* root, RelOptInfo* rel, Oid relid, ForeignPath* path, List* tlist,
                                    List* scan_clauses, Plan* outer_plan);
