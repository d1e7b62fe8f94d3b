#include "extension/plan/system_columns.h"

#include "extension/journal/version_mark.h"

extern "C" {
#include "access/sysattr.h"
#include "catalog/heap.h"
#include "optimizer/optimizer.h"
#include "optimizer/prep.h"
#include "utils/lsyscache.h"
}

static void refuse(Oid relid, const Bitmapset* used) {
  for (int attnum = FirstLowInvalidHeapAttributeNumber + 1; attnum < 0; attnum++) {
    if (attnum == TableOidAttributeNumber || !bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, used))
      continue;
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("KalamDB table \"%s\" has no system column \"%s\"", get_rel_name(relid),
                           NameStr(SystemAttributeDefinition((AttrNumber)attnum)->attname)),
                    errhint("Rows of KalamDB are told apart by their key.")));
  }
}

// The relation that the statement names: the parent at the top, for a partition or another child.
static Index named_relation(const PlannerInfo* root, Index relid) {
  while (root->append_rel_array != nullptr && root->append_rel_array[relid] != nullptr &&
         OidIsValid(root->append_rel_array[relid]->parent_reloid))
    relid = root->append_rel_array[relid]->parent_relid;
  return relid;
}

// A column that PostgreSQL adds to the list of a statement that locks rows, or follows them while others change them:
// children share it, so that one ordinary table makes all of them have it.
static bool is_row_mark_column(const PlannerInfo* root, const TargetEntry* entry) {
  char name[32];
  ListCell* cell;
  if (!entry->resjunk || entry->resname == nullptr || !IsA(entry->expr, Var)) return false;
  foreach (cell, root->rowMarks) {
    snprintf(name, sizeof(name), "ctid%u", lfirst_node(PlanRowMark, cell)->rowmarkId);
    if (strcmp(name, entry->resname) == 0) return true;
  }
  return false;
}

// Whether the planner asks for ctid by itself: for the version of a row that is changed, or for a row mark.
static bool planner_needs_ctid(PlannerInfo* root, const RelOptInfo* rel, Index named) {
  if (bms_is_member((int)rel->relid, root->all_result_relids)) return true;
  const PlanRowMark* mark = get_plan_rowmark(root->rowMarks, named);
  return mark != nullptr && (mark->allMarkTypes & ~(1 << ROW_MARK_COPY)) != 0;
}

// Whether anything but that needs it above the relation's scan.
static bool statement_needs_ctid(const PlannerInfo* root, Index named) {
  const RelOptInfo* rel = root->simple_rel_array[named];
  const Bitmapset* needed = rel->attr_needed[SelfItemPointerAttributeNumber - rel->min_attr];
  int level = -1;
  // 0 stands for the final list, where the row marks are, too.
  while ((level = bms_next_member(needed, level)) >= 0)
    if (level > 0) return true;

  Bitmapset* used = nullptr;
  ListCell* cell;
  foreach (cell, root->processed_tlist) {
    TargetEntry* entry = lfirst_node(TargetEntry, cell);
    bool is_identity = entry->resjunk && entry->resname != nullptr && strcmp(entry->resname, KALAM_MARK_NAME) == 0;
    if (!is_identity && !is_row_mark_column(root, entry)) pull_varattnos((Node*)entry->expr, named, &used);
  }
  pull_varattnos(root->parse->havingQual, named, &used);
  return bms_is_member(SelfItemPointerAttributeNumber - FirstLowInvalidHeapAttributeNumber, used);
}

void kalam_check_system_columns(PlannerInfo* root, RelOptInfo* rel, Oid relid, List* clauses) {
  Bitmapset* used = nullptr;
  bool has_ctid = false;
  ListCell* cell;
  foreach (cell, rel->reltarget->exprs) {
    Node* node = (Node*)lfirst(cell);
    if (IsA(node, Var) && ((Var*)node)->varattno == SelfItemPointerAttributeNumber) {
      has_ctid = true;
    } else {
      pull_varattnos(node, rel->relid, &used);
    }
  }
  foreach (cell, clauses) pull_varattnos((Node*)lfirst_node(RestrictInfo, cell)->clause, rel->relid, &used);

  Index named = named_relation(root, rel->relid);
  if (has_ctid && (!planner_needs_ctid(root, rel, named) || statement_needs_ctid(root, named)))
    used = bms_add_member(used, SelfItemPointerAttributeNumber - FirstLowInvalidHeapAttributeNumber);
  refuse(relid, used);
}

void kalam_check_written_system_columns(const ModifyTable* plan, int index, Index rtindex, Oid relid) {
  Bitmapset* used = nullptr;
  if (plan->returningLists != NIL) pull_varattnos((Node*)list_nth(plan->returningLists, index), rtindex, &used);
  // It tells there whether the row was inserted.
  if (plan->onConflictAction != ONCONFLICT_NONE)
    used = bms_del_member(used, MaxTransactionIdAttributeNumber - FirstLowInvalidHeapAttributeNumber);
  pull_varattnos((Node*)plan->onConflictSet, rtindex, &used);
  pull_varattnos(plan->onConflictWhere, rtindex, &used);
  if (plan->withCheckOptionLists != NIL) {
    ListCell* cell;
    foreach (cell, (List*)list_nth(plan->withCheckOptionLists, index))
      pull_varattnos(lfirst_node(WithCheckOption, cell)->qual, rtindex, &used);
  }
  refuse(relid, used);
}
