// What planning hands to execution in ForeignScan: fdw_private = (KalamLookup, attributes to fetch, strength and wait
// policy of a locking clause, whether rows to be changed are locked after the filters only), fdw_exprs = (value of the
// lookup), fdw_recheck_quals = (its clause, for EvalPlanQual and EXPLAIN).
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "foreign/fdwapi.h"
}

enum class KalamLookup : int {
  none,  // scan
  key,   // key = value
  keys,  // key = ANY (value)
};

enum KalamPrivateIndex {
  KALAM_PRIVATE_LOOKUP,
  KALAM_PRIVATE_ATTRIBUTES,
  KALAM_PRIVATE_STRENGTH,
  KALAM_PRIVATE_WAIT,
  KALAM_PRIVATE_LOCKS_LATE
};

// The callbacks of the foreign data wrapper of the same names (fdwhandler.sgml).
void kalam_get_foreign_rel_size(PlannerInfo* root, RelOptInfo* rel, Oid relid);
void kalam_get_foreign_paths(PlannerInfo* root, RelOptInfo* rel, Oid relid);
ForeignScan* kalam_get_foreign_plan(PlannerInfo* root, RelOptInfo* rel, Oid relid, ForeignPath* path, List* tlist,
                                    List* scan_clauses, Plan* outer_plan);
