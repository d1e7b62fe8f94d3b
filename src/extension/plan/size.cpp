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
  rel->tuples = info->size.rows;
  set_baserel_size_estimates(root, rel);

  // Whatever the statistics say: a key has one row.
  ListCell* cell;
  foreach (cell, info->lookups) {
    const KalamBaseLookup* lookup = (const KalamBaseLookup*)lfirst(cell);
    if (lookup->count.is_known) rel->rows = Min(rel->rows, Max(lookup->count.keys, 1));
  }
}
