#include "extension/journal/locked_row.h"

KalamLockedRow kalam_locked_row_fetch(KalamStoredRows* rows, const char* key, uint64 mark, TupleTableSlot* slot) {
  KalamStoredRow row;
  ExecClearTuple(slot);
  if (!kalam_stored_rows_look_up(rows, key, &row)) return KalamLockedRow::gone;
  ExecForceStoreHeapTuple(heap_form_tuple(slot->tts_tupleDescriptor, row.values, row.nulls), slot, false);
  ExecMaterializeSlot(slot);
  return mark != 0 && row.mark == mark ? KalamLockedRow::same : KalamLockedRow::changed;
}
