#include "extension/plan/scan_plan.h"

extern "C" {
#include "nodes/value.h"
}

enum Field { LOOKUP, KEY, TERMS, ATTRIBUTES, CHANGE_STRENGTH, LOCKS_LATE, LOCKS_FIRST, REASONS };

List* kalam_scan_plan_to_list(const KalamScanPlan* scan) {
  List* list = list_make3(makeInteger((int)scan->lookup), makeInteger(scan->key), scan->terms.codes);
  return list_concat(
      list, list_make5(scan->attributes, makeInteger(scan->change_strength), makeInteger(scan->locks_late ? 1 : 0),
                       makeInteger(scan->locks_first ? 1 : 0), scan->reasons));
}

static int integer_at(const List* list, int field) {
  return intVal(list_nth(list, field));
}

KalamScanPlan kalam_scan_plan(const ForeignScan* plan) {
  const List* list = plan->fdw_private;
  KalamScanPlan scan = {};
  scan.lookup = (KalamLookup)integer_at(list, LOOKUP);
  scan.key = (AttrNumber)integer_at(list, KEY);
  scan.terms = {(List*)list_nth(list, TERMS), plan->fdw_exprs};
  scan.attributes = (List*)list_nth(list, ATTRIBUTES);
  scan.change_strength = (LockClauseStrength)integer_at(list, CHANGE_STRENGTH);
  scan.locks_late = integer_at(list, LOCKS_LATE) != 0;
  scan.locks_first = integer_at(list, LOCKS_FIRST) != 0;
  scan.reasons = (List*)list_nth(list, REASONS);
  return scan;
}
