// TRUNCATE: the deletion of all rows that the current subject sees, through the journal like every other change, so
// that ROLLBACK undoes it. PostgreSQL has checked the right, taken its lock, and runs the triggers for TRUNCATE itself.
#include "extension/ddl/ddl.h"
#include "extension/fdw.h"

extern "C" {
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace {

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
  if (SPI_execute(sql.data, false, 0) != SPI_OK_DELETE) {
    ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
                    errmsg("could not delete the rows of KalamDB table \"%s\"", RelationGetRelationName(relation))));
  }
}

}  // namespace

void kalam_truncate(List* relations, DropBehavior, bool) {
  ListCell* cell;

  SPI_connect();
  foreach (cell, relations) truncate((Relation)lfirst(cell));
  SPI_finish();
}
