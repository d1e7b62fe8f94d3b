#include "extension/modify/on_conflict.h"

#include "extension/plan/arbiter.h"
#include "extension/plan/system_columns.h"

extern "C" {
#include "nodes/makefuncs.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
}

List* kalam_plan_on_conflict(PlannerInfo* root, const ModifyTable* plan) {
  if (plan->onConflictAction == ONCONFLICT_NONE) return NIL;
  return list_make1(makeInteger(kalam_arbiter_key(root->parse)));
}

AttrNumber kalam_planned_conflict_key(const List* fdw_private) {
  return fdw_private != NIL ? (AttrNumber)intVal(linitial(fdw_private)) : InvalidAttrNumber;
}

// Where DO NOTHING names no column the rows of a partition may have any key.
AttrNumber kalam_partition_conflict_key(const ModifyTableState* mtstate, const ResultRelInfo* partition) {
  const ModifyTable* plan = (const ModifyTable*)mtstate->ps.plan;
  if (plan == nullptr || plan->onConflictAction == ONCONFLICT_NONE || plan->onConflictAction == ONCONFLICT_NOTHING)
    return InvalidAttrNumber;
  Relation root = mtstate->rootResultRelInfo->ri_RelationDesc;
  PartitionKey key = RelationGetPartitionKey(root);
  if (key == nullptr || key->partnatts != 1) return InvalidAttrNumber;
  const char* name = get_attname(RelationGetRelid(root), key->partattrs[0], false);
  return get_attnum(RelationGetRelid(partition->ri_RelationDesc), name);
}
