// TRUNCATE: the deletion of all rows that the current subject sees, through the journal like every other change, so
// that ROLLBACK undoes it. PostgreSQL has checked the right to TRUNCATE, taken its lock, and runs the triggers for
// TRUNCATE itself.
#include "extension/modify/truncate.h"
#include "extension/catalog/own.h"
#include "extension/plan/own_query.h"

extern "C" {
#include "tcop/dest.h"
}

static void truncate(Relation relation) {
  const TriggerDesc* triggers = relation->trigdesc;

  if (triggers != nullptr && (triggers->trig_delete_before_row || triggers->trig_delete_after_row ||
                              triggers->trig_delete_before_statement || triggers->trig_delete_after_statement)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot truncate KalamDB table \"%s\" because it has triggers for DELETE",
                           RelationGetRelationName(relation)),
                    errdetail("Its rows are deleted one by one, and TRUNCATE must not run these triggers."),
                    errhint("Use DELETE.")));
  }
  // Who may TRUNCATE need not have the right to DELETE.
  KalamOwnQuery query = kalam_own_query(relation, "DELETE FROM ONLY", "");
  CommandCounterIncrement();
  kalam_run_own_query(&query, None_Receiver, 0, false);
  CommandCounterIncrement();
}

void kalam_exec_foreign_truncate(List* relations, DropBehavior, bool) {
  ListCell* cell;
  foreach (cell, relations) truncate((Relation)lfirst(cell));
}
