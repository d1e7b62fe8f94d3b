#include "extension/plan/security_barrier.h"

// Whether the query being planned is the subquery of a range table entry. The planner has a copy, whose range table
// starts in the same way and grows.
static bool is_query_of(const PlannerInfo* root, const RangeTblEntry* entry) {
  if (entry->rtekind != RTE_SUBQUERY || !entry->security_barrier || entry->subquery == nullptr) return false;
  const List* theirs = entry->subquery->rtable;
  const List* ours = root->parse->rtable;
  if (list_length(theirs) > list_length(ours)) return false;
  for (int i = 0; i < list_length(theirs); i++) {
    const RangeTblEntry* a = list_nth_node(RangeTblEntry, theirs, i);
    const RangeTblEntry* b = list_nth_node(RangeTblEntry, ours, i);
    if (a->rtekind != b->rtekind || a->relid != b->relid) return false;
  }
  return true;
}

// A view that is a barrier is planned as a subquery of its own, into which conditions from outside are pushed: which
// clauses are its own and which came from outside cannot be told there.
static bool is_below_barrier(const PlannerInfo* root) {
  for (; root->parent_root != nullptr; root = root->parent_root) {
    ListCell* cell;
    foreach (cell, root->parent_root->parse->rtable)
      if (is_query_of(root, lfirst_node(RangeTblEntry, cell))) return true;
  }
  return false;
}

bool kalam_hides_rows(PlannerInfo* root, const List* local_clauses) {
  bool is_below = is_below_barrier(root);
  // A join of the view leaves rows out as well.
  if (is_below && bms_membership(root->all_baserels) == BMS_MULTIPLE) return true;
  ListCell* cell;
  foreach (cell, local_clauses) {
    const RestrictInfo* info = lfirst_node(RestrictInfo, cell);
    // What is constant is decided before the scan starts.
    if (info->pseudoconstant) continue;
    if (is_below || info->security_level < root->qual_security_level) return true;
  }
  return false;
}
