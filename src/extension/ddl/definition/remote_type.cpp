// Local types as types of KalamDB (spec 5.1, 5.2): the name to write in CREATE TABLE, never the one that KalamDB would
// read as something else (FLOAT is 32 bits there, TIMESTAMPTZ loses its zone, NUMERIC does not exist).
#include "extension/catalog/relation.h"
#include "extension/ddl/definition/definition.h"
#include "extension/types/text_forms.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

constexpr int MAX_PRECISION = 38;
constexpr int MAX_DIMENSION = 8192;

static char* decimal_type(int32 typmod, kalam::RemoteType* type, const char** why) {
  int precision = KALAM_BARE_DECIMAL_PRECISION;
  int scale = KALAM_BARE_DECIMAL_SCALE;

  if (typmod >= (int32)VARHDRSZ) {
    precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
    scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
  }
  if (precision > MAX_PRECISION) {
    *why = "KalamDB keeps at most 38 digits.";
    return nullptr;
  }
  if (scale < 0 || scale > precision) {
    *why = "The scale of a KalamDB DECIMAL is between 0 and its precision.";
    return nullptr;
  }
  type->kind = kalam::RemoteKind::decimal;
  type->precision = (uint8_t)precision;
  type->scale = (int8_t)scale;
  return psprintf("DECIMAL(%d,%d)", precision, scale);
}

static char* simple_type(kalam::RemoteType* type, kalam::RemoteKind kind, const char* name) {
  type->kind = kind;
  return pstrdup(name);
}

// pgvector's type, wherever it is installed.
static bool is_vector_type(Oid type) {
  HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
  if (!HeapTupleIsValid(tuple)) return false;
  bool found = strcmp(NameStr(((Form_pg_type)GETSTRUCT(tuple))->typname), "vector") == 0;
  ReleaseSysCache(tuple);
  return found;
}

char* kalam_remote_type(Oid local_type, int32 typmod, kalam::RemoteType* type, const char** why) {
  using kalam::RemoteKind;

  memset(type, 0, sizeof(*type));
  *why = nullptr;
  switch (getBaseTypeAndTypmod(local_type, &typmod)) {
    case BOOLOID:
      return simple_type(type, RemoteKind::boolean, "BOOLEAN");
    case INT2OID:
      return simple_type(type, RemoteKind::smallint, "SMALLINT");
    case INT4OID:
      return simple_type(type, RemoteKind::integer, "INT");
    case INT8OID:
    case OIDOID:
      return simple_type(type, RemoteKind::bigint, "BIGINT");
    case FLOAT4OID:
      return simple_type(type, RemoteKind::real, "FLOAT");
    case FLOAT8OID:
      return simple_type(type, RemoteKind::double_precision, "DOUBLE");
    case NUMERICOID:
      return decimal_type(typmod, type, why);
    case JSONOID:
    case JSONBOID:
      return simple_type(type, RemoteKind::json, "JSON");
    case BYTEAOID:
      return simple_type(type, RemoteKind::bytes, "BYTES");
    case DATEOID:
      return simple_type(type, RemoteKind::date, "DATE");
    case TIMEOID:
      return simple_type(type, RemoteKind::time, "TIME");
    case TIMESTAMPOID:
      return simple_type(type, RemoteKind::timestamp, "TIMESTAMP");
    case TIMESTAMPTZOID:
      return simple_type(type, RemoteKind::datetime, "DATETIME");
    case UUIDOID:
      return simple_type(type, RemoteKind::uuid, "UUID");
    case TIMETZOID:
      *why = "KalamDB would lose the time zone.";
      return nullptr;
    default:
      break;
  }

  if (is_vector_type(local_type)) {
    if (typmod < 1 || typmod > MAX_DIMENSION) {
      *why = "KalamDB needs the number of dimensions, between 1 and 8192.";
      return nullptr;
    }
    type->kind = RemoteKind::embedding;
    type->dimension = (uint32)typmod;
    return psprintf("EMBEDDING(%d)", typmod);
  }
  // As JSON text.
  Oid base_type = getBaseType(local_type);
  if (OidIsValid(get_element_type(base_type)) && !kalam_has_array_text(base_type)) {
    *why = "Arrays are kept as JSON text, which arrays of this type cannot be read from.";
    return nullptr;
  }
  if (get_typtype(base_type) == TYPTYPE_PSEUDO || !kalam_has_text(base_type)) {
    *why = "KalamDB has no such type.";
    return nullptr;
  }
  // Everything else travels as its text: varchar, char, name, enums, inet, interval, xml and the like.
  return simple_type(type, RemoteKind::text, "TEXT");
}

static bool is_integer(Oid type) {
  return type == INT2OID || type == INT4OID || type == INT8OID || type == OIDOID;
}

// Types that KalamDB has itself: a TEXT column holds anything but what they need.
static bool is_own_type(Oid type) {
  kalam::RemoteType remote;
  const char* why;
  return kalam_remote_type(type, -1, &remote, &why) == nullptr || remote.kind != kalam::RemoteKind::text;
}

bool kalam_type_fits(Oid local_type, int32 typmod, const kalam::RemoteType* type) {
  using kalam::RemoteKind;
  Oid base = getBaseTypeAndTypmod(local_type, &typmod);

  switch (type->kind) {
    case RemoteKind::boolean:
      return base == BOOLOID;
    case RemoteKind::smallint:
    case RemoteKind::integer:
    case RemoteKind::bigint:
      return is_integer(base);
    case RemoteKind::real:
      return base == FLOAT4OID;
    case RemoteKind::double_precision:
      return base == FLOAT8OID;
    case RemoteKind::decimal:
      return base == NUMERICOID;  // with whatever precision: a value is never rounded when it is read
    case RemoteKind::json:
    case RemoteKind::file:
      return base == JSONOID || base == JSONBOID || kalam_has_array_text(base);
    case RemoteKind::bytes:
      return base == BYTEAOID;
    case RemoteKind::timestamp:
    case RemoteKind::datetime:
      return base == TIMESTAMPOID || base == TIMESTAMPTZOID;
    case RemoteKind::date:
      return base == DATEOID;
    case RemoteKind::time:
      return base == TIMEOID;
    case RemoteKind::uuid:
      return base == UUIDOID;
    case RemoteKind::embedding:
      return base == FLOAT4ARRAYOID || base == TEXTOID ||
             (is_vector_type(base) && (typmod < 1 || (uint32)typmod == type->dimension));
    case RemoteKind::text:
      if (OidIsValid(get_element_type(base))) return kalam_has_array_text(base);
      return !is_own_type(base) || base == JSONOID || base == JSONBOID || base == UUIDOID;
    case RemoteKind::other:  // structs, lists and the labels of enums, to be read
      return base == TEXTOID || base == JSONOID || base == JSONBOID;
  }
  return false;
}
