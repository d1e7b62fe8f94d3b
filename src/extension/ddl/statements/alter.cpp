// ALTER TABLE and ALTER FOREIGN TABLE … ADD and DROP COLUMN, SET and DROP NOT NULL, SET and DROP DEFAULT, TYPE.
//
// PostgreSQL's side is altered first, so that whatever it refuses is refused before anything is sent. KalamDB takes one
// operation a statement (spec 10.4); what is sent when, and how it is undone, is told in pending.h.
#include "extension/base/report.h"
#include "extension/catalog/relation.h"
#include "extension/catalog/rights.h"
#include "extension/ddl/ddl.h"
#include "extension/ddl/definition/definition.h"
#include "extension/ddl/statements/alteration.h"
#include "extension/journal/journal.h"
#include "extension/options/options.h"
#include "extension/plan/own_query.h"
#include "extension/remote/query.h"
#include "extension/transaction/remote_ddl.h"
#include "extension/transaction/snapshot.h"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/heap.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/tablecmds.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

static bool is_mirrored(AlterTableType type) {
  return type == AT_AddColumn || type == AT_DropColumn || type == AT_SetNotNull || type == AT_DropNotNull ||
         type == AT_ColumnDefault || type == AT_AlterColumnType;
}

static bool names_columns(const AlterTableStmt* statement) {
  ListCell* cell;
  foreach (cell, statement->cmds) {
    AlterTableType type = lfirst_node(AlterTableCmd, cell)->subtype;
    if (type == AT_AddColumn || type == AT_AlterColumnGenericOptions) return true;
  }
  return false;
}

// After PostgreSQL's side. CREATE FOREIGN TABLE sets the options of one column after the other, each by a subcommand:
// it checks the columns itself.
static void check_columns_differ(const KalamUtility* utility, Oid relid, const AlterTableStmt* statement) {
  if (utility->context == PROCESS_UTILITY_SUBCOMMAND || !names_columns(statement) || !kalam_is_kalamdb_table(relid))
    return;
  CommandCounterIncrement();
  kalam_check_columns_differ(relid);
}

[[noreturn]] void kalam_alteration_refuse(const KalamAlteration* alteration, const char* action, const char* column,
                                          const char* detail, const char* hint) {
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
           errmsg("cannot %s column \"%s\" of KalamDB table \"%s\"", action, column, alteration->relation->remote_name),
           errdetail_internal("%s", detail), hint != nullptr ? errhint("%s", hint) : 0));
  pg_unreachable();
}

// A parent hands ADD and DROP COLUMN and the like on to its children, of which each would need its own remote change.
static void refuse_children(Oid relid) {
  ListCell* cell;
  List* children = find_all_inheritors(relid, NoLock, nullptr);
  foreach (cell, children) {
    Oid child = lfirst_oid(cell);
    if (child == relid || !kalam_is_kalamdb_table(child)) continue;
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot alter columns of table \"%s\" together with those of KalamDB table \"%s\"",
                           get_rel_name(relid), get_rel_name(child)),
                    errhint("Detach the KalamDB table, alter both, and attach it again.")));
  }
}

// KalamDB's table was there before the foreign table, and others may use it.
static void refuse_attached(const KalamAlteration* alteration) {
  if (alteration->on_drop == KalamOnDrop::drop) return;
  const KalamRelation* relation = alteration->relation;
  if (kalam_owns_server(relation->serverid, GetUserId())) return;
  ereport(
      ERROR,
      (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
       errmsg("permission denied to alter KalamDB table \"%s\"", relation->remote_name),
       errdetail("Foreign table \"%s\" only shows it (option \"on_drop\" is \"keep\"): it takes the owner of server "
                 "\"%s\" or a superuser.",
                 relation->local_name, alteration->connection->server_name)));
}

static const KalamRemoteColumn* find_remote(const KalamRelation* relation, const char* name) {
  for (int i = 0; i < relation->column_count; i++)
    if (pg_strcasecmp(relation->columns[i].name, name) == 0) return &relation->columns[i];
  return nullptr;
}

static const char* action_of(AlterTableType type) {
  switch (type) {
    case AT_AddColumn:
      return "add";
    case AT_DropColumn:
      return "drop";
    case AT_SetNotNull:
      return "set NOT NULL for";
    case AT_DropNotNull:
      return "drop NOT NULL of";
    case AT_AlterColumnType:
      return "change the type of";
    default:
      return "change the default of";
  }
}

// ---------------------------------------------------------------- before PostgreSQL's side

// Rewrites the column as CREATE TABLE would (types that only KalamDB knows, SERIAL). NULL: PostgreSQL will skip it, or
// it is one of the columns that only PostgreSQL's side shows.
static KalamColumnDefinition* define_added(const KalamAlteration* alteration, AlterTableCmd* command) {
  ColumnDef* column = castNode(ColumnDef, command->def);
  const KalamRelation* relation = alteration->relation;

  if (get_attnum(alteration->relid, column->colname) != InvalidAttrNumber) return nullptr;
  CreateStmt* statement = makeNode(CreateStmt);
  statement->tableElts = list_make1(column);
  KalamTableDefinition definition = {};
  definition.name_space = asc_tolower(relation->name_space, strlen(relation->name_space));
  definition.table = asc_tolower(relation->table, strlen(relation->table));
  definition.kind = relation->kind;
  kalam_define_columns(statement, &definition);
  if (definition.columns == NIL) {
    kalam_check_system_columns(statement, relation->kind);
    return nullptr;
  }
  refuse_attached(alteration);
  kalam_check_names(&definition);

  KalamColumnDefinition* added = (KalamColumnDefinition*)linitial(definition.columns);
  if (added->is_key)
    kalam_alteration_refuse(alteration, "add", added->local_name, "The key of a KalamDB table cannot change.", nullptr);
  const KalamRemoteColumn* existing = find_remote(relation, added->name);
  if (existing != nullptr) {
    const char* shown_as = nullptr;
    for (int i = 0; i < relation->attribute_count; i++) {
      if (relation->attribute_column[i] == existing - relation->columns)
        shown_as = get_attname(alteration->relid, (AttrNumber)(i + 1), true);
    }
    ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
                    errmsg("column \"%s\" of KalamDB table \"%s\" already exists", added->name, relation->remote_name),
                    shown_as != nullptr
                        ? errhint("Column \"%s\" shows it, since it was renamed here. Give the new one another name in "
                                  "KalamDB, with OPTIONS (column_name '...').",
                                  shown_as)
                        : errhint("A column that this transaction has dropped is there until it commits. To show a "
                                  "column that other clients made, drop the foreign table while its option "
                                  "\"on_drop\" is \"keep\", and create it again.")));
  }
  return added;
}

// A column's default as KalamDB would have it; NULL: there is none, or it is evaluated here alone.
const char* kalam_alteration_remote_default(const KalamAlteration* alteration, AttrNumber attribute,
                                            const Node* expression) {
  kalam::RemoteType type;
  const char* why;
  Oid local_type;
  int32 typmod;
  Oid collation;
  if (expression == nullptr) return nullptr;
  get_atttypetypmodcoll(alteration->relid, attribute, &local_type, &typmod, &collation);
  if (kalam_remote_type(local_type, typmod, &type, &why) == nullptr) return nullptr;
  return kalam_remote_default(expression, type.kind);
}

// Whether KalamDB would notice the change of a column that is there.
static bool is_noticed(const KalamAlteration* alteration, const KalamAlterStep* step, AttrNumber attribute) {
  if (step->remote == nullptr) return false;
  switch (step->type) {
    case AT_SetNotNull:
      return !step->remote->not_null;
    case AT_DropNotNull:
      return step->remote->not_null;
    default:
      return step->remote->default_value != nullptr ||
             kalam_alteration_remote_default(alteration, attribute, step->default_expression) != nullptr;
  }
}

static void add_step(KalamAlteration* alteration, AlterTableCmd* command) {
  const KalamRelation* relation = alteration->relation;
  KalamAlterStep* step = (KalamAlterStep*)palloc0(sizeof(KalamAlterStep));
  step->type = command->subtype;

  if (command->subtype == AT_AddColumn) {
    step->added = define_added(alteration, command);
    if (step->added == nullptr) return;
    step->local_name = step->added->local_name;
    kalam_check_fill(alteration, castNode(ColumnDef, command->def), step);
    alteration->steps = lappend(alteration->steps, step);
    return;
  }

  // ALTER COLUMN n by number is for indexes only.
  if (command->name == nullptr) return;
  step->local_name = command->name;
  step->default_expression = command->def;
  AttrNumber attribute = get_attnum(alteration->relid, command->name);
  if (attribute > 0) {
    int column = relation->attribute_column[attribute - 1];
    bool own = column == KALAM_ATTRIBUTE_USER_ID || (column >= 0 && relation->columns[column].is_system);
    // It is no longer shown.
    if (own && command->subtype == AT_DropColumn) return;
    if (own) {
      kalam_alteration_refuse(alteration, action_of(command->subtype), command->name,
                              "It is one of KalamDB's own columns.", nullptr);
    }
    if (column >= 0) {
      step->remote = &relation->columns[column];
      step->remote_name = step->remote->name;
    }
    // A column that the remote table lacks is PostgreSQL's alone.
    if (column == KALAM_ATTRIBUTE_MISSING) return;
    if (command->subtype == AT_AlterColumnType) {
      kalam_plan_type_change(alteration, command, attribute, step);
      if (step->type_change != KalamTypeChange::none) refuse_attached(alteration);
      alteration->steps = lappend(alteration->steps, step);
      return;
    }
    if (attribute == relation->key_attribute && command->subtype != AT_ColumnDefault &&
        command->subtype != AT_SetNotNull)
      kalam_alteration_refuse(alteration, action_of(command->subtype), command->name, "It is the key.", nullptr);
    if (is_noticed(alteration, step, attribute)) refuse_attached(alteration);
    if (command->subtype == AT_SetNotNull && !step->remote->not_null) kalam_check_no_nulls(alteration, command->name);
  }
  alteration->steps = lappend(alteration->steps, step);
}

// ---------------------------------------------------------------- after it

static void report(const KalamAlteration* alteration, const kalam::Status* status, const char* sql) {
  KalamErrorContext context = {};
  context.server = alteration->connection->server_name;
  context.remote_table = alteration->relation->remote_name;
  context.remote_sql = sql;
  kalam_report(status, &context);
}

void kalam_alteration_send(const KalamAlteration* alteration, const char* sql, const char* undo_sql, const char* what) {
  const KalamRelation* relation = alteration->relation;
  kalam::Status status;
  // Before it is sent: the wait for the answer may be interrupted.
  KalamPendingChange* change =
      kalam_pending_alter(alteration->connection, relation->name_space, relation->table, undo_sql, what);
  kalam_send_ddl(alteration->connection, sql, change, &status);
  if (status.error == kalam::ErrorClass::none) return;
  report(alteration, &status, sql);
}

char* kalam_alteration_sql(const KalamAlteration* alteration, const char* operation) {
  return psprintf("ALTER TABLE %s %s", alteration->table_sql, operation);
}

static void add_column(const KalamAlteration* alteration, const KalamColumnDefinition* added) {
  StringInfoData operation;
  initStringInfo(&operation);
  appendStringInfoString(&operation, "ADD COLUMN ");
  kalam_append_column_sql(&operation, added);
  char* drop = psprintf("DROP COLUMN %s", added->name);
  kalam_alteration_send(alteration, kalam_alteration_sql(alteration, operation.data),
                        kalam_alteration_sql(alteration, drop), psprintf("ADD COLUMN %s", added->name));
  if (alteration->relation->kind != kalam::TableKind::shared || alteration->relation->awaits_commit) return;

  // Values of a dropped column stay stored under its name (spec 10.4). In an expression the server takes some plain
  // words for functions, such as user, which can be names of columns.
  const char* name = quote_identifier(added->name);
  KalamQueryResult* answer =
      kalam_query(alteration->connection,
                  psprintf("SELECT %s FROM %s WHERE %s IS NOT NULL LIMIT 1", name, alteration->table_sql, name));
  if (answer->row_count > 0) {
    kalam_alteration_refuse(alteration, "add", added->local_name,
                            "An earlier column of that name was dropped, and KalamDB still has its values.",
                            "Choose another name, and show it under this one with option \"column_name\".");
  }
}

static void change_default(const KalamAlteration* alteration, const KalamAlterStep* step) {
  AttrNumber attribute = get_attnum(alteration->relid, step->local_name);
  if (attribute == InvalidAttrNumber) return;
  const KalamRelation* relation = alteration->relation;
  const char* name = kalam_column_name(alteration->relid, attribute);
  const char* expression = kalam_alteration_remote_default(alteration, attribute, step->default_expression);
  // There is nothing to take away.
  if (expression == nullptr && (step->remote == nullptr || step->remote->default_value == nullptr) &&
      !kalam_pending_has(alteration->connection, relation->name_space, relation->table))
    return;
  char* operation = expression != nullptr ? psprintf("ALTER COLUMN %s SET DEFAULT %s", name, expression)
                                          : psprintf("ALTER COLUMN %s DROP DEFAULT", name);
  kalam_pending_at_commit(alteration->connection, relation->name_space, relation->table,
                          kalam_alteration_sql(alteration, operation));
}

static bool is_not_null(Oid relid, const char* column) {
  HeapTuple tuple = SearchSysCacheAttName(relid, column);
  if (!HeapTupleIsValid(tuple)) return false;
  bool is_set = ((Form_pg_attribute)GETSTRUCT(tuple))->attnotnull;
  ReleaseSysCache(tuple);
  return is_set;
}

char* kalam_alteration_about_not_null(const char* remote_name) {
  return psprintf("NOT NULL of %s", remote_name);
}

void kalam_alteration_not_null_at_commit(const KalamAlteration* alteration, const char* remote_name, bool set) {
  const KalamRelation* relation = alteration->relation;
  const KalamRemoteColumn* remote = find_remote(relation, remote_name);
  bool is_set = remote != nullptr && remote->not_null;
  char* operation = psprintf("ALTER COLUMN %s %s NOT NULL", remote_name, set ? "SET" : "DROP");
  kalam_pending_instead(alteration->connection, relation->name_space, relation->table,
                        is_set != set ? kalam_alteration_sql(alteration, operation) : nullptr,
                        kalam_alteration_about_not_null(remote_name));
}

static void change_not_null(const KalamAlteration* alteration, const KalamAlterStep* step) {
  bool set = step->type == AT_SetNotNull;
  const KalamRelation* relation = alteration->relation;
  // A statement may do both: PostgreSQL drops first, in whatever order they are written.
  if (is_not_null(alteration->relid, step->local_name) != set) return;
  if (step->remote_name == nullptr) {
    kalam_alteration_refuse(alteration, action_of(step->type), step->local_name, "The statement adds it.",
                            "ALTER TABLE once more after the statement that adds the column.");
  }
  // Rows that the transaction has changed may be what makes it so, and are sent when it commits.
  bool waits = kalam_pending_about(alteration->connection, relation->name_space, relation->table,
                                   kalam_alteration_about_not_null(step->remote_name)) != nullptr;
  if (waits || (set && !step->remote->not_null && kalam_has_pending_rows(alteration->relid))) {
    kalam_alteration_not_null_at_commit(alteration, step->remote_name, set);
    return;
  }
  if (step->remote->not_null == set) return;
  char* to_set = psprintf("ALTER COLUMN %s SET NOT NULL", step->remote_name);
  char* to_drop = psprintf("ALTER COLUMN %s DROP NOT NULL", step->remote_name);
  kalam_alteration_send(alteration, kalam_alteration_sql(alteration, set ? to_set : to_drop),
                        kalam_alteration_sql(alteration, set ? to_drop : to_set),
                        psprintf("%s NOT NULL of column %s", set ? "SET" : "DROP", step->remote_name));
}

// Nothing is to be done for a column that is dropped.
static void forget_not_null(const KalamAlteration* alteration, const KalamAlterStep* step) {
  const KalamRelation* relation = alteration->relation;
  if (kalam_pending_about(alteration->connection, relation->name_space, relation->table,
                          kalam_alteration_about_not_null(step->remote_name)) != nullptr)
    kalam_alteration_not_null_at_commit(alteration, step->remote_name, step->remote->not_null);
}

// The column stays until the transaction commits, and rows that it inserts until then have no value for it.
void kalam_drop_not_null_first(const KalamAlteration* alteration, const KalamRemoteColumn* column) {
  if (!alteration->is_in_block || !column->not_null) return;
  char* operation = psprintf("ALTER COLUMN %s ", column->name);
  kalam_alteration_send(alteration, kalam_alteration_sql(alteration, psprintf("%sDROP NOT NULL", operation)),
                        kalam_alteration_sql(alteration, psprintf("%sSET NOT NULL", operation)),
                        psprintf("DROP NOT NULL of column %s", column->name));
}

static void mirror(const KalamAlteration* alteration, const KalamAlterStep* step) {
  const KalamRelation* relation = alteration->relation;
  switch (step->type) {
    case AT_AddColumn:
      add_column(alteration, step->added);
      break;
    case AT_DropColumn:
      // IF EXISTS, and it does not.
      if (step->remote_name == nullptr) break;
      forget_not_null(alteration, step);
      kalam_drop_not_null_first(alteration, step->remote);
      kalam_pending_at_commit(alteration->connection, relation->name_space, relation->table,
                              kalam_alteration_sql(alteration, psprintf("DROP COLUMN %s", step->remote_name)));
      break;
    case AT_AlterColumnType:
      if (step->remote != nullptr) kalam_change_type(alteration, step);
      break;
    case AT_ColumnDefault:
      change_default(alteration, step);
      break;
    default:
      change_not_null(alteration, step);
      break;
  }
}

// Of a table that is only shown here columns are dropped as the table is: here alone. The NOTICEs for after it.
static List* find_kept(Oid relid, const KalamTableOptions* options, const AlterTableStmt* statement) {
  List* notices = NIL;
  ListCell* cell;
  if (options->on_drop == KalamOnDrop::drop) return NIL;
  foreach (cell, statement->cmds) {
    const AlterTableCmd* command = lfirst_node(AlterTableCmd, cell);
    if (command->subtype != AT_DropColumn) continue;
    AttrNumber attribute = get_attnum(relid, command->name);
    if (attribute <= 0) continue;
    notices = lappend(notices, psprintf("KalamDB table \"%s.%s\" keeps column \"%s\", with its values",
                                        options->name_space, options->table, kalam_column_name(relid, attribute)));
  }
  return notices;
}

// Whether something is left for KalamDB.
static bool is_mirrored_here(const AlterTableCmd* command, const KalamTableOptions* options) {
  if (command->subtype == AT_DropColumn && options->on_drop == KalamOnDrop::keep) return false;
  return is_mirrored(command->subtype);
}

// What the server must be asked for, before PostgreSQL's side is altered.
static void begin(KalamAlteration* alteration, const AlterTableStmt* statement, const KalamTableOptions* options) {
  ListCell* cell;
  Oid relid = alteration->relid;
  Relation local = table_open(relid, NoLock);
  alteration->on_drop = options->on_drop;
  alteration->connection = kalam_connection_get(GetForeignTable(relid)->serverid, GetUserId());
  alteration->relation = kalam_relation_get(local, GetUserId(), KalamFreshness::validated);
  table_close(local, NoLock);
  alteration->table_sql = kalam_quote_table(alteration->relation->name_space, alteration->relation->table);
  if (alteration->relation->kind == kalam::TableKind::system) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("cannot alter KalamDB system table \"%s\"", alteration->relation->remote_name)));
  }
  foreach (cell, statement->cmds) {
    AlterTableCmd* command = lfirst_node(AlterTableCmd, cell);
    if (is_mirrored_here(command, options)) add_step(alteration, command);
  }
}

bool kalam_is_mirrored(const AlterTableStmt* statement) {
  ListCell* cell;
  foreach (cell, statement->cmds) {
    if (is_mirrored(lfirst_node(AlterTableCmd, cell)->subtype)) return true;
  }
  return false;
}

void kalam_alter_table(const KalamUtility* utility, const AlterTableStmt* source) {
  Oid relid = RangeVarGetRelid(source->relation, NoLock, true);
  if (!OidIsValid(relid) || !kalam_is_mirrored(source)) {
    kalam_utility_pass(utility);
    if (OidIsValid(relid)) check_columns_differ(utility, relid, source);
    return;
  }
  if (get_rel_relkind(relid) != RELKIND_VIEW && get_rel_relkind(relid) != RELKIND_INDEX) refuse_children(relid);
  if (!kalam_is_kalamdb_table(relid)) {
    kalam_utility_pass(utility);
    return;
  }

  // With the lock that PostgreSQL will take, and by the owner only, before the server is asked anything.
  relid = RangeVarGetRelidExtended(source->relation, AccessExclusiveLock, 0, RangeVarCallbackOwnsRelation, nullptr);
  if (!kalam_is_kalamdb_table(relid)) {
    kalam_utility_pass(utility);
    return;
  }
  KalamAlteration alteration = {};
  KalamTableOptions options;
  ListCell* cell;
  AlterTableStmt* statement = (AlterTableStmt*)copyObjectImpl(source);
  alteration.relid = relid;
  alteration.is_in_block = utility->context != PROCESS_UTILITY_TOPLEVEL || IsTransactionBlock();
  kalam_table_options(relid, &options);
  List* kept = find_kept(relid, &options, statement);
  bool is_asked = false;
  foreach (cell, statement->cmds)
    if (is_mirrored_here(lfirst_node(AlterTableCmd, cell), &options)) is_asked = true;
  if (is_asked) begin(&alteration, statement, &options);
  kalam_change_values(&alteration);

  kalam_utility_replace(utility, (Node*)statement);
  CommandCounterIncrement();
  check_columns_differ(utility, relid, statement);
  foreach (cell, alteration.steps) mirror(&alteration, (KalamAlterStep*)lfirst(cell));
  kalam_relation_forget(relid);
  kalam_copy_columns(utility, &alteration);
  kalam_fill_added(&alteration);
  foreach (cell, kept) ereport(NOTICE, (errmsg_internal("%s", (const char*)lfirst(cell))));
}
