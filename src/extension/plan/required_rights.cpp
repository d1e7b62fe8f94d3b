#include "extension/plan/required_rights.h"

// The hook of other extensions, which audit statements or have rules of their own, is for the executor alone: some keep
// state that only a started statement has.
static void check(const List* queries) {
  ExecutorCheckPerms_hook_type hook = ExecutorCheckPerms_hook;
  PG_TRY();
  {
    ListCell* cell;
    ExecutorCheckPerms_hook = nullptr;
    foreach (cell, queries) kalam_check_rights_of_query(lfirst_node(Query, cell));
  }
  PG_FINALLY();
  {
    ExecutorCheckPerms_hook = hook;
  }
  PG_END_TRY();
}

void kalam_check_required_rights(const PlannerInfo* root) {
  List* queries = NIL;
  for (const PlannerInfo* level = root; level != nullptr; level = level->parent_root)
    queries = lappend(queries, level->parse);
  check(queries);
}

void kalam_check_required_rights(const Query* query, const Query* top) {
  List* queries = list_make1((void*)query);
  check(query != top ? lappend(queries, (void*)top) : queries);
}
