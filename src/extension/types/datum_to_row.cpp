#include "extension/types/datum_to_row.h"

#include "extension/base/report.h"
#include "extension/types/evaluated_default.h"
#include "extension/types/text_forms.h"

extern "C" {
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/uuid.h"
}

using kalam::RemoteKind;
using kalam::Value;
using kalam::ValueKind;

constexpr int EPOCH_DAYS = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
constexpr int64 EPOCH_MICROS = (int64)EPOCH_DAYS * USECS_PER_DAY;

// ---------------------------------------------------------------- numbers

static void write_boolean(KalamColumnWriter*, Datum datum, Value* value) {
  value->kind = ValueKind::boolean;
  value->b = DatumGetBool(datum);
}

static void write_integer(KalamColumnWriter* writer, Datum datum, Value* value) {
  value->kind = ValueKind::integer;
  switch (writer->type) {
    case INT2OID:
      value->i = DatumGetInt16(datum);
      break;
    case INT4OID:
      value->i = DatumGetInt32(datum);
      break;
    case OIDOID:
      value->i = DatumGetObjectId(datum);
      break;
    default:
      value->i = DatumGetInt64(datum);
      break;
  }
}

static void write_real(KalamColumnWriter*, Datum datum, Value* value) {
  value->kind = ValueKind::real;
  value->f = DatumGetFloat4(datum);
}

static void write_double(KalamColumnWriter* writer, Datum datum, Value* value) {
  value->kind = ValueKind::double_precision;
  value->d = writer->type == FLOAT4OID ? (double)DatumGetFloat4(datum) : DatumGetFloat8(datum);
}

static void set_bytes(Value* value, const void* data, size_t size) {
  value->kind = ValueKind::bytes;
  value->bytes.data = data;
  value->bytes.size = size;
}

static void write_decimal(KalamColumnWriter* writer, Datum datum, Value* value) {
  Numeric number;
  switch (writer->type) {
    case INT2OID:
      number = int64_to_numeric(DatumGetInt16(datum));
      break;
    case INT4OID:
      number = int64_to_numeric(DatumGetInt32(datum));
      break;
    case INT8OID:
      number = int64_to_numeric(DatumGetInt64(datum));
      break;
    default:
      number = DatumGetNumeric(datum);
      break;
  }
  if (numeric_is_nan(number) || numeric_is_inf(number)) {
    ereport(ERROR,
            (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
             errmsg("cannot store %s in KalamDB column \"%s\" of type %s", numeric_is_nan(number) ? "NaN" : "infinity",
                    writer->column->name, writer->column->type_name)));
  }
  char* text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
  set_bytes(value, text, strlen(text));
}

// ---------------------------------------------------------------- dates and times

[[noreturn]] static void refuse_infinity(KalamColumnWriter* writer) {
  ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
                  errmsg("cannot store infinity in KalamDB column \"%s\" of type %s", writer->column->name,
                         writer->column->type_name)));
}

static void write_date(KalamColumnWriter* writer, Datum datum, Value* value) {
  DateADT date = DatumGetDateADT(datum);
  if (DATE_NOT_FINITE(date)) refuse_infinity(writer);
  value->kind = ValueKind::integer;
  value->i = (int64)date + EPOCH_DAYS;
}

static void write_time(KalamColumnWriter*, Datum datum, Value* value) {
  value->kind = ValueKind::integer;
  value->i = DatumGetTimeADT(datum);
}

static void write_timestamp(KalamColumnWriter* writer, Datum datum, Value* value) {
  Timestamp timestamp = DatumGetTimestamp(datum);
  if (TIMESTAMP_NOT_FINITE(timestamp)) refuse_infinity(writer);
  value->kind = ValueKind::integer;
  if (pg_add_s64_overflow(timestamp, EPOCH_MICROS, &value->i)) {
    ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
                    errmsg("value is out of range for KalamDB column \"%s\" of type %s", writer->column->name,
                           writer->column->type_name)));
  }
}

// ---------------------------------------------------------------- text and bytes

static void set_text(Value* value, char* text, size_t size) {
  if (size > 0) {
    char* converted = pg_server_to_any(text, (int)size, PG_UTF8);
    if (converted != text) {
      text = converted;
      size = strlen(converted);
    }
  }
  set_bytes(value, text, size);
}

static void write_text(KalamColumnWriter*, Datum datum, Value* value) {
  text* packed = DatumGetTextPP(datum);
  set_text(value, VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
}

// The blanks that fill up a char(n) carry no meaning in PostgreSQL; reading adds them again.
static void write_bpchar(KalamColumnWriter*, Datum datum, Value* value) {
  BpChar* packed = DatumGetBpCharPP(datum);
  set_text(value, VARDATA_ANY(packed), (size_t)bpchartruelen(VARDATA_ANY(packed), (int)VARSIZE_ANY_EXHDR(packed)));
}

static void write_by_output_function(KalamColumnWriter* writer, Datum datum, Value* value) {
  char* text = kalam_output_text(&writer->output, datum);
  set_text(value, text, strlen(text));
}

static void write_array(KalamColumnWriter*, Datum datum, Value* value) {
  char* text = kalam_array_output(datum);
  set_text(value, text, strlen(text));
}

static void write_bytea(KalamColumnWriter*, Datum datum, Value* value) {
  bytea* packed = DatumGetByteaPP(datum);
  set_bytes(value, VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
}

static void write_uuid(KalamColumnWriter*, Datum datum, Value* value) {
  set_bytes(value, DatumGetUUIDP(datum)->data, UUID_LEN);
}

// ---------------------------------------------------------------- vectors

static void set_vector(KalamColumnWriter* writer, Value* value, const float* numbers, size_t count) {
  if (count != writer->column->type.dimension) {
    ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                    errmsg("KalamDB column \"%s\" of type %s needs %u elements, not %zu", writer->column->name,
                           writer->column->type_name, writer->column->type.dimension, count)));
  }
  value->kind = ValueKind::vector;
  value->bytes.data = numbers;
  value->bytes.size = count;
}

static void write_float_array(KalamColumnWriter* writer, Datum datum, Value* value) {
  ArrayType* array = DatumGetArrayTypeP(datum);
  if (ARR_NDIM(array) > 1) {
    ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                    errmsg("KalamDB column \"%s\" of type %s needs a one-dimensional array", writer->column->name,
                           writer->column->type_name)));
  }
  if (array_contains_nulls(array)) {
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("KalamDB column \"%s\" of type %s cannot hold null elements", writer->column->name,
                           writer->column->type_name)));
  }
  int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
  set_vector(writer, value, (const float*)ARR_DATA_PTR(array), (size_t)count);
}

// pgvector's text form: [1,2,3].
static void write_vector_by_output_function(KalamColumnWriter* writer, Datum datum, Value* value) {
  char* text = OutputFunctionCall(&writer->output, datum);
  size_t capacity = 1;
  for (const char* p = text; *p != '\0'; p++) capacity += *p == ',' ? 1 : 0;
  float* numbers = (float*)palloc(sizeof(float) * capacity);
  size_t count = 0;
  char* p = text;
  if (*p == '[') p++;
  while (*p != '\0' && *p != ']' && count < capacity) {
    char* end;
    numbers[count] = strtof(p, &end);
    if (end == p) {
      ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                      errmsg("cannot store a value of type %s in KalamDB column \"%s\" of type %s",
                             format_type_be(writer->type), writer->column->name, writer->column->type_name)));
    }
    count++;
    p = *end == ',' ? end + 1 : end;
  }
  set_vector(writer, value, numbers, count);
}

// ---------------------------------------------------------------- choosing

static void (*choose(KalamColumnWriter* writer))(KalamColumnWriter*, Datum, Value*) {
  Oid type = writer->type;
  bool is_integer = type == INT2OID || type == INT4OID || type == INT8OID;
  switch (writer->column->type.kind) {
    case RemoteKind::boolean:
      return type == BOOLOID ? write_boolean : nullptr;
    case RemoteKind::smallint:
    case RemoteKind::integer:
    case RemoteKind::bigint:
      return is_integer || type == OIDOID ? write_integer : nullptr;
    case RemoteKind::real:
      return type == FLOAT4OID ? write_real : nullptr;
    case RemoteKind::double_precision:
      return type == FLOAT8OID || type == FLOAT4OID ? write_double : nullptr;
    case RemoteKind::text:
      if (type == TEXTOID || type == VARCHAROID) return write_text;
      if (type == BPCHAROID) return write_bpchar;
      if (!kalam_has_text(type)) return nullptr;
      return OidIsValid(get_element_type(type)) ? write_array : write_by_output_function;
    case RemoteKind::json:
    case RemoteKind::file:
      if (type == JSONOID) return write_text;
      if (type == JSONBOID) return write_by_output_function;
      return kalam_has_array_text(type) ? write_array : nullptr;
    case RemoteKind::bytes:
      return type == BYTEAOID ? write_bytea : nullptr;
    case RemoteKind::timestamp:
    case RemoteKind::datetime:
      return type == TIMESTAMPOID || type == TIMESTAMPTZOID ? write_timestamp : nullptr;
    case RemoteKind::date:
      return type == DATEOID ? write_date : nullptr;
    case RemoteKind::time:
      return type == TIMEOID ? write_time : nullptr;
    case RemoteKind::uuid:
      return type == UUIDOID ? write_uuid : nullptr;
    case RemoteKind::decimal:
      return type == NUMERICOID || is_integer ? write_decimal : nullptr;
    case RemoteKind::embedding:
      if (type == FLOAT4ARRAYOID) return write_float_array;
      return OidIsValid(get_element_type(type)) ? nullptr : write_vector_by_output_function;
    case RemoteKind::other:
      return nullptr;
  }
  return nullptr;
}

void kalam_column_writer_init(KalamColumnWriter* writer, const KalamRelation* relation, const KalamRemoteColumn* column,
                              Oid type, const char* attribute) {
  Oid output;
  bool is_varlena;
  writer->column = column;
  writer->type = getBaseType(type);
  writer->attribute = pstrdup(attribute);
  getTypeOutputInfo(writer->type, &output, &is_varlena);
  fmgr_info(output, &writer->output);
  writer->convert = choose(writer);
  if (writer->convert == nullptr) {
    ereport(
        ERROR,
        (errcode(ERRCODE_DATATYPE_MISMATCH),
         errmsg(
             "column \"%s\" of foreign table \"%s\" has type %s, which KalamDB column \"%s\" of type %s cannot store",
             writer->attribute, relation->local_name, format_type_be(writer->type), writer->column->name,
             writer->column->type_name),
         writer->column->type.kind == kalam::RemoteKind::other
             ? errhint("Use a foreign table without the column, which can be written.")
             : 0));
  }
}

// The remote columns live in C++ memory that a reset of the context must give back.
static void release_rows(void* arg) {
  KalamRowWriter* writer = (KalamRowWriter*)arg;
  kalam::row_buffer_release(writer->row);
  kalam::row_buffer_release(writer->rows);
  writer->row = writer->rows = nullptr;
}

static void report_row(const KalamRelation* relation, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.remote_table = relation->remote_name;
  context.relation = relation->local_name;
  kalam_report(status, &context);
}

static bool has_column(const KalamRelation* relation, const char* name) {
  for (int i = 0; i < relation->column_count; i++)
    if (strcmp(relation->columns[i].name, name) == 0) return true;
  return false;
}

// Plain where the server coerces what it gets (spec 6.4), which nothing says of stream tables. A FLOAT key is compared
// by its text before it is coerced.
static kalam::RowForm row_form(const KalamRelation* relation) {
  if (relation->kind == kalam::TableKind::stream || relation->key_column < 0) return kalam::RowForm::tagged;
  return relation->columns[relation->key_column].type.kind == RemoteKind::real ? kalam::RowForm::tagged
                                                                               : kalam::RowForm::plain;
}

KalamRowWriter* kalam_row_writer_create(const KalamRelation* relation, TupleDesc tupdesc) {
  KalamRowWriter* writer = (KalamRowWriter*)palloc0(sizeof(KalamRowWriter));
  writer->relation = relation;
  writer->columns = (KalamColumnWriter*)palloc0(sizeof(KalamColumnWriter) * relation->column_count);
  writer->values = (Value*)palloc0(sizeof(Value) * relation->column_count);
  writer->present = (bool*)palloc0(sizeof(bool) * relation->column_count);
  writer->key_column = -1;
  writer->form = row_form(relation);

  kalam::RowColumn* sent = (kalam::RowColumn*)palloc0(sizeof(kalam::RowColumn) * relation->column_count);
  for (int i = 0; i < relation->column_count; i++) {
    const KalamRemoteColumn* column = &relation->columns[i];
    if (column->is_system) continue;

    int index = writer->column_count++;
    KalamColumnWriter* out = &writer->columns[index];
    out->column = column;
    sent[index].name = column->name;
    sent[index].type = column->type;
    sent[index].not_null = column->not_null;
    if (i == relation->key_column) writer->key_column = index;
    for (int att = 0; att < relation->attribute_count && att < tupdesc->natts; att++) {
      if (relation->attribute_column[att] != i) continue;
      Form_pg_attribute attribute = TupleDescAttr(tupdesc, att);
      kalam_column_writer_init(out, relation, column, attribute->atttypid, NameStr(attribute->attname));
      out->attnum = attribute->attnum;
    }
  }
  for (int att = 0; att < relation->attribute_count; att++) {
    if (relation->attribute_column[att] == KALAM_ATTRIBUTE_MISSING) {
      ereport(ERROR,
              (errcode(ERRCODE_UNDEFINED_COLUMN),
               errmsg("column \"%s\" of foreign table \"%s\" does not exist in KalamDB table \"%s\"",
                      NameStr(TupleDescAttr(tupdesc, att)->attname), relation->local_name, relation->remote_name)));
    }
  }

  MemoryContextCallback* callback = (MemoryContextCallback*)palloc0(sizeof(MemoryContextCallback));
  callback->func = release_rows;
  callback->arg = writer;
  MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);

  kalam::Status status;
  writer->row = kalam::row_buffer_create(sent, (size_t)writer->column_count, &status);
  if (writer->row != nullptr) writer->rows = kalam::row_buffer_create(sent, (size_t)writer->column_count, &status);
  if (writer->rows == nullptr) report_row(relation, &status);
  return writer;
}

// ---------------------------------------------------------------- rows

[[noreturn]] static void report_null(const KalamRowWriter* writer, const KalamColumnWriter* column) {
  ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                  errmsg("null value in column \"%s\" of KalamDB table \"%s\" violates not-null constraint",
                         column->column->name, writer->relation->remote_name),
                  column->attnum == InvalidAttrNumber
                      ? errdetail("Foreign table \"%s\" has no such column.", writer->relation->local_name)
                      : 0));
}

// The one row of the writer's buffer as members, without its braces.
static KalamMembers take_row(KalamRowWriter* writer) {
  size_t size;
  size_t most_tagged;
  const char* object = kalam::row_buffer_row(writer->row, 0, &size);
  kalam::RowForm form = kalam::row_buffer_form(writer->row, 0, &most_tagged);
  size -= 2;
  most_tagged -= 2;
  char* text = (char*)MemoryContextAllocHuge(CurrentMemoryContext, Max(size, 1));
  memcpy(text, object + 1, size);
  kalam::row_buffer_clear(writer->row);
  if (most_tagged > PG_INT32_MAX) {
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("row of foreign table \"%s\" is too large", writer->relation->local_name)));
  }
  return {text, (uint32)size, (uint32)most_tagged, form};
}

// The values of the columns that are `present`.
KalamMembers kalam_row_writer_present(KalamRowWriter* writer) {
  kalam::Status status;
  kalam::row_buffer_clear(writer->row);
  if (!kalam::row_buffer_append_partial(writer->row, writer->values, writer->present, writer->form, &status))
    report_row(writer->relation, &status);
  return take_row(writer);
}

KalamMembers kalam_row_writer_tagged(KalamRowWriter* writer, const KalamMembers* members) {
  kalam::Status status;
  if (members->form == kalam::RowForm::tagged || members->size == 0) return *members;
  kalam::RowMembers row = kalam_row_members(members);
  kalam::row_buffer_clear(writer->row);
  if (!kalam::row_buffer_append_members(writer->row, &row, 1, kalam::RowForm::tagged, &status))
    report_row(writer->relation, &status);
  return take_row(writer);
}

KalamMembers kalam_row_writer_encode(KalamRowWriter* writer, const Datum* values, const bool* nulls,
                                     const Bitmapset* defaulted) {
  for (int i = 0; i < writer->column_count; i++) {
    KalamColumnWriter* column = &writer->columns[i];
    Value* value = &writer->values[i];
    value->kind = ValueKind::null_value;
    writer->present[i] = column->attnum != InvalidAttrNumber;
    if (!writer->present[i]) continue;
    if (!nulls[column->attnum - 1]) {
      column->convert(column, values[column->attnum - 1], value);
    } else if (bms_is_member(column->attnum, defaulted)) {
      kalam_evaluate_default(writer->relation, column->column, value);
    } else if (column->column->not_null) {
      report_null(writer, column);
    }
  }
  return kalam_row_writer_present(writer);
}

// Of the columns that `known` (NULL: none) does not have; those alone that do not exist locally.
static KalamMembers encode_missing(KalamRowWriter* writer, const KalamRelation* known, bool undeclared) {
  int count = 0;
  for (int i = 0; i < writer->column_count; i++) {
    const KalamColumnWriter* column = &writer->columns[i];
    writer->present[i] = (known == nullptr || !has_column(known, column->column->name)) &&
                         (!undeclared || column->attnum == InvalidAttrNumber);
    if (!writer->present[i]) continue;
    count++;
    writer->values[i].kind = ValueKind::null_value;
    if (kalam_has_remote_default(column->column)) {
      kalam_evaluate_default(writer->relation, column->column, &writer->values[i]);
    } else if (column->column->not_null) {
      report_null(writer, column);
    }
  }
  return count > 0 ? kalam_row_writer_present(writer) : KalamMembers{};
}

int kalam_row_writer_undeclared(KalamRowWriter* writer) {
  int count = 0;
  for (int i = 0; i < writer->column_count; i++) {
    writer->present[i] = writer->columns[i].attnum == InvalidAttrNumber;
    count += writer->present[i] ? 1 : 0;
  }
  return count;
}

KalamMembers kalam_row_writer_rest(KalamRowWriter* writer) {
  return encode_missing(writer, nullptr, true);
}

KalamMembers kalam_row_writer_added(KalamRowWriter* writer, const KalamRelation* known) {
  return encode_missing(writer, known, false);
}

KalamMembers kalam_row_writer_added_rest(KalamRowWriter* writer, const KalamRelation* known) {
  return encode_missing(writer, known, true);
}
