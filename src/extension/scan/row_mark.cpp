#include "extension/scan/row_mark.h"

#include "extension/journal/journal.h"
#include "extension/journal/locked_row.h"
#include "extension/journal/row_handles.h"

struct KalamRowMark {
  ExecRowMark* erm;
  const KalamRelation* remote;
  KalamConnection* connection;  // reference: of the query
  const char* subject;
  const List* attributes;
  MemoryContext context;
  MemoryContext row_context;  // reset for every row
  KalamRowHandles* handles;
  KalamStoredRows* rows;  // NULL: none was looked up yet
};

// ---------------------------------------------------------------- planning and begin

// Without a locking clause a row is kept as a copy: when PostgreSQL checks conditions again it needs the very row that
// was joined, and a lookup may find another one.
RowMarkType kalam_get_foreign_row_mark_type(RangeTblEntry*, LockClauseStrength strength) {
  switch (strength) {
    case LCS_NONE:
      return ROW_MARK_COPY;
    case LCS_FORKEYSHARE:
      return ROW_MARK_KEYSHARE;
    case LCS_FORSHARE:
      return ROW_MARK_SHARE;
    case LCS_FORNOKEYUPDATE:
      return ROW_MARK_NOKEYEXCLUSIVE;
    case LCS_FORUPDATE:
      break;
  }
  return ROW_MARK_EXCLUSIVE;
}

ExecRowMark* kalam_find_row_mark(const EState* estate, Index rtindex) {
  if (estate->es_rowmarks == nullptr || rtindex > estate->es_range_table_size) return nullptr;
  ExecRowMark* erm = estate->es_rowmarks[rtindex - 1];
  return erm != nullptr && RowMarkRequiresRowShareLock(erm->markType) ? erm : nullptr;
}

KalamRowMark* kalam_row_mark_create(ExecRowMark* erm, const KalamRelation* remote, KalamConnection* connection,
                                    const char* subject, const List* attributes) {
  KalamRowMark* mark = (KalamRowMark*)palloc0(sizeof(KalamRowMark));
  mark->erm = erm;
  mark->remote = remote;
  mark->connection = connection;
  mark->subject = subject;
  mark->attributes = attributes;
  mark->context = CurrentMemoryContext;
  mark->row_context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB locked row", ALLOCSET_DEFAULT_SIZES);
  mark->handles = kalam_row_handles_create();
  erm->ermExtra = mark;
  return mark;
}

void kalam_row_mark_end(KalamRowMark* mark) {
  kalam_row_handles_close(mark->handles);
  if (mark->rows != nullptr) kalam_stored_rows_clear(mark->rows);
  mark->erm->ermExtra = nullptr;
}

uint64 kalam_row_mark_lookups(const KalamRowMark* mark) {
  return mark->rows != nullptr ? kalam_stored_rows_count(mark->rows) : 0;
}

// ---------------------------------------------------------------- rows of the scan

void kalam_row_mark_note(KalamRowMark* mark, const char* key, uint64 version, bool is_locked, TupleTableSlot* slot) {
  KalamHandledRow row = {key, version, is_locked ? ExecCopySlotMinimalTuple(slot) : nullptr};
  kalam_row_handles_add(mark->handles, &row, &slot->tts_tid);
  if (row.tuple != nullptr) pfree(row.tuple);
}

KalamFirstLocks* kalam_first_locks_create(const KalamKeySet* keys) {
  KalamFirstLocks* first = (KalamFirstLocks*)palloc(sizeof(KalamFirstLocks));
  first->keys = keys;
  first->locks = (KalamRowLock*)palloc(sizeof(KalamRowLock) * Max(keys->count, 1));
  first->found = (bool*)palloc0(sizeof(bool) * Max(keys->count, 1));
  for (int i = 0; i < keys->count; i++) first->locks[i] = KalamRowLock::none;
  return first;
}

void kalam_first_locks_take(KalamFirstLocks* first, const KalamRowMark* mark, int key) {
  first->locks[key] = kalam_try_lock_row(mark->remote, mark->subject, first->keys->texts[key], mark->erm->strength);
}

bool kalam_first_locks_found(KalamFirstLocks* first, const char* key) {
  int index = kalam_key_set_find(first->keys, key);
  if (index < 0) return false;
  first->found[index] = true;
  return first->locks[index] == KalamRowLock::taken || first->locks[index] == KalamRowLock::held;
}

void kalam_first_locks_finish(const KalamFirstLocks* first, const KalamRowMark* mark) {
  for (int i = 0; i < first->keys->count; i++) {
    if (first->found[i] || first->locks[i] != KalamRowLock::taken) continue;
    kalam_unlock_row(mark->remote, mark->subject, first->keys->texts[i], mark->erm->strength);
    first->locks[i] = KalamRowLock::none;
  }
}

// ---------------------------------------------------------------- rows to be locked

static KalamRowLock lock_row(const KalamRowMark* mark, const char* key) {
  return kalam_lock_row_for_clause(mark->remote, mark->subject, key, mark->erm->strength, mark->erm->waitPolicy);
}

// A row that the transaction has written, which others cannot have changed since. As an ordinary one, it is left out if
// the running command, or one that it has started, has written it.
static void store_own_row(const KalamRowMark* mark, KalamJournal* journal, const KalamJournalEntry* entry,
                          CommandId curcid, TupleTableSlot* slot) {
  if (entry->cid >= curcid || entry->change == KalamChange::remove) return;
  // A row that is new is nobody else's to see.
  if (!kalam_journal_makes_row(journal, entry) && lock_row(mark, journal->keys[entry->key].text) == KalamRowLock::busy)
    return;
  TupleDesc tupdesc = slot->tts_tupleDescriptor;
  Datum* values = (Datum*)palloc(sizeof(Datum) * Max(tupdesc->natts, 1));
  bool* nulls = (bool*)palloc(sizeof(bool) * Max(tupdesc->natts, 1));
  kalam_journal_values(journal, entry, mark->remote, tupdesc, values, nulls);
  ExecForceStoreHeapTuple(heap_form_tuple(tupdesc, values, nulls), slot, false);
  ExecMaterializeSlot(slot);
}

static KalamStoredRows* stored_rows(KalamRowMark* mark) {
  if (mark->rows == nullptr) {
    MemoryContext old = MemoryContextSwitchTo(mark->context);
    mark->rows = kalam_stored_rows_create_hidden(RelationGetDescr(mark->erm->relation), mark->remote, mark->connection,
                                                 mark->subject, mark->attributes);
    MemoryContextSwitchTo(old);
  }
  return mark->rows;
}

static void lock_stored_row(KalamRowMark* mark, const KalamHandledRow* row, TupleTableSlot* slot, bool* updated) {
  KalamRowLock lock = lock_row(mark, row->key);
  if (lock == KalamRowLock::busy) return;
  KalamLockedRow found = kalam_locked_row_fetch(stored_rows(mark), row->key, row->mark, slot);
  *updated = found != KalamLockedRow::same;
  if (found == KalamLockedRow::gone && lock == KalamRowLock::taken)
    kalam_unlock_row(mark->remote, mark->subject, row->key, mark->erm->strength);
  if (*updated && IsolationUsesXactSnapshot()) {
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("could not serialize access due to concurrent update")));
  }
}

// An empty slot tells PostgreSQL to leave the row out: it is gone, or locked and to be skipped.
static void refetch(KalamRowMark* mark, CommandId curcid, ItemPointer handle, TupleTableSlot* slot, bool* updated) {
  KalamHandledRow row;
  kalam_row_handles_get(mark->handles, handle, &row);
  KalamJournal* journal = kalam_journal_find(mark->remote->relid, mark->subject);
  const KalamJournalEntry* entry = journal != nullptr ? kalam_journal_newest(journal, row.key) : nullptr;
  if (entry != nullptr) return store_own_row(mark, journal, entry, curcid, slot);
  if (row.tuple == nullptr) return lock_stored_row(mark, &row, slot, updated);
  ExecForceStoreMinimalTuple(row.tuple, slot, false);
  ExecMaterializeSlot(slot);
}

void kalam_refetch_foreign_row(EState* estate, ExecRowMark* erm, Datum rowid, TupleTableSlot* slot, bool* updated) {
  KalamRowMark* mark = (KalamRowMark*)erm->ermExtra;
  ItemPointer handle = (ItemPointer)DatumGetPointer(rowid);
  if (mark == nullptr) elog(ERROR, "no scan has read the row that is to be locked");
  ExecClearTuple(slot);
  *updated = false;
  MemoryContextReset(mark->row_context);
  MemoryContext old = MemoryContextSwitchTo(mark->row_context);
  refetch(mark, estate->es_output_cid, handle, slot, updated);
  MemoryContextSwitchTo(old);
  if (TupIsNull(slot)) return;
  slot->tts_tid = *handle;
  slot->tts_tableOid = erm->relid;
}
