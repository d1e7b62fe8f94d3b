// TRUNCATE: the deletion of all rows that the current subject sees, through the journal like every other change, so
// that ROLLBACK undoes it. PostgreSQL has checked the right to TRUNCATE, taken its lock, and runs the triggers for
// TRUNCATE itself.
#include "extension/ddl/ddl.h"
#include "extension/fdw.h"

extern "C" {
#include "executor/executor.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace {

// Who may TRUNCATE need not have the right to DELETE.
void run_unchecked(const char* sql) {
  RawStmt* parsed = linitial_node(RawStmt, pg_parse_query(sql));
  Query* query = linitial_node(Query, pg_analyze_and_rewrite_fixedparams(parsed, sql, nullptr, 0, nullptr));
  kalam_clear_required_rights(query);
  PlannedStmt* plan = kalam_plan_query(query, sql, nullptr);
  kalam_clear_required_rights(plan);

  CommandCounterIncrement();
  PushActiveSnapshot(GetTransactionSnapshot());
  QueryDesc* description =
      CreateQueryDesc(plan, sql, GetActiveSnapshot(), InvalidSnapshot, None_Receiver, nullptr, nullptr, 0);
  ExecutorStart(description, 0);
  kalam_executor_run(description);
  ExecutorFinish(description);
  ExecutorEnd(description);
  FreeQueryDesc(description);
  PopActiveSnapshot();
  CommandCounterIncrement();
}

void truncate(Relation relation) {
  const TriggerDesc* triggers = relation->trigdesc;
  StringInfoData sql;

  if (triggers != nullptr && (triggers->trig_delete_before_row || triggers->trig_delete_after_row ||
                              triggers->trig_delete_before_statement || triggers->trig_delete_after_statement)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot truncate KalamDB table \"%s\" because it has triggers for DELETE",
                           RelationGetRelationName(relation)),
                    errdetail("Its rows are deleted one by one, and TRUNCATE must not run these triggers."),
                    errhint("Use DELETE.")));
  }
  initStringInfo(&sql);
  appendStringInfo(&sql, "DELETE FROM ONLY %s",
                   quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
                                              RelationGetRelationName(relation)));
  run_unchecked(sql.data);
}

}  // namespace

void kalam_truncate(List* relations, DropBehavior, bool) {
  ListCell* cell;
  foreach (cell, relations) truncate((Relation)lfirst(cell));
}
