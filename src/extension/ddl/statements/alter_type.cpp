// ALTER COLUMN … TYPE. Where KalamDB's column has the type already, only PostgreSQL's side changes. INT becomes BIGINT
// by MODIFY COLUMN, after which stored numbers read well (spec 10.4); it converts no other values.
#include "extension/ddl/statements/alteration.h"
#include "extension/journal/journal.h"

extern "C" {
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "parser/parse_type.h"
#include "utils/lsyscache.h"
}

namespace {

struct LocalType {
  Oid type;
  int32 typmod;
  Oid base;
  int32 base_typmod;
};

}  // namespace

static LocalType with_base(Oid type, int32 typmod) {
  LocalType result = {type, typmod, InvalidOid, typmod};
  result.base = getBaseTypeAndTypmod(type, &result.base_typmod);
  return result;
}

// USING that names nothing but the column itself.
static bool is_column(const Node* expression, const char* name) {
  if (expression == nullptr || !IsA(expression, ColumnRef)) return false;
  const List* fields = ((const ColumnRef*)expression)->fields;
  return list_length(fields) == 1 && IsA(linitial(fields), String) && strcmp(strVal(linitial(fields)), name) == 0;
}

static bool is_same_remote_type(const kalam::RemoteType* a, const kalam::RemoteType* b) {
  return a->kind == b->kind && a->precision == b->precision && a->scale == b->scale && a->dimension == b->dimension;
}

// Whether KalamDB's column has the type that CREATE TABLE would give it, or is wider than a whole number needs.
static bool has_remote_type(const LocalType* type, const kalam::RemoteType* remote) {
  kalam::RemoteType wanted;
  const char* why;
  if (remote->kind == kalam::RemoteKind::bigint && kalam_type_fits(type->base, type->base_typmod, remote)) return true;
  return kalam_remote_type(type->base, type->base_typmod, &wanted, &why) != nullptr &&
         is_same_remote_type(&wanted, remote);
}

static bool is_text(Oid base) {
  return base == TEXTOID || base == VARCHAROID;
}

// Whether the typmod leaves every value of the other one as it is: it is none, or a longer one.
static bool takes_all(Oid base, int32 typmod, int32 old_typmod) {
  if (typmod < 0 || typmod == old_typmod) return true;
  switch (base) {
    case VARCHAROID:
    case BPCHAROID:
    case VARBITOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case TIMEOID:
      return old_typmod >= 0 && typmod >= old_typmod;
    // KalamDB's column has the same digits.
    case NUMERICOID:
      return true;
    default:
      return false;
  }
}

static bool is_integer(Oid base) {
  return base == INT2OID || base == INT4OID || base == INT8OID;
}

static int width(Oid integer) {
  return get_typlen(integer);
}

// Whether each value of the old type, as KalamDB keeps it, is read as the value of the new one that PostgreSQL would
// make of it.
static bool keeps_values(const LocalType* before, const LocalType* now) {
  // A domain may refuse some.
  if (now->type != now->base && now->type != before->type) return false;
  if (now->base == before->base) return takes_all(now->base, now->base_typmod, before->base_typmod);
  if (is_integer(now->base) && is_integer(before->base)) return width(now->base) > width(before->base);
  bool was_text = is_text(before->base) || before->base == BPCHAROID;  // without the blanks, which the cast takes away
  if (was_text && is_text(now->base))
    return now->base_typmod < 0 || (before->base_typmod >= 0 && now->base_typmod >= before->base_typmod);
  return IsBinaryCoercible(before->base, now->base);
}

// Rows of the journal are tuples of the old type.
static bool is_readable_in_journal(const KalamAlteration* alteration, const LocalType* before, const LocalType* now) {
  if (!kalam_has_pending_rows(alteration->relid)) return true;
  if (now->base == before->base) return now->base != BPCHAROID || now->base_typmod == before->base_typmod;
  if (is_integer(now->base) && is_integer(before->base)) return width(now->base) > width(before->base);
  return IsBinaryCoercible(before->base, now->base);
}

void kalam_plan_type_change(KalamAlteration* alteration, AlterTableCmd* command, AttrNumber attribute,
                            KalamAlterStep* step) {
  ColumnDef* column = castNode(ColumnDef, command->def);
  Oid type;
  int32 typmod;
  Oid collation;
  get_atttypetypmodcoll(alteration->relid, attribute, &type, &typmod, &collation);
  LocalType before = with_base(type, typmod);
  typenameTypeIdAndMod(nullptr, column->typeName, &type, &typmod);
  LocalType now = with_base(type, typmod);
  bool is_plain = column->raw_default == nullptr || is_column(column->raw_default, command->name);
  bool is_key = attribute == alteration->relation->key_attribute;
  step->type_change = KalamTypeChange::none;
  if (is_plain && has_remote_type(&now, &step->remote->type) && keeps_values(&before, &now) &&
      is_readable_in_journal(alteration, &before, &now)) {
    column->raw_default = nullptr;
    return;
  }
  if (is_key) kalam_alteration_refuse(alteration, "change the type of", command->name, "It is the key.", nullptr);
  if (is_plain && step->remote->type.kind == kalam::RemoteKind::integer && is_integer(before.base) &&
      now.type == INT8OID && is_readable_in_journal(alteration, &before, &now)) {
    column->raw_default = nullptr;
    step->type_change = KalamTypeChange::widened;
    return;
  }
  kalam_alteration_refuse(alteration, "change the type of", command->name, "Its values would become others in KalamDB.",
                          "Add a column of the new type, UPDATE it from the old one, and drop that.");
}

void kalam_change_type(const KalamAlteration* alteration, const KalamAlterStep* step) {
  if (step->type_change == KalamTypeChange::none) return;
  const char* null = step->remote->not_null ? " NOT NULL" : "";
  char* modify = psprintf("MODIFY COLUMN %s BIGINT%s", step->remote_name, null);
  char* undo = psprintf("MODIFY COLUMN %s INT%s", step->remote_name, null);
  kalam_alteration_send(alteration, kalam_alteration_sql(alteration, modify), kalam_alteration_sql(alteration, undo),
                        psprintf("the new type of column %s", step->remote_name));
}
