// What planning hands to execution in ForeignScan: fdw_private = (KalamLookup, attributes to fetch), fdw_exprs = (value
// of the lookup), fdw_recheck_quals = (its clause, for EvalPlanQual and EXPLAIN).
#pragma once

#include "extension/compat.h"

enum class KalamLookup : int {
  none,  // scan
  key,   // key = value
  keys,  // key = ANY (value)
};

enum KalamPrivateIndex { KALAM_PRIVATE_LOOKUP, KALAM_PRIVATE_ATTRIBUTES };
