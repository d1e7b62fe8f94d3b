// Statements on foreign tables of this wrapper that PostgreSQL would run on its side alone, so that the two sides would
// silently differ from then on.
#include "extension/ddl/ddl.h"

extern "C" {
#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "utils/lsyscache.h"
}

namespace {

bool has_option(List* options, const char* name) {
  ListCell* cell;
  foreach (cell, options) {
    if (strcmp(((DefElem*)lfirst(cell))->defname, name) == 0) return true;
  }
  return false;
}

// What a subcommand does, for the message; NULL for those that concern PostgreSQL's side alone.
const char* diverging_action(AlterTableType type) {
  switch (type) {
    // Mirrored (alter.cpp).
    case AT_ColumnDefault:
    case AT_AddColumn:
    case AT_DropColumn:
    case AT_SetNotNull:
    case AT_DropNotNull:
    // Checks and triggers are PostgreSQL's: the server applies none of them to rows that it is sent.
    case AT_AddConstraint:  // only CHECK gets past PostgreSQL for a foreign table
    case AT_AlterConstraint:
    case AT_ValidateConstraint:
    case AT_DropConstraint:
    case AT_SetStatistics:
    case AT_SetOptions:
    case AT_ResetOptions:
    case AT_ChangeOwner:
    case AT_EnableTrig:
    case AT_EnableAlwaysTrig:
    case AT_EnableReplicaTrig:
    case AT_DisableTrig:
    case AT_EnableTrigAll:
    case AT_DisableTrigAll:
    case AT_EnableTrigUser:
    case AT_DisableTrigUser:
    case AT_AddInherit:
    case AT_DropInherit:
    case AT_AttachPartition:
    case AT_DetachPartition:
    case AT_DetachPartitionFinalize:
    case AT_GenericOptions:
    case AT_AlterColumnGenericOptions:
      return nullptr;
    case AT_AlterColumnType:
      return "ALTER COLUMN TYPE";
    default:
      return "this form of ALTER TABLE";
  }
}

void check_alter_table(const AlterTableStmt* statement) {
  ListCell* cell;
  Oid relid = RangeVarGetRelid(statement->relation, NoLock, true);

  foreach (cell, statement->cmds) {
    AlterTableCmd* command = lfirst_node(AlterTableCmd, cell);
    if (command->subtype == AT_SetAccessMethod && command->name != nullptr && strcmp(command->name, "kalamdb") == 0) {
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("cannot change the access method of a table to \"%s\"", "kalamdb"),
                      errhint("CREATE TABLE ... USING kalamdb, then INSERT ... SELECT.")));
    }
  }
  if (!kalam_is_own_table(relid)) return;
  foreach (cell, statement->cmds) {
    const char* action = diverging_action(lfirst_node(AlterTableCmd, cell)->subtype);
    if (action == nullptr) continue;
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("%s is not supported on KalamDB table \"%s\"", action, get_rel_name(relid)),
                    errhint("Change the table in KalamDB, drop the foreign table while its option \"on_drop\" is "
                            "\"keep\", and create it again.")));
  }
}

void require_table_option(Oid relid, const char* option, const char* action) {
  if (!kalam_is_own_table(relid) || has_option(GetForeignTable(relid)->options, option)) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot %s foreign table \"%s\" without option \"%s\"", action, get_rel_name(relid), option),
                  errdetail("The name of the KalamDB table follows the local one."),
                  errhint("ALTER FOREIGN TABLE ... OPTIONS (ADD \"%s\" '...') first.", option)));
}

void check_rename(const RenameStmt* statement) {
  if (statement->relation == nullptr) return;
  Oid relid = RangeVarGetRelid(statement->relation, NoLock, true);

  if (statement->renameType == OBJECT_TABLE || statement->renameType == OBJECT_FOREIGN_TABLE) {
    require_table_option(relid, "table", "rename");
  } else if (statement->renameType == OBJECT_COLUMN && kalam_is_own_table(relid)) {
    AttrNumber attribute = get_attnum(relid, statement->subname);
    if (attribute == InvalidAttrNumber || has_option(GetForeignColumnOptions(relid, attribute), "column_name")) return;
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot rename column \"%s\" of foreign table \"%s\" without option \"column_name\"",
                           statement->subname, get_rel_name(relid)),
                    errdetail("The name of the KalamDB column follows the local one."),
                    errhint("ALTER FOREIGN TABLE ... ALTER COLUMN ... OPTIONS (ADD column_name '%s') first.",
                            statement->subname)));
  }
}

}  // namespace

void kalam_refuse_divergence(const Node* statement) {
  switch (nodeTag(statement)) {
    case T_AlterTableStmt:
      check_alter_table((const AlterTableStmt*)statement);
      break;
    case T_RenameStmt:
      check_rename((const RenameStmt*)statement);
      break;
    case T_AlterObjectSchemaStmt: {
      const auto* alter = (const AlterObjectSchemaStmt*)statement;
      if (alter->relation == nullptr) break;
      require_table_option(RangeVarGetRelid(alter->relation, NoLock, true), "namespace", "move");
      break;
    }
    default:
      break;
  }
}
