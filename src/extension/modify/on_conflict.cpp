#include "extension/modify/on_conflict.h"

#include "extension/catalog/own.h"

void kalam_refuse_on_conflict() {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("ON CONFLICT is not supported for KalamDB tables"),
                  errhint("UPDATE the rows that exist, then INSERT the others.")));
  pg_unreachable();
}

void kalam_check_on_conflict(const Query* query) {
  if (query->onConflict != nullptr && kalam_is_kalamdb_table(rt_fetch(query->resultRelation, query->rtable)->relid))
    kalam_refuse_on_conflict();
  ListCell* cell;
  foreach (cell, query->cteList) {
    const Node* common = lfirst_node(CommonTableExpr, cell)->ctequery;
    if (IsA(common, Query)) kalam_check_on_conflict((const Query*)common);
  }
}
