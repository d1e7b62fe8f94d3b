#include "extension/types/text_forms.h"

extern "C" {
#include "catalog/pg_type.h"
#include "common/jsonapi.h"
#include "utils/array.h"
#include "utils/datetime.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/uuid.h"
#include "utils/xml.h"
}

// ---------------------------------------------------------------- settings

// Settings that texts of few types depend on. The others (DateStyle and the like) may matter to any type, as ranges and
// arrays are made of others.
constexpr int NAMES = 1;  // schemas are left out of names that search_path finds
constexpr int XML = 2;    // what counts as a value
constexpr int MONEY = 4;  // which sign separates the cents

static int special_settings(Oid function) {
  switch (function) {
    case F_REGCLASSIN:
    case F_REGCLASSOUT:
    case F_REGCOLLATIONIN:
    case F_REGCOLLATIONOUT:
    case F_REGCONFIGIN:
    case F_REGCONFIGOUT:
    case F_REGDICTIONARYIN:
    case F_REGDICTIONARYOUT:
    case F_REGOPERATORIN:
    case F_REGOPERATOROUT:
    case F_REGOPERIN:
    case F_REGOPEROUT:
    case F_REGPROCEDUREIN:
    case F_REGPROCEDUREOUT:
    case F_REGPROCIN:
    case F_REGPROCOUT:
    case F_REGTYPEIN:
    case F_REGTYPEOUT:
      return NAMES;
    case F_XML_IN:
      return xmloption == XMLOPTION_CONTENT ? 0 : XML;
    case F_CASH_IN:
    case F_CASH_OUT:
      // Its variable is declared beside ICU's headers, which no build for PostgreSQL needs otherwise.
      return strcmp(GetConfigOption("lc_monetary", false, false), "C") == 0 ? 0 : MONEY;
    default:
      return 0;
  }
}

// Fixes the settings that texts of values depend on, as postgres_fdw does. Returns the level to go back to, 0 when they
// are as they should be. An error in between takes them back with the (sub)transaction.
static int begin_fixed_settings(Oid function) {
  int special = special_settings(function);
  if (special == 0 && DateStyle == USE_ISO_DATES && IntervalStyle == INTSTYLE_POSTGRES && extra_float_digits > 0)
    return 0;
  int level = NewGUCNestLevel();
  static const struct {
    int special;  // 0: always
    const char* name;
    const char* value;
  } settings[] = {{0, "datestyle", "ISO"},        {0, "intervalstyle", "postgres"},
                  {0, "extra_float_digits", "3"}, {NAMES, "search_path", "pg_catalog"},
                  {XML, "xmloption", "content"},  {MONEY, "lc_monetary", "C"}};
  for (const auto& setting : settings) {
    if (setting.special != 0 && (special & setting.special) == 0) continue;
    (void)set_config_option(setting.name, setting.value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
  }
  return level;
}

static void end_fixed_settings(int level) {
  if (level > 0) AtEOXact_GUC(true, level);
}

char* kalam_output_text(FmgrInfo* output, Datum value) {
  int level = begin_fixed_settings(output->fn_oid);
  char* text = OutputFunctionCall(output, value);
  end_fixed_settings(level);
  return text;
}

Datum kalam_input_text(FmgrInfo* input, char* text, Oid input_parameter, int32 typmod) {
  int level = begin_fixed_settings(input->fn_oid);
  Datum value = InputFunctionCall(input, text, input_parameter, typmod);
  end_fixed_settings(level);
  return value;
}

// ---------------------------------------------------------------- uuids

constexpr size_t UUID_TEXT_LEN = 36;

static int digit_of(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

bool kalam_read_canonical_uuid(const char* text, size_t size, unsigned char* bytes) {
  if (size != UUID_TEXT_LEN) return false;
  for (int i = 0; i < UUID_LEN; i++) {
    if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-') return false;
    int high = digit_of(text[0]);
    int low = digit_of(text[1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = (unsigned char)(high << 4 | low);
    text += 2;
  }
  return true;
}

// ---------------------------------------------------------------- arrays to text

static bool is_json_type(Oid type) {
  return type == JSONOID || type == JSONBOID;
}

// Whether values of a type are made of values of a domain, which their input function would check, or are rows, whose
// columns may be of domains at any time.
static bool contains_domain(Oid type) {
  check_stack_depth();
  switch (get_typtype(type)) {
    case TYPTYPE_DOMAIN:
    case TYPTYPE_COMPOSITE:
      return true;
    case TYPTYPE_RANGE:
      return contains_domain(get_range_subtype(type));
    case TYPTYPE_MULTIRANGE:
      return contains_domain(get_multirange_range(type));
    default: {
      Oid element = get_element_type(type);
      return OidIsValid(element) && contains_domain(element);
    }
  }
}

bool kalam_has_text(Oid type) {
  Oid base = getBaseType(type);
  Oid element = get_element_type(base);
  return OidIsValid(element) ? kalam_has_array_text(base) : !contains_domain(base);
}

bool kalam_has_array_text(Oid array_type) {
  Oid element = get_element_type(array_type);
  return OidIsValid(element) && !type_is_array_domain(element) && !contains_domain(getBaseType(element));
}

// A null of JSON would be read as one of SQL.
static void refuse_json_nulls(ArrayType* array) {
  Datum value;
  bool is_null;
  ArrayIterator iterator = array_create_iterator(array, 0, nullptr);
  bool is_text = getBaseType(ARR_ELEMTYPE(array)) == JSONOID;

  while (array_iterate(iterator, &value, &is_null)) {
    if (is_null) continue;
    Datum type = is_text ? DirectFunctionCall1(json_typeof, value) : DirectFunctionCall1(jsonb_typeof, value);
    if (strcmp(TextDatumGetCString(type), "null") == 0) {
      ereport(ERROR,
              (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot store an array with a null of json in KalamDB"),
               errdetail("Arrays are kept there as JSON text, in which it is the NULL of SQL.")));
    }
  }
  array_free_iterator(iterator);
}

namespace {

struct ArrayWriter {
  Oid type;  // of the elements, as the base of a domain
  FmgrInfo output;
  Datum* values;
  bool* nulls;
  int next;
  StringInfoData out;
};

}  // namespace

// The text that array_to_json() gives, made without it: that would call a cast to json that somebody has created for
// the type, as whoever writes the row.
static void append_element(ArrayWriter* writer, Datum value) {
  char date[MAXDATELEN + 1];
  char* text;
  switch (writer->type) {
    case BOOLOID:
      appendStringInfoString(&writer->out, DatumGetBool(value) ? "true" : "false");
      return;
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      JsonEncodeDateTime(date, value, writer->type, nullptr);
      appendStringInfo(&writer->out, "\"%s\"", date);
      return;
    case JSONOID:
    case JSONBOID:
      appendStringInfoString(&writer->out, OutputFunctionCall(&writer->output, value));
      return;
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case FLOAT4OID:
    case FLOAT8OID:
    case NUMERICOID:
      text = OutputFunctionCall(&writer->output, value);
      if (IsValidJsonNumber(text, (int)strlen(text))) {
        appendStringInfoString(&writer->out, text);
      } else {
        escape_json(&writer->out, text);
      }
      return;
    default:
      escape_json(&writer->out, OutputFunctionCall(&writer->output, value));
      return;
  }
}

static void append_dimension(ArrayWriter* writer, const int* dims, int depth) {
  appendStringInfoChar(&writer->out, '[');
  for (int i = 0; i < dims[0]; i++) {
    if (i > 0) appendStringInfoChar(&writer->out, ',');
    if (depth > 1) {
      append_dimension(writer, dims + 1, depth - 1);
      continue;
    }
    CHECK_FOR_INTERRUPTS();
    int index = writer->next++;
    if (writer->nulls[index]) {
      appendStringInfoString(&writer->out, "null");
    } else {
      append_element(writer, writer->values[index]);
    }
  }
  appendStringInfoChar(&writer->out, ']');
}

char* kalam_array_output(Datum datum) {
  ArrayType* array = DatumGetArrayTypeP(datum);
  for (int i = 0; i < ARR_NDIM(array); i++) {
    if (ARR_LBOUND(array)[i] != 1) {
      ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                      errmsg("cannot store an array whose lower bound is not 1 in KalamDB"),
                      errdetail("Arrays are kept there as JSON text, which has no bounds.")));
    }
  }
  // Elements that are JSON themselves could not be told from sub-arrays.
  if (is_json_type(getBaseType(ARR_ELEMTYPE(array)))) {
    if (ARR_NDIM(array) > 1) {
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("cannot store an array of json with more than one dimension in KalamDB")));
    }
    refuse_json_nulls(array);
  }
  ArrayWriter writer = {};
  Oid output;
  bool is_varlena;
  int16 length;
  bool by_value;
  char alignment;
  int count;
  writer.type = getBaseType(ARR_ELEMTYPE(array));
  getTypeOutputInfo(writer.type, &output, &is_varlena);
  fmgr_info(output, &writer.output);
  get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
  deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &writer.values, &writer.nulls, &count);
  initStringInfo(&writer.out);
  int level = begin_fixed_settings(output);
  if (count == 0) {
    appendStringInfoString(&writer.out, "[]");
  } else {
    append_dimension(&writer, ARR_DIMS(array), ARR_NDIM(array));
  }
  end_fixed_settings(level);
  return writer.out.data;
}

// ---------------------------------------------------------------- text to arrays

namespace {

struct ArrayBuilder {
  Oid element;
  bool keeps_json;  // elements are JSON, however deep
  FmgrInfo input;
  Oid input_parameter;
  int32 typmod;
  Datum* values;
  bool* nulls;
  int count;
  int capacity;
  int depth;         // of the elements; 0: none yet
  int dims[MAXDIM];  // -1: not known yet
};

}  // namespace

[[noreturn]] static void report_shape(const char* detail) {
  ereport(ERROR,
          (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("JSON text does not fit an array"), errdetail("%s", detail)));
  pg_unreachable();
}

static char* element_text(const ArrayBuilder* builder, JsonbValue* value) {
  if (builder->keeps_json) return JsonbToCString(nullptr, &JsonbValueToJsonb(value)->root, -1);
  switch (value->type) {
    case jbvString:
      return pnstrdup(value->val.string.val, value->val.string.len);
    case jbvNumeric:
      return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
    default:
      return pstrdup(value->val.boolean ? "true" : "false");
  }
}

static void add_element(ArrayBuilder* builder, JsonbValue* value, int depth) {
  if (builder->depth == 0) builder->depth = depth;
  if (builder->depth != depth) report_shape("Some elements are arrays, others are not.");
  if (builder->count == builder->capacity) {
    builder->capacity *= 2;
    builder->values = (Datum*)repalloc(builder->values, sizeof(Datum) * builder->capacity);
    builder->nulls = (bool*)repalloc(builder->nulls, sizeof(bool) * builder->capacity);
  }
  int index = builder->count++;
  builder->nulls[index] = value->type == jbvNull;
  builder->values[index] = (Datum)0;
  if (!builder->nulls[index]) {
    builder->values[index] =
        kalam_input_text(&builder->input, element_text(builder, value), builder->input_parameter, builder->typmod);
  }
}

static void end_dimension(ArrayBuilder* builder, int level, int length) {
  int* known = &builder->dims[level - 1];
  if (*known >= 0 && *known != length) report_shape("Sub-arrays have different lengths.");
  *known = length;
}

static void collect(ArrayBuilder* builder, Jsonb* json) {
  int lengths[MAXDIM] = {};
  int level = 0;
  JsonbValue value;
  JsonbIterator* iterator = JsonbIteratorInit(&json->root);
  for (;;) {
    switch (JsonbIteratorNext(&iterator, &value, builder->keeps_json && level > 0)) {
      case WJB_BEGIN_ARRAY:
        if (level == MAXDIM) report_shape("It is nested too deeply.");
        lengths[level++] = 0;
        break;
      case WJB_END_ARRAY:
        end_dimension(builder, level, lengths[level - 1]);
        if (--level > 0) lengths[level - 1]++;
        break;
      case WJB_ELEM:
        lengths[level - 1]++;
        add_element(builder, &value, level);
        break;
      case WJB_DONE:
        return;
      default:
        report_shape("It contains an object.");
    }
    CHECK_FOR_INTERRUPTS();
  }
}

Oid kalam_element_base(Oid array_type, int32* typmod) {
  Oid element = get_element_type(array_type);
  if (get_typtype(element) != TYPTYPE_DOMAIN) return element;
  *typmod = -1;
  return getBaseTypeAndTypmod(element, typmod);
}

Datum kalam_array_input(Oid array_type, int32 typmod, char* text) {
  ArrayBuilder builder = {};
  Oid input;
  int16 length;
  bool by_value;
  char alignment;
  Jsonb* json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
  if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json)) report_shape("It is not a JSON array.");

  builder.element = get_element_type(array_type);
  builder.typmod = typmod;
  Oid base = kalam_element_base(array_type, &builder.typmod);
  builder.keeps_json = is_json_type(base);
  getTypeInputInfo(base, &input, &builder.input_parameter);
  fmgr_info(input, &builder.input);
  builder.capacity = 16;
  builder.values = (Datum*)palloc(sizeof(Datum) * builder.capacity);
  builder.nulls = (bool*)palloc(sizeof(bool) * builder.capacity);
  for (int& dimension : builder.dims) dimension = -1;
  collect(&builder, json);
  if (builder.count == 0) return PointerGetDatum(construct_empty_array(builder.element));
  // An empty sub-array beside elements has no element that would have been noticed.
  if (builder.depth < MAXDIM && builder.dims[builder.depth] >= 0)
    report_shape("Some elements are arrays, others are not.");

  int lower_bounds[MAXDIM];
  for (int& bound : lower_bounds) bound = 1;
  get_typlenbyvalalign(builder.element, &length, &by_value, &alignment);
  return PointerGetDatum(construct_md_array(builder.values, builder.nulls, builder.depth, builder.dims, lower_bounds,
                                            builder.element, length, by_value, alignment));
}
