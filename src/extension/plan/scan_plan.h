// What planning hands to execution in ForeignScan: fdw_private has what is in KalamScanPlan, fdw_exprs the value of the
// lookup, fdw_recheck_quals its clause, for EvalPlanQual and EXPLAIN.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "nodes/lockoptions.h"
#include "nodes/plannodes.h"
}

enum class KalamLookup : int {
  none,   // scan
  key,    // key = value
  keys,   // key = ANY (value)
  batch,  // keys that a join hands over
};

struct KalamScanPlan {
  KalamLookup lookup;
  List* attributes;             // numbers of those to fetch
  LockClauseStrength strength;  // of a locking clause; LCS_NONE: there is none
  LockWaitPolicy wait;          // of a locking clause
  bool locks_late;              // rows to be changed are locked after the filters only
};

List* kalam_scan_plan_to_list(const KalamScanPlan* scan);
KalamScanPlan kalam_scan_plan(const ForeignScan* plan);
