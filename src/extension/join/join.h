// Joins by key. The rows of one side are read in batches, and their keys are looked up in the KalamDB table on the
// other side with many lookups in flight, where a nested loop would wait for one after the other. It is a custom scan
// that stands in the place of the join: its children are the plan of the outer side, and a foreign scan that is handed
// the keys of each batch. That scan does all that it does elsewhere: rights, filters, security barriers, the
// transaction's own rows.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "nodes/extensible.h"
}

// Starts to offer the join to the planner (setting kalam.enable_batched_join).
void kalam_join_init();

// What planning hands to execution: custom_exprs = (the value that the outer side has for the key, the clause that
// compares both, the other clauses of the join), custom_private = the fields of this, and custom_scan_tlist = the
// columns of the outer plan, then those of the inner one.
struct KalamJoinPlan {
  JoinType type;    // inner, left, semi or anti
  int key_column;   // of the inner plan's rows; from 1
  int first_batch;  // rows of the first batch; the following ones grow
};

List* kalam_join_plan_to_list(const KalamJoinPlan* join);
KalamJoinPlan kalam_join_plan(const CustomScan* plan);

// join_plan.cpp: the plan node of a path, whose custom_private is (type, value, RestrictInfo of the key's clause, list
// of RestrictInfo of all clauses, rows of the first batch), and whose custom_paths are those of both sides.
Plan* kalam_join_plan_custom_path(PlannerInfo* root, RelOptInfo* rel, CustomPath* path, List* tlist, List* clauses,
                                  List* custom_plans);

// nulling.cpp: PostgreSQL 16 and later note in a Var which outer joins may have made it NULL, and what reads the
// columns of a node must name the same ones. Gives the Vars of `node`, which is copied, those that the same columns
// have in `columns`.
Node* kalam_join_take_nulling(Node* node, Node* columns);

// join_scan.cpp: execution.
extern const CustomScanMethods kalam_join_scan_methods;
