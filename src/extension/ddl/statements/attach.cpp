// CREATE FOREIGN TABLE for a KalamDB table that is there: what the foreign table says of it must be true, or the first
// query would fail, or PostgreSQL would plan with a NOT NULL that does not hold.
//
// Harmless, and accepted: fewer columns than the remote table has, another order, columns that may be NULL here and not
// there (checked when rows are written), and the types that kalam_type_fits() takes for each other.
#include "extension/base/report.h"
#include "extension/catalog/relation.h"
#include "extension/ddl/ddl.h"
#include "extension/ddl/definition/definition.h"
#include "extension/options/options.h"
#include "extension/remote/query.h"
#include "extension/types/key.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
}

namespace {

struct Differences {
  StringInfoData text;
  int sqlstate;  // of the first
};

}  // namespace

static void add(Differences* differences, int sqlstate, char* line) {
  if (differences->sqlstate == 0) differences->sqlstate = sqlstate;
  if (differences->text.len > 0) appendStringInfoChar(&differences->text, '\n');
  appendStringInfoString(&differences->text, line);
}

static void compare_column(Differences* differences, const KalamRelation* relation, Form_pg_attribute attribute) {
  const char* name = NameStr(attribute->attname);
  int index = relation->attribute_column[attribute->attnum - 1];
  char* local_type = format_type_with_typemod(attribute->atttypid, attribute->atttypmod);

  if (index == KALAM_ATTRIBUTE_MISSING) {
    // A dump, which switches this off as PostgreSQL's way to say that things follow, sets options of columns later.
    if (!check_function_bodies) {
      ereport(NOTICE, (errmsg("KalamDB table \"%s\" has no column \"%s\"", relation->remote_name,
                              kalam_column_name(relation->relid, attribute->attnum)),
                       errhint("Option \"column_name\" of the column tells what it is called there.")));
      return;
    }
    add(differences, ERRCODE_UNDEFINED_COLUMN,
        psprintf("KalamDB has no column \"%s\".", kalam_column_name(relation->relid, attribute->attnum)));
    return;
  }
  if (index == KALAM_ATTRIBUTE_USER_ID) {
    if (getBaseType(attribute->atttypid) != TEXTOID) {
      add(differences, ERRCODE_DATATYPE_MISMATCH,
          psprintf("Column \"%s\" must be of type text, not %s.", name, local_type));
    }
    return;
  }
  const KalamRemoteColumn* column = &relation->columns[index];
  bool is_version = index == relation->version_column;
  bool fits = is_version ? getBaseType(attribute->atttypid) == INT8OID
                         : kalam_type_fits(attribute->atttypid, attribute->atttypmod, &column->type);
  if (!fits) {
    add(differences, ERRCODE_DATATYPE_MISMATCH,
        psprintf("Column \"%s\" is of type %s here, and of type %s in KalamDB.", name, local_type,
                 kalam_printable(column->type_name)));
  }
  if (attribute->attnotnull && !column->not_null) {
    add(differences, ERRCODE_INVALID_TABLE_DEFINITION,
        psprintf("Column \"%s\" is NOT NULL here, and may be NULL in KalamDB.", name));
  }
}

static void compare_key(Differences* differences, const KalamRelation* relation,
                        const KalamTableDefinition* definition) {
  ListCell* cell;
  const char* key = relation->key_column >= 0 ? relation->columns[relation->key_column].name : nullptr;

  foreach (cell, definition->columns) {
    const auto* column = (const KalamColumnDefinition*)lfirst(cell);
    if (!column->is_key || (key != nullptr && pg_strcasecmp(column->name, key) == 0)) continue;
    add(differences, ERRCODE_INVALID_TABLE_DEFINITION,
        key != nullptr
            ? psprintf("The primary key is column \"%s\" here, and column \"%s\" in KalamDB.", column->local_name,
                       kalam_printable(key))
            : psprintf("The primary key is column \"%s\" here, and KalamDB's table has none.", column->local_name));
  }
}

namespace {

// Which attribute stands for a column.
struct ShownColumn {
  char name[128];  // hash key: KalamDB's name, in lower case
  AttrNumber attribute;
};

}  // namespace

void kalam_check_columns_differ(Oid relid) {
  if (!check_function_bodies) return;
  Relation local = RelationIdGetRelation(relid);
  if (local == nullptr) return;  // gone: ALTER TABLE was of another table, which has its name now
  TupleDesc descriptor = RelationGetDescr(local);
  HASHCTL control = {};
  control.keysize = sizeof(ShownColumn::name);
  control.entrysize = sizeof(ShownColumn);
  control.hcxt = CurrentMemoryContext;
  HTAB* shown = hash_create("KalamDB columns", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);

  for (int i = 0; i < descriptor->natts; i++) {
    Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
    if (attribute->attisdropped) continue;
    bool found;
    char* name = kalam_folded_name(kalam_column_name(relid, attribute->attnum));
    if (strlen(name) >= sizeof(ShownColumn::name)) continue;  // KalamDB has no such column
    auto* entry = (ShownColumn*)hash_search(shown, name, HASH_ENTER, &found);
    if (found) {
      ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
                      errmsg("columns \"%s\" and \"%s\" of foreign table \"%s\" would be one column of KalamDB",
                             NameStr(TupleDescAttr(descriptor, entry->attribute - 1)->attname),
                             NameStr(attribute->attname), RelationGetRelationName(local)),
                      errdetail("Its name there is \"%s\".", name),
                      errhint("Option \"column_name\" of a column says what it is called in KalamDB.")));
    }
    entry->attribute = attribute->attnum;
  }
  hash_destroy(shown);
  RelationClose(local);
}

static void compare_columns(Differences* differences, Relation local, const KalamRelation* relation) {
  for (int i = 0; i < relation->attribute_count; i++) {
    Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(local), i);
    if (!attribute->attisdropped) compare_column(differences, relation, attribute);
  }
}

char* kalam_column_differences(Relation local, const KalamRelation* relation) {
  Differences differences = {};
  initStringInfo(&differences.text);
  compare_columns(&differences, local, relation);
  return differences.sqlstate != 0 ? differences.text.data : nullptr;
}

// Its rows are found by reading all of them, since nobody knows how KalamDB's texts are written.
static void tell_of_uuid_key(Relation local, const KalamRelation* relation) {
  if (!check_function_bodies || !kalam_key_has_many_texts(relation, RelationGetDescr(local))) return;
  const char* name = NameStr(TupleDescAttr(RelationGetDescr(local), relation->key_attribute - 1)->attname);
  ereport(NOTICE,
          (errmsg("rows of foreign table \"%s\" are not looked up by key \"%s\"", relation->local_name, name),
           errdetail("It is text in KalamDB, where a uuid can be written in several ways."),
           errhint("If all are written as PostgreSQL writes them: ALTER FOREIGN TABLE %s ALTER COLUMN %s OPTIONS (ADD "
                   "canonical 'true').",
                   quote_qualified_identifier(get_namespace_name(RelationGetNamespace(local)), relation->local_name),
                   quote_identifier(name))));
}

void kalam_check_attached(Oid relid, const KalamTableDefinition* definition) {
  Differences differences = {};
  Relation local = RelationIdGetRelation(relid);
  KalamRelation* relation = kalam_relation_get(local, GetUserId(), KalamFreshness::cached);

  initStringInfo(&differences.text);
  compare_key(&differences, relation, definition);
  compare_columns(&differences, local, relation);
  if (differences.sqlstate == 0) tell_of_uuid_key(local, relation);
  RelationClose(local);
  if (differences.sqlstate == 0) return;
  char* describe = kalam_exec_call(GetForeignServer(relation->serverid)->servername,
                                   psprintf("DESCRIBE TABLE %s", relation->remote_name));
  ereport(ERROR, (errcode(differences.sqlstate),
                  errmsg("foreign table \"%s\" does not fit KalamDB table \"%s\"", relation->local_name,
                         relation->remote_name),
                  errdetail_internal("%s", differences.text.data), errhint("%s shows its columns.", describe)));
}
