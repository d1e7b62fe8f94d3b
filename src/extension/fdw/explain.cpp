// What EXPLAIN says about foreign scans and changes of KalamDB tables.
#include "extension/fdw/explain.h"
#include "extension/fdw/explain_option.h"
#include "extension/modify/key_check.h"
#include "extension/modify/on_conflict.h"
#include "extension/modify/recheck.h"
#include "extension/modify/upsert.h"
#include "extension/plan/key_clause.h"
#include "extension/scan/remote_count.h"
#include "extension/scan/scan.h"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
}

// Joins may hand comparisons over either way round; the key is put first.
static void put_key_first(Node* node, int scanrelid) {
  ListCell* cell;
  if (IsA(node, BoolExpr)) {
    foreach (cell, ((BoolExpr*)node)->args) put_key_first((Node*)lfirst(cell), scanrelid);
  } else if (is_opclause(node) && list_length(((OpExpr*)node)->args) == 2 &&
             !bms_is_member(scanrelid, pull_varnos(nullptr, get_leftop(node)))) {
    CommuteOpExpr((OpExpr*)node);
  }
}

// The conditions of the lookup as PostgreSQL prints them.
static char* lookup_text(ForeignScanState* node, ExplainState* es) {
  ForeignScan* plan = (ForeignScan*)node->ss.ps.plan;
  List* context = set_deparse_context_plan(es->deparse_cxt, (Plan*)plan, NIL);
  bool use_prefix = list_length(es->rtable) > 1 || es->verbose;
  Node* conditions = (Node*)make_ands_explicit((List*)copyObjectImpl(plan->fdw_recheck_quals));
  put_key_first(conditions, (int)plan->scan.scanrelid);
  return deparse_expression(conditions, context, use_prefix, false);
}

static const char* reason_text(KalamStaysLocal reason) {
  switch (reason) {
    case KalamStaysLocal::no:
      return "names too many keys, or costs more than this plan";
    case KalamStaysLocal::no_key:
      return "the table has no key that can be looked up";
    case KalamStaysLocal::other_form:
      return "not a comparison with a value or a list";
    case KalamStaysLocal::not_on_key:
      return "not a condition on the key";
    case KalamStaysLocal::other_operator:
      return "the operator names no keys";
    case KalamStaysLocal::not_constant:
      return "the value differs from row to row";
    case KalamStaysLocal::volatile_value:
      return "the value is volatile";
    case KalamStaysLocal::not_closed:
      return "an alternative names no keys";
    case KalamStaysLocal::pseudoconstant:
      return "evaluated once, before the scan";
  }
  return "";
}

// The conditions that are evaluated here, each with the reason.
static void explain_local_conditions(ForeignScanState* node, const List* reasons, ExplainState* es) {
  ForeignScan* plan = (ForeignScan*)node->ss.ps.plan;
  List* context = set_deparse_context_plan(es->deparse_cxt, (Plan*)plan, NIL);
  bool use_prefix = list_length(es->rtable) > 1 || es->verbose;
  List* lines = NIL;
  ListCell* clause;
  ListCell* reason;
  forboth(clause, plan->scan.plan.qual, reason, reasons) {
    char* text = deparse_expression((Node*)lfirst(clause), context, use_prefix, false);
    lines = lappend(lines, psprintf("%s: %s", text, reason_text((KalamStaysLocal)lfirst_int(reason))));
  }
  if (lines != NIL) ExplainPropertyList("Evaluated Locally", lines, es);
}

// What the query needs of KalamDB's columns; the key and the version may be asked for as well.
static void explain_columns(const KalamScanState* state, const List* attributes, ExplainState* es) {
  List* names = NIL;
  ListCell* cell;
  foreach (cell, attributes) {
    int column = state->remote->attribute_column[lfirst_int(cell) - 1];
    if (column >= 0) names = lappend(names, state->remote->columns[column].name);
  }
  if (names != NIL) ExplainPropertyList("Remote Columns", names, es);
}

static void explain_requests(const KalamScanCounters* counters, ExplainState* es) {
  ExplainPropertyInteger("Scan Requests", nullptr, (int64)counters->scans, es);
  ExplainPropertyInteger("Lookup Requests", nullptr, (int64)counters->keys.lookups, es);
  ExplainPropertyInteger("Completeness Questions", nullptr, (int64)counters->completeness_questions, es);
  ExplainPropertyInteger("Scans Repeated", nullptr, (int64)counters->repeated_scans, es);
  ExplainPropertyInteger("Rows Received", nullptr, (int64)counters->rows, es);
  ExplainPropertyInteger("Bytes Sent", nullptr, (int64)(counters->keys.request_bytes + counters->scan_request_bytes),
                         es);
  if (es->timing) {
    ExplainPropertyFloat("Time Waited", "ms", (double)(counters->keys.waited_us + counters->scan_waited_us) / 1000.0, 3,
                         es);
  }
}

static void explain_remote_count(const KalamRemoteCount* state, ExplainState* es) {
  ExplainPropertyText("Remote Table", state->scan->remote->remote_name, es);
  if (!es->analyze) {
    ExplainPropertyText("Access", "Count by the server, if it can be checked", es);
  } else if (state->is_decided) {
    ExplainPropertyText("Access", state->by_server ? "Count by the server" : "Scan instead of a count by the server",
                        es);
  }
}

void kalam_explain_foreign_scan(ForeignScanState* node, ExplainState* es) {
  if (kalam_is_remote_count(node)) return explain_remote_count((const KalamRemoteCount*)node->fdw_state, es);
  KalamScanState* state = (KalamScanState*)node->fdw_state;
  ExplainPropertyText("Remote Table", state->remote->remote_name, es);
  if (state->lookup == KalamLookup::none) {
    ExplainPropertyText("Access", "Scan", es);
  } else if (state->lookup == KalamLookup::batch) {
    ExplainPropertyText("Access", "Key Lookups of the Join", es);
  } else {
    ExplainPropertyText("Key Lookup", lookup_text(node, es), es);
  }

  KalamScanPlan plan = kalam_scan_plan((ForeignScan*)node->ss.ps.plan);
  bool explains_more = kalam_explains_more(es);
  if (es->verbose) explain_columns(state, plan.attributes, es);
  if (explains_more) explain_local_conditions(node, plan.reasons, es);
  if (state->is_marked) ExplainPropertyText("Row Locks", state->locks_first ? "Before Reading" : "After Filters", es);

  if (!es->analyze) {
    int64 rows = kalam_merge_visible_journal_rows(&state->merge);
    if (rows > 0 || es->format != EXPLAIN_FORMAT_TEXT) ExplainPropertyInteger("Journal Rows", nullptr, rows, es);
    return;
  }
  const KalamScanCounters* counters = &state->counters;
  if (counters->journal_rows > 0 || es->format != EXPLAIN_FORMAT_TEXT)
    ExplainPropertyInteger("Journal Rows", nullptr, (int64)counters->journal_rows, es);
  if (state->lookup != KalamLookup::none) {
    ExplainPropertyInteger("Lookups", nullptr, (int64)counters->keys.lookups, es);
    if (counters->scans > 0) ExplainPropertyInteger("Scans Instead of Lookups", nullptr, (int64)counters->scans, es);
  }
  if (state->owns_mark)
    ExplainPropertyInteger("Lookups to Lock", nullptr, (int64)kalam_row_mark_lookups(state->mark), es);
  if (counters->kept_answers > 0) ExplainPropertyInteger("Kept Answers", nullptr, (int64)counters->kept_answers, es);
  ExplainPropertyInteger("Calls", nullptr, (int64)(counters->keys.calls + counters->scan_calls), es);
  ExplainPropertyInteger("Bytes Received", nullptr, (int64)(counters->keys.response_bytes + counters->scan_bytes), es);
  if (explains_more) explain_requests(counters, es);
}

// The key that an INSERT's ON CONFLICT clause means, and what it has cost to look keys up.
static void explain_conflict(const ResultRelInfo* result, const List* fdw_private, ExplainState* es) {
  AttrNumber key = kalam_planned_conflict_key(fdw_private);
  if (key != InvalidAttrNumber)
    ExplainPropertyText("Conflict Key", get_attname(RelationGetRelid(result->ri_RelationDesc), key, false), es);
  if (!es->analyze || result->ri_FdwState == nullptr) return;
  const KalamUpsert* upsert = ((const KalamModifyState*)result->ri_FdwState)->upsert;
  if (upsert == nullptr) return;
  ExplainPropertyInteger("Lookups", nullptr, (int64)kalam_upsert_lookups(upsert), es);
  uint64 scans = kalam_upsert_scans(upsert);
  if (scans > 0) ExplainPropertyInteger("Scans Instead of Lookups", nullptr, (int64)scans, es);
}

static const char* way_of_key_check(KalamKeyCheckWay way) {
  switch (way) {
    case KalamKeyCheckWay::at_commit:
      return "At COMMIT";
    case KalamKeyCheckWay::scan:
      return "Scan of the Keys";
    case KalamKeyCheckWay::earlier_scan:
      return "Earlier Scan of the Keys";
    case KalamKeyCheckWay::not_needed:
      return "Not Needed";
    default:
      return "Key Lookups";
  }
}

// How an INSERT in a transaction block finds out whether its keys are stored already, and what that has cost.
static void explain_key_check(const ModifyTableState* mtstate, const ResultRelInfo* result, ExplainState* es) {
  if (((const ModifyTable*)mtstate->ps.plan)->onConflictAction != ONCONFLICT_NONE) return;
  const KalamModifyState* state = (const KalamModifyState*)result->ri_FdwState;
  if (state == nullptr || state->key_check == nullptr) {
    KalamKeyCheckWay planned = kalam_key_check_planned(mtstate, result);
    if (planned != KalamKeyCheckWay::none) ExplainPropertyText("Key Check", way_of_key_check(planned), es);
    return;
  }
  KalamStoredKeyCounters counters;
  KalamKeyCheckWay done = kalam_key_check_done(state, &counters);
  // Few changes are of keys.
  if (done == KalamKeyCheckWay::not_needed && mtstate->operation != CMD_INSERT) return;
  ExplainPropertyText("Key Check", way_of_key_check(done), es);
  ExplainPropertyInteger("Lookups", nullptr, (int64)counters.lookups, es);
  if (counters.scans > 0) ExplainPropertyInteger("Scans Instead of Lookups", nullptr, (int64)counters.scans, es);
}

// What it has cost to look at rows again that a scan has found, and what came of it.
static void explain_recheck(const ResultRelInfo* result, ExplainState* es) {
  if (!es->analyze || result->ri_FdwState == nullptr) return;
  const KalamRecheck* recheck = ((const KalamModifyState*)result->ri_FdwState)->recheck;
  if (recheck == nullptr) return;
  KalamRecheckCounters counters = kalam_recheck_counters(recheck);
  bool is_text = es->format == EXPLAIN_FORMAT_TEXT;
  if (counters.lookups > 0 || !is_text) ExplainPropertyInteger("Lookups", nullptr, (int64)counters.lookups, es);
  if (counters.changed > 0 || !is_text)
    ExplainPropertyInteger("Rows Changed by Others", nullptr, (int64)counters.changed, es);
  if (counters.unlocked > 0 || !is_text)
    ExplainPropertyInteger("Rows Not Locked", nullptr, (int64)counters.unlocked, es);
}

void kalam_explain_foreign_modify(ModifyTableState* mtstate, ResultRelInfo* result, List* fdw_private, int,
                                  ExplainState* es) {
  explain_conflict(result, fdw_private, es);
  if (kalam_explains_more(es)) ExplainPropertyText("Sent", "at COMMIT", es);
  explain_key_check(mtstate, result, es);
  explain_recheck(result, es);
  if (!es->verbose) return;
  // Behind a view the rights are those of its owner.
  Oid userid = kalam_result_check_as_user(result, mtstate->ps.state);
  if (!OidIsValid(userid)) userid = GetUserId();
  KalamRelation* remote = kalam_relation_get(result->ri_RelationDesc, userid, KalamFreshness::cached);
  ExplainPropertyText("Remote Table", remote->remote_name, es);
}
