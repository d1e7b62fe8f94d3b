// The plan node of a path.
#include "extension/plan/plan.h"

#include "extension/plan/key_access.h"
#include "extension/plan/relation_info.h"
#include "extension/plan/remote_count.h"
#include "extension/plan/scan_plan.h"
#include "extension/plan/security_barrier.h"
#include "extension/plan/system_columns.h"

extern "C" {
#include "access/sysattr.h"
#include "access/table.h"
#include "optimizer/optimizer.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
}

// Attributes that the query needs; all of them for a whole-row reference.
static List* needed_attributes(RelOptInfo* rel, Oid relid, List* clauses) {
  Bitmapset* used = nullptr;
  pull_varattnos((Node*)rel->reltarget->exprs, rel->relid, &used);
  ListCell* cell;
  foreach (cell, clauses) pull_varattnos((Node*)lfirst_node(RestrictInfo, cell)->clause, rel->relid, &used);

  List* attributes = NIL;
  Relation relation = table_open(relid, NoLock);
  TupleDesc tupdesc = RelationGetDescr(relation);
  bool whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
  for (int i = 1; i <= tupdesc->natts; i++) {
    if (TupleDescAttr(tupdesc, i - 1)->attisdropped) continue;
    if (whole_row || bms_is_member(i - FirstLowInvalidHeapAttributeNumber, used))
      attributes = lappend_int(attributes, i);
  }
  table_close(relation, NoLock);
  return attributes;
}

// Whether the clauses that the scan checks imply this one: it is one of them, or from the same equivalence class, of
// whose members PostgreSQL may have compared other ones.
static bool is_implied(const RestrictInfo* info, const KalamKeyAccess* access) {
  ListCell* cell;
  foreach (cell, access->checked) {
    const RestrictInfo* clause = lfirst_node(RestrictInfo, cell);
    if (info == clause || (info->parent_ec != nullptr && info->parent_ec == clause->parent_ec)) return true;
  }
  return false;
}

// What is evaluated here. The scan itself compares the key of every row that a lookup returns, so the clauses of the
// lookup need no second check.
static List* local_clauses(List* scan_clauses, const KalamKeyAccess* access) {
  List* local = NIL;
  ListCell* cell;
  foreach (cell, scan_clauses)
    if (!is_implied(lfirst_node(RestrictInfo, cell), access)) local = lappend(local, lfirst(cell));
  return local;
}

// Whether an UPDATE names the key of the relation, by the name that it has in the statement's target.
static bool names_key(PlannerInfo* root, Oid relid, AttrNumber key) {
  Oid target = planner_rt_fetch(root->parse->resultRelation, root)->relid;
  return list_member_int(root->update_colnos, get_attnum(target, get_attname(relid, key, false)));
}

// The lock of a row that is to be changed, as strong as PostgreSQL's.
static LockClauseStrength change_strength(PlannerInfo* root, const RelOptInfo* rel, Oid relid) {
  if (!bms_is_member((int)rel->relid, root->all_result_relids)) return LCS_NONE;
  AttrNumber key = kalam_relation_info(rel)->key;
  bool keeps_key = root->parse->commandType == CMD_UPDATE && key != InvalidAttrNumber && !names_key(root, relid, key);
  return keeps_key ? LCS_FORNOKEYUPDATE : LCS_FORUPDATE;
}

// Whether a locking clause locks all rows that the lookups find, and no others: no filter, join or LIMIT leaves one
// out, and no cursor that may not be read to its end.
static bool locks_all_rows(const PlannerInfo* root, const RelOptInfo* rel, KalamLookup lookup, const List* local) {
  const Query* query = root->parse;
  if (kalam_relation_info(rel)->lock == nullptr || local != NIL || rel->lateral_relids != nullptr) return false;
  if (bms_membership(root->all_baserels) != BMS_SINGLETON) return false;
  bool ends_early = query->limitCount != nullptr || query->limitOffset != nullptr || root->tuple_fraction > 0;
  // What is asked for its first row is asked for one key.
  if (lookup == KalamLookup::key) return !ends_early || !IS_OTHER_REL(rel);
  return lookup == KalamLookup::keys && !ends_early && root->query_level == 1;
}

// In the order of the plan's conditions, for EXPLAIN.
static List* reasons_of(PlannerInfo* root, const RelOptInfo* rel, List* local) {
  List* reasons = NIL;
  ListCell* cell;
  foreach (cell, local) {
    const RestrictInfo* info = lfirst_node(RestrictInfo, cell);
    if (!info->pseudoconstant) reasons = lappend_int(reasons, (int)kalam_why_local(root, rel, info));
  }
  return reasons;
}

ForeignScan* kalam_get_foreign_plan(PlannerInfo* root, RelOptInfo* rel, Oid relid, ForeignPath* path, List* tlist,
                                    List* scan_clauses, Plan* outer_plan) {
  if (IS_UPPER_REL(rel)) return kalam_remote_count_plan(path, tlist, outer_plan);
  KalamKeyAccess access = kalam_key_access_from_list(path->fdw_private);
  List* local = local_clauses(scan_clauses, &access);

  kalam_check_system_columns(root, rel, relid, scan_clauses);
  bool hides_rows = kalam_hides_rows(root, local);
  KalamScanPlan scan = {};
  scan.lookup = access.lookup;
  scan.key = access.lookup != KalamLookup::none ? kalam_relation_info(rel)->key : InvalidAttrNumber;
  scan.terms = access.terms;
  scan.attributes = needed_attributes(rel, relid, scan_clauses);
  List* filter = extract_actual_clauses(local, false);
  scan.change_strength = change_strength(root, rel, relid);
  scan.locks_late = hides_rows;
  scan.locks_first = locks_all_rows(root, rel, access.lookup, filter);
  scan.reasons = reasons_of(root, rel, local);
  return make_foreignscan(tlist, filter, rel->relid, access.terms.values, kalam_scan_plan_to_list(&scan), NIL,
                          access.conditions, outer_plan);
}
