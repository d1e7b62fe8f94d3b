// ALTER COLUMN … TYPE. Where KalamDB's column has the type already, only PostgreSQL's side changes. INT becomes BIGINT
// by MODIFY COLUMN, after which stored numbers read well (spec 10.4); it converts no other values.
#include "extension/ddl/statements/alteration.h"
#include "extension/journal/journal.h"
#include "extension/transaction/remote_ddl.h"

extern "C" {
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
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

// The expression of USING, or the column itself, as a value of the new type. As PostgreSQL does for ordinary tables.
static Node* new_values(const KalamAlteration* alteration, const ColumnDef* column, const char* name,
                        const LocalType* now) {
  Relation local = table_open(alteration->relid, NoLock);
  ParseState* state = make_parsestate(nullptr);
  ParseNamespaceItem* item = addRangeTableEntryForRelation(state, local, AccessExclusiveLock, nullptr, false, true);
  addNSItemToQuery(state, item, false, true, true);
  ColumnRef* itself = makeNode(ColumnRef);
  itself->fields = list_make1(makeString(pstrdup(name)));
  itself->location = -1;
  Node* raw = column->raw_default != nullptr ? (Node*)copyObjectImpl(column->raw_default) : (Node*)itself;
  Node* expression = transformExpr(state, raw, EXPR_KIND_ALTER_COL_TRANSFORM);
  Node* values = coerce_to_target_type(state, expression, exprType(expression), now->type, now->typmod,
                                       COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
  if (values == nullptr) {
    const char* type = format_type_be(now->type);
    if (column->raw_default != nullptr) {
      ereport(ERROR,
              (errcode(ERRCODE_DATATYPE_MISMATCH),
               errmsg("result of USING clause for column \"%s\" cannot be cast automatically to type %s", name, type),
               errhint("You might need to add an explicit cast.")));
    }
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("column \"%s\" cannot be cast automatically to type %s", name, type),
                    errhint("You might need to specify \"USING %s::%s\".", quote_identifier(name),
                            format_type_with_typemod(now->type, now->typmod))));
  }
  assign_expr_collations(state, values);
  free_parsestate(state);
  table_close(local, NoLock);
  return values;
}

// Whether all rows can be seen, and changed in one transaction.
static void check_rows(KalamAlteration* alteration, const KalamAlterStep* step, const char* name) {
  if (kalam_alteration_is_empty(alteration)) return;
  if (!kalam_alteration_is_created(alteration) && alteration->relation->kind != kalam::TableKind::shared) {
    kalam_alteration_refuse(
        alteration, "change the type of", name, "Rows of other users may exist, which cannot be changed.",
        "Add a column of the new type, UPDATE the rows of each user from the old one, and drop that.");
  }
  kalam_refuse_rows_of_users(alteration);
  kalam_check_amount(alteration, name, step->remote->not_null);
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
  step->attribute = attribute;
  step->old_type = before.type;
  step->old_typmod = before.typmod;
  step->old_collation = collation;
  step->is_plain = is_plain;
  step->values = new_values(alteration, column, command->name, &now);
  column->raw_default = nullptr;
  check_rows(alteration, step, command->name);
  bool is_same_kind = now.base == before.base || (is_text(now.base) && is_text(before.base));
  if (is_same_kind && has_remote_type(&now, &step->remote->type) && is_readable_in_journal(alteration, &before, &now)) {
    step->type_change = KalamTypeChange::in_place;
    return;
  }
  kalam::RemoteType remote_type;
  const char* why;
  if (kalam_remote_type(now.type, now.typmod, &remote_type, &why) == nullptr)
    kalam_alteration_refuse(alteration, "change the type of", command->name, why, nullptr);
  step->type_change = KalamTypeChange::copied;
}

// ---------------------------------------------------------------- in place

// As PostgreSQL changes a row of an ordinary table: by the expression, whose type the column has not got yet.
static void set_values(Query* query, void* argument) {
  const KalamAlterStep* step = (const KalamAlterStep*)argument;
  ParseState* state = make_parsestate(nullptr);
  TargetEntry* target = linitial_node(TargetEntry, query->targetList);
  Oid type = exprType(step->values);
  Node* value = coerce_to_target_type(state, (Node*)copyObjectImpl(step->values), type, exprType((Node*)target->expr),
                                      -1, COERCION_EXPLICIT, COERCE_EXPLICIT_CAST, -1);
  assign_expr_collations(state, value);
  if (query->jointree->quals != nullptr) {
    DistinctExpr* differs = castNode(DistinctExpr, query->jointree->quals);
    Node* text = coerce_to_target_type(state, (Node*)copyObjectImpl(step->values), type, TEXTOID, -1, COERCION_EXPLICIT,
                                       COERCE_EXPLICIT_CAST, -1);
    assign_expr_collations(state, text);
    lsecond(differs->args) = text;
    differs->inputcollid = C_COLLATION_OID;
  }
  target->expr = (Expr*)value;
  free_parsestate(state);
}

// An expression that names a column whose values this statement changes in place would see the new ones.
static void refuse_changed_sources(const KalamAlteration* alteration, const KalamAlterStep* changed) {
  ListCell* cell;
  foreach (cell, alteration->steps) {
    const KalamAlterStep* step = (const KalamAlterStep*)lfirst(cell);
    Bitmapset* sources = nullptr;
    if (step == changed || step->values == nullptr) continue;
    pull_varattnos(step->values, 1, &sources);
    if (!bms_is_member(changed->attribute - FirstLowInvalidHeapAttributeNumber, sources)) continue;
    kalam_alteration_refuse(alteration, "change the type of", step->local_name,
                            "Its new values are made of another column whose type the statement changes.",
                            "ALTER TABLE once for each column.");
  }
}

void kalam_change_values(const KalamAlteration* alteration) {
  ListCell* cell;
  foreach (cell, alteration->steps) {
    const KalamAlterStep* step = (const KalamAlterStep*)lfirst(cell);
    if (step->type_change != KalamTypeChange::in_place) continue;
    refuse_changed_sources(alteration, step);
    const char* name = quote_identifier(step->local_name);
    // Without USING most rows stay as they are.
    const char* sets = step->is_plain
                           ? psprintf("SET %s = NULL WHERE %s::text IS DISTINCT FROM %s::text", name, name, name)
                           : psprintf("SET %s = NULL", name);
    kalam_update_rows(alteration, step->local_name, sets, set_values, (void*)step);
  }
}

// ---------------------------------------------------------------- after PostgreSQL's side

void kalam_change_type(const KalamAlteration* alteration, const KalamAlterStep* step) {
  if (step->type_change != KalamTypeChange::widened) return;
  const char* null = step->remote->not_null ? " NOT NULL" : "";
  char* modify = psprintf("MODIFY COLUMN %s BIGINT%s", step->remote_name, null);
  char* undo = psprintf("MODIFY COLUMN %s INT%s", step->remote_name, null);
  kalam_alteration_send(alteration, kalam_alteration_sql(alteration, modify), kalam_alteration_sql(alteration, undo),
                        psprintf("the new type of column %s", step->remote_name));
  // Of a table that KalamDB gets at COMMIT all of this is sent then, in this order: MODIFY would take NOT NULL away.
  const KalamRelation* relation = alteration->relation;
  const KalamPendingChange* waits = kalam_pending_about(alteration->connection, relation->name_space, relation->table,
                                                        kalam_alteration_about_not_null(step->remote_name));
  if (waits != nullptr && waits->commit_sql != nullptr) {
    HeapTuple tuple = SearchSysCacheAttName(alteration->relid, step->local_name);
    bool is_set = ((Form_pg_attribute)GETSTRUCT(tuple))->attnotnull;
    ReleaseSysCache(tuple);
    kalam_alteration_not_null_at_commit(alteration, step->remote_name, is_set);
  }
}
