#include "extension/scan/merge.h"

#include "extension/journal/version_mark.h"
#include "extension/scan/unseen_row.h"

void kalam_merge_find_journal(KalamMerge* merge, Oid relid, const char* subject, CommandId curcid) {
  merge->curcid = curcid;
  merge->journal = kalam_journal_find(relid, subject);
  if (merge->journal == nullptr) return;
  merge->journal_length = merge->journal->length;
  if (merge->journal_length == 0) merge->journal = nullptr;
}

int64 kalam_merge_visible_journal_rows(const KalamMerge* merge) {
  if (merge->journal == nullptr) return 0;
  int64 count = 0;
  for (int32 i = 0; i < merge->journal_length; i++) {
    if (merge->journal->entries[i].change != KalamChange::remove &&
        kalam_journal_is_visible(merge->journal, i, merge->curcid))
      count++;
  }
  return count;
}

bool kalam_merge_is_written(const KalamMerge* merge, const char* key) {
  return merge->journal != nullptr && kalam_journal_visible(merge->journal, key, merge->curcid) != nullptr;
}

void kalam_merge_start(KalamMerge* merge, KalamRowSource* source, const KalamKeySet* keys) {
  merge->source = source;
  merge->keys = keys;
  merge->first = nullptr;
  merge->window.rows = 0;
  merge->row = 0;
  merge->is_converted = merge->is_source_ended = false;
  merge->journal_next = 0;
}

// ---------------------------------------------------------------- rows of the source

// Whether each of them has to be looked at before it is passed on.
static bool checks_rows(const KalamMerge* merge) {
  return merge->key_writer != nullptr && merge->columns->key_reader >= 0;
}

// Steps to the next row of the source. False: no more rows.
static bool next_source_row(KalamMerge* merge) {
  while (merge->row >= merge->window.rows) {
    if (merge->is_source_ended) return false;
    merge->reading = nullptr;
    merge->row = 0;
    merge->window.rows = 0;
    if (!merge->source->methods->next_window(merge->source, &merge->window)) {
      merge->is_source_ended = true;
      merge->window.rows = 0;
      return false;
    }
    merge->is_converted = kalam_scan_columns_window(merge->columns, &merge->window) && !checks_rows(merge);
  }
  return true;
}

// The server finds a row by its key's text alone.
static void check_key_text(const KalamMerge* merge, uint32 row, const char* text) {
  const kalam::ColumnView* view = merge->reading->view;
  if (view->kind != kalam::ColumnKind::utf8) return;
  const kalam::Slice* stored = &((const kalam::Slice*)view->values)[row];
  if (stored->size == strlen(text) && memcmp(stored->data, text, stored->size) == 0) return;
  kalam_key_refuse_text(merge->columns->remote->local_name, merge->key_writer->type, stored, text);
}

// Whether the row belongs to the result: not replaced by the journal, and with a key that was asked for. The text of
// the key, in the context of the row; NULL: it has none.
static bool is_wanted_row(KalamMerge* merge, uint32 row, const char** text) {
  Datum key;
  *text = nullptr;
  merge->reading = &merge->columns->readers[merge->columns->key_reader];
  if (!kalam_column_reader_read(merge->reading, row, &key)) return merge->keys == nullptr;
  *text = kalam_key_text(merge->key_writer, key);
  check_key_text(merge, row, *text);
  if (kalam_merge_is_written(merge, *text)) return false;
  return merge->keys == nullptr || kalam_key_set_contains(merge->keys, *text);
}

static void clear_slot(TupleTableSlot* slot) {
  ExecClearTuple(slot);
  memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
}

static void store_user_id(const KalamScanColumns* columns, TupleTableSlot* slot) {
  for (int i = 0; i < columns->user_id_count; i++) {
    int index = columns->user_id_attributes[i] - 1;
    slot->tts_values[index] = columns->user_id_value;
    slot->tts_isnull[index] = false;
  }
}

// 0: the version is not asked for, or the table has none.
static uint64 version_mark(const KalamMerge* merge, uint32 row) {
  if (merge->columns->version_index < 0) return 0;
  const kalam::ColumnView* view = &merge->window.columns[merge->columns->version_index];
  return view->kind == kalam::ColumnKind::int64 ? kalam_version_mark(((const int64_t*)view->values)[row]) : 0;
}

static void store_version_mark(const KalamMerge* merge, TupleTableSlot* slot, uint32 row) {
  uint64 mark = version_mark(merge, row);
  if (mark != 0) kalam_version_mark_store(mark, &slot->tts_tid);
}

// Nothing here can fail, and nothing is allocated.
static void store_converted_row(KalamMerge* merge, TupleTableSlot* slot) {
  const KalamScanColumns* columns = merge->columns;
  uint32 row = merge->row++;
  clear_slot(slot);
  for (int i = 0; i < columns->reader_count; i++) {
    const KalamReadyColumn* column = &columns->ready[i];
    slot->tts_values[column->index] = column->datums[row];
    slot->tts_isnull[column->index] = column->nulls != nullptr && column->nulls[row] != 0;
  }
  store_user_id(columns, slot);
  store_version_mark(merge, slot, row);
  ExecStoreVirtualTuple(slot);
}

static void store_row(KalamMerge* merge, TupleTableSlot* slot, uint32 row) {
  const KalamScanColumns* columns = merge->columns;
  clear_slot(slot);
  for (int i = 0; i < columns->reader_count; i++) {
    KalamColumnReader* reader = &columns->readers[i];
    int index = reader->attnum - 1;
    merge->reading = reader;
    slot->tts_isnull[index] = !kalam_column_reader_read(reader, row, &slot->tts_values[index]);
  }
  store_user_id(columns, slot);
  store_version_mark(merge, slot, row);
  ExecStoreVirtualTuple(slot);
}

// In the place of the version's mark.
static void give_handle(KalamMerge* merge, TupleTableSlot* slot, uint32 row, const char* key) {
  if (key == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                    errmsg("row of KalamDB table \"%s\" has no key", merge->columns->remote->remote_name)));
  }
  bool is_locked = merge->first != nullptr && kalam_first_locks_found(merge->first, key);
  kalam_row_mark_note(merge->mark, key, version_mark(merge, row), is_locked, slot);
}

static bool store_source_row(KalamMerge* merge, TupleTableSlot* slot) {
  while (next_source_row(merge)) {
    if (merge->is_converted) {
      store_converted_row(merge, slot);
      return true;
    }
    uint32 row = merge->row++;
    MemoryContextReset(merge->row_context);
    const char* key = nullptr;
    if (checks_rows(merge) && !is_wanted_row(merge, row, &key)) continue;
    store_row(merge, slot, row);
    if (merge->mark != nullptr) give_handle(merge, slot, row, key);
    return true;
  }
  return false;
}

// ---------------------------------------------------------------- rows of the journal

// Rows of stream tables have no entry by key in the journal.
static bool is_wanted_stream_row(const KalamMerge* merge, const TupleTableSlot* slot) {
  int index = merge->columns->remote->key_attribute - 1;
  return !slot->tts_isnull[index] &&
         kalam_key_set_contains(merge->keys, kalam_key_text(merge->key_writer, slot->tts_values[index]));
}

// The rows that the transaction wrote itself, as far as the snapshot sees them. A row of a stream table is shown once
// per insert.
static bool store_journal_row(KalamMerge* merge, TupleTableSlot* slot) {
  KalamJournal* journal = merge->journal;
  if (journal == nullptr) return false;
  while (merge->journal_next < merge->journal_length) {
    int32 index = merge->journal_next++;
    const KalamJournalEntry* entry = &journal->entries[index];
    if (entry->change == KalamChange::remove || !kalam_journal_is_visible(journal, index, merge->curcid)) continue;
    bool has_key = entry->key >= 0;
    if (merge->keys != nullptr && has_key && !kalam_key_set_contains(merge->keys, journal->keys[entry->key].text))
      continue;

    MemoryContextReset(merge->row_context);
    clear_slot(slot);
    kalam_journal_values(journal, entry, merge->columns->remote, slot->tts_tupleDescriptor, slot->tts_values,
                         slot->tts_isnull);
    if (merge->keys != nullptr && !has_key && !is_wanted_stream_row(merge, slot)) continue;
    ExecStoreVirtualTuple(slot);
    if (merge->mark != nullptr) kalam_row_mark_note(merge->mark, journal->keys[entry->key].text, 0, false, slot);
    merge->counters->journal_rows++;
    return true;
  }
  return false;
}

// ---------------------------------------------------------------- both

bool kalam_merge_next(KalamMerge* merge, TupleTableSlot* slot) {
  if (merge->is_converted && merge->row < merge->window.rows) {
    store_converted_row(merge, slot);
    return true;
  }

  // What is built here lives until the next row. Names of columns go to the context of conversion errors.
  MemoryContext old = MemoryContextSwitchTo(merge->row_context);
  merge->reading = nullptr;
  merge->error_callback.callback = kalam_column_reader_context;
  merge->error_callback.arg = &merge->reading;
  merge->error_callback.previous = error_context_stack;
  error_context_stack = &merge->error_callback;
  bool stored = kalam_store_row_unseen(store_source_row, merge, slot);
  merge->reading = nullptr;
  stored = stored || store_journal_row(merge, slot);
  error_context_stack = merge->error_callback.previous;
  MemoryContextSwitchTo(old);
  return stored;
}
