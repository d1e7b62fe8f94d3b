// What planning hands to execution in ForeignScan: fdw_private = (KalamLookup, attributes to fetch, strength and wait
// policy of a locking clause), fdw_exprs = (value of the lookup), fdw_recheck_quals = (its clause, for EvalPlanQual and
// EXPLAIN).
#pragma once

#include "extension/compat.h"

enum class KalamLookup : int {
  none,  // scan
  key,   // key = value
  keys,  // key = ANY (value)
};

enum KalamPrivateIndex { KALAM_PRIVATE_LOOKUP, KALAM_PRIVATE_ATTRIBUTES, KALAM_PRIVATE_STRENGTH, KALAM_PRIVATE_WAIT };

// Refuses (0A000) to read ctid, xmin and the like: KalamDB's rows have none, and an invalid one would pass for a value.
// `used`: as pull_varattnos() collects them.
void kalam_refuse_system_columns(Oid relid, const Bitmapset* used);
