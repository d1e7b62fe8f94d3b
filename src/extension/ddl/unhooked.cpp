// DDL in sessions that did not load the library when they started: the statement that loads it passes by the utility
// hook, so PostgreSQL would run it on its side alone. An event trigger of the extension loads the library before such a
// statement is executed; what KalamDB would have to hear of is refused then, and can be repeated at once.
#include "extension/base/preload.h"
#include "extension/catalog/own.h"
#include "extension/ddl/ddl.h"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "commands/event_trigger.h"
#include "utils/lsyscache.h"
}

[[noreturn]] static void refuse_unhooked(const char* tag, const char* table) {
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("%s concerns KalamDB table \"%s\", and the library pg_kalam was not loaded", tag, table),
                  errdetail("PostgreSQL would have run the statement on its side alone."),
                  errhint("The library is loaded now: repeat the statement. To have it loaded from the start, add "
                          "pg_kalam to session_preload_libraries or shared_preload_libraries.")));
  pg_unreachable();
}

// The relation, or one that inherits from it, as columns are altered and renamed in those too.
static void refuse_if_kalamdb(const char* tag, const RangeVar* name) {
  ListCell* cell;
  Oid relid = RangeVarGetRelid(name, NoLock, true);
  if (!OidIsValid(relid)) return;
  foreach (cell, find_all_inheritors(relid, NoLock, nullptr)) {
    if (kalam_is_kalamdb_table(lfirst_oid(cell))) refuse_unhooked(tag, get_rel_name(lfirst_oid(cell)));
  }
}

static void check_rename(const RenameStmt* statement) {
  if (statement->renameType == OBJECT_SCHEMA) {
    Oid schema = get_namespace_oid(statement->subname, true);
    List* tables = OidIsValid(schema) ? kalam_kalamdb_tables(schema) : NIL;
    if (tables != NIL) refuse_unhooked("ALTER SCHEMA ... RENAME", get_rel_name(linitial_oid(tables)));
  }
  bool concerns_names = statement->renameType == OBJECT_TABLE || statement->renameType == OBJECT_FOREIGN_TABLE ||
                        statement->renameType == OBJECT_COLUMN;
  if (concerns_names && statement->relation != nullptr) {
    refuse_if_kalamdb("ALTER TABLE ... RENAME", statement->relation);
  }
}

void kalam_check_unhooked_drop(Oid relid) {
  if (kalam_hook_is_active() || IsBinaryUpgrade || !kalam_is_kalamdb_table(relid)) return;
  refuse_unhooked("DROP", get_rel_name(relid));
}

// For ddl_command_start. What is dropped is not known yet, and the object access hook is there from now on.
KALAM_SQL_FUNCTION(kalam_check_ddl) {
  if (!CALLED_AS_EVENT_TRIGGER(fcinfo)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" was not called by an event trigger", "kalam_check_ddl")));
  }
  const auto* data = (const EventTriggerData*)fcinfo->context;
  const Node* statement = data->parsetree;
  if (kalam_hook_is_active() || IsBinaryUpgrade) PG_RETURN_NULL();
  switch (nodeTag(statement)) {
    case T_AlterTableStmt: {
      const auto* alter = (const AlterTableStmt*)statement;
      kalam_refuse_divergence(statement);
      if (kalam_is_mirrored(alter)) refuse_if_kalamdb("ALTER TABLE", alter->relation);
      break;
    }
    case T_RenameStmt:
      check_rename((const RenameStmt*)statement);
      break;
    case T_AlterObjectSchemaStmt: {
      const auto* alter = (const AlterObjectSchemaStmt*)statement;
      if (alter->relation != nullptr) refuse_if_kalamdb("ALTER TABLE ... SET SCHEMA", alter->relation);
      break;
    }
    default:
      break;
  }
  PG_RETURN_NULL();
}
