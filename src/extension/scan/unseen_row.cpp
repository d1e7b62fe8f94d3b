#include "extension/scan/unseen_row.h"

bool kalam_store_row_unseen(bool (*store)(KalamScanState* state, TupleTableSlot* slot), KalamScanState* state,
                            TupleTableSlot* slot) {
  MemoryContext context = CurrentMemoryContext;
  volatile bool stored = false;
  PG_TRY();
  {
    stored = store(state, slot);
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    const ErrorData* error = CopyErrorData();
    if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION) PG_RE_THROW();
    FlushErrorState();
    ereport(ERROR, (errcode(error->sqlerrcode),
                    errmsg("could not convert a value of KalamDB table \"%s\"", state->remote->remote_name),
                    errdetail_log("%s", error->message)));
  }
  PG_END_TRY();
  return stored;
}
