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
  AttrNumber key;                      // that is looked up; InvalidAttrNumber: none
  KalamKeyTerms terms;                 // which keys; the values are in fdw_exprs
  List* attributes;                    // numbers of those to fetch
  LockClauseStrength change_strength;  // of the lock of rows that are to be changed
  bool locks_late;                     // rows to be changed are locked after the filters only
  bool locks_first;  // a locking clause locks every row that is found, and no other: before they are read, if it can
  List* reasons;     // integers: why each of the plan's conditions is evaluated here, KalamStaysLocal
};

// For fdw_private.
List* kalam_scan_plan_to_list(const KalamScanPlan* scan);
KalamScanPlan kalam_scan_plan(const ForeignScan* plan);
