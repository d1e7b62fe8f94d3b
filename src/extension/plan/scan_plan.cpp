#include "extension/plan/scan_plan.h"

extern "C" {
#include "nodes/value.h"
}

enum Field { LOOKUP, ATTRIBUTES, STRENGTH, WAIT, LOCKS_LATE };

List* kalam_scan_plan_to_list(const KalamScanPlan* scan) {
  return list_make5(makeInteger((int)scan->lookup), scan->attributes, makeInteger(scan->strength),
                    makeInteger(scan->wait), makeInteger(scan->locks_late ? 1 : 0));
}

static int integer_at(const List* list, int field) {
  return intVal(list_nth(list, field));
}

KalamScanPlan kalam_scan_plan(const ForeignScan* plan) {
  const List* list = plan->fdw_private;
  KalamScanPlan scan = {};
  scan.lookup = (KalamLookup)integer_at(list, LOOKUP);
  scan.attributes = (List*)list_nth(list, ATTRIBUTES);
  scan.strength = (LockClauseStrength)integer_at(list, STRENGTH);
  scan.wait = (LockWaitPolicy)integer_at(list, WAIT);
  scan.locks_late = integer_at(list, LOCKS_LATE) != 0;
  return scan;
}
