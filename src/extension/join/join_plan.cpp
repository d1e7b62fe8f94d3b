#include "extension/join/join.h"

#include "extension/plan/key_clause.h"
#include "extension/plan/relation_info.h"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/restrictinfo.h"
}

enum Field { TYPE, KEY_COLUMN, FIRST_BATCH };

List* kalam_join_plan_to_list(const KalamJoinPlan* join) {
  return list_make3(makeInteger((int)join->type), makeInteger(join->key_column), makeInteger(join->first_batch));
}

KalamJoinPlan kalam_join_plan(const CustomScan* plan) {
  const List* list = plan->custom_private;
  return {(JoinType)intVal(list_nth(list, TYPE)), intVal(list_nth(list, KEY_COLUMN)),
          intVal(list_nth(list, FIRST_BATCH))};
}

// The columns of a plan behind those of another one.
static List* add_columns(List* columns, const List* tlist) {
  ListCell* cell;
  foreach (cell, tlist) {
    Expr* expr = (Expr*)copyObjectImpl(lfirst_node(TargetEntry, cell)->expr);
    columns = lappend(columns, makeTargetEntry(expr, (AttrNumber)(list_length(columns) + 1), nullptr, false));
  }
  return columns;
}

// Where the plan's rows have the key.
static int key_column(const RelOptInfo* inner, const Plan* plan) {
  AttrNumber key = kalam_relation_info(inner)->key;
  ListCell* cell;
  foreach (cell, plan->targetlist) {
    const TargetEntry* entry = lfirst_node(TargetEntry, cell);
    if (kalam_is_key(entry->expr, inner->relid, key)) return entry->resno;
  }
  ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("the key of a KalamDB table is missing in a join by key")));
  return 0;
}

// The comparison with the key put first, as PostgreSQL's majors hand it over either way round.
static Expr* with_key_first(Expr* clause, const RelOptInfo* inner) {
  OpExpr* comparison = castNode(OpExpr, copyObjectImpl(clause));
  if (!kalam_is_key((const Expr*)linitial(comparison->args), inner->relid, kalam_relation_info(inner)->key))
    CommuteOpExpr(comparison);
  return (Expr*)comparison;
}

// A filter of a lower security level comes before others, which might tell of the rows that it hides.
static List* in_order_of_security(const List* clauses) {
  List* ordered = NIL;
  ListCell* cell;
  foreach (cell, clauses) {
    RestrictInfo* clause = lfirst_node(RestrictInfo, cell);
    int place = list_length(ordered);
    while (place > 0 && ((RestrictInfo*)list_nth(ordered, place - 1))->security_level > clause->security_level) place--;
    ordered = list_insert_nth(ordered, place, clause);
  }
  return ordered;
}

Plan* kalam_join_plan_custom_path(PlannerInfo*, RelOptInfo* rel, CustomPath* path, List* tlist, List*,
                                  List* custom_plans) {
  JoinType type = (JoinType)intVal(linitial(path->custom_private));
  Expr* value = (Expr*)lsecond(path->custom_private);
  const RestrictInfo* key_clause = (const RestrictInfo*)lthird(path->custom_private);
  List* clauses = in_order_of_security((const List*)lfourth(path->custom_private));
  const Plan* outer_plan = (const Plan*)linitial(custom_plans);
  const Plan* inner_plan = (const Plan*)lsecond(custom_plans);
  const RelOptInfo* inner = ((const Path*)lsecond(path->custom_paths))->parent;

  List* joined = list_make2(value, with_key_first(key_clause->clause, inner));
  List* above = NIL;  // of an outer join: evaluated on what it returns
  ListCell* cell;
  foreach (cell, clauses) {
    const RestrictInfo* clause = lfirst_node(RestrictInfo, cell);
    if (clause == key_clause) continue;
    if (IS_OUTER_JOIN(type) && RINFO_IS_PUSHED_DOWN(clause, rel->relids)) {
      above = lappend(above, clause->clause);
    } else {
      joined = lappend(joined, clause->clause);
    }
  }

  KalamJoinPlan join = {type, key_column(inner, inner_plan), intVal(list_nth(path->custom_private, 4))};
  CustomScan* scan = makeNode(CustomScan);
  List* columns = add_columns(add_columns(NIL, outer_plan->targetlist), inner_plan->targetlist);
  scan->custom_scan_tlist = (List*)kalam_join_take_nulling((Node*)columns, (Node*)rel->reltarget->exprs);
  scan->custom_exprs = (List*)kalam_join_take_nulling((Node*)joined, (Node*)scan->custom_scan_tlist);
  scan->scan.plan.qual = (List*)kalam_join_take_nulling((Node*)above, (Node*)scan->custom_scan_tlist);
  scan->scan.plan.targetlist = tlist;
  scan->flags = path->flags;
  scan->custom_plans = custom_plans;
  scan->custom_private = kalam_join_plan_to_list(&join);
  scan->methods = &kalam_join_scan_methods;
  return &scan->scan.plan;
}
