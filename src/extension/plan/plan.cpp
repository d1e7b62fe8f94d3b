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

// Rows are locked before a filter of a view or a policy is evaluated here, so it could not keep hidden ones from it.
[[noreturn]] static void refuse_hidden_lock(Oid relid) {
  ereport(
      ERROR,
      (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot lock rows of KalamDB table \"%s\"", get_rel_name(relid)),
       errdetail("A security-barrier view or a row-level security policy may hide some of the rows, which would be "
                 "locked, too."),
       errhint("Leave the locking clause out, or name the other tables of the query in it (\"OF\"). UPDATE and "
               "DELETE lock the rows that they change.")));
  pg_unreachable();
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

static void check_lock(Oid relid, const KalamKeyAccess* access, bool hides_rows) {
  if (access->lookup == KalamLookup::none) kalam_refuse_lock_without_key(relid);
  if (hides_rows) refuse_hidden_lock(relid);
}

ForeignScan* kalam_get_foreign_plan(PlannerInfo* root, RelOptInfo* rel, Oid relid, ForeignPath* path, List* tlist,
                                    List* scan_clauses, Plan* outer_plan) {
  if (IS_UPPER_REL(rel)) return kalam_remote_count_plan(path, tlist, outer_plan);
  const PlanRowMark* lock = kalam_relation_info(rel)->lock;
  KalamKeyAccess access = kalam_key_access_from_list(path->fdw_private);
  List* local = local_clauses(scan_clauses, &access);

  kalam_check_system_columns(root, rel, relid, scan_clauses);
  bool hides_rows = kalam_hides_rows(root, local);
  if (lock != nullptr) check_lock(relid, &access, hides_rows);
  KalamScanPlan scan = {};
  scan.lookup = access.lookup;
  scan.terms = access.terms;
  scan.attributes = needed_attributes(rel, relid, scan_clauses);
  if (lock != nullptr) {
    scan.strength = lock->strength;
    scan.wait = lock->waitPolicy;
  }
  scan.locks_late = hides_rows;
  return make_foreignscan(tlist, extract_actual_clauses(local, false), rel->relid, access.terms.values,
                          kalam_scan_plan_to_list(&scan), NIL, access.conditions, outer_plan);
}
