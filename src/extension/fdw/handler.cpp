#include "extension/fdw/handler.h"

// Handler of the foreign data wrapper pg_kalam. Nothing here is parallel safe: the journal and the session are the
// leader's.
KALAM_SQL_FUNCTION(kalam_handler) {
  FdwRoutine* routine = makeNode(FdwRoutine);

  routine->GetForeignRelSize = kalam_get_rel_size;
  routine->GetForeignPaths = kalam_get_paths;
  routine->GetForeignPlan = kalam_get_plan;
  routine->BeginForeignScan = kalam_begin_scan;
  routine->IterateForeignScan = kalam_iterate_scan;
  routine->ReScanForeignScan = kalam_rescan;
  routine->EndForeignScan = kalam_end_scan;
  routine->RecheckForeignScan = kalam_recheck_scan;

  routine->AddForeignUpdateTargets = kalam_add_update_targets;
  routine->PlanForeignModify = kalam_plan_modify;
  routine->BeginForeignModify = kalam_begin_modify;
  routine->ExecForeignInsert = kalam_insert_row;
  routine->ExecForeignUpdate = kalam_update_row;
  routine->ExecForeignDelete = kalam_delete_row;
  routine->EndForeignModify = kalam_end_modify;
  routine->BeginForeignInsert = kalam_begin_insert;
  routine->EndForeignInsert = kalam_end_modify;
  routine->IsForeignRelUpdatable = kalam_is_updatable;
  routine->ExecForeignTruncate = kalam_truncate;

  routine->ImportForeignSchema = kalam_import_schema;
  routine->AnalyzeForeignTable = kalam_analyze_table;

  routine->ExplainForeignScan = kalam_explain_scan;
  routine->ExplainForeignModify = kalam_explain_modify;

  PG_RETURN_POINTER(routine);
}
