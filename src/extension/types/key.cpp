#include "extension/types/key.h"

#include "extension/base/report.h"
#include "extension/types/text_forms.h"

extern "C" {
#include "access/nbtree.h"
#include "access/stratnum.h"
#include "catalog/pg_opfamily_d.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

using kalam::RemoteKind;
using kalam::Value;
using kalam::ValueKind;

// ---------------------------------------------------------------- which types

bool kalam_key_is_storable(RemoteKind kind) {
  switch (kind) {
    case RemoteKind::text:
    case RemoteKind::smallint:
    case RemoteKind::integer:
    case RemoteKind::bigint:
    case RemoteKind::boolean:
    case RemoteKind::real:
    case RemoteKind::double_precision:
      return true;
    default:
      return false;
  }
}

// PostgreSQL knows it of the types of keys, for the sake of compact indexes.
bool kalam_key_has_one_text(Oid type, Oid collation) {
  // Its texts are written without the blanks at their ends.
  if (getBaseType(type) == BPCHAROID) return get_collation_isdeterministic(collation);
  TypeCacheEntry* entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
  if (!OidIsValid(entry->btree_opf)) return false;
  Oid function = get_opfamily_proc(entry->btree_opf, entry->btree_opintype, entry->btree_opintype, BTEQUALIMAGE_PROC);
  if (!OidIsValid(function)) return false;
  return DatumGetBool(OidFunctionCall1Coll(function, collation, ObjectIdGetDatum(entry->btree_opintype)));
}

// ---------------------------------------------------------------- comparisons

KalamKeyComparison kalam_key_comparison(const KalamRelation* relation, TupleDesc tupdesc) {
  if (relation->key_attribute == InvalidAttrNumber || relation->key_column < 0) return KalamKeyComparison::none;
  Oid type = getBaseType(TupleDescAttr(tupdesc, relation->key_attribute - 1)->atttypid);
  switch (relation->columns[relation->key_column].type.kind) {
    case RemoteKind::smallint:
    case RemoteKind::integer:
    case RemoteKind::bigint:
      return type == INT2OID || type == INT4OID || type == INT8OID ? KalamKeyComparison::integer
                                                                   : KalamKeyComparison::none;
    case RemoteKind::text:
      if (type == UUIDOID) return relation->key_is_canonical ? KalamKeyComparison::uuid : KalamKeyComparison::none;
      return type == TEXTOID || type == VARCHAROID ? KalamKeyComparison::text : KalamKeyComparison::none;
    default:
      return KalamKeyComparison::none;
  }
}

// The operators that PostgreSQL compares integers of all widths with, and those of texts and uuids.
int kalam_key_strategy(Oid opno, Oid collation, Oid value_type) {
  int strategy = get_op_opfamily_strategy(opno, INTEGER_BTREE_FAM_OID);
  if (strategy != InvalidStrategy) return strategy;
  if (get_opcode(opno) == F_UUID_EQ) return BTEqualStrategyNumber;
  if (get_op_opfamily_strategy(opno, TEXT_BTREE_FAM_OID) != BTEqualStrategyNumber) return InvalidStrategy;
  if (value_type != TEXTOID && value_type != VARCHAROID) return InvalidStrategy;
  if (!OidIsValid(collation) || !get_collation_isdeterministic(collation)) return InvalidStrategy;
  return BTEqualStrategyNumber;
}

// ---------------------------------------------------------------- texts

void kalam_report_other_key(const KalamRelation* relation) {
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("the key of KalamDB table \"%s\" is another one than when the statement was planned",
                         relation->remote_name),
                  errhint("Run the statement again.")));
  pg_unreachable();
}

KalamColumnWriter* kalam_key_writer_create(const KalamRelation* relation, Oid type) {
  if (relation->key_attribute == InvalidAttrNumber) kalam_report_other_key(relation);
  KalamColumnWriter* writer = (KalamColumnWriter*)palloc0(sizeof(KalamColumnWriter));
  const KalamRemoteColumn* column = &relation->columns[relation->key_column];
  kalam_column_writer_init(writer, relation, column, type,
                           get_attname(relation->relid, relation->key_attribute, false));
  return writer;
}

KalamColumnWriter* kalam_key_writer_of_attribute(const KalamRelation* relation, TupleDesc tupdesc) {
  if (relation->key_attribute == InvalidAttrNumber) kalam_report_other_key(relation);
  return kalam_key_writer_create(relation, TupleDescAttr(tupdesc, relation->key_attribute - 1)->atttypid);
}

// As the server prints numbers: the shortest digits that mean the number.
static char* text_of_number(const Value* key) {
  double number = key->kind == ValueKind::real ? (double)key->f : key->d;
  // -0 is stored as 0 (spec 5.1).
  if (number == 0) return pstrdup("0");
  if (isnan(number)) return pstrdup("NaN");
  if (isinf(number)) return pstrdup(number > 0 ? "inf" : "-inf");
  char* text = (char*)palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
  if (key->kind == ValueKind::real) {
    float_to_shortest_decimal_buf(key->f, text);
  } else {
    double_to_shortest_decimal_buf(key->d, text);
  }
  return text;
}

char* kalam_key_text_of_integer(int64 key) {
  return psprintf(INT64_FORMAT, key);
}

char* kalam_key_text_of_value(const Value* key) {
  switch (key->kind) {
    case ValueKind::boolean:
      return pstrdup(key->b ? "true" : "false");
    case ValueKind::integer:
      return kalam_key_text_of_integer(key->i);
    case ValueKind::real:
    case ValueKind::double_precision:
      return text_of_number(key);
    default:
      return pnstrdup((const char*)key->bytes.data, key->bytes.size);
  }
}

char* kalam_key_text(KalamColumnWriter* writer, Datum key) {
  Value value;
  writer->convert(writer, key, &value);
  return kalam_key_text_of_value(&value);
}

bool kalam_key_has_many_texts(const KalamRelation* relation, TupleDesc tupdesc) {
  if (relation->key_attribute == InvalidAttrNumber || relation->key_column < 0 || relation->key_is_canonical)
    return false;
  return relation->columns[relation->key_column].type.kind == RemoteKind::text &&
         getBaseType(TupleDescAttr(tupdesc, relation->key_attribute - 1)->atttypid) == UUIDOID;
}

bool kalam_key_text_may_differ(const KalamRelation* relation, TupleDesc tupdesc) {
  if (relation->key_attribute == InvalidAttrNumber || relation->key_column < 0) return false;
  Oid type = getBaseType(TupleDescAttr(tupdesc, relation->key_attribute - 1)->atttypid);
  switch (relation->columns[relation->key_column].type.kind) {
    case RemoteKind::text:
    case RemoteKind::json:
    case RemoteKind::file:
      return type != TEXTOID && type != VARCHAROID && type != JSONOID;
    default:
      return false;
  }
}

// The text is for the server's log alone.
void kalam_key_refuse_text(const char* relation, Oid type, const kalam::Slice* stored, const char* text) {
  ereport(
      ERROR,
      (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
       errmsg("KalamDB has a key of foreign table \"%s\" as another text than PostgreSQL writes for type %s", relation,
              format_type_be(type)),
       errdetail("KalamDB compares keys as texts, and does not find the row by the one that PostgreSQL writes."),
       errdetail_log("KalamDB has \"%s\", and PostgreSQL writes \"%s\".",
                     kalam_text_from_remote(stored->data, stored->size), kalam_text_from_remote(text, strlen(text))),
       errhint("Store the row in KalamDB under the key that PostgreSQL writes, or show the key as a column of type "
               "text.")));
  pg_unreachable();
}

bool kalam_key_from_text(const char* text, Oid type, int32 typmod, Datum* key) {
  Oid base = getBaseTypeAndTypmod(type, &typmod);
  Oid input;
  Oid parameter;
  if (!kalam_has_text(base) || OidIsValid(get_element_type(base))) return false;
  FmgrInfo function;
  getTypeInputInfo(base, &input, &parameter);
  fmgr_info(input, &function);
  *key = kalam_input_text(&function, pg_any_to_server(text, (int)strlen(text), PG_UTF8), parameter, typmod);
  return true;
}
