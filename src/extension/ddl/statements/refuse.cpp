// Statements on foreign tables of this wrapper that PostgreSQL would run on its side alone, so that the two sides would
// silently differ from then on.
#include "extension/base/settings.h"
#include "extension/catalog/relation.h"
#include "extension/ddl/ddl.h"
#include "extension/ddl/definition/definition.h"
#include "extension/options/option_table.h"
#include "extension/options/options.h"
#include "extension/remote/query.h"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
}

[[noreturn]] static void refuse_key(Oid relid) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot add a primary key to KalamDB table \"%s\"", get_rel_name(relid)),
                  errhint("Declare the primary key in CREATE TABLE; a column called \"id\" becomes it by itself.")));
  pg_unreachable();
}

// ADD PRIMARY KEY of the column that is the key anyway, as a dump or a migration writes it after CREATE TABLE.
static bool is_known_key(Oid relid, const AlterTableCmd* command) {
  if (command->subtype != AT_AddConstraint || command->def == nullptr || !IsA(command->def, Constraint)) return false;
  const Constraint* constraint = (const Constraint*)command->def;
  if (constraint->contype != CONSTR_PRIMARY || list_length(constraint->keys) != 1) return false;
  AttrNumber column = get_attnum(relid, strVal(linitial(constraint->keys)));
  if (column == InvalidAttrNumber) return false;
  if (!kalam_relation_ownercheck(relid, GetUserId())) {
    aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
  }
  Relation local = table_open(relid, AccessShareLock);
  const KalamRelation* relation = kalam_relation_get(local, GetUserId(), KalamFreshness::cached);
  table_close(local, NoLock);
  return relation->key_attribute == column;
}

// Others are PostgreSQL's alone, or left out (skip.cpp).
static bool adds_key(const AlterTableCmd* command) {
  return command->subtype == AT_AddConstraint && command->def != nullptr && IsA(command->def, Constraint) &&
         ((const Constraint*)command->def)->contype == CONSTR_PRIMARY;
}

// Options that CREATE TABLE hands to KalamDB: a change would not reach it, and the catalog would say what is not so.
static void refuse_remote_options(Oid relid, List* options) {
  ListCell* cell;
  foreach (cell, options) {
    DefElem* element = lfirst_node(DefElem, cell);
    const KalamOption* option = kalam_option_find(element->defname, ForeignTableRelationId);
    if (option == nullptr || !option->remote) continue;

    StringInfoData sql;
    KalamTableOptions table;
    kalam_table_options(relid, &table);
    initStringInfo(&sql);
    appendStringInfo(&sql, "ALTER TABLE %s SET TBLPROPERTIES (", kalam_quote_table(table.name_space, table.table));
    if (element->defaction == DEFELEM_DROP || kalam_option_trim(defGetString(element)) == nullptr) {
      appendStringInfo(&sql, "%s = NULL", asc_toupper(element->defname, strlen(element->defname)));
    } else {
      kalam_option_check_value(option, defGetString(element));
      kalam_append_option_sql(&sql, element);
    }
    appendStringInfoChar(&sql, ')');
    char* call = kalam_exec_call(GetForeignServer(GetForeignTable(relid)->serverid)->servername, sql.data);
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot change option \"%s\" of KalamDB table \"%s\"", option->name, get_rel_name(relid)),
                    errdetail("It is passed to KalamDB when the table is created, and not changed with it later."),
                    errhint("%s asks KalamDB for it. What it can change depends on its version.", call)));
  }
}

// ADD GENERATED ALWAYS AS IDENTITY, and whatever means a sequence of PostgreSQL: a dump names it.
static bool is_sequence(const AlterTableCmd* command) {
  if (command->def == nullptr || !IsA(command->def, Constraint)) return false;
  const Constraint* identity = (const Constraint*)command->def;
  if (identity->generated_when == ATTRIBUTE_IDENTITY_ALWAYS || kalam_setting_serial() == KalamSerial::sequence)
    return true;
  ListCell* cell;
  foreach (cell, identity->options)
    if (strcmp(lfirst_node(DefElem, cell)->defname, "sequence_name") == 0) return true;
  return false;
}

// What a subcommand does, for the message; NULL for those that concern PostgreSQL's side alone.
static const char* diverging_action(AlterTableType type) {
  switch (type) {
    // Mirrored (alter.cpp).
    case AT_ColumnDefault:
    case AT_AddColumn:
    case AT_DropColumn:
    case AT_SetNotNull:
    case AT_DropNotNull:
    case AT_AlterColumnType:
    // Checks and triggers are PostgreSQL's: the server applies none of them to rows that it is sent.
    case AT_AddConstraint:  // CHECK; keys were refused
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
    case AT_SetLogged:  // they are
      return nullptr;
    case AT_SetUnLogged:
      return "SET UNLOGGED";
    case AT_SetTableSpace:
      return "SET TABLESPACE";
    case AT_SetRelOptions:
    case AT_ResetRelOptions:
      return "setting storage parameters";
    case AT_SetAccessMethod:
      return "SET ACCESS METHOD";
    case AT_SetStorage:
      return "ALTER COLUMN SET STORAGE";
    case AT_SetCompression:
      return "ALTER COLUMN SET COMPRESSION";
    // The sequence is PostgreSQL's.
    case AT_SetIdentity:
    case AT_DropIdentity:
      return nullptr;
    case AT_AddIdentity:
      return "ADD GENERATED BY DEFAULT AS IDENTITY";
    case AT_DropExpression:
      return "ALTER COLUMN DROP EXPRESSION";
    case AT_ReplicaIdentity:
      return "REPLICA IDENTITY";
    case AT_ClusterOn:
    case AT_DropCluster:
      return "clustering";
    case AT_EnableRowSecurity:
    case AT_DisableRowSecurity:
    case AT_ForceRowSecurity:
    case AT_NoForceRowSecurity:
      return "row-level security";
    default:
      return "this form of ALTER TABLE";
  }
}

static void check_alter_table(const AlterTableStmt* statement) {
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
  if (!kalam_is_kalamdb_table(relid)) return;
  foreach (cell, statement->cmds) {
    AlterTableCmd* command = lfirst_node(AlterTableCmd, cell);
    if (adds_key(command) && !is_known_key(relid, command)) refuse_key(relid);
    if (command->subtype == AT_GenericOptions) refuse_remote_options(relid, castNode(List, command->def));
    const char* action = diverging_action(command->subtype);
    if (action == nullptr) continue;
    bool is_identity = command->subtype == AT_AddIdentity;
    if (is_identity && is_sequence(command)) continue;
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("%s is not supported on KalamDB table \"%s\"", action, get_rel_name(relid)),
             is_identity ? errhint("Use ALTER COLUMN ... SET DEFAULT snowflake_id(), or SET kalam.serial = sequence.")
                         : 0));
  }
}

void kalam_refuse_divergence(const Node* statement) {
  switch (nodeTag(statement)) {
    case T_AlterTableStmt:
      check_alter_table((const AlterTableStmt*)statement);
      break;
    default:
      break;
  }
}

const AlterTableStmt* kalam_without_needless(const AlterTableStmt* statement) {
  Oid relid = RangeVarGetRelid(statement->relation, NoLock, true);
  List* commands = NIL;
  ListCell* cell;

  if (!kalam_is_kalamdb_table(relid)) return statement;
  foreach (cell, statement->cmds) {
    AlterTableCmd* command = lfirst_node(AlterTableCmd, cell);
    // As for an ordinary table that is logged.
    if (command->subtype == AT_SetLogged) continue;
    if (!is_known_key(relid, command)) {
      commands = lappend(commands, command);
      continue;
    }
    ereport(NOTICE, (errmsg("column \"%s\" is the primary key of KalamDB table \"%s\" already, skipping",
                            strVal(linitial(((const Constraint*)command->def)->keys)), get_rel_name(relid))));
  }
  if (list_length(commands) == list_length(statement->cmds)) return statement;
  AlterTableStmt* copy = (AlterTableStmt*)copyObjectImpl(statement);
  copy->cmds = commands;
  return copy;
}
