#include "extension/journal/stored_rows.h"

#include "extension/base/report.h"
#include "extension/journal/hidden_values.h"
#include "extension/journal/version_mark.h"
#include "extension/types/datum_from_arrow.h"
#include "extension/types/key.h"

struct KalamStoredRows {
  TupleDesc tupdesc;
  const KalamRelation* remote;
  KalamConnection* connection;  // counted: by `keeper`, since the wait for a lock may serve an invalidation
  KalamCallHolder* keeper;
  const char* subject;
  KalamColumnWriter* key_writer;
  KalamKeysInFlight* ahead;
  KalamKeysInFlight* single;

  // What is asked for: the attributes in the order of their readers, and the version.
  const char** columns;  // remote names, each once
  int column_count;
  int reader_count;
  KalamColumnReader* readers;
  int* reader_column;  // index into columns
  int key_reader;
  int version_column;          // index into columns; -1: the table has none
  Bitmapset* wanted;           // attributes
  bool hides_values;           // no error may show one
  KalamColumnReader* reading;  // for the error context
};

// Rows that one lookup may answer with, of which one has the key.
constexpr uint32 WINDOW_ROWS = 16;

static void report(void* argument, int64, const kalam::Status* status) {
  const KalamStoredRows* lookup = (const KalamStoredRows*)argument;
  KalamErrorContext context = {};
  context.server = lookup->connection->server_name;
  context.remote_table = lookup->remote->remote_name;
  context.relation = lookup->remote->local_name;
  kalam_hide_values(&context, lookup->remote);
  kalam_relation_invalidate_on_error(lookup->remote->relid, status);
  kalam_report(status, &context);
}

// ---------------------------------------------------------------- what is asked for

static int add_column(KalamStoredRows* lookup, const char* name) {
  for (int i = 0; i < lookup->column_count; i++)
    if (strcmp(lookup->columns[i], name) == 0) return i;
  lookup->columns[lookup->column_count] = name;
  return lookup->column_count++;
}

static void add_attribute(KalamStoredRows* lookup, AttrNumber attnum) {
  int column = lookup->remote->attribute_column[attnum - 1];
  if (column < 0) return;
  if (attnum == lookup->remote->key_attribute) lookup->key_reader = lookup->reader_count;
  kalam_column_reader_init(&lookup->readers[lookup->reader_count], TupleDescAttr(lookup->tupdesc, attnum - 1),
                           lookup->remote->local_name);
  lookup->readers[lookup->reader_count].is_canonical =
      attnum == lookup->remote->key_attribute && lookup->remote->key_is_canonical;
  lookup->reader_column[lookup->reader_count] = add_column(lookup, lookup->remote->columns[column].name);
  lookup->reader_count++;
}

static void choose_columns(KalamStoredRows* lookup) {
  const KalamRelation* remote = lookup->remote;
  int most = lookup->tupdesc->natts + 2;
  lookup->columns = (const char**)palloc(sizeof(char*) * most);
  lookup->readers = (KalamColumnReader*)palloc(sizeof(KalamColumnReader) * most);
  lookup->reader_column = (int*)palloc(sizeof(int) * most);
  for (int attnum = 1; attnum <= lookup->tupdesc->natts; attnum++)
    if (bms_is_member(attnum, lookup->wanted)) add_attribute(lookup, (AttrNumber)attnum);
  lookup->version_column =
      remote->version_column >= 0 ? add_column(lookup, remote->columns[remote->version_column].name) : -1;
}

static KalamStoredRows* create(TupleDesc tupdesc, const KalamRelation* remote, KalamConnection* connection,
                               const char* subject, Bitmapset* wanted) {
  KalamStoredRows* lookup = (KalamStoredRows*)palloc0(sizeof(KalamStoredRows));
  lookup->tupdesc = tupdesc;
  lookup->remote = remote;
  lookup->connection = connection;
  lookup->keeper = kalam_call_holder_create(CurrentMemoryContext, connection);
  lookup->subject = subject;
  lookup->wanted = bms_add_member(wanted, remote->key_attribute);
  lookup->key_writer = kalam_key_writer_of_attribute(remote, lookup->tupdesc);
  choose_columns(lookup);
  lookup->ahead =
      kalam_keys_in_flight_create(connection, remote, subject, lookup->columns, lookup->column_count, report, lookup);
  lookup->single =
      kalam_keys_in_flight_create(connection, remote, subject, lookup->columns, lookup->column_count, report, lookup);
  lookup->hides_values = !kalam_may_show(remote->relid, InvalidAttrNumber);
  return lookup;
}

KalamStoredRows* kalam_stored_rows_create(TupleDesc tupdesc, const KalamRelation* remote, KalamConnection* connection,
                                          const char* subject, bool whole) {
  Bitmapset* wanted = whole && tupdesc->natts > 0 ? bms_add_range(nullptr, 1, tupdesc->natts) : nullptr;
  return create(tupdesc, remote, connection, subject, wanted);
}

KalamStoredRows* kalam_stored_rows_create_hidden(TupleDesc tupdesc, const KalamRelation* remote,
                                                 KalamConnection* connection, const char* subject,
                                                 const List* attributes) {
  Bitmapset* wanted = nullptr;
  ListCell* cell;
  foreach (cell, attributes) wanted = bms_add_member(wanted, lfirst_int(cell));
  KalamStoredRows* lookup = create(tupdesc, remote, connection, subject, wanted);
  lookup->hides_values = true;
  return lookup;
}

const KalamRelation* kalam_stored_rows_relation(const KalamStoredRows* lookup) {
  return lookup->remote;
}

char* kalam_stored_rows_key(KalamStoredRows* lookup, Datum key) {
  return kalam_key_text(lookup->key_writer, key);
}

// ---------------------------------------------------------------- answers

static void bind_window(KalamStoredRows* lookup, const kalam::Window* window) {
  if ((int)window->column_count < lookup->column_count) {
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("KalamDB server \"%s\" sent %u columns instead of %d", lookup->connection->server_name,
                           window->column_count, lookup->column_count)));
  }
  for (int i = 0; i < lookup->reader_count; i++) {
    kalam_column_reader_bind(&lookup->readers[i], &window->columns[lookup->reader_column[i]]);
    kalam_column_reader_window(&lookup->readers[i], &window->columns[lookup->reader_column[i]]);
  }
}

static bool read_attribute(KalamStoredRows* lookup, int reader, uint32 row, Datum* value) {
  lookup->reading = &lookup->readers[reader];
  bool is_value = kalam_column_reader_read(lookup->reading, row, value);
  lookup->reading = nullptr;
  return is_value;
}

static uint64 version_mark(const KalamStoredRows* lookup, const kalam::Window* window, uint32 row) {
  if (lookup->version_column < 0) return 0;
  const kalam::ColumnView* view = &window->columns[lookup->version_column];
  if (view->kind != kalam::ColumnKind::int64) {
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("KalamDB server \"%s\" sent no version of a row", lookup->connection->server_name)));
  }
  return kalam_version_mark(((const int64_t*)view->values)[row]);
}

// Attributes that no column of KalamDB stands for: _userid, and dropped ones.
static void read_row(KalamStoredRows* lookup, const kalam::Window* window, uint32 number, KalamStoredRow* row) {
  int natts = lookup->tupdesc->natts;
  row->mark = version_mark(lookup, window, number);
  row->values = (Datum*)palloc0(sizeof(Datum) * Max(natts, 1));
  row->nulls = (bool*)palloc(sizeof(bool) * Max(natts, 1));
  memset(row->nulls, true, sizeof(bool) * natts);
  for (int i = 0; i < lookup->reader_count; i++) {
    int index = lookup->readers[i].attnum - 1;
    row->nulls[index] = !read_attribute(lookup, i, number, &row->values[index]);
  }
  for (int i = 0; i < natts; i++) {
    if (lookup->remote->attribute_column[i] != KALAM_ATTRIBUTE_USER_ID || lookup->subject == nullptr) continue;
    row->values[i] = CStringGetTextDatum(lookup->subject);
    row->nulls[i] = false;
  }
}

// The row of the key in an answer. What else a server sends is passed over.
static bool find_row(KalamStoredRows* lookup, kalam::Call* call, const char* key, KalamStoredRow* row) {
  kalam::Window window;
  kalam::Status status;
  while (kalam::call_result_next(call, WINDOW_ROWS, &window, &status)) {
    if (window.rows == 0) continue;
    bind_window(lookup, &window);
    for (uint32 i = 0; i < window.rows; i++) {
      Datum found;
      if (!read_attribute(lookup, lookup->key_reader, i, &found)) continue;
      if (strcmp(kalam_key_text(lookup->key_writer, found), key) != 0) continue;
      if (row != nullptr) read_row(lookup, &window, i, row);
      return true;
    }
  }
  if (status.error != kalam::ErrorClass::none) report(lookup, 0, &status);
  return false;
}

// An error about a value that cannot be converted quotes it in the server's log alone.
static bool find_row_unseen(KalamStoredRows* lookup, kalam::Call* call, const char* key, KalamStoredRow* row) {
  MemoryContext context = CurrentMemoryContext;
  volatile bool found = false;
  PG_TRY();
  {
    found = find_row(lookup, call, key, row);
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    const ErrorData* error = CopyErrorData();
    if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION) PG_RE_THROW();
    FlushErrorState();
    ereport(ERROR, (errcode(error->sqlerrcode),
                    errmsg("could not convert a value of KalamDB table \"%s\"", lookup->remote->remote_name),
                    errdetail_log("%s", error->message)));
  }
  PG_END_TRY();
  return found;
}

static bool take_answer(KalamStoredRows* lookup, KalamKeysInFlight* keys, const char* key, KalamStoredRow* row) {
  KalamKeyAnswer answer;
  if (kalam_keys_in_flight_next(keys, KalamKeyOrder::started, 0, &answer) != KalamKeyResult::answer) return false;

  ErrorContextCallback callback;
  lookup->reading = nullptr;
  callback.callback = kalam_column_reader_context;
  callback.arg = &lookup->reading;
  callback.previous = error_context_stack;
  error_context_stack = &callback;
  bool found =
      lookup->hides_values ? find_row_unseen(lookup, answer.call, key, row) : find_row(lookup, answer.call, key, row);
  error_context_stack = callback.previous;
  return found;
}

bool kalam_stored_rows_has_room(const KalamStoredRows* lookup) {
  return kalam_keys_in_flight_has_room(lookup->ahead);
}

void kalam_stored_rows_start(KalamStoredRows* lookup, const char* key) {
  kalam_keys_in_flight_start(lookup->ahead, key, 0);
}

bool kalam_stored_rows_next(KalamStoredRows* lookup, const char* key, KalamStoredRow* row) {
  return take_answer(lookup, lookup->ahead, key, row);
}

bool kalam_stored_rows_look_up(KalamStoredRows* lookup, const char* key, KalamStoredRow* row) {
  kalam_keys_in_flight_start(lookup->single, key, 0);
  return take_answer(lookup, lookup->single, key, row);
}

void kalam_stored_rows_clear(KalamStoredRows* lookup) {
  kalam_keys_in_flight_clear(lookup->ahead);
  kalam_keys_in_flight_clear(lookup->single);
}

uint64 kalam_stored_rows_count(const KalamStoredRows* lookup) {
  return kalam_keys_in_flight_counters(lookup->ahead)->lookups + kalam_keys_in_flight_counters(lookup->single)->lookups;
}
