// RENAME and SET SCHEMA of foreign tables and their columns, and RENAME of schemas: KalamDB's side keeps its names
// (spec 10.4: it cannot rename tables, and loses the values of a renamed column). Where a name was not recorded as an
// option yet, it is recorded now.
#include "extension/ddl/ddl.h"
#include "extension/options/options.h"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "utils/lsyscache.h"
}

static bool has_option(List* options, const char* name) {
  ListCell* cell;
  foreach (cell, options) {
    if (strcmp(((DefElem*)lfirst(cell))->defname, name) == 0) return true;
  }
  return false;
}

// ALTER FOREIGN TABLE … [ALTER COLUMN …] OPTIONS (ADD name 'value')
static void add_option(const KalamUtility* utility, Oid relid, const char* column, const char* name,
                       const char* value) {
  AlterTableStmt* alter = makeNode(AlterTableStmt);
  AlterTableCmd* command = makeNode(AlterTableCmd);

  alter->relation = makeRangeVar(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid), -1);
  alter->objtype = OBJECT_FOREIGN_TABLE;
  alter->cmds = list_make1(command);
  command->subtype = column != nullptr ? AT_AlterColumnGenericOptions : AT_GenericOptions;
  command->name = column != nullptr ? pstrdup(column) : nullptr;
  command->def = (Node*)list_make1(
      makeDefElemExtended(nullptr, pstrdup(name), (Node*)makeString(pstrdup(value)), DEFELEM_ADD, -1));
  kalam_utility_subcommand(utility, (Node*)alter);
}

static void keep_table_name(const KalamUtility* utility, Oid relid) {
  KalamTableOptions options;
  if (!kalam_is_kalamdb_table(relid) || has_option(GetForeignTable(relid)->options, "table")) return;
  kalam_table_options(relid, &options);
  add_option(utility, relid, nullptr, "table", options.table);
}

static void keep_namespace(const KalamUtility* utility, Oid relid) {
  KalamTableOptions options;
  if (!kalam_is_kalamdb_table(relid) || has_option(GetForeignTable(relid)->options, "namespace")) return;
  kalam_table_options(relid, &options);
  add_option(utility, relid, nullptr, "namespace", options.own_namespace);
}

// A parent's column is renamed in its children as well.
static void keep_column_name(const KalamUtility* utility, Oid relid, const char* name) {
  ListCell* cell;
  char kind = get_rel_relkind(relid);
  if (kind != RELKIND_FOREIGN_TABLE && kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) return;
  foreach (cell, find_all_inheritors(relid, NoLock, nullptr)) {
    Oid child = lfirst_oid(cell);
    if (!kalam_is_kalamdb_table(child)) continue;
    AttrNumber attribute = get_attnum(child, name);
    // _seq and _userid are found by their names alone.
    if (attribute == InvalidAttrNumber || has_option(GetForeignColumnOptions(child, attribute), "column_name"))
      continue;
    if (name[0] == '_') {
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("cannot rename column \"%s\" of KalamDB table \"%s\"", name, get_rel_name(child)),
                      errdetail("It is one of KalamDB's own columns.")));
    }
    add_option(utility, child, name, "column_name", name);
  }
}

static void keep_namespaces(const KalamUtility* utility, Oid schema) {
  ListCell* cell;
  foreach (cell, kalam_kalamdb_tables(schema)) keep_namespace(utility, lfirst_oid(cell));
}

void kalam_keep_names(const KalamUtility* utility, const Node* statement) {
  if (IsA(statement, AlterObjectSchemaStmt)) {
    const auto* alter = (const AlterObjectSchemaStmt*)statement;
    if (alter->relation != nullptr) keep_namespace(utility, RangeVarGetRelid(alter->relation, NoLock, true));
    return;
  }
  const auto* rename = castNode(RenameStmt, statement);
  if (rename->renameType == OBJECT_SCHEMA) {
    Oid schema = get_namespace_oid(rename->subname, true);
    if (OidIsValid(schema)) keep_namespaces(utility, schema);
    return;
  }
  if (rename->relation == nullptr) return;
  Oid relid = RangeVarGetRelid(rename->relation, NoLock, true);
  if (!OidIsValid(relid)) return;
  if (rename->renameType == OBJECT_TABLE || rename->renameType == OBJECT_FOREIGN_TABLE) {
    keep_table_name(utility, relid);
  } else if (rename->renameType == OBJECT_COLUMN) {
    keep_column_name(utility, relid, rename->subname);
  }
}
