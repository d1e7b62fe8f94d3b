// Planning of scans: row estimates, the paths (a scan of everything, or lookups by key), and the plan node.
#include "extension/plan/plan.h"

#include "extension/catalog/relation.h"
#include "extension/plan/key_clause.h"
#include "extension/plan/required_rights.h"
#include "extension/plan/security_barrier.h"
#include "extension/plan/system_columns.h"
#include "extension/remote/connection.h"

extern "C" {
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/prep.h"
#include "optimizer/restrictinfo.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
}

// In units of a page read in sequence. Measured: a lookup by key takes 0.8 to 2 ms, 0.5 ms with many in flight; a scan
// starts at about 5 ms and delivers some hundred rows a millisecond.
constexpr Cost LOOKUP_COST = 25;
constexpr Cost LOOKUP_IN_FLIGHT_COST = 10;
constexpr Cost SCAN_START_COST = 100;
constexpr Cost SCAN_ROW_COST = 0.01;
constexpr double DEFAULT_ROWS = 1000;
constexpr double DEFAULT_ARRAY_LENGTH = 10;

struct RelPlanInfo {
  AttrNumber key;           // of which equality can be sent; InvalidAttrNumber: none
  double rows;              // of the table
  const PlanRowMark* lock;  // FOR UPDATE and its kin; NULL: none
};

// The clause that locks the relation's rows, or NULL.
static const PlanRowMark* locking_clause(const PlannerInfo* root, const RelOptInfo* rel) {
  const PlanRowMark* mark = get_plan_rowmark(root->rowMarks, rel->relid);
  return mark != nullptr && mark->strength != LCS_NONE ? mark : nullptr;
}

// Rows are locked by their key before they are read: what a scan finds may have been changed until it is locked.
[[noreturn]] static void refuse_lock(Oid relid) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot lock rows of KalamDB table \"%s\"", get_rel_name(relid)),
                  errdetail("Rows are locked by their key, and the query does not look them up by it."),
                  errhint("Compare the key with a value or a list of values, or name the other tables of the query in "
                          "the locking clause (\"OF\").")));
  pg_unreachable();
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

void kalam_get_foreign_rel_size(PlannerInfo* root, RelOptInfo* rel, Oid relid) {
  kalam_check_required_rights(root);
  RelPlanInfo* state = (RelPlanInfo*)palloc0(sizeof(RelPlanInfo));
  Oid userid = OidIsValid(rel->userid) ? rel->userid : GetUserId();

  // The relation was locked when the query was parsed or the plan was taken from the cache.
  Relation relation = table_open(relid, NoLock);
  KalamRelation* remote = kalam_relation_get(relation, userid, KalamFreshness::cached);
  if (kalam_key_is_shippable(remote, RelationGetDescr(relation))) state->key = remote->key_attribute;
  state->lock = locking_clause(root, rel);
  if (state->lock != nullptr && remote->kind == kalam::TableKind::stream)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot lock rows of KalamDB table \"%s\"", get_rel_name(relid)),
                    errdetail("Rows of stream tables are not changed.")));
  if (state->lock != nullptr && state->key == InvalidAttrNumber) refuse_lock(relid);
  state->rows = kalam_relation_row_count(relation, userid);
  table_close(relation, NoLock);
  if (state->rows < 0) state->rows = DEFAULT_ROWS;

  rel->fdw_private = state;
  rel->tuples = state->rows;
  set_baserel_size_estimates(root, rel);

  // Whatever the statistics say: a key has one row.
  ListCell* cell;
  foreach (cell, rel->baserestrictinfo) {
    KalamKeyClause match;
    RestrictInfo* info = lfirst_node(RestrictInfo, cell);
    if (state->key != InvalidAttrNumber && kalam_match_key_clause(root, info->clause, rel, state->key, &match) &&
        !match.is_array)
      rel->rows = 1;
  }
}

// ---------------------------------------------------------------- paths

static double array_length(Expr* array) {
  if (IsA(array, Const) && !((Const*)array)->constisnull) {
    ArrayType* value = DatumGetArrayTypeP(((Const*)array)->constvalue);
    return ArrayGetNItems(ARR_NDIM(value), ARR_DIMS(value));
  }
  if (IsA(array, ArrayExpr) && !((ArrayExpr*)array)->multidims) return list_length(((ArrayExpr*)array)->elements);
  return DEFAULT_ARRAY_LENGTH;
}

static void add_lookup_path(PlannerInfo* root, RelOptInfo* rel, const KalamKeyClause* match, Relids required_outer) {
  double keys = match->is_array ? Max(array_length(match->value), 1) : 1;
  double rows = Min(keys, clamp_row_est(((RelPlanInfo*)rel->fdw_private)->rows));
  Cost startup = LOOKUP_COST;
  Cost total = startup + (keys - 1) * LOOKUP_IN_FLIGHT_COST +
               rows * (cpu_tuple_cost + rel->baserestrictcost.per_tuple) + rel->baserestrictcost.startup;
  add_path(rel, (Path*)kalam_create_foreign_path(root, rel, Min(rows, Max(rel->rows, 1)), startup, total,
                                                 required_outer, list_make1(makeInteger(1))));
}

static bool is_key_member(PlannerInfo*, RelOptInfo* rel, EquivalenceClass*, EquivalenceMember* member, void*) {
  return kalam_is_key(member->em_expr, rel->relid, ((RelPlanInfo*)rel->fdw_private)->key);
}

// Lookups whose key comes from another relation of the query: the inner side of a nested loop.
static void add_parameterized_paths(PlannerInfo* root, RelOptInfo* rel) {
  AttrNumber key = ((RelPlanInfo*)rel->fdw_private)->key;
  List* clauses = NIL;
  if (rel->has_eclass_joins)
    clauses = generate_implied_equalities_for_column(root, rel, is_key_member, nullptr, rel->lateral_referencers);
  clauses = list_concat(clauses, rel->joininfo);

  List* seen = NIL;  // of ParamPathInfo, which the planner keeps once per set of outer relations
  ListCell* cell;
  foreach (cell, clauses) {
    RestrictInfo* info = lfirst_node(RestrictInfo, cell);
    KalamKeyClause match;
    if (!join_clause_is_movable_to(info, rel)) continue;
    if (!kalam_match_key_clause(root, info->clause, rel, key, &match)) continue;
    Relids required_outer = bms_union(info->clause_relids, rel->lateral_relids);
    required_outer = bms_del_member(required_outer, (int)rel->relid);
    if (bms_is_empty(required_outer)) continue;
    ParamPathInfo* param = get_baserel_parampathinfo(root, rel, required_outer);
    if (list_member_ptr(seen, param)) continue;
    seen = lappend(seen, param);
    add_lookup_path(root, rel, &match, required_outer);
  }
}

void kalam_get_foreign_paths(PlannerInfo* root, RelOptInfo* rel, Oid) {
  RelPlanInfo* state = (RelPlanInfo*)rel->fdw_private;
  Cost startup = SCAN_START_COST + rel->baserestrictcost.startup;
  Cost total = startup + state->rows * (SCAN_ROW_COST + cpu_tuple_cost + rel->baserestrictcost.per_tuple);
  Path* scan = (Path*)kalam_create_foreign_path(root, rel, rel->rows, startup, total, rel->lateral_relids,
                                                list_make1(makeInteger(0)));
  if (state->lock != nullptr) kalam_path_make_last(scan);
  add_path(rel, scan);
  if (state->key == InvalidAttrNumber) return;

  ListCell* cell;
  foreach (cell, rel->baserestrictinfo) {
    KalamKeyClause match;
    if (!kalam_match_key_clause(root, lfirst_node(RestrictInfo, cell)->clause, rel, state->key, &match)) continue;
    add_lookup_path(root, rel, &match, rel->lateral_relids);
  }
  add_parameterized_paths(root, rel);
}

// ---------------------------------------------------------------- the plan

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

// A single key wins over a list of them.
static bool choose_key_clause(PlannerInfo* root, RelOptInfo* rel, List* clauses, KalamKeyClause* chosen,
                              RestrictInfo** chosen_info) {
  AttrNumber key = ((RelPlanInfo*)rel->fdw_private)->key;
  *chosen_info = nullptr;
  ListCell* cell;
  foreach (cell, clauses) {
    RestrictInfo* info = lfirst_node(RestrictInfo, cell);
    KalamKeyClause match;
    if (info->pseudoconstant || !kalam_match_key_clause(root, info->clause, rel, key, &match)) continue;
    if (*chosen_info != nullptr && (match.is_array || !chosen->is_array)) continue;
    *chosen = match;
    *chosen_info = info;
  }
  return *chosen_info != nullptr;
}

ForeignScan* kalam_get_foreign_plan(PlannerInfo* root, RelOptInfo* rel, Oid relid, ForeignPath* path, List* tlist,
                                    List* scan_clauses, Plan* outer_plan) {
  KalamKeyClause lookup = {};
  RestrictInfo* lookup_info = nullptr;
  if (intVal(linitial(path->fdw_private)) != 0) choose_key_clause(root, rel, scan_clauses, &lookup, &lookup_info);

  kalam_check_system_columns(root, rel, relid, scan_clauses);
  List* attributes = needed_attributes(rel, relid, scan_clauses);
  List* values = lookup_info != nullptr ? list_make1(lookup.value) : NIL;
  List* recheck = lookup_info != nullptr ? list_make1(lookup.clause) : NIL;
  KalamLookup kind = KalamLookup::none;
  if (lookup_info != nullptr) kind = lookup.is_array ? KalamLookup::keys : KalamLookup::key;

  // The scan itself compares the key of every row that a lookup returns, so the clause needs no second check.
  List* local = NIL;
  ListCell* cell;
  foreach (cell, scan_clauses) {
    if (lfirst(cell) != lookup_info) local = lappend(local, lfirst(cell));
  }
  const PlanRowMark* lock = ((RelPlanInfo*)rel->fdw_private)->lock;
  if (lock != nullptr && kind == KalamLookup::none) refuse_lock(relid);
  bool hides_rows = kalam_hides_rows(root, local);
  if (lock != nullptr && hides_rows) refuse_hidden_lock(relid);
  local = extract_actual_clauses(local, false);
  List* fdw_private = list_make5(makeInteger((int)kind), attributes, makeInteger(lock != nullptr ? lock->strength : 0),
                                 makeInteger(lock != nullptr ? lock->waitPolicy : 0), makeInteger(hides_rows ? 1 : 0));
  return make_foreignscan(tlist, local, rel->relid, values, fdw_private, NIL, recheck, outer_plan);
}
