#include "extension/modify/stored_rest.h"

#include "extension/base/report.h"
#include "extension/journal/version_mark.h"
#include "extension/remote/answer_text.h"
#include "extension/remote/wait.h"
#include "extension/transaction/outcome.h"

using kalam::ColumnKind;
using kalam::ColumnView;
using kalam::RemoteKind;
using kalam::Value;
using kalam::ValueKind;

[[noreturn]] static void report(const KalamJournal* journal, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = journal->connection->server_name;
  context.remote_table = journal->relation->remote_name;
  context.relation = journal->relation->local_name;
  kalam_relation_invalidate_on_error(journal->relid, status);
  kalam_report(status, &context);
}

[[noreturn]] static void refuse(const KalamJournal* journal, const KalamRemoteColumn* column) {
  ereport(
      ERROR,
      (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
       errmsg("cannot change the key of a row of foreign table \"%s\"", journal->relation->local_name),
       errdetail("The row is inserted again under its new key, and the value of column \"%s\" of type %s of KalamDB "
                 "table \"%s\", which the foreign table does not have, cannot be taken along.",
                 column->name, column->type_name, journal->relation->remote_name),
       errhint("Insert a row with the new key, and delete the old one.")));
}

static int64 micros_of(int64 value, kalam::TimeUnit unit) {
  switch (unit) {
    case kalam::TimeUnit::second:
      return value * USECS_PER_SEC;
    case kalam::TimeUnit::millisecond:
      return value * 1000;
    case kalam::TimeUnit::microsecond:
      return value;
    case kalam::TimeUnit::nanosecond:
      return value / 1000 - (value % 1000 < 0 ? 1 : 0);
  }
  return value;
}

static bool set_text(const ColumnView* view, Value* value) {
  StringInfoData text;
  initStringInfo(&text);
  kalam_append_value(&text, view, 0, KalamTextStyle::plain);
  value->kind = ValueKind::bytes;
  value->bytes.data = text.data;
  value->bytes.size = (size_t)text.len;
  return true;
}

static bool set_slice(const ColumnView* view, Value* value) {
  const kalam::Slice* slice = (const kalam::Slice*)view->values;
  value->kind = ValueKind::bytes;
  value->bytes.data = slice->data;
  value->bytes.size = slice->size;
  return true;
}

static bool set_integer(int64 number, Value* value) {
  value->kind = ValueKind::integer;
  value->i = number;
  return true;
}

static bool set_vector(const ColumnView* view, uint32 dimension, Value* value) {
  if (view->child == nullptr || view->child->kind != ColumnKind::float32 || view->list_size != dimension) return false;
  for (uint32 i = 0; view->child->nulls != nullptr && i < dimension; i++)
    if (view->child->nulls[i] != 0) return false;
  value->kind = ValueKind::vector;
  value->bytes.data = view->child->values;
  value->bytes.size = dimension;
  return true;
}

// The first value of a column as what is written into a column of that type. False: it does not fit there.
static bool value_of(const ColumnView* view, const kalam::RemoteType* type, Value* value) {
  value->kind = ValueKind::null_value;
  if (kalam_value_is_null(view, 0)) return true;
  switch (view->kind) {
    case ColumnKind::boolean:
      value->kind = ValueKind::boolean;
      value->b = ((const uint8_t*)view->values)[0] != 0;
      return type->kind == RemoteKind::boolean;
    case ColumnKind::int16:
      return set_integer(((const int16_t*)view->values)[0], value) && type->kind == RemoteKind::smallint;
    case ColumnKind::int32:
      return set_integer(((const int32_t*)view->values)[0], value) && type->kind == RemoteKind::integer;
    case ColumnKind::int64:
      return set_integer(((const int64_t*)view->values)[0], value) && type->kind == RemoteKind::bigint;
    case ColumnKind::float32:
      value->kind = ValueKind::real;
      value->f = ((const float*)view->values)[0];
      return type->kind == RemoteKind::real;
    case ColumnKind::float64:
      value->kind = ValueKind::double_precision;
      value->d = ((const double*)view->values)[0];
      return type->kind == RemoteKind::double_precision;
    case ColumnKind::decimal:
      return set_text(view, value) && type->kind == RemoteKind::decimal;
    case ColumnKind::date_days:
      return set_integer(((const int32_t*)view->values)[0], value) && type->kind == RemoteKind::date;
    case ColumnKind::time_of_day:
      return set_integer(micros_of(((const int64_t*)view->values)[0], view->unit), value) &&
             type->kind == RemoteKind::time;
    case ColumnKind::timestamp:
      return set_integer(micros_of(((const int64_t*)view->values)[0], view->unit), value) &&
             (type->kind == RemoteKind::timestamp || type->kind == RemoteKind::datetime);
    case ColumnKind::utf8:
      return set_slice(view, value) &&
             (type->kind == RemoteKind::text || type->kind == RemoteKind::json || type->kind == RemoteKind::file);
    case ColumnKind::binary:
      return set_slice(view, value) && type->kind == RemoteKind::bytes;
    case ColumnKind::fixed_binary:
      value->kind = ValueKind::bytes;
      value->bytes.data = view->values;
      value->bytes.size = view->byte_width;
      return type->kind == RemoteKind::uuid;
    case ColumnKind::fixed_list:
      return type->kind == RemoteKind::embedding && set_vector(view, type->dimension, value);
    default:
      return false;
  }
}

// Asks for `columns`, and the version behind them.
static KalamCallHolder* look_up(KalamJournal* journal, const char* key, const char** columns, int count) {
  const KalamRelation* relation = journal->relation;
  kalam::ScanFilter filter = {relation->columns[relation->key_column].name, key};
  kalam::ScanRequest request = {};
  kalam::CallOptions options = {};
  kalam::Status status;
  request.table = kalam_table_ref(relation, journal->subject);
  request.columns = columns;
  request.column_count = (size_t)count;
  request.filters = &filter;
  request.filter_count = 1;
  KalamCallHolder* holder = kalam_call_holder_create(CurrentMemoryContext, journal->connection);
  kalam_call_holder_set_table(holder, journal->relid, journal->relation->remote_name);
  holder->call = kalam::call_scan(journal->connection->handle, &request, &options, &status);
  if (holder->call == nullptr) report(journal, &status);
  kalam_wait_for_call(holder->call);
  kalam::call_status(holder->call, &status);
  if (status.error != kalam::ErrorClass::none) report(journal, &status);
  return holder;
}

KalamMembers kalam_stored_rest(KalamJournal* journal, const char* key, uint64 mark) {
  const KalamRelation* relation = journal->relation;
  KalamRowWriter* writer = journal->writer;
  const char** columns = (const char**)palloc(sizeof(char*) * ((Size)writer->column_count + 1));
  int count = kalam_row_writer_undeclared(writer);
  if (count == 0) return {};
  int asked = 0;
  for (int i = 0; i < writer->column_count; i++)
    if (writer->present[i]) columns[asked++] = writer->columns[i].column->name;
  bool has_version = relation->version_column >= 0;
  if (has_version) columns[asked++] = relation->columns[relation->version_column].name;

  KalamCallHolder* holder = look_up(journal, key, columns, asked);
  kalam::Window window;
  kalam::Status status;
  if (!kalam::call_result_next(holder->call, 1, &window, &status)) {
    if (status.error == kalam::ErrorClass::none) kalam_report_row_gone(journal, key);
    report(journal, &status);
  }
  if ((int)window.column_count < asked) {
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("KalamDB server \"%s\" sent %u columns instead of %d", journal->connection->server_name,
                           window.column_count, asked)));
  }
  const ColumnView* version = &window.columns[count];
  if (mark != 0 && has_version && version->kind == ColumnKind::int64 &&
      kalam_version_mark(((const int64_t*)version->values)[0]) != mark)
    kalam_report_row_changed(journal, key);

  int next = 0;
  for (int i = 0; i < writer->column_count; i++) {
    if (!writer->present[i]) continue;
    const KalamRemoteColumn* column = writer->columns[i].column;
    if (!value_of(&window.columns[next++], &column->type, &writer->values[i])) refuse(journal, column);
  }
  KalamMembers members = kalam_row_writer_present(writer);
  kalam_call_holder_clear(holder);
  return members;
}
