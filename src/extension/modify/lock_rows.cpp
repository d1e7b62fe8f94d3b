#include "extension/modify/lock_rows.h"

#include "extension/modify/recheck.h"

namespace {

// Rows that are locked before the first of them is changed: some more than lookups are in flight.
constexpr int WINDOW_ROWS = 256;

struct LockNode {
  CustomScanState custom;  // must be first
  List* targets;           // of KalamModifyState*; none where rows are only passed on
  AttrNumber table_junk;   // which relation a row is of; InvalidAttrNumber: there is one only
  TupleTableSlot* row;     // of minimal tuples
  MemoryContext context;   // of the window
  MinimalTuple window[WINDOW_ROWS];
  int count;
  int next;
  bool is_ended;
};

}  // namespace

// ---------------------------------------------------------------- begin and end

static void begin(CustomScanState* node, EState* estate, int eflags) {
  LockNode* state = (LockNode*)node;
  const CustomScan* plan = (const CustomScan*)node->ss.ps.plan;
  outerPlanState(node) = ExecInitNode(outerPlan(plan), estate, eflags);
  state->row = ExecInitExtraTupleSlot(estate, ExecGetResultType(outerPlanState(node)), &TTSOpsMinimalTuple);
  state->table_junk = ExecFindJunkAttributeInTlist(plan->scan.plan.targetlist, "tableoid");
  state->context = AllocSetContextCreate(estate->es_query_cxt, "KalamDB rows to be locked", ALLOCSET_DEFAULT_SIZES);
}

static void end(CustomScanState* node) {
  ExecEndNode(outerPlanState(node));
}

static void clear_window(LockNode* state) {
  ExecClearTuple(state->custom.ss.ss_ScanTupleSlot);
  ExecClearTuple(state->row);
  MemoryContextReset(state->context);
  state->count = state->next = 0;
}

static void rescan(CustomScanState* node) {
  LockNode* state = (LockNode*)node;
  clear_window(state);
  state->is_ended = false;
  if (outerPlanState(node)->chgParam == nullptr) ExecReScan(outerPlanState(node));
}

// ---------------------------------------------------------------- windows

// The statement's part for the relation of a row; NULL: it is no KalamDB table.
static KalamModifyState* target_of(const LockNode* state, TupleTableSlot* row) {
  if (state->table_junk == InvalidAttrNumber) return (KalamModifyState*)linitial(state->targets);
  bool is_null;
  Oid relid = DatumGetObjectId(slot_getattr(row, state->table_junk, &is_null));
  ListCell* cell;
  foreach (cell, state->targets) {
    KalamModifyState* target = (KalamModifyState*)lfirst(cell);
    if (!is_null && RelationGetRelid(target->relation) == relid) return target;
  }
  return nullptr;
}

static void read_rows(LockNode* state) {
  Size bytes = 0;
  while (state->count < WINDOW_ROWS && bytes < (Size)work_mem * 1024) {
    CHECK_FOR_INTERRUPTS();
    TupleTableSlot* row = ExecProcNode(outerPlanState(&state->custom));
    if (TupIsNull(row)) {
      state->is_ended = true;
      return;
    }
    MemoryContext old = MemoryContextSwitchTo(state->context);
    MinimalTuple tuple = ExecCopySlotMinimalTuple(row);
    MemoryContextSwitchTo(old);
    state->window[state->count++] = tuple;
    bytes += tuple->t_len;
  }
}

// Locks come first; then all rows are looked up.
static void lock_rows(LockNode* state) {
  ListCell* cell;
  MemoryContext old = MemoryContextSwitchTo(state->context);
  foreach (cell, state->targets) kalam_recheck_start_window((KalamModifyState*)lfirst(cell));
  for (int i = 0; i < state->count; i++) {
    CHECK_FOR_INTERRUPTS();
    ExecStoreMinimalTuple(state->window[i], state->row, false);
    KalamModifyState* target = target_of(state, state->row);
    if (target != nullptr) kalam_modify_add_ahead(target, state->row);
  }
  foreach (cell, state->targets) kalam_recheck_lock((KalamModifyState*)lfirst(cell));
  foreach (cell, state->targets) kalam_recheck_send((KalamModifyState*)lfirst(cell));
  foreach (cell, state->targets) kalam_recheck_receive((KalamModifyState*)lfirst(cell));
  MemoryContextSwitchTo(old);
}

// The next row in state->row. False: there are no more.
static bool next_row(LockNode* state) {
  if (state->next == state->count) {
    clear_window(state);
    if (!state->is_ended) read_rows(state);
    if (state->count == 0) return false;
    lock_rows(state);
  }
  ExecStoreMinimalTuple(state->window[state->next++], state->row, false);
  return true;
}

static TupleTableSlot* execute(CustomScanState* node) {
  LockNode* state = (LockNode*)node;
  TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
  TupleTableSlot* row = state->row;
  if (state->targets == NIL) {
    row = ExecProcNode(outerPlanState(node));
  } else if (!next_row(state)) {
    row = nullptr;
  }
  ExecClearTuple(slot);
  if (TupIsNull(row)) return nullptr;
  slot_getallattrs(row);
  memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * slot->tts_tupleDescriptor->natts);
  memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * slot->tts_tupleDescriptor->natts);
  ExecStoreVirtualTuple(slot);
  ResetExprContext(node->ss.ps.ps_ExprContext);
  if (node->ss.ps.ps_ProjInfo == nullptr) return slot;
  node->ss.ps.ps_ExprContext->ecxt_scantuple = slot;
  return ExecProject(node->ss.ps.ps_ProjInfo);
}

static const CustomExecMethods EXEC_METHODS = {"KalamDB Lock Rows",
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
                                               nullptr};

static Node* create_state(CustomScan*) {
  LockNode* state = (LockNode*)newNode(sizeof(LockNode), T_CustomScanState);
  state->custom.methods = &EXEC_METHODS;
  return (Node*)state;
}

const CustomScanMethods kalam_lock_rows_methods = {"KalamDB Lock Rows", create_state};

void kalam_lock_rows_attach(PlanState* below, KalamModifyState* state) {
  if (!kalam_recheck_is_active(state->recheck) || !IsA(below, CustomScanState)) return;
  LockNode* node = (LockNode*)below;
  if (node->custom.methods != &EXEC_METHODS) return;
  MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
  node->targets = lappend(node->targets, state);
  MemoryContextSwitchTo(old);
}
