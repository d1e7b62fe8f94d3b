#include "extension/scan/scan.h"

#include "extension/base/parallel.h"
#include "extension/base/report.h"
#include "extension/journal/hidden_values.h"
#include "extension/journal/version_mark.h"
#include "extension/scan/unseen_row.h"
#include "extension/transaction/transaction.h"

extern "C" {
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

// Rows of a window: enough to pay for decoding in batches, few enough to keep it in the processor's cache.
constexpr uint32 WINDOW_ROWS = 1024;

// A list of more keys than this is answered by one scan, unless the table is far larger.
constexpr int LOOKUPS_MAX = 1000;

[[noreturn]] static void report(KalamScanState* state, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = state->connection->server_name;
  context.remote_table = state->remote->remote_name;
  context.relation = state->remote->local_name;
  kalam_hide_values(&context, state->remote);
  kalam_relation_error(state->remote->relid, status);
  kalam_report(status, &context);
}

// ---------------------------------------------------------------- begin

static int add_column(KalamScanState* state, const char* name) {
  for (int i = 0; i < state->column_count; i++)
    if (strcmp(state->columns[i], name) == 0) return i;
  state->columns[state->column_count] = name;
  return state->column_count++;
}

static void add_attribute(KalamScanState* state, TupleDesc tupdesc, AttrNumber attnum) {
  const KalamRelation* remote = state->remote;
  Form_pg_attribute attribute = TupleDescAttr(tupdesc, attnum - 1);
  int column = remote->attribute_column[attnum - 1];
  switch (column) {
    case KALAM_ATTRIBUTE_DROPPED:
      return;
    case KALAM_ATTRIBUTE_USER_ID:
      state->user_id_attributes[state->user_id_count++] = attnum;
      return;
    case KALAM_ATTRIBUTE_MISSING:
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                      errmsg("column \"%s\" of foreign table \"%s\" does not exist in KalamDB table \"%s\"",
                             NameStr(attribute->attname), remote->local_name, remote->remote_name)));
    default:
      break;
  }
  if (attnum == remote->key_attribute) state->key_reader = state->reader_count;
  kalam_column_reader_init(&state->readers[state->reader_count], attribute, remote->local_name);
  state->reader_column[state->reader_count] = (uint32_t)add_column(state, remote->columns[column].name);
  state->reader_count++;
}

// Which columns are asked for. The key comes along whenever rows have to be told apart.
static void choose_columns(KalamScanState* state, TupleDesc tupdesc, List* attributes, bool needs_key) {
  int most = tupdesc->natts + 3;  // the key, and what completeness needs
  state->columns = (const char**)palloc(sizeof(char*) * most);
  state->readers = (KalamColumnReader*)palloc(sizeof(KalamColumnReader) * most);
  state->ready = (KalamReadyColumn*)palloc(sizeof(KalamReadyColumn) * most);
  state->reader_column = (uint32_t*)palloc(sizeof(uint32_t) * most);
  state->user_id_attributes = (AttrNumber*)palloc(sizeof(AttrNumber) * most);
  state->key_reader = -1;

  ListCell* cell;
  foreach (cell, attributes) add_attribute(state, tupdesc, (AttrNumber)lfirst_int(cell));
  if (needs_key && state->key_reader < 0) add_attribute(state, tupdesc, state->remote->key_attribute);
  // Behind what is read into attributes, so that a scan decodes it as well.
  int version = state->locking.changes ? state->remote->version_column : -1;
  state->version_index = version >= 0 ? add_column(state, state->remote->columns[version].name) : -1;
  state->reader_column[state->reader_count] = (uint32_t)state->version_index;

  // A scan of everything must tell whether it is complete.
  if (state->lookup != KalamLookup::key && kalam_can_judge(state->remote)) {
    KalamCompleteness* check = (KalamCompleteness*)palloc0(sizeof(KalamCompleteness));
    check->connection = state->connection;
    check->remote = state->remote;
    check->version_index = check->key_index = -1;
    if (state->remote->version_column >= 0)
      check->version_index = add_column(state, state->remote->columns[state->remote->version_column].name);
    if (kalam_judges_by_version(state->remote))
      check->key_index = add_column(state, state->remote->columns[state->remote->key_column].name);
    check->keeps_answer = state->keeps_answer;
    state->completeness = check;
  }
  if (state->column_count > 0) return;

  // No column at all would ask for every one of them; to count rows the cheapest will do (spec 4.4).
  int column = state->remote->key_column >= 0 ? state->remote->key_column : state->remote->version_column;
  if (column < 0) column = 0;
  add_column(state, state->remote->columns[column].name);
}

// What the scan may see of the journal was written before its snapshot: nothing that comes later matters to it, and
// nothing that it sees can be rolled back while it lives.
static void find_journal(KalamScanState* state) {
  state->journal = kalam_journal_find(state->remote->relid, state->subject);
  if (state->journal == nullptr) return;
  state->journal_length = state->journal->length;
  if (state->journal_length == 0) state->journal = nullptr;
}

void kalam_begin_foreign_scan(ForeignScanState* node, int eflags) {
  ForeignScan* plan = (ForeignScan*)node->ss.ps.plan;
  EState* estate = node->ss.ps.state;
  Relation relation = node->ss.ss_currentRelation;
  TupleDesc tupdesc = RelationGetDescr(relation);
  KalamScanState* state = (KalamScanState*)palloc0(sizeof(KalamScanState));

  node->fdw_state = state;
  KalamScanPlan scan = kalam_scan_plan(plan);
  state->lookup = scan.lookup;
  if (state->lookup != KalamLookup::none)
    state->lookup_value = ExecInitExpr((Expr*)linitial(plan->fdw_exprs), &node->ss.ps);

  Oid userid = kalam_scan_check_as_user(node);
  if (!OidIsValid(userid)) userid = GetUserId();
  bool explains_only = (eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0;
  if (!explains_only) {
    kalam_transaction_check_access();
    kalam_parallel_check_access();
  }
  state->remote = kalam_relation_get(relation, userid, KalamFreshness::cached);
  state->connection = kalam_connection_get(state->remote->serverid, userid);
  if (!explains_only || kalam_connection_subject(state->connection) != nullptr)
    state->subject = kalam_require_subject(state->remote, state->connection, false);
  state->curcid = estate->es_snapshot->curcid;
  // Whatever depends on parameters is run again for each of their values.
  state->keeps_answer = (eflags & EXEC_FLAG_REWIND) != 0 || !bms_is_empty(node->ss.ps.plan->extParam);
  state->locking.changes = kalam_is_result_relation(estate->es_plannedstmt, plan->scan.scanrelid);
  state->locking.is_late = scan.locks_late;
  state->locking.strength = scan.strength;
  state->locking.wait = scan.wait;
  find_journal(state);
  if (explains_only) return;

  kalam_journal_check_aliases(state->remote, state->subject);
  if (state->subject != nullptr) state->user_id_value = CStringGetTextDatum(state->subject);
  bool merges = state->journal != nullptr && state->remote->kind != kalam::TableKind::stream;
  bool needs_key = merges || state->lookup != KalamLookup::none;
  choose_columns(state, tupdesc, scan.attributes, needs_key);
  if (needs_key) state->key_writer = kalam_key_writer_create(state->remote, tupdesc);

  state->row_context = AllocSetContextCreate(estate->es_query_cxt, "KalamDB scan row", ALLOCSET_DEFAULT_SIZES);
  state->run_context = AllocSetContextCreate(estate->es_query_cxt, "KalamDB scan run", ALLOCSET_SMALL_SIZES);
  for (int i = 0; i < KALAM_LOOKUPS_IN_FLIGHT; i++) {
    if (i > 0 && state->lookup != KalamLookup::keys) break;
    state->holders[i] = kalam_call_holder_create(estate->es_query_cxt, state->connection);
  }
  // Also a row that a filter of a view or a policy leaves out is read here first.
  state->hides_values = state->locking.is_late || !kalam_may_show(state->remote->relid, InvalidAttrNumber);
  state->error_callback.callback = kalam_column_reader_context;
  state->error_callback.arg = &state->reading;
}

// ---------------------------------------------------------------- keys of this run

static char* integer_key(Oid type, Datum value) {
  switch (type) {
    case INT2OID:
      return psprintf("%d", DatumGetInt16(value));
    case INT4OID:
      return psprintf("%d", DatumGetInt32(value));
    default:
      return psprintf(INT64_FORMAT, DatumGetInt64(value));
  }
}

// Text of a key that is looked for: an integer of any width, or text.
static char* lookup_key(Oid type, Datum value) {
  if (type == INT2OID || type == INT4OID || type == INT8OID) return integer_key(type, value);
  char* key = TextDatumGetCString(value);
  return pg_server_to_any(key, (int)strlen(key), PG_UTF8);
}

static int compare_keys(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static void collect_keys(KalamScanState* state, Oid type, Datum value) {
  if (state->lookup == KalamLookup::key) {
    state->keys = (char**)palloc(sizeof(char*));
    state->keys[state->key_count++] = lookup_key(getBaseType(type), value);
    return;
  }

  ArrayType* array = DatumGetArrayTypeP(value);
  Datum* elements;
  bool* nulls;
  int count;
  int16 length;
  bool by_value;
  char alignment;
  get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
  deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &elements, &nulls, &count);
  state->keys = (char**)palloc(sizeof(char*) * Max(count, 1));
  for (int i = 0; i < count; i++)
    if (!nulls[i]) state->keys[state->key_count++] = lookup_key(getBaseType(ARR_ELEMTYPE(array)), elements[i]);
  if (state->key_count < 2) return;

  // A key that is named twice has its row once.
  qsort(state->keys, (size_t)state->key_count, sizeof(char*), compare_keys);
  int kept = 1;
  for (int i = 1; i < state->key_count; i++)
    if (strcmp(state->keys[i], state->keys[kept - 1]) != 0) state->keys[kept++] = state->keys[i];
  state->key_count = kept;
}

static bool is_wanted_key(KalamScanState* state, const char* key) {
  return bsearch(&key, state->keys, (size_t)state->key_count, sizeof(char*), compare_keys) != nullptr;
}

// ---------------------------------------------------------------- calls

// Starts a scan of everything (`key` NULL) or a lookup.
static void start_call(KalamScanState* state, KalamCallHolder* holder, const char* key) {
  kalam::ScanRequest request = {};
  kalam::ScanFilter filter;
  kalam::CallOptions options = {};
  kalam::Status status;

  request.table = kalam_table_ref(state->remote, state->subject);
  request.columns = state->columns;
  request.column_count = (size_t)state->column_count;
  if (key == nullptr && state->completeness != nullptr) {
    MemoryContext old = MemoryContextSwitchTo(state->run_context);
    kalam_completeness_mark(state->completeness);
    MemoryContextSwitchTo(old);
  }
  if (key != nullptr) {
    filter.column = state->remote->columns[state->remote->key_column].name;
    filter.value = key;
    request.filters = &filter;
    request.filter_count = 1;
    state->lookups++;
  } else {
    state->scans++;
  }
  holder->call = kalam::call_scan(state->connection->handle, &request, &options, &status);
  if (holder->call == nullptr) report(state, &status);
}

// Keys whose row the journal has are answered by it; the others are looked up, many in flight.
static void start_lookups(KalamScanState* state) {
  while (state->started < state->key_count && state->started - state->finished < KALAM_LOOKUPS_IN_FLIGHT) {
    const char* key = state->keys[state->started];
    KalamCallHolder* holder = state->holders[state->started % KALAM_LOOKUPS_IN_FLIGHT];
    if (state->journal == nullptr || kalam_journal_visible(state->journal, key, state->curcid) == nullptr)
      start_call(state, holder, key);
    state->started++;
  }
}

static void clear_calls(KalamScanState* state) {
  for (int i = 0; i < KALAM_LOOKUPS_IN_FLIGHT; i++)
    if (state->holders[i] != nullptr) kalam_call_holder_clear(state->holders[i]);
  state->answer_kept = false;
}

// A scan of everything, or the answer that an earlier run of this node got: all runs of one statement are to see the
// same rows, and a correlated subquery is not to fetch the table for each row of the outer query.
static void start_scan(KalamScanState* state) {
  state->scans_all = true;
  if (!state->answer_kept) start_call(state, state->holders[0], nullptr);
}

static void start_run(ForeignScanState* node, KalamScanState* state) {
  state->running = true;
  state->scans_all = false;
  state->key_count = state->started = state->finished = 0;
  state->journal_next = 0;
  state->rows_read = 0;
  if (state->completeness != nullptr) {
    state->completeness->attempts = 0;
    state->completeness->is_flushing = false;
  }
  if (state->lookup == KalamLookup::none) {
    start_scan(state);
    return;
  }

  ExprContext* econtext = node->ss.ps.ps_ExprContext;
  bool is_null;
  MemoryContext old = MemoryContextSwitchTo(state->run_context);
  Datum value = ExecEvalExpr(state->lookup_value, econtext, &is_null);
  Oid type = exprType((Node*)linitial(((ForeignScan*)node->ss.ps.plan)->fdw_exprs));
  if (!is_null) collect_keys(state, type, value);
  MemoryContextSwitchTo(old);
  state->key_count = kalam_lock_keys(state->remote, state->subject, &state->locking, state->keys, state->key_count);

  if (state->key_count > LOOKUPS_MAX && state->remote->row_count < 100.0 * state->key_count) {
    start_scan(state);
  } else {
    clear_calls(state);
    start_lookups(state);
  }
}

static void bind_readers(KalamScanState* state, const kalam::Window* schema) {
  if ((int)schema->column_count < state->column_count)
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("KalamDB server \"%s\" sent %u columns instead of %d", state->connection->server_name,
                           schema->column_count, state->column_count)));
  for (int i = 0; i < state->reader_count; i++)
    kalam_column_reader_bind(&state->readers[i], &schema->columns[state->reader_column[i]]);
  state->bound = true;
}

static void wait_for_answer(KalamScanState* state, kalam::Call* call) {
  kalam::Status status;
  kalam::CallStatistics statistics;
  kalam_wait_for_call(call);
  kalam::call_status(call, &status);
  kalam::call_statistics(call, &statistics);
  state->calls += statistics.rpcs;
  state->response_bytes += statistics.response_bytes;
  if (status.error != kalam::ErrorClass::none) report(state, &status);
}

// The answer of a scan is judged as a whole, and the scan repeated until it is complete.
static void take_complete_answer(KalamScanState* state, KalamCallHolder* holder) {
  wait_for_answer(state, holder->call);
  if (state->completeness != nullptr) {
    MemoryContext old = MemoryContextSwitchTo(state->run_context);
    while (!kalam_completeness_judge(state->completeness, holder->call)) {
      kalam_call_holder_clear(holder);
      kalam_completeness_mend(state->completeness);
      start_call(state, holder, nullptr);
      wait_for_answer(state, holder->call);
    }
    MemoryContextSwitchTo(old);
  } else if (state->keeps_answer) {
    kalam::call_result_keep(holder->call);
  }
  state->answer_kept = state->keeps_answer;
}

// Waits for the answer of a call and makes it the one that rows are read from.
static void take_answer(KalamScanState* state, KalamCallHolder* holder) {
  kalam::Status status;
  kalam::Window schema;

  if (!state->scans_all)
    wait_for_answer(state, holder->call);
  else if (!state->answer_kept)
    take_complete_answer(state, holder);
  else if (!kalam::call_result_rewind(holder->call, true, &status))
    report(state, &status);

  // What only told whether the answer is complete is not decoded again.
  if (state->scans_all)
    kalam::call_result_select(holder->call, state->reader_column,
                              (size_t)state->reader_count + (state->version_index >= 0 ? 1 : 0));
  // Every answer is bound anew: its schema may be another one, after a change of the remote table.
  state->bound = false;
  if (kalam::call_result_schema(holder->call, &schema, &status))
    bind_readers(state, &schema);
  else if (status.error != kalam::ErrorClass::none)
    report(state, &status);
  state->call = holder->call;
  state->window.rows = 0;
  state->row = 0;
}

// The next answer that is due, in the order the calls were started. False: none is left.
static bool next_answer(KalamScanState* state) {
  if (state->scans_all) {
    if (state->finished > 0) return false;
    state->finished = 1;
    take_answer(state, state->holders[0]);
    return true;
  }
  for (;;) {
    start_lookups(state);
    if (state->finished == state->started) return false;
    KalamCallHolder* holder = state->holders[state->finished % KALAM_LOOKUPS_IN_FLIGHT];
    if (holder->call != nullptr) {
      take_answer(state, holder);
      return true;
    }
    state->finished++;
  }
}

static void end_answer(KalamScanState* state) {
  state->call = nullptr;
  if (state->scans_all) {
    // The server counts shared tables itself. How many rows a user has is no matter of other users, who would see it in
    // the estimates of this session, and in its cached plans.
    if (state->remote->kind == kalam::TableKind::system)
      kalam_relation_note_rows(state->remote->relid, (double)state->rows_read);
    if (!state->answer_kept) kalam_call_holder_clear(state->holders[0]);
  } else {
    kalam_call_holder_clear(state->holders[state->finished % KALAM_LOOKUPS_IN_FLIGHT]);
    state->finished++;
  }
}

// ---------------------------------------------------------------- rows

// Whether each row of the server has to be looked at before it is passed on.
static bool checks_rows(const KalamScanState* state) {
  return state->key_writer != nullptr && state->key_reader >= 0;
}

static void convert_window(KalamScanState* state) {
  state->converted = !checks_rows(state);
  for (int i = 0; i < state->reader_count; i++) {
    KalamColumnReader* reader = &state->readers[i];
    kalam_column_reader_window(reader, &state->window.columns[state->reader_column[i]]);
    state->ready[i] = {reader->datums, reader->view->nulls, reader->attnum - 1};
    state->converted = state->converted && reader->datums != nullptr;
  }
}

// Steps to the next row of the server. False: no more rows.
static bool next_remote_row(KalamScanState* state) {
  for (;;) {
    if (state->call == nullptr && !next_answer(state)) return false;
    if (state->row < state->window.rows) return true;

    CHECK_FOR_INTERRUPTS();
    state->reading = nullptr;
    kalam::Status status;
    if (!kalam::call_result_next(state->call, WINDOW_ROWS, &state->window, &status)) {
      if (status.error != kalam::ErrorClass::none) report(state, &status);
      end_answer(state);
      continue;
    }
    if (state->window.rows > 0 && !state->bound) bind_readers(state, &state->window);
    convert_window(state);
    state->row = 0;
    state->rows_read += state->window.rows;
  }
}

// Whether the row belongs to the result: not replaced by the journal, and with the key that was asked for.
static bool is_wanted_row(KalamScanState* state, uint32 row) {
  Datum key;
  state->reading = &state->readers[state->key_reader];
  if (!kalam_column_reader_read(state->reading, row, &key)) return state->lookup == KalamLookup::none;
  char* text = kalam_row_writer_key(state->key_writer, key);
  if (state->journal != nullptr && kalam_journal_visible(state->journal, text, state->curcid) != nullptr) return false;
  return state->lookup == KalamLookup::none || is_wanted_key(state, text);
}

static void clear_slot(TupleTableSlot* slot) {
  ExecClearTuple(slot);
  memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
}

static void store_user_id(const KalamScanState* state, TupleTableSlot* slot) {
  for (int i = 0; i < state->user_id_count; i++) {
    int index = state->user_id_attributes[i] - 1;
    slot->tts_values[index] = state->user_id_value;
    slot->tts_isnull[index] = false;
  }
}

static void store_version_mark(const KalamScanState* state, TupleTableSlot* slot, uint32 row) {
  if (state->version_index < 0) return;
  const kalam::ColumnView* view = &state->window.columns[state->version_index];
  if (view->kind == kalam::ColumnKind::int64)
    kalam_version_mark_store(kalam_version_mark(((const int64_t*)view->values)[row]), &slot->tts_tid);
}

// Nothing here can fail, and nothing is allocated.
static void store_converted_row(KalamScanState* state, TupleTableSlot* slot) {
  uint32 row = state->row++;
  clear_slot(slot);
  for (int i = 0; i < state->reader_count; i++) {
    const KalamReadyColumn* column = &state->ready[i];
    slot->tts_values[column->index] = column->datums[row];
    slot->tts_isnull[column->index] = column->nulls != nullptr && column->nulls[row] != 0;
  }
  store_user_id(state, slot);
  store_version_mark(state, slot, row);
  ExecStoreVirtualTuple(slot);
}

static bool store_remote_row(KalamScanState* state, TupleTableSlot* slot) {
  while (next_remote_row(state)) {
    if (state->converted) {
      store_converted_row(state, slot);
      return true;
    }
    uint32 row = state->row++;
    MemoryContextReset(state->row_context);
    if (checks_rows(state) && !is_wanted_row(state, row)) continue;

    clear_slot(slot);
    for (int i = 0; i < state->reader_count; i++) {
      KalamColumnReader* reader = &state->readers[i];
      int index = reader->attnum - 1;
      state->reading = reader;
      slot->tts_isnull[index] = !kalam_column_reader_read(reader, row, &slot->tts_values[index]);
    }
    store_user_id(state, slot);
    store_version_mark(state, slot, row);
    ExecStoreVirtualTuple(slot);
    return true;
  }
  return false;
}

// Rows of stream tables have no entry by key in the journal.
static bool is_wanted_stream_row(KalamScanState* state, TupleTableSlot* slot) {
  int index = state->remote->key_attribute - 1;
  return !slot->tts_isnull[index] &&
         is_wanted_key(state, kalam_row_writer_key(state->key_writer, slot->tts_values[index]));
}

// The rows that the transaction wrote itself, as far as the snapshot sees them. A row of a stream table is shown once
// per insert.
static bool store_journal_row(KalamScanState* state, TupleTableSlot* slot) {
  KalamJournal* journal = state->journal;
  if (journal == nullptr) return false;
  while (state->journal_next < state->journal_length) {
    int32 index = state->journal_next++;
    const KalamJournalEntry* entry = &journal->entries[index];
    if (entry->change == KalamChange::remove || !kalam_journal_is_visible(journal, index, state->curcid)) continue;
    bool has_key = entry->key >= 0;
    if (state->lookup != KalamLookup::none && has_key && !is_wanted_key(state, journal->keys[entry->key].text))
      continue;

    MemoryContextReset(state->row_context);
    clear_slot(slot);
    kalam_journal_deform(kalam_journal_tuple(journal, entry), slot->tts_tupleDescriptor, slot->tts_values,
                         slot->tts_isnull);
    if (state->lookup != KalamLookup::none && !has_key && !is_wanted_stream_row(state, slot)) continue;
    ExecStoreVirtualTuple(slot);
    state->journal_rows++;
    return true;
  }
  return false;
}

TupleTableSlot* kalam_iterate_foreign_scan(ForeignScanState* node) {
  KalamScanState* state = (KalamScanState*)node->fdw_state;
  TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
  if (!state->running) start_run(node, state);

  if (state->converted && state->row < state->window.rows) {
    store_converted_row(state, slot);
    return slot;
  }

  // What is built here lives until the next row. Names of columns go to the context of conversion errors.
  MemoryContext old = MemoryContextSwitchTo(state->row_context);
  state->reading = nullptr;
  state->error_callback.previous = error_context_stack;
  error_context_stack = &state->error_callback;
  bool stored =
      state->hides_values ? kalam_store_row_unseen(store_remote_row, state, slot) : store_remote_row(state, slot);
  state->reading = nullptr;
  stored = stored || store_journal_row(state, slot);
  error_context_stack = state->error_callback.previous;
  MemoryContextSwitchTo(old);
  return stored ? slot : ExecClearTuple(slot);
}

void kalam_rescan_foreign_scan(ForeignScanState* node) {
  KalamScanState* state = (KalamScanState*)node->fdw_state;
  if (!state->running) return;
  if (!state->answer_kept) clear_calls(state);
  // One repetition is seldom the last one.
  state->keeps_answer = true;
  if (state->completeness != nullptr) state->completeness->keeps_answer = true;
  state->call = nullptr;
  state->window.rows = 0;
  state->keys = nullptr;
  state->running = false;
  MemoryContextReset(state->run_context);
}

void kalam_end_foreign_scan(ForeignScanState* node) {
  KalamScanState* state = (KalamScanState*)node->fdw_state;
  if (state != nullptr) clear_calls(state);
}

// A copy of a row, to be joined again with one that others have changed. It has lost where it is from.
bool kalam_recheck_foreign_scan(ForeignScanState* node, TupleTableSlot* slot) {
  slot->tts_tableOid = RelationGetRelid(node->ss.ss_currentRelation);
  return true;
}
