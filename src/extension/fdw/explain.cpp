// What EXPLAIN says about foreign scans and changes of KalamDB tables.
#include "extension/fdw/explain.h"
#include "extension/modify/on_conflict.h"
#include "extension/modify/upsert.h"
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
  ExplainPropertyInteger("Calls", nullptr, (int64)(counters->keys.calls + counters->scan_calls), es);
  ExplainPropertyInteger("Bytes Received", nullptr, (int64)(counters->keys.response_bytes + counters->scan_bytes), es);
}

// The key that an INSERT's ON CONFLICT clause means, and what it has cost to look keys up.
static void explain_conflict(const ResultRelInfo* result, const List* fdw_private, ExplainState* es) {
  AttrNumber key = kalam_planned_conflict_key(fdw_private);
  if (key != InvalidAttrNumber)
    ExplainPropertyText("Conflict Key", get_attname(RelationGetRelid(result->ri_RelationDesc), key, false), es);
  if (!es->analyze || result->ri_FdwState == nullptr) return;
  const KalamUpsert* upsert = ((const KalamModifyState*)result->ri_FdwState)->upsert;
  if (upsert != nullptr) ExplainPropertyInteger("Lookups", nullptr, (int64)kalam_upsert_lookups(upsert), es);
}

void kalam_explain_foreign_modify(ModifyTableState* mtstate, ResultRelInfo* result, List* fdw_private, int,
                                  ExplainState* es) {
  explain_conflict(result, fdw_private, es);
  if (!es->verbose) return;
  // Behind a view the rights are those of its owner.
  Oid userid = kalam_result_check_as_user(result, mtstate->ps.state);
  if (!OidIsValid(userid)) userid = GetUserId();
  KalamRelation* remote = kalam_relation_get(result->ri_RelationDesc, userid, KalamFreshness::cached);
  ExplainPropertyText("Remote Table", remote->remote_name, es);
}
