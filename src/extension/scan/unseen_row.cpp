#include "extension/scan/unseen_row.h"

// Raises another error in the place of one that may show a value; returns when it shows none.
static void hide_value(const KalamMerge* merge, const ErrorData* error) {
  if (merge->hides_values && ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_DATA_EXCEPTION) {
    FlushErrorState();
    ereport(ERROR, (errcode(error->sqlerrcode),
                    errmsg("could not convert a value of KalamDB table \"%s\"", merge->columns->remote->remote_name),
                    errdetail_log("%s", error->message)));
  }
  if (merge->reading != nullptr && kalam_column_reader_shows_value(merge->reading, error->sqlerrcode)) {
    FlushErrorState();
    kalam_column_reader_refuse(merge->reading, error);
  }
}

bool kalam_store_row_unseen(bool (*store)(KalamMerge* merge, TupleTableSlot* slot), KalamMerge* merge,
                            TupleTableSlot* slot) {
  MemoryContext context = CurrentMemoryContext;
  volatile bool stored = false;
  PG_TRY();
  {
    stored = store(merge, slot);
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    hide_value(merge, CopyErrorData());
    PG_RE_THROW();
  }
  PG_END_TRY();
  return stored;
}
