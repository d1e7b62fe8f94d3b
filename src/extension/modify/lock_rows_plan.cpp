#include "extension/modify/lock_rows.h"

#include "extension/catalog/own.h"
#include "extension/modify/recheck.h"
#include "extension/plan/scan_plan.h"

extern "C" {
#include "access/table.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
}

static planner_hook_type previous_planner;

// ---------------------------------------------------------------- which statements need it

static const ForeignScan* find_scan(const Plan* plan, Index rtindex);

static const ForeignScan* find_scan_in(const List* plans, Index rtindex) {
  const ForeignScan* found = nullptr;
  ListCell* cell;
  foreach (cell, plans)
    if (found == nullptr) found = find_scan((const Plan*)lfirst(cell), rtindex);
  return found;
}

// The scan of a relation in a plan; NULL: there is none, or none that can be seen.
static const ForeignScan* find_scan(const Plan* plan, Index rtindex) {
  if (plan == nullptr) return nullptr;
  if (IsA(plan, ForeignScan) && ((const ForeignScan*)plan)->scan.scanrelid == rtindex) return (const ForeignScan*)plan;
  const ForeignScan* found = find_scan(plan->lefttree, rtindex);
  if (found == nullptr) found = find_scan(plan->righttree, rtindex);
  if (found != nullptr) return found;
  if (IsA(plan, Append)) return find_scan_in(((const Append*)plan)->appendplans, rtindex);
  if (IsA(plan, MergeAppend)) return find_scan_in(((const MergeAppend*)plan)->mergeplans, rtindex);
  if (IsA(plan, CustomScan)) return find_scan_in(((const CustomScan*)plan)->custom_plans, rtindex);
  return nullptr;
}

// A range that depends on parameters may turn out to span so many keys that the table is read, and nothing is locked.
static bool names_all_keys(const KalamKeyTerms* terms) {
  for (int i = 0; i < kalam_key_term_count(terms); i++) {
    KalamKeyTerm term = kalam_key_term(terms, i);
    if (!kalam_term_is_list(term.kind) && !IsA(term.value, Const)) return false;
  }
  return true;
}

// Whether all rows that the scan finds are locked before they are read.
static bool locks_first(const ForeignScan* plan) {
  if (plan == nullptr) return false;
  KalamScanPlan scan = kalam_scan_plan(plan);
  return scan.lookup != KalamLookup::none && !scan.locks_late && names_all_keys(&scan.terms);
}

bool kalam_reads_before_locks(const ModifyTable* plan, Index rtindex) {
  return !locks_first(find_scan(outerPlan(plan), rtindex));
}

static bool can_recheck(Oid relid, CmdType operation) {
  Relation relation = table_open(relid, NoLock);
  bool is_possible = kalam_recheck_is_possible(relation->trigdesc, operation);
  table_close(relation, NoLock);
  return is_possible;
}

static bool needs_node(const PlannedStmt* statement, const ModifyTable* modify) {
  ListCell* cell;
  foreach (cell, modify->resultRelations) {
    Index rtindex = (Index)lfirst_int(cell);
    const RangeTblEntry* target = rt_fetch(rtindex, statement->rtable);
    if (target->relkind != RELKIND_FOREIGN_TABLE) continue;
    Oid relid = target->relid;
    if (kalam_is_kalamdb_table(relid) && can_recheck(relid, modify->operation) &&
        kalam_reads_before_locks(modify, rtindex))
      return true;
  }
  return false;
}

// ---------------------------------------------------------------- the plan

static void insert_node(ModifyTable* modify) {
  Plan* below = outerPlan(modify);
  CustomScan* node = makeNode(CustomScan);
  Plan* plan = &node->scan.plan;
  ListCell* cell;
  foreach (cell, below->targetlist) {
    TargetEntry* entry = lfirst_node(TargetEntry, cell);
    Expr* below_var = (Expr*)makeVarFromTargetEntry(OUTER_VAR, entry);
    node->custom_scan_tlist =
        lappend(node->custom_scan_tlist, makeTargetEntry(below_var, entry->resno, nullptr, false));
    entry = flatCopyTargetEntry(entry);
    entry->expr = (Expr*)makeVarFromTargetEntry(INDEX_VAR, lfirst_node(TargetEntry, cell));
    plan->targetlist = lappend(plan->targetlist, entry);
  }
  plan->startup_cost = below->startup_cost;
  plan->total_cost = below->total_cost;
  plan->plan_rows = below->plan_rows;
  plan->plan_width = below->plan_width;
  plan->plan_node_id = -1;
  plan->extParam = bms_copy(below->extParam);
  plan->allParam = bms_copy(below->allParam);
  plan->lefttree = below;
  node->methods = &kalam_lock_rows_methods;
  outerPlan(modify) = plan;
}

static void prepare(const PlannedStmt* statement, Plan* plan) {
  if (plan != nullptr && IsA(plan, ModifyTable) && needs_node(statement, (const ModifyTable*)plan))
    insert_node((ModifyTable*)plan);
}

// Statements that change rows stand at the top, or are common table expressions, which are subplans.
static PlannedStmt* prepare_all(PlannedStmt* statement) {
  ListCell* cell;
  prepare(statement, statement->planTree);
  foreach (cell, statement->subplans) prepare(statement, (Plan*)lfirst(cell));
  return statement;
}

// A volatile function may look at what the command has changed so far, so that it must not be called ahead for rows
// that come later. Before the query is planned, which scribbles on it.
static bool may_read_ahead(const Query* query) {
  bool changes = query->commandType == CMD_UPDATE || query->commandType == CMD_DELETE;
  if (!changes && !query->hasModifyingCTE) return false;
  return !contain_volatile_functions((Node*)query);
}

#if PG_VERSION_NUM >= 190000
static PlannedStmt* plan_query(Query* query, const char* text, int options, ParamListInfo parameters,
                               ExplainState* es) {
  bool reads_ahead = may_read_ahead(query);
  planner_hook_type next = previous_planner != nullptr ? previous_planner : standard_planner;
  PlannedStmt* statement = next(query, text, options, parameters, es);
  return reads_ahead ? prepare_all(statement) : statement;
}
#else
static PlannedStmt* plan_query(Query* query, const char* text, int options, ParamListInfo parameters) {
  bool reads_ahead = may_read_ahead(query);
  planner_hook_type next = previous_planner != nullptr ? previous_planner : standard_planner;
  PlannedStmt* statement = next(query, text, options, parameters);
  return reads_ahead ? prepare_all(statement) : statement;
}
#endif

void kalam_lock_rows_init() {
  RegisterCustomScanMethods(&kalam_lock_rows_methods);
  previous_planner = planner_hook;
  planner_hook = plan_query;
}
