#include "extension/join/join.h"

#include "extension/join/batch.h"
#include "extension/lookup/key_set.h"
#include "extension/scan/scan.h"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/ruleutils.h"
}

namespace {

struct BatchedJoinState {
  CustomScanState custom;  // must be first
  KalamJoinPlan plan;
  PlanState* outer;
  PlanState* inner;
  ForeignScanState* scan;           // of the inner side
  ExprState* value;                 // of the key, in the rows of the outer side
  ExprState* joined;                // the clauses of the join
  KalamColumnWriter* value_writer;  // for the texts of these keys
  KalamColumnWriter* key_writer;    // for those of the inner rows
  int outer_columns;
  TupleTableSlot* outer_slot;  // of minimal tuples
  TupleTableSlot* inner_slot;
  KalamJoinBatch batch;
  bool is_outer_ended;

  // The outer row that is being joined.
  bool has_row;
  bool is_matched;
  const KalamInnerRow* candidate;  // the next inner row for it
};

}  // namespace

// ---------------------------------------------------------------- begin and end

// A constant filter of the table stands above its scan.
static ForeignScanState* foreign_scan_of(PlanState* state) {
  while (IsA(state, ResultState)) state = outerPlanState(state);
  return castNode(ForeignScanState, state);
}

static void begin(CustomScanState* node, EState* estate, int eflags) {
  BatchedJoinState* state = (BatchedJoinState*)node;
  CustomScan* plan = (CustomScan*)node->ss.ps.plan;
  state->plan = kalam_join_plan(plan);
  state->outer = ExecInitNode((Plan*)linitial(plan->custom_plans), estate, eflags);
  state->inner = ExecInitNode((Plan*)lsecond(plan->custom_plans), estate, eflags);
  node->custom_ps = list_make2(state->outer, state->inner);
  state->scan = foreign_scan_of(state->inner);

  TupleDesc outer = ExecGetResultType(state->outer);
  TupleDesc inner = ExecGetResultType(state->inner);
  state->outer_columns = outer->natts;
  state->outer_slot = ExecInitExtraTupleSlot(estate, outer, &TTSOpsMinimalTuple);
  state->inner_slot = ExecInitExtraTupleSlot(estate, inner, &TTSOpsMinimalTuple);
  state->value = ExecInitExpr((Expr*)linitial(plan->custom_exprs), &node->ss.ps);
  const KalamRelation* remote = ((const KalamScanState*)state->scan->fdw_state)->remote;
  state->value_writer = kalam_key_writer_create(remote, exprType((Node*)linitial(plan->custom_exprs)));
  state->key_writer = kalam_key_writer_create(remote, TupleDescAttr(inner, state->plan.key_column - 1)->atttypid);
  state->joined = ExecInitQual(list_copy_tail(plan->custom_exprs, 1), &node->ss.ps);
  kalam_join_batch_init(&state->batch, estate->es_query_cxt, state->plan.first_batch);
}

static void end(CustomScanState* node) {
  const BatchedJoinState* state = (const BatchedJoinState*)node;
  ExecEndNode(state->outer);
  ExecEndNode(state->inner);
}

static void rescan(CustomScanState* node) {
  BatchedJoinState* state = (BatchedJoinState*)node;
  if (node->ss.ps.chgParam != nullptr) {
    UpdateChangedParamSet(state->outer, node->ss.ps.chgParam);
    UpdateChangedParamSet(state->inner, node->ss.ps.chgParam);
  }
  ExecClearTuple(node->ss.ss_ScanTupleSlot);
  ExecClearTuple(state->outer_slot);
  ExecClearTuple(state->inner_slot);
  state->is_outer_ended = state->has_row = false;
  kalam_join_batch_rewind(&state->batch, state->inner->chgParam != nullptr);
  if (state->outer->chgParam == nullptr) ExecReScan(state->outer);
}

// ---------------------------------------------------------------- the joined row

static void store_columns(TupleTableSlot* slot, int first, TupleTableSlot* from) {
  int count = from->tts_tupleDescriptor->natts;
  slot_getallattrs(from);
  memcpy(slot->tts_values + first, from->tts_values, sizeof(Datum) * count);
  memcpy(slot->tts_isnull + first, from->tts_isnull, sizeof(bool) * count);
}

// The row of the outer side alone: the columns of the inner one are NULL.
static void store_outer(const BatchedJoinState* state, TupleTableSlot* from) {
  TupleTableSlot* slot = state->custom.ss.ss_ScanTupleSlot;
  ExecClearTuple(slot);
  memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
  store_columns(slot, 0, from);
  ExecStoreVirtualTuple(slot);
}

static void store_inner(const BatchedJoinState* state, const KalamInnerRow* row) {
  ExecStoreMinimalTuple(row->tuple, state->inner_slot, false);
  store_columns(state->custom.ss.ss_ScanTupleSlot, state->outer_columns, state->inner_slot);
}

// ---------------------------------------------------------------- batches

// Text of the key that an outer row asks for, in memory of that row; NULL: it is NULL.
static const char* outer_key(const BatchedJoinState* state, TupleTableSlot* row) {
  ExprContext* econtext = state->custom.ss.ps.ps_ExprContext;
  bool is_null;
  ResetExprContext(econtext);
  store_outer(state, row);
  econtext->ecxt_scantuple = state->custom.ss.ss_ScanTupleSlot;
  MemoryContext old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
  Datum value = ExecEvalExpr(state->value, econtext, &is_null);
  const char* key = is_null ? nullptr : kalam_key_text(state->value_writer, value);
  MemoryContextSwitchTo(old);
  return key;
}

static void read_outer_rows(BatchedJoinState* state) {
  while (!state->is_outer_ended && !kalam_join_batch_is_full(&state->batch)) {
    CHECK_FOR_INTERRUPTS();
    TupleTableSlot* row = ExecProcNode(state->outer);
    if (TupIsNull(row)) {
      state->is_outer_ended = true;
    } else {
      kalam_join_batch_add(&state->batch, row, outer_key(state, row));
    }
  }
  // It points into the outer side's rows.
  ExecClearTuple(state->custom.ss.ss_ScanTupleSlot);
}

static void look_keys_up(BatchedJoinState* state) {
  KalamJoinBatch* batch = &state->batch;
  MemoryContext row_context = state->custom.ss.ps.ps_ExprContext->ecxt_per_tuple_memory;
  if (batch->text_count == 0) return;
  kalam_scan_set_keys(state->scan, kalam_key_set_make(batch->texts, batch->text_count));
  ExecReScan(state->inner);
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    bool is_null;
    TupleTableSlot* row = ExecProcNode(state->inner);
    if (TupIsNull(row)) break;
    MemoryContext old = MemoryContextSwitchTo(row_context);
    Datum key = slot_getattr(row, state->plan.key_column, &is_null);
    if (!is_null) kalam_join_batch_add_inner(batch, row, kalam_key_text(state->key_writer, key));
    MemoryContextSwitchTo(old);
    MemoryContextReset(row_context);
  }
}

// False: the outer side has no more rows.
static bool next_batch(BatchedJoinState* state) {
  if (state->is_outer_ended) return false;
  ExecClearTuple(state->outer_slot);
  ExecClearTuple(state->inner_slot);
  ExecClearTuple(state->custom.ss.ss_ScanTupleSlot);
  kalam_join_batch_start(&state->batch);
  read_outer_rows(state);
  look_keys_up(state);
  return state->batch.count > 0;
}

// ---------------------------------------------------------------- rows

// Steps to the next row of the outer side. False: no more rows.
static bool next_outer_row(BatchedJoinState* state) {
  KalamJoinBatch* batch = &state->batch;
  if (batch->next >= batch->count && !next_batch(state)) return false;
  const KalamOuterRow* row = &batch->rows[batch->next++];
  ExecStoreMinimalTuple(row->tuple, state->outer_slot, false);
  store_outer(state, state->outer_slot);
  state->candidate = row->key != nullptr ? row->key->rows : nullptr;
  state->is_matched = false;
  state->has_row = true;
  return true;
}

// Steps to the next joined row in the scan's slot, which the clauses above the join have not seen yet. False: no more.
static bool next_joined_row(BatchedJoinState* state) {
  ExprContext* econtext = state->custom.ss.ps.ps_ExprContext;
  JoinType type = state->plan.type;
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    ResetExprContext(econtext);
    if (!state->has_row && !next_outer_row(state)) return false;
    econtext->ecxt_scantuple = state->custom.ss.ss_ScanTupleSlot;
    if (state->candidate == nullptr) {
      state->has_row = false;
      if (state->is_matched || type == JOIN_INNER || type == JOIN_SEMI) continue;
      store_outer(state, state->outer_slot);
      return true;
    }
    const KalamInnerRow* inner = state->candidate;
    state->candidate = inner->next;
    store_inner(state, inner);
    if (!ExecQual(state->joined, econtext)) {
      InstrCountFiltered2(&state->custom, 1);
      continue;
    }
    state->is_matched = true;
    if (type == JOIN_SEMI || type == JOIN_ANTI) state->has_row = false;
    if (type != JOIN_ANTI) return true;
  }
}

static TupleTableSlot* execute(CustomScanState* node) {
  BatchedJoinState* state = (BatchedJoinState*)node;
  PlanState* ps = &node->ss.ps;
  while (next_joined_row(state)) {
    if (!ExecQual(ps->qual, ps->ps_ExprContext)) {
      InstrCountFiltered1(node, 1);
      continue;
    }
    return ps->ps_ProjInfo != nullptr ? ExecProject(ps->ps_ProjInfo) : node->ss.ss_ScanTupleSlot;
  }
  return nullptr;
}

// ---------------------------------------------------------------- EXPLAIN

static const char* type_name(JoinType type) {
  switch (type) {
    case JOIN_LEFT:
      return "Left";
    case JOIN_SEMI:
      return "Semi";
    case JOIN_ANTI:
      return "Anti";
    default:
      return "Inner";
  }
}

static void explain(CustomScanState* node, List* ancestors, ExplainState* es) {
  const BatchedJoinState* state = (const BatchedJoinState*)node;
  const CustomScan* plan = (const CustomScan*)node->ss.ps.plan;
  List* context = set_deparse_context_plan(es->deparse_cxt, (Plan*)plan, ancestors);
  Node* key_clause = (Node*)lsecond(plan->custom_exprs);
  List* others = list_copy_tail(plan->custom_exprs, 2);
  ExplainPropertyText("Join Type", type_name(state->plan.type), es);
  ExplainPropertyText("Join Key", deparse_expression(key_clause, context, true, false), es);
  if (others != NIL) {
    Node* filter = (Node*)make_ands_explicit(others);
    ExplainPropertyText("Join Filter", deparse_expression(filter, context, true, false), es);
  }
  if (!es->analyze) return;
  const Instrumentation* instrument = node->ss.ps.instrument;
  if (instrument != nullptr && instrument->nloops > 0 && others != NIL &&
      (instrument->nfiltered2 > 0 || es->format != EXPLAIN_FORMAT_TEXT))
    ExplainPropertyFloat("Rows Removed by Join Filter", nullptr, instrument->nfiltered2 / instrument->nloops, 0, es);
  ExplainPropertyInteger("Batches", nullptr, state->batch.batches, es);
}

const CustomExecMethods EXEC_METHODS = {"KalamDB Batched Join",
                                        begin,
                                        execute,
                                        end,
                                        rescan,
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        explain};

static Node* create_state(CustomScan*) {
  BatchedJoinState* state = (BatchedJoinState*)newNode(sizeof(BatchedJoinState), T_CustomScanState);
  state->custom.methods = &EXEC_METHODS;
  return (Node*)state;
}

const CustomScanMethods kalam_join_scan_methods = {"KalamDB Batched Join", create_state};
