#include "extension/fdw/explain.h"
#include "extension/fdw/import.h"
#include "extension/modify/modify.h"
#include "extension/modify/truncate.h"
#include "extension/plan/plan.h"
#include "extension/plan/remote_count.h"
#include "extension/plan/sampling.h"
#include "extension/scan/scan.h"

// Handler of the foreign data wrapper pg_kalam. Nothing here is parallel safe: the journal and the session are the
// leader's.
KALAM_SQL_FUNCTION(kalam_handler) {
  FdwRoutine* routine = makeNode(FdwRoutine);

  routine->GetForeignRelSize = kalam_get_foreign_rel_size;
  routine->GetForeignPaths = kalam_get_foreign_paths;
  routine->ReparameterizeForeignPathByChild = kalam_reparameterize_foreign_path_by_child;
  routine->GetForeignPlan = kalam_get_foreign_plan;
  routine->GetForeignUpperPaths = kalam_get_foreign_upper_paths;
  routine->BeginForeignScan = kalam_begin_foreign_scan;
  routine->IterateForeignScan = kalam_iterate_foreign_scan;
  routine->ReScanForeignScan = kalam_rescan_foreign_scan;
  routine->EndForeignScan = kalam_end_foreign_scan;
  routine->RecheckForeignScan = kalam_recheck_foreign_scan;
  routine->GetForeignRowMarkType = kalam_get_foreign_row_mark_type;
  routine->RefetchForeignRow = kalam_refetch_foreign_row;

  routine->AddForeignUpdateTargets = kalam_add_foreign_update_targets;
  routine->PlanForeignModify = kalam_plan_foreign_modify;
  routine->BeginForeignModify = kalam_begin_foreign_modify;
  routine->ExecForeignInsert = kalam_exec_foreign_insert;
  routine->GetForeignModifyBatchSize = kalam_get_foreign_modify_batch_size;
  routine->ExecForeignBatchInsert = kalam_exec_foreign_batch_insert;
  routine->ExecForeignUpdate = kalam_exec_foreign_update;
  routine->ExecForeignDelete = kalam_exec_foreign_delete;
  routine->EndForeignModify = kalam_end_foreign_modify;
  routine->BeginForeignInsert = kalam_begin_foreign_insert;
  routine->EndForeignInsert = kalam_end_foreign_modify;
  routine->IsForeignRelUpdatable = kalam_is_foreign_rel_updatable;
  routine->ExecForeignTruncate = kalam_exec_foreign_truncate;

  routine->ImportForeignSchema = kalam_import_foreign_schema;
  routine->AnalyzeForeignTable = kalam_analyze_foreign_table;

  routine->ExplainForeignScan = kalam_explain_foreign_scan;
  routine->ExplainForeignModify = kalam_explain_foreign_modify;

  PG_RETURN_POINTER(routine);
}
