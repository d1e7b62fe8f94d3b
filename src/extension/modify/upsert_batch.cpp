// Many rows of an INSERT ... ON CONFLICT at once: the callbacks of the foreign data wrapper. Other rows come one by
// one, since the journal needs no batches.
#include "extension/modify/modify.h"
#include "extension/modify/upsert.h"

// Enough for the waits at the end of each batch to matter little beside its lookups.
constexpr int BATCH_ROWS = 256;

// EXPLAIN has no state.
int kalam_get_foreign_modify_batch_size(ResultRelInfo* result) {
  const KalamModifyState* state = (const KalamModifyState*)result->ri_FdwState;
  bool takes_batches = state != nullptr && state->upsert != nullptr && kalam_upsert_takes_batches(state);
  return takes_batches ? BATCH_ROWS : 1;
}

// The rows are written in their order, each as if it had come alone: one may meet what an earlier one has written. Who
// calls counts the slots that are returned, and has nothing to do for any of them.
TupleTableSlot** kalam_exec_foreign_batch_insert(EState* estate, ResultRelInfo* result, TupleTableSlot** slots,
                                                 TupleTableSlot** plan_slots, int* count) {
  KalamModifyState* state = (KalamModifyState*)result->ri_FdwState;
  bool has_key = state->remote->kind != kalam::TableKind::stream;
  // The lookup of a single row goes on while the table is checked.
  if (*count > 1 && has_key) {
    kalam_modify_open_journal(state);
    kalam_upsert_start_batch(state, slots, *count);
  }
  int written = 0;
  for (int i = 0; i < *count; i++) {
    CHECK_FOR_INTERRUPTS();
    ResetPerTupleExprContext(estate);
    kalam_upsert_reset_row(state);
    if (kalam_exec_foreign_insert(estate, result, slots[i], plan_slots[i]) != nullptr) written++;
  }
  *count = written;
  return slots;
}
