// Where the join is offered, and what it costs.
#include "extension/base/settings.h"
#include "extension/catalog/relation.h"
#include "extension/join/batch.h"
#include "extension/join/join.h"
#include "extension/plan/cost.h"
#include "extension/plan/key_access.h"
#include "extension/plan/key_clause.h"
#include "extension/plan/plan.h"
#include "extension/plan/relation_info.h"

extern "C" {
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/selfuncs.h"
}

static set_join_pathlist_hook_type previous_hook;

static const CustomPathMethods PATH_METHODS = {"KalamDB Batched Join", kalam_join_plan_custom_path, nullptr};

// Rows of statements that change or lock rows may be joined again with what others have made of them meanwhile
// (EvalPlanQual); the join is not prepared for that.
static bool may_join_again(const PlannerInfo* root) {
  CmdType command = root->parse->commandType;
  return root->rowMarks != NIL || (command != CMD_SELECT && command != CMD_INSERT);
}

static bool is_kalamdb_table(const RelOptInfo* rel) {
  return IS_SIMPLE_REL(rel) && rel->fdwroutine != nullptr && rel->fdwroutine->GetForeignPlan == kalam_get_foreign_plan;
}

static bool is_offered_type(JoinType type) {
  return type == JOIN_INNER || type == JOIN_LEFT || type == JOIN_SEMI || type == JOIN_ANTI;
}

// Expressions of a subquery that stand for its columns are not taken along to the inner side's rows.
static bool has_placeholders(const PlannerInfo* root, const RelOptInfo* inner) {
  ListCell* cell;
  foreach (cell, root->placeholder_list)
    if (bms_overlap(lfirst_node(PlaceHolderInfo, cell)->ph_eval_at, inner->relids)) return true;
  return false;
}

// Whether the clause may be evaluated before the others of the join: it hides nothing from them, or tells nothing.
static bool may_come_first(const RestrictInfo* clause, const List* clauses) {
  ListCell* cell;
  if (clause->leakproof) return true;
  foreach (cell, clauses)
    if (lfirst_node(RestrictInfo, cell)->security_level < clause->security_level) return false;
  return true;
}

// A clause of the join that compares the inner side's key with a value of the outer side, or NULL.
static RestrictInfo* find_key_clause(PlannerInfo* root, const RelOptInfo* joinrel, const RelOptInfo* outer,
                                     RelOptInfo* inner, AttrNumber key, JoinType type, const List* clauses,
                                     KalamKeyClause* match) {
  RestrictInfo* found = nullptr;
  ListCell* cell;
  foreach (cell, clauses) {
    RestrictInfo* clause = lfirst_node(RestrictInfo, cell);
    // What is constant is decided before a join starts, by a node above it.
    if (clause->pseudoconstant) return nullptr;
    if (found != nullptr || (IS_OUTER_JOIN(type) && RINFO_IS_PUSHED_DOWN(clause, joinrel->relids))) continue;
    if (kalam_match_key_clause(root, clause->clause, inner, key, match) != KalamStaysLocal::no ||
        match->form != KalamKeyForm::value)
      continue;
    Relids relids = pull_varnos(root, (Node*)kalam_key_term(&match->terms, 0).value);
    if (!bms_is_empty(relids) && bms_is_subset(relids, outer->relids) && may_come_first(clause, clauses))
      found = clause;
  }
  return found;
}

// A LIMIT, a cursor or an EXISTS may end the statement early, unless the rows are sorted before that.
static int first_batch(const PlannerInfo* root, const List* pathkeys) {
  bool is_sorted = root->query_pathkeys != NIL && !pathkeys_contained_in(root->query_pathkeys, (List*)pathkeys);
  if (root->tuple_fraction <= 0 || is_sorted) return KALAM_JOIN_FIRST_BATCH;
  if (root->tuple_fraction < 1) return KALAM_JOIN_SMALL_BATCH;
  return (int)Min(root->tuple_fraction, (double)KALAM_JOIN_FIRST_BATCH);
}

// The scan of the inner side, which is handed its keys while it runs.
static Path* batch_path(PlannerInfo* root, RelOptInfo* inner, double rows, Cost first, Cost lookups) {
  KalamKeyAccess access = {};
  access.lookup = KalamLookup::batch;
  return (Path*)kalam_create_foreign_path(root, inner, rows, first, lookups, nullptr,
                                          kalam_key_access_to_list(&access));
}

static void add_join_path(PlannerInfo* root, RelOptInfo* joinrel, Path* outer, RelOptInfo* inner, JoinType type,
                          const KalamKeyClause* match, RestrictInfo* clause, JoinPathExtraData* extra) {
  const KalamTableSize* size = &kalam_relation_info(inner)->size;
  Expr* value = kalam_key_term(&match->terms, 0).value;
  double keys = clamp_row_est(estimate_num_groups(root, list_make1(value), outer->rows, nullptr, nullptr));
  Cost first = kalam_cost_of_ms(kalam_lookups_ms(size, 1));
  Cost lookups = kalam_cost_of_ms(kalam_lookups_ms(size, keys));
  double inner_rows = Min(keys, clamp_row_est(inner->rows));
  Path* scan = batch_path(root, inner, inner_rows, first, lookups);
  QualCost quals;
  cost_qual_eval(&quals, extra->restrictlist, root);

  CustomPath* path = makeNode(CustomPath);
  path->path.pathtype = T_CustomScan;
  path->path.parent = joinrel;
  path->path.pathtarget = joinrel->reltarget;
  path->path.rows = joinrel->rows;
  path->path.startup_cost = outer->startup_cost + first + quals.startup + joinrel->reltarget->cost.startup;
  path->path.total_cost = path->path.startup_cost + (outer->total_cost - outer->startup_cost) + (lookups - first) +
                          outer->rows * (cpu_tuple_cost + quals.per_tuple) +
                          inner_rows * (cpu_tuple_cost + inner->baserestrictcost.per_tuple) +
                          joinrel->rows * joinrel->reltarget->cost.per_tuple;
  path->path.pathkeys = build_join_pathkeys(root, joinrel, type, outer->pathkeys);
  kalam_path_take_disabled(&path->path, outer);
  path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
  path->custom_paths = list_make2(outer, scan);
  path->custom_private = list_make5(makeInteger((int)type), value, clause, extra->restrictlist,
                                    makeInteger(first_batch(root, path->path.pathkeys)));
  path->methods = &PATH_METHODS;
  add_path(joinrel, &path->path);
}

static void add_join_paths(PlannerInfo* root, RelOptInfo* joinrel, RelOptInfo* outer, RelOptInfo* inner, JoinType type,
                           JoinPathExtraData* extra) {
  if (previous_hook != nullptr) previous_hook(root, joinrel, outer, inner, type, extra);
  if (!is_kalamdb_table(inner) || !kalam_setting_enable_batched_join()) return;
  if (!is_offered_type(type) || may_join_again(root) || has_placeholders(root, inner)) return;
  if (!bms_is_empty(joinrel->lateral_relids) || !bms_is_empty(inner->lateral_relids)) return;
  AttrNumber key = kalam_relation_info(inner)->key;
  KalamKeyClause match;
  RestrictInfo* clause = find_key_clause(root, joinrel, outer, inner, key, type, extra->restrictlist, &match);
  if (clause == nullptr) return;
  ListCell* cell;
  foreach (cell, outer->pathlist) {
    Path* path = (Path*)lfirst(cell);
    if (path->param_info == nullptr) add_join_path(root, joinrel, path, inner, type, &match, clause, extra);
  }
}

void kalam_join_init() {
  RegisterCustomScanMethods(&kalam_join_scan_methods);
  previous_hook = set_join_pathlist_hook;
  set_join_pathlist_hook = add_join_paths;
}
