#include "extension/types/datum_from_arrow.h"

#include "extension/catalog/relation.h"
#include "extension/remote/answer_text.h"
#include "extension/types/key.h"
#include "extension/types/text_forms.h"

extern "C" {
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/uuid.h"
}

using kalam::ColumnKind;
using kalam::ColumnView;

static void out_of_range(KalamColumnReader* reader) {
  ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                  errmsg("value is out of range for type %s", format_type_be(reader->type))));
}

static void datetime_out_of_range(KalamColumnReader* reader) {
  ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
                  errmsg("value is out of range for type %s", format_type_be(reader->type))));
}

// ---------------------------------------------------------------- numbers

static Datum read_boolean(KalamColumnReader* reader, uint32 row) {
  return BoolGetDatum(((const uint8_t*)reader->view->values)[row] != 0);
}

// An integer of any width. Unsigned 64-bit values above the range of int64 end in an error.
static int64 integer_at(KalamColumnReader* reader, uint32 row) {
  const void* values = reader->view->values;
  switch (reader->view->kind) {
    case ColumnKind::int8:
      return ((const int8_t*)values)[row];
    case ColumnKind::int16:
      return ((const int16_t*)values)[row];
    case ColumnKind::int32:
      return ((const int32_t*)values)[row];
    case ColumnKind::int64:
      return ((const int64_t*)values)[row];
    case ColumnKind::uint8:
      return ((const uint8_t*)values)[row];
    case ColumnKind::uint16:
      return ((const uint16_t*)values)[row];
    case ColumnKind::uint32:
      return ((const uint32_t*)values)[row];
    default: {
      uint64 value = ((const uint64_t*)values)[row];
      if (value > (uint64)PG_INT64_MAX) out_of_range(reader);
      return (int64)value;
    }
  }
}

static Datum read_int2(KalamColumnReader* reader, uint32 row) {
  int64 value = integer_at(reader, row);
  if (value < PG_INT16_MIN || value > PG_INT16_MAX) out_of_range(reader);
  return Int16GetDatum((int16)value);
}

static Datum read_int4(KalamColumnReader* reader, uint32 row) {
  int64 value = integer_at(reader, row);
  if (value < PG_INT32_MIN || value > PG_INT32_MAX) out_of_range(reader);
  return Int32GetDatum((int32)value);
}

static Datum read_int8(KalamColumnReader* reader, uint32 row) {
  return Int64GetDatum(integer_at(reader, row));
}

// The usual widths without a range check.
static Datum read_int2_exact(KalamColumnReader* reader, uint32 row) {
  return Int16GetDatum(((const int16_t*)reader->view->values)[row]);
}

static Datum read_int4_exact(KalamColumnReader* reader, uint32 row) {
  return Int32GetDatum(((const int32_t*)reader->view->values)[row]);
}

static Datum read_int8_exact(KalamColumnReader* reader, uint32 row) {
  return Int64GetDatum(((const int64_t*)reader->view->values)[row]);
}

static Datum read_oid(KalamColumnReader* reader, uint32 row) {
  int64 value = integer_at(reader, row);
  if (value < 0 || value > (int64)PG_UINT32_MAX) out_of_range(reader);
  return ObjectIdGetDatum((Oid)value);
}

static Datum read_float4(KalamColumnReader* reader, uint32 row) {
  return Float4GetDatum(((const float*)reader->view->values)[row]);
}

static Datum read_float8(KalamColumnReader* reader, uint32 row) {
  return Float8GetDatum(((const double*)reader->view->values)[row]);
}

static Datum read_float8_from_float32(KalamColumnReader* reader, uint32 row) {
  return Float8GetDatum((double)((const float*)reader->view->values)[row]);
}

// Brings a numeric to the attribute's precision and scale; digits that would be rounded away are an error.
static Datum fit_numeric(KalamColumnReader* reader, Datum value) {
  if (reader->typmod < 0) return value;
  Datum fitted = DirectFunctionCall2(numeric, value, Int32GetDatum(reader->typmod));
  if (!DatumGetBool(DirectFunctionCall2(numeric_eq, value, fitted))) {
    ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                    errmsg("value has more digits than type %s can hold",
                           format_type_with_typemod(reader->type, reader->typmod))));
  }
  return fitted;
}

static Datum read_numeric_from_integer(KalamColumnReader* reader, uint32 row) {
  return fit_numeric(reader, NumericGetDatum(int64_to_numeric(integer_at(reader, row))));
}

// Divides a magnitude in place, returns the remainder.
static uint64 divide_words(uint64* words, uint64 divisor) {
  unsigned __int128 remainder = 0;
  for (int i = 3; i >= 0; i--) {
    unsigned __int128 part = (remainder << 64) | words[i];
    words[i] = (uint64)(part / divisor);
    remainder = part % divisor;
  }
  return (uint64)remainder;
}

// Decimal text of a 256-bit integer with `scale` digits behind the point (a negative scale appends zeros). `text` needs
// room for 78 digits, 128 zeros, a sign and a point.
static void decimal_text(const kalam::Int256* value, int scale, char* text) {
  uint64 words[4];
  memcpy(words, value->word, sizeof(words));
  bool negative = (words[3] >> 63) != 0;
  if (negative) {
    uint64 carry = 1;
    for (int i = 0; i < 4; i++) {
      words[i] = ~words[i] + carry;
      carry = (carry != 0 && words[i] == 0) ? 1 : 0;
    }
  }

  char digits[256];  // least significant first
  int count = 0;
  while ((words[0] | words[1] | words[2] | words[3]) != 0) {
    uint64 part = divide_words(words, UINT64CONST(1000000000000000000));
    for (int i = 0; i < 18; i++, part /= 10) digits[count++] = (char)('0' + part % 10);
  }
  while (count > 0 && digits[count - 1] == '0') count--;
  while (count <= Max(scale, 0)) digits[count++] = '0';

  char* out = text;
  if (negative) *out++ = '-';
  for (int i = count - 1; i >= 0; i--) {
    *out++ = digits[i];
    if (i == scale && scale > 0) *out++ = '.';
  }
  for (int i = scale; i < 0; i++) *out++ = '0';
  *out = '\0';
}

static Datum read_numeric_from_decimal(KalamColumnReader* reader, uint32 row) {
  const kalam::Int256* value = &((const kalam::Int256*)reader->view->values)[row];
  int scale = reader->view->scale;
  uint64 sign = (uint64)((int64)value->word[0] >> 63);
  bool small = value->word[1] == sign && value->word[2] == sign && value->word[3] == sign;
  if (small && scale >= 0)
    return fit_numeric(reader, NumericGetDatum(int64_div_fast_to_numeric((int64)value->word[0], scale)));

  char text[512];
  decimal_text(value, scale, text);
  return fit_numeric(
      reader, DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

// Ten decimals of a column that nobody gave a scale are KalamDB's, not the value's: 1.5 stays 1.5.
static Datum read_numeric_from_bare_decimal(KalamColumnReader* reader, uint32 row) {
  return DirectFunctionCall1(numeric_trim_scale, read_numeric_from_decimal(reader, row));
}

static Datum (*choose_for_decimals(KalamColumnReader* reader, const ColumnView* view))(KalamColumnReader*, uint32) {
  bool is_bare = view->precision == KALAM_BARE_DECIMAL_PRECISION && view->scale == KALAM_BARE_DECIMAL_SCALE;
  if (reader->type != NUMERICOID) return nullptr;
  return is_bare && reader->typmod < 0 ? read_numeric_from_bare_decimal : read_numeric_from_decimal;
}

// ---------------------------------------------------------------- dates and times

static Datum read_date(KalamColumnReader* reader, uint32 row) {
  int64 days;
  if (reader->view->kind == ColumnKind::date_millis) {
    int64 millis = ((const int64_t*)reader->view->values)[row];
    days = millis / (SECS_PER_DAY * 1000) - (millis % (SECS_PER_DAY * 1000) < 0 ? 1 : 0);
  } else {
    days = ((const int32_t*)reader->view->values)[row];
  }
  days -= KALAM_EPOCH_DAYS;
  if (days < PG_INT32_MIN || days > PG_INT32_MAX || !IS_VALID_DATE((DateADT)days)) datetime_out_of_range(reader);
  return DateADTGetDatum((DateADT)days);
}

// A count in the column's unit as microseconds. Nanoseconds are rounded down, as the server does with text.
static int64 micros_at(KalamColumnReader* reader, uint32 row) {
  int64 value = ((const int64_t*)reader->view->values)[row];
  int64 factor = 1;
  switch (reader->view->unit) {
    case kalam::TimeUnit::second:
      factor = USECS_PER_SEC;
      break;
    case kalam::TimeUnit::millisecond:
      factor = 1000;
      break;
    case kalam::TimeUnit::microsecond:
      return value;
    case kalam::TimeUnit::nanosecond:
      return value / 1000 - (value % 1000 < 0 ? 1 : 0);
  }
  if (pg_mul_s64_overflow(value, factor, &value)) datetime_out_of_range(reader);
  return value;
}

static Datum read_time(KalamColumnReader* reader, uint32 row) {
  int64 micros = micros_at(reader, row);
  if (micros < 0 || micros > USECS_PER_DAY) datetime_out_of_range(reader);
  Datum value = TimeADTGetDatum(micros);
  if (reader->typmod >= 0) value = DirectFunctionCall2(time_scale, value, Int32GetDatum(reader->typmod));
  return value;
}

static Datum read_timestamp(KalamColumnReader* reader, uint32 row) {
  int64 micros = micros_at(reader, row);
  if (pg_sub_s64_overflow(micros, KALAM_EPOCH_MICROS, &micros) || !IS_VALID_TIMESTAMP(micros))
    datetime_out_of_range(reader);
  Datum value = TimestampGetDatum(micros);
  // timestamp and timestamptz have the same representation, so one function rounds both.
  if (reader->typmod >= 0) value = DirectFunctionCall2(timestamp_scale, value, Int32GetDatum(reader->typmod));
  return value;
}

// ---------------------------------------------------------------- text and bytes

// Server text in the database's encoding; 22021 for bytes that are not UTF-8, NUL included. Not terminated.
static const char* server_text(KalamColumnReader* reader, uint32 row, size_t* size) {
  const kalam::Slice* slice = &((const kalam::Slice*)reader->view->values)[row];
  if (slice->size > MaxAllocSize - VARHDRSZ - 1)
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("value of %zu bytes is too large", slice->size)));
  *size = slice->size;
  if (slice->size == 0) return "";
  const char* converted = pg_any_to_server(slice->data, (int)slice->size, PG_UTF8);
  if (converted != slice->data) *size = strlen(converted);
  return converted;
}

static Datum read_text(KalamColumnReader* reader, uint32 row) {
  size_t size;
  const char* text = server_text(reader, row, &size);
  return PointerGetDatum(cstring_to_text_with_len(text, (int)size));
}

static Datum read_varchar(KalamColumnReader* reader, uint32 row) {
  return DirectFunctionCall3(varchar, read_text(reader, row), Int32GetDatum(reader->typmod), BoolGetDatum(false));
}

static Datum read_bpchar(KalamColumnReader* reader, uint32 row) {
  return DirectFunctionCall3(bpchar, read_text(reader, row), Int32GetDatum(reader->typmod), BoolGetDatum(false));
}

// Everything else that KalamDB keeps as text goes through the type's input function.
static Datum read_by_input_function(KalamColumnReader* reader, uint32 row) {
  size_t size;
  const char* text = server_text(reader, row, &size);
  return kalam_input_text(&reader->input, pnstrdup(text, size), reader->input_parameter, reader->typmod);
}

static Datum read_array(KalamColumnReader* reader, uint32 row) {
  size_t size;
  const char* sent = server_text(reader, row, &size);
  char* text = pnstrdup(sent, size);
  // PostgreSQL's own form of an array is no JSON, and what others may have stored.
  if (*text == '{') {
    Datum array = kalam_input_text(&reader->input, text, reader->input_parameter, reader->typmod);
    DatumGetArrayTypeP(array)->elemtype = get_element_type(reader->type);
    return array;
  }
  return kalam_array_input(reader->type, reader->typmod, text);
}

static Datum bytea_datum(const void* data, size_t size) {
  if (size > MaxAllocSize - VARHDRSZ)
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("value of %zu bytes is too large", size)));
  bytea* value = (bytea*)palloc(VARHDRSZ + size);
  SET_VARSIZE(value, VARHDRSZ + size);
  if (size > 0) memcpy(VARDATA(value), data, size);
  return PointerGetDatum(value);
}

static Datum read_bytea(KalamColumnReader* reader, uint32 row) {
  const kalam::Slice* slice = &((const kalam::Slice*)reader->view->values)[row];
  return bytea_datum(slice->data, slice->size);
}

static Datum read_bytea_fixed(KalamColumnReader* reader, uint32 row) {
  uint32 width = reader->view->byte_width;
  return bytea_datum((const char*)reader->view->values + (size_t)row * width, width);
}

static Datum read_uuid(KalamColumnReader* reader, uint32 row) {
  pg_uuid_t* value = (pg_uuid_t*)palloc(sizeof(pg_uuid_t));
  memcpy(value->data, (const char*)reader->view->values + (size_t)row * UUID_LEN, UUID_LEN);
  return UUIDPGetDatum(value);
}

static Datum read_canonical_uuid(KalamColumnReader* reader, uint32 row) {
  const kalam::Slice* slice = &((const kalam::Slice*)reader->view->values)[row];
  pg_uuid_t* value = (pg_uuid_t*)palloc(sizeof(pg_uuid_t));
  if (kalam_read_canonical_uuid(slice->data, slice->size, value->data)) return UUIDPGetDatum(value);
  Datum meant = read_by_input_function(reader, row);
  kalam_key_refuse_text(reader->relation, reader->type, slice, DatumGetCString(DirectFunctionCall1(uuid_out, meant)));
}

// ---------------------------------------------------------------- vectors

static void list_bounds(const ColumnView* view, uint32 row, uint32* first, uint32* count) {
  if (view->kind == ColumnKind::fixed_list) {
    *first = row * view->list_size;
    *count = view->list_size;
  } else {
    *first = view->list_offsets[row];
    *count = view->list_offsets[row + 1] - *first;
  }
}

static double list_number(const ColumnView* child, uint32 index) {
  return child->kind == ColumnKind::float32 ? (double)((const float*)child->values)[index]
                                            : ((const double*)child->values)[index];
}

// real[] or double precision[].
static Datum read_float_array(KalamColumnReader* reader, uint32 row) {
  const ColumnView* child = reader->view->child;
  uint32 first;
  uint32 count;
  list_bounds(reader->view, row, &first, &count);
  if (count == 0) return PointerGetDatum(construct_empty_array(reader->type == FLOAT4ARRAYOID ? FLOAT4OID : FLOAT8OID));

  bool narrow = reader->type == FLOAT4ARRAYOID;
  Datum* elements = (Datum*)palloc(sizeof(Datum) * count);
  bool* nulls = (bool*)palloc(sizeof(bool) * count);
  for (uint32 i = 0; i < count; i++) {
    nulls[i] = child->nulls != nullptr && child->nulls[first + i] != 0;
    double number = nulls[i] ? 0 : list_number(child, first + i);
    elements[i] = narrow ? Float4GetDatum((float4)number) : Float8GetDatum(number);
  }
  int dimensions = (int)count;
  int lower_bound = 1;
  return PointerGetDatum(narrow ? construct_md_array(elements, nulls, 1, &dimensions, &lower_bound, FLOAT4OID,
                                                     sizeof(float4), true, TYPALIGN_INT)
                                : construct_md_array(elements, nulls, 1, &dimensions, &lower_bound, FLOAT8OID,
                                                     sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

// A type such as pgvector's, by its text form [1,2,3].
static Datum read_vector_by_input_function(KalamColumnReader* reader, uint32 row) {
  const ColumnView* child = reader->view->child;
  uint32 first;
  uint32 count;
  list_bounds(reader->view, row, &first, &count);

  StringInfoData text;
  initStringInfo(&text);
  appendStringInfoChar(&text, '[');
  for (uint32 i = 0; i < count; i++) {
    if (child->nulls != nullptr && child->nulls[first + i] != 0)
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("vector contains a null element")));
    float4 number = (float4)list_number(child, first + i);
    appendStringInfo(&text, "%s%s", i > 0 ? "," : "",
                     DatumGetCString(DirectFunctionCall1(float4out, Float4GetDatum(number))));
  }
  appendStringInfoChar(&text, ']');
  return kalam_input_text(&reader->input, text.data, reader->input_parameter, reader->typmod);
}

// A list of anything else, as JSON text: of the composite types of KalamDB 0.7, whose structs come as JSON already.
static Datum read_list_as_json(KalamColumnReader* reader, uint32 row) {
  StringInfoData text;
  initStringInfo(&text);
  kalam_append_value(&text, reader->view, row, KalamTextStyle::json);
  return kalam_input_text(&reader->input, text.data, reader->input_parameter, reader->typmod);
}

// ---------------------------------------------------------------- choosing

static Datum (*choose_for_integers(KalamColumnReader* reader, ColumnKind kind))(KalamColumnReader*, uint32) {
  switch (reader->type) {
    case INT2OID:
      return kind == ColumnKind::int16 ? read_int2_exact : read_int2;
    case INT4OID:
      return kind == ColumnKind::int32 ? read_int4_exact : read_int4;
    case INT8OID:
      return kind == ColumnKind::int64 ? read_int8_exact : read_int8;
    case OIDOID:
      return read_oid;
    case NUMERICOID:
      return read_numeric_from_integer;
    default:
      return nullptr;
  }
}

static bool has_numbers(const ColumnView* child) {
  return child != nullptr && (child->kind == ColumnKind::float32 || child->kind == ColumnKind::float64);
}

static Datum (*choose_for_lists(KalamColumnReader* reader, const ColumnView* view))(KalamColumnReader*, uint32) {
  bool takes_json = reader->type == TEXTOID || reader->type == JSONOID || reader->type == JSONBOID;
  if (!has_numbers(view->child)) return takes_json ? read_list_as_json : nullptr;
  if (reader->type == FLOAT4ARRAYOID) return view->child->kind == ColumnKind::float32 ? read_float_array : nullptr;
  if (reader->type == FLOAT8ARRAYOID) return read_float_array;
  // Another array type would read brackets as the wrong syntax.
  bool is_readable = !OidIsValid(get_element_type(reader->type)) && kalam_has_text(reader->type);
  return is_readable ? read_vector_by_input_function : nullptr;
}

static Datum (*choose_for_text(KalamColumnReader* reader))(KalamColumnReader*, uint32) {
  switch (reader->type) {
    case TEXTOID:
      return read_text;
    case VARCHAROID:
      return reader->typmod < 0 ? read_text : read_varchar;
    case BPCHAROID:
      return read_bpchar;
    case BOOLOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case FLOAT4OID:
    case FLOAT8OID:
    case NUMERICOID:
    case BYTEAOID:
    case DATEOID:
    case TIMEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return nullptr;  // a remote type of that kind exists: a mistake in the definition, not a wish for a cast
    default:
      if (reader->type == UUIDOID && reader->is_canonical) return read_canonical_uuid;
      if (!kalam_has_text(reader->type)) return nullptr;
      return OidIsValid(get_element_type(reader->type)) ? read_array : read_by_input_function;
  }
}

static Datum (*choose(KalamColumnReader* reader, const ColumnView* view))(KalamColumnReader*, uint32) {
  switch (view->kind) {
    case ColumnKind::null_type:
      return read_text;  // never called: every value is NULL
    case ColumnKind::boolean:
      return reader->type == BOOLOID ? read_boolean : nullptr;
    case ColumnKind::int8:
    case ColumnKind::int16:
    case ColumnKind::int32:
    case ColumnKind::int64:
    case ColumnKind::uint8:
    case ColumnKind::uint16:
    case ColumnKind::uint32:
    case ColumnKind::uint64:
      return choose_for_integers(reader, view->kind);
    case ColumnKind::float32:
      if (reader->type == FLOAT4OID) return read_float4;
      return reader->type == FLOAT8OID ? read_float8_from_float32 : nullptr;
    case ColumnKind::float64:
      return reader->type == FLOAT8OID ? read_float8 : nullptr;
    case ColumnKind::decimal:
      return choose_for_decimals(reader, view);
    case ColumnKind::date_days:
    case ColumnKind::date_millis:
      return reader->type == DATEOID ? read_date : nullptr;
    case ColumnKind::time_of_day:
      return reader->type == TIMEOID ? read_time : nullptr;
    case ColumnKind::timestamp:
      return reader->type == TIMESTAMPOID || reader->type == TIMESTAMPTZOID ? read_timestamp : nullptr;
    case ColumnKind::utf8:
      return choose_for_text(reader);
    case ColumnKind::binary:
      return reader->type == BYTEAOID ? read_bytea : nullptr;
    case ColumnKind::fixed_binary:
      if (reader->type == UUIDOID) return view->byte_width == UUID_LEN ? read_uuid : nullptr;
      return reader->type == BYTEAOID ? read_bytea_fixed : nullptr;
    case ColumnKind::list:
    case ColumnKind::fixed_list:
      return choose_for_lists(reader, view);
    case ColumnKind::duration:
    case ColumnKind::interval:
      return nullptr;  // no column of a table has them
  }
  return nullptr;
}

void kalam_column_reader_init(KalamColumnReader* reader, Form_pg_attribute attribute, const char* relation) {
  Oid input;
  memset(reader, 0, sizeof(*reader));
  reader->attnum = attribute->attnum;
  // A domain's values are those of its base type. Its constraints are the business of whoever wrote them.
  reader->typmod = attribute->atttypmod;
  reader->type = getBaseTypeAndTypmod(attribute->atttypid, &reader->typmod);
  reader->attribute = pstrdup(NameStr(attribute->attname));
  reader->relation = relation;
  reader->context = CurrentMemoryContext;
  getTypeInputInfo(reader->type, &input, &reader->input_parameter);
  if (OidIsValid(get_element_type(reader->type)))
    reader->input_parameter = kalam_element_base(reader->type, &reader->typmod);
  fmgr_info(input, &reader->input);
}

// Errors that tell of something else than the value: of the server, of lengths and dimensions.
static bool shows_no_value(int sqlstate) {
  if (sqlstate == ERRCODE_ARRAY_SUBSCRIPT_ERROR || sqlstate == ERRCODE_STRING_DATA_RIGHT_TRUNCATION) return true;
  if (sqlstate == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE) return true;  // kalam_key_refuse_text()
  switch (ERRCODE_TO_CATEGORY(sqlstate)) {
    case ERRCODE_INSUFFICIENT_RESOURCES:
    case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
    case ERRCODE_OPERATOR_INTERVENTION:
      return true;
    default:
      return false;
  }
}

bool kalam_column_reader_shows_value(const KalamColumnReader* reader, int sqlstate) {
  return reader->reads_text && !shows_no_value(sqlstate);
}

void kalam_column_reader_refuse(const KalamColumnReader* reader, const ErrorData* error) {
  ereport(ERROR, (errcode(error->sqlerrcode),
                  errmsg("value of column \"%s\" of foreign table \"%s\" is not valid for type %s", reader->attribute,
                         reader->relation, format_type_with_typemod(reader->type, reader->typmod)),
                  errdetail_log("%s", error->message)));
  pg_unreachable();
}

static bool is_made_of_text(const ColumnView* view) {
  return view->kind == ColumnKind::utf8 || view->kind == ColumnKind::list || view->kind == ColumnKind::fixed_list;
}

void kalam_column_reader_bind(KalamColumnReader* reader, const ColumnView* schema) {
  reader->convert = choose(reader, schema);
  if (reader->convert == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("column \"%s\" of foreign table \"%s\" has type %s, but KalamDB sends %s", reader->attribute,
                           reader->relation, format_type_be(reader->type), schema->type_name),
                    schema->kind == ColumnKind::utf8 && !kalam_has_text(reader->type)
                        ? errdetail("Values of rows, and of types that contain domains, cannot be read.")
                        : 0));
  }
  reader->reads_text = is_made_of_text(schema);
}

void kalam_column_reader_context(void* arg) {
  KalamColumnReader* reader = *(KalamColumnReader**)arg;
  if (reader != nullptr) errcontext("column \"%s\" of foreign table \"%s\"", reader->attribute, reader->relation);
}
