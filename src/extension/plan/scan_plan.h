// What planning hands to execution in ForeignScan: fdw_private and fdw_exprs have what is in KalamScanPlan,
// fdw_recheck_quals the conditions that name the keys, for EvalPlanQual and EXPLAIN.
#pragma once

#include "extension/base/compat.h"
#include "extension/plan/key_terms.h"

extern "C" {
#include "nodes/lockoptions.h"
#include "nodes/plannodes.h"
}

enum class KalamLookup : int {
  none,   // scan
  key,    // one key
  keys,   // any number of keys, or a scan when there turn out to be too many of them
  batch,  // keys that a join hands over
};

struct KalamScanPlan {
  KalamLookup lookup;
  KalamKeyTerms terms;          // which keys; the values are in fdw_exprs
  List* attributes;             // numbers of those to fetch
  LockClauseStrength strength;  // of a locking clause; LCS_NONE: there is none
  LockWaitPolicy wait;          // of a locking clause
  bool locks_late;              // rows to be changed are locked after the filters only
};

// For fdw_private.
List* kalam_scan_plan_to_list(const KalamScanPlan* scan);
KalamScanPlan kalam_scan_plan(const ForeignScan* plan);
