#include "extension/plan/required_rights.h"

// The hook of other extensions, which audit statements or have rules of their own, is for the executor alone: some keep
// state that only a started statement has.
void kalam_check_required_rights(const PlannerInfo* root) {
  ExecutorCheckPerms_hook_type hook = ExecutorCheckPerms_hook;
  PG_TRY();
  {
    ExecutorCheckPerms_hook = nullptr;
    for (const PlannerInfo* level = root; level != nullptr; level = level->parent_root)
      kalam_check_rights_of_query(level->parse);
  }
  PG_FINALLY();
  {
    ExecutorCheckPerms_hook = hook;
  }
  PG_END_TRY();
}
