// How many rows the scan of a table returns.
#include "extension/plan/plan.h"
#include "extension/plan/relation_info.h"
#include "extension/plan/required_rights.h"

extern "C" {
#include "optimizer/cost.h"
}

void kalam_get_foreign_rel_size(PlannerInfo* root, RelOptInfo* rel, Oid relid) {
  kalam_check_required_rights(root);
  const KalamRelationInfo* info = kalam_relation_info_create(root, rel, relid);
  rel->fdw_private = (void*)info;
  rel->tuples = info->rows;
  set_baserel_size_estimates(root, rel);

  // Whatever the statistics say: a key has one row.
  for (int i = 0; i < info->clause_count; i++) {
    const KalamClause* clause = &info->clauses[i];
    if (clause->stays_local == KalamStaysLocal::no && !clause->key.is_array) rel->rows = 1;
  }
}
