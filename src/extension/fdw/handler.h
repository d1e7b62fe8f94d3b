// The callbacks of the foreign data wrapper, implemented by the files named.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "commands/explain.h"
#include "foreign/fdwapi.h"
}

// Name of the foreign data wrapper that CREATE EXTENSION makes, and of the foreign server that USING kalamdb and
// kalam_exec(sql) use.
constexpr const char* KALAM_FDW_NAME = "pg_kalam";
constexpr const char* KALAM_DEFAULT_SERVER = "kalam_server";

// plan.cpp
void kalam_get_rel_size(PlannerInfo* root, RelOptInfo* rel, Oid relid);
void kalam_get_paths(PlannerInfo* root, RelOptInfo* rel, Oid relid);
ForeignScan* kalam_get_plan(PlannerInfo* root, RelOptInfo* rel, Oid relid, ForeignPath* path, List* tlist,
                            List* scan_clauses, Plan* outer_plan);

// scan.cpp
void kalam_begin_scan(ForeignScanState* node, int eflags);
TupleTableSlot* kalam_iterate_scan(ForeignScanState* node);
void kalam_rescan(ForeignScanState* node);
void kalam_end_scan(ForeignScanState* node);
bool kalam_recheck_scan(ForeignScanState* node, TupleTableSlot* slot);

// on_conflict.cpp
[[noreturn]] void kalam_refuse_on_conflict();

// modify.cpp
void kalam_add_update_targets(PlannerInfo* root, Index rtindex, RangeTblEntry* target_rte, Relation target_relation);
List* kalam_plan_modify(PlannerInfo* root, ModifyTable* plan, Index result_relation, int subplan_index);
void kalam_begin_modify(ModifyTableState* mtstate, ResultRelInfo* result, List* fdw_private, int subplan_index,
                        int eflags);
void kalam_begin_insert(ModifyTableState* mtstate, ResultRelInfo* result);
TupleTableSlot* kalam_insert_row(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                 TupleTableSlot* plan_slot);
TupleTableSlot* kalam_update_row(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                 TupleTableSlot* plan_slot);
TupleTableSlot* kalam_delete_row(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                 TupleTableSlot* plan_slot);
void kalam_end_modify(EState* estate, ResultRelInfo* result);
int kalam_is_updatable(Relation relation);

// ddl/truncate.cpp
void kalam_truncate(List* relations, DropBehavior behavior, bool restart_sequences);

// analyze.cpp
bool kalam_analyze_table(Relation relation, AcquireSampleRowsFunc* function, BlockNumber* pages);

// ddl/import.cpp
List* kalam_import_schema(ImportForeignSchemaStmt* statement, Oid serverid);

// explain.cpp
void kalam_explain_scan(ForeignScanState* node, ExplainState* es);
void kalam_explain_modify(ModifyTableState* mtstate, ResultRelInfo* result, List* fdw_private, int subplan_index,
                          ExplainState* es);
