#include "extension/plan/remote_count.h"
#include "extension/catalog/relation.h"
#include "extension/catalog/storage_state.h"
#include "extension/remote/connection.h"

extern "C" {
#include "access/table.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
}

// What the server needs to count, of what it needs for a scan (pace of KalamDB 0.4: 150 ms of 400).
constexpr double COST_OF_SCAN = 0.4;

static bool is_bare_count(const Aggref* aggregate) {
  return aggregate->aggfnoid == F_COUNT_ && aggregate->aggstar && aggregate->aggfilter == nullptr &&
         aggregate->aggorder == NIL && aggregate->aggdistinct == NIL && aggregate->agglevelsup == 0 &&
         aggregate->aggsplit == AGGSPLIT_SIMPLE;
}

// The count(*) that is all that the expressions need of the table, or NULL.
static Aggref* find_bare_count(const List* expressions) {
  Aggref* count = nullptr;
  ListCell* cell;
  foreach (cell, pull_var_clause((Node*)expressions,
                                 PVC_INCLUDE_AGGREGATES | PVC_INCLUDE_WINDOWFUNCS | PVC_INCLUDE_PLACEHOLDERS)) {
    if (!IsA(lfirst(cell), Aggref) || !is_bare_count(lfirst_node(Aggref, cell))) return nullptr;
    count = lfirst_node(Aggref, cell);
  }
  return count;
}

// Whether the query is an aggregate over all rows of one table.
static bool is_of_whole_table(const PlannerInfo* root, const RelOptInfo* input_rel) {
  const Query* parse = root->parse;
  return input_rel->reloptkind == RELOPT_BASEREL && input_rel->rtekind == RTE_RELATION &&
         input_rel->baserestrictinfo == NIL && bms_is_empty(input_rel->lateral_relids) && parse->groupClause == NIL &&
         parse->groupingSets == NIL && parse->havingQual == nullptr && root->hasHavingQual == false &&
         !parse->hasTargetSRFs && parse->rowMarks == NIL && root->rowMarks == NIL && parse->commandType == CMD_SELECT;
}

static bool is_in_sync(Oid relid, Oid userid) {
  KalamStorageState state;
  // The relation was locked when the query was parsed or the plan was taken from the cache.
  Relation relation = table_open(relid, NoLock);
  KalamRelation* remote = kalam_relation_get(relation, userid, KalamFreshness::cached);
  table_close(relation, NoLock);
  if (remote->awaits_commit || remote->kind != kalam::TableKind::shared || !kalam_storage_state_is_told(remote))
    return false;
  // However old: it is looked at again when the statement runs.
  if (kalam_storage_state_last(remote, nullptr, &state) && state.in_sync) return true;
  return kalam_storage_state_ask(kalam_connection_get(remote->serverid, userid), remote, nullptr, &state) &&
         state.in_sync;
}

void kalam_get_foreign_upper_paths(PlannerInfo* root, UpperRelationKind stage, RelOptInfo* input_rel,
                                   RelOptInfo* output_rel, void*) {
  if (stage != UPPERREL_GROUP_AGG || !is_of_whole_table(root, input_rel)) return;
  Aggref* count = find_bare_count(output_rel->reltarget->exprs);
  Path* scan = input_rel->cheapest_total_path;
  if (count == nullptr || scan == nullptr || !IsA(scan, ForeignPath)) return;
  Oid userid = OidIsValid(input_rel->userid) ? input_rel->userid : GetUserId();
  if (!is_in_sync(planner_rt_fetch(input_rel->relid, root)->relid, userid)) return;

  PathTarget* target = create_empty_pathtarget();
  add_column_to_pathtarget(target, (Expr*)copyObjectImpl(count), 0);
  set_pathtarget_cost_width(root, target);
  AggClauseCosts costs = {};
  Path* aggregate =
      (Path*)create_agg_path(root, output_rel, scan, target, AGG_PLAIN, AGGSPLIT_SIMPLE, NIL, NIL, &costs, 1);
  Cost cost = COST_OF_SCAN * aggregate->total_cost;
  add_path(output_rel,
           (Path*)kalam_create_foreign_upper_path(root, output_rel, cost, cost, aggregate, list_make1(count)));
}

ForeignScan* kalam_remote_count_plan(ForeignPath* path, List* tlist, Plan* aggregate) {
  TargetEntry* count = makeTargetEntry((Expr*)copyObjectImpl(linitial(path->fdw_private)), 1, nullptr, false);
  return make_foreignscan(tlist, NIL, 0, NIL, NIL, list_make1(count), NIL, aggregate);
}

bool kalam_is_remote_count(const ForeignScanState* node) {
  return ((const ForeignScan*)node->ss.ps.plan)->scan.scanrelid == 0;
}
