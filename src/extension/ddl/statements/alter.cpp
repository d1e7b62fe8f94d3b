// ALTER TABLE and ALTER FOREIGN TABLE … ADD and DROP COLUMN, SET and DROP NOT NULL, SET and DROP DEFAULT.
//
// PostgreSQL's side is altered first, so that whatever it refuses is refused before anything is sent. KalamDB takes one
// operation a statement (spec 10.4); what is sent when, and how it is undone, is told in pending.h.
#include "extension/base/report.h"
#include "extension/catalog/relation.h"
#include "extension/catalog/rights.h"
#include "extension/ddl/ddl.h"
#include "extension/ddl/definition/definition.h"
#include "extension/journal/journal.h"
#include "extension/options/options.h"
#include "extension/plan/own_query.h"
#include "extension/remote/query.h"
#include "extension/transaction/remote_ddl.h"

extern "C" {
#include "access/table.h"
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

namespace {

// What a subcommand means for KalamDB's table, found before PostgreSQL runs it.
struct Step {
  AlterTableType type;
  KalamColumnDefinition* added;  // ADD COLUMN
  const char* local_name;
  const char* remote_name;  // NULL: no such column before the statement
  const KalamRemoteColumn* remote;
  const Node* default_expression;  // SET DEFAULT; NULL: DROP DEFAULT
};

struct Alteration {
  Oid relid;
  KalamRelation* relation;
  KalamConnection* connection;  // reference: of the statement
  char* table_sql;              // namespace.table
  KalamOnDrop on_drop;
  List* steps;  // of Step*
};

}  // namespace

static bool is_mirrored(AlterTableType type) {
  return type == AT_AddColumn || type == AT_DropColumn || type == AT_SetNotNull || type == AT_DropNotNull ||
         type == AT_ColumnDefault;
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

[[noreturn]] static void refuse(const Alteration* alteration, const char* action, const char* column,
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

static void refuse_pending_rows(Oid relid) {
  if (!kalam_has_pending_rows(relid)) return;
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_IN_USE),
           errmsg("cannot ALTER TABLE \"%s\" because the transaction has changed rows of it", get_rel_name(relid)),
           errdetail("They are sent to KalamDB when the transaction commits."), errhint("COMMIT first.")));
}

// KalamDB's table was there before the foreign table, and others may use it.
static void refuse_attached(const Alteration* alteration) {
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
    default:
      return "change the default of";
  }
}

// ---------------------------------------------------------------- before PostgreSQL's side

// Whether no row can be there: made by this transaction, which has written none; or counted. Others may write into the
// table meanwhile, but not through this PostgreSQL: the foreign table is locked.
static bool is_empty(const Alteration* alteration) {
  const KalamRelation* relation = alteration->relation;
  if (kalam_pending_is_created(alteration->connection, relation->name_space, relation->table)) return true;
  if (relation->kind != kalam::TableKind::shared) return false;
  KalamQueryResult* answer =
      kalam_query(alteration->connection, psprintf("SELECT count(*) FROM %s", alteration->table_sql));
  return answer->row_count == 1 && answer->values[0][0] != nullptr && strcmp(answer->values[0][0], "0") == 0;
}

// Whether rows that exist would have a value of the new column, as an ordinary table's: of its default, of its type's,
// or a generated one. A default that is NULL, however it is written, gives them none.
static bool gives_values(const ColumnDef* column, const KalamColumnDefinition* added) {
  const Constraint* own_default = nullptr;
  ListCell* cell;
  foreach (cell, column->constraints) {
    const Constraint* constraint = lfirst_node(Constraint, cell);
    if (constraint->contype == CONSTR_GENERATED || constraint->contype == CONSTR_IDENTITY) return true;
    if (constraint->contype == CONSTR_DEFAULT) own_default = constraint;
  }
  if (own_default == nullptr) return get_typdefault(added->local_type) != nullptr;
  ParseState* parse_state = make_parsestate(nullptr);
  Node* expression = cookDefault(parse_state, (Node*)copyObjectImpl(own_default->raw_expr), added->local_type,
                                 added->local_typmod, added->local_name, '\0');
  free_parsestate(parse_state);
  // A domain's constraints are checked when the value is stored, and not here.
  expression = eval_const_expressions(nullptr, expression);
  while (IsA(expression, CoerceToDomain)) expression = (Node*)((CoerceToDomain*)expression)->arg;
  return !IsA(expression, Const) || !((Const*)expression)->constisnull;
}

// NULL in rows that exist must be what the column's domain allows, as PostgreSQL checks when it fills an ordinary
// table.
static void check_domain(const KalamColumnDefinition* added) {
  domain_check((Datum)0, true, added->local_type, nullptr, CurrentMemoryContext);
}

// Rewrites the column as CREATE TABLE would (types that only KalamDB knows, SERIAL). NULL: PostgreSQL will skip it, or
// it is one of the columns that only PostgreSQL's side shows.
static KalamColumnDefinition* define_added(const Alteration* alteration, AlterTableCmd* command) {
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
  if (added->is_key) refuse(alteration, "add", added->local_name, "The key of a KalamDB table cannot change.", nullptr);
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
  if ((added->not_null || gives_values(column, added)) && !is_empty(alteration)) {
    refuse(
        alteration, "add", added->local_name,
        relation->kind == kalam::TableKind::shared
            ? "The table has rows, to which KalamDB would give neither the default nor a generated value."
            : "Rows of other users may exist, to which KalamDB would give neither the default nor a generated value.",
        "Add it without NOT NULL and DEFAULT, UPDATE the rows, then ALTER COLUMN ... SET DEFAULT or SET NOT NULL.");
  }
  if (get_typtype(added->local_type) == TYPTYPE_DOMAIN && !is_empty(alteration)) check_domain(added);
  return added;
}

// A column's default as KalamDB would have it; NULL: there is none, or it is evaluated here alone.
static const char* remote_default(const Alteration* alteration, AttrNumber attribute, const Node* expression) {
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
static bool is_noticed(const Alteration* alteration, const Step* step, AttrNumber attribute) {
  if (step->remote == nullptr) return false;
  switch (step->type) {
    case AT_SetNotNull:
      return !step->remote->not_null;
    case AT_DropNotNull:
      return step->remote->not_null;
    default:
      return step->remote->default_value != nullptr ||
             remote_default(alteration, attribute, step->default_expression) != nullptr;
  }
}

static void refuse_nulls(const Alteration* alteration, const char* column) {
  const KalamRelation* relation = alteration->relation;
  if (kalam_pending_is_created(alteration->connection, relation->name_space, relation->table)) return;
  if (relation->kind != kalam::TableKind::shared) {
    refuse(alteration, "set NOT NULL for", column, "Rows of other users may hold NULLs, which cannot be seen.",
           nullptr);
  }

  // An ordinary query of the foreign table: complete, or an error.
  Relation local = table_open(alteration->relid, NoLock);
  KalamOwnQuery query =
      kalam_own_query(local, "SELECT 1 FROM", psprintf("t WHERE t.%s IS NULL", quote_identifier(column)));
  bool found = kalam_run_own_query(&query, None_Receiver, 1, true) > 0;
  table_close(local, NoLock);
  if (found) {
    ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                    errmsg("column \"%s\" of relation \"%s\" contains null values", column, relation->local_name)));
  }
}

static void add_step(Alteration* alteration, AlterTableCmd* command) {
  const KalamRelation* relation = alteration->relation;
  Step* step = (Step*)palloc0(sizeof(Step));
  step->type = command->subtype;

  if (command->subtype == AT_AddColumn) {
    step->added = define_added(alteration, command);
    if (step->added == nullptr) return;
    step->local_name = step->added->local_name;
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
    if (own)
      refuse(alteration, action_of(command->subtype), command->name, "It is one of KalamDB's own columns.", nullptr);
    if (column >= 0) {
      step->remote = &relation->columns[column];
      step->remote_name = step->remote->name;
    }
    // A column that the remote table lacks is PostgreSQL's alone.
    if (column == KALAM_ATTRIBUTE_MISSING) return;
    if (attribute == relation->key_attribute && command->subtype != AT_ColumnDefault &&
        command->subtype != AT_SetNotNull)
      refuse(alteration, action_of(command->subtype), command->name, "It is the key.", nullptr);
    if (is_noticed(alteration, step, attribute)) refuse_attached(alteration);
    if (command->subtype == AT_SetNotNull && !step->remote->not_null) refuse_nulls(alteration, command->name);
  }
  alteration->steps = lappend(alteration->steps, step);
}

// ---------------------------------------------------------------- after it

static void report(const Alteration* alteration, const kalam::Status* status, const char* sql) {
  KalamErrorContext context = {};
  context.server = alteration->connection->server_name;
  context.remote_table = alteration->relation->remote_name;
  context.remote_sql = sql;
  kalam_report(status, &context);
}

static void send_undoable(const Alteration* alteration, const char* sql, const char* undo_sql, const char* what) {
  const KalamRelation* relation = alteration->relation;
  kalam::Status status;
  // Before it is sent: the wait for the answer may be interrupted.
  KalamPendingChange* change =
      kalam_pending_alter(alteration->connection, relation->name_space, relation->table, undo_sql, what);
  kalam_send_ddl(alteration->connection, sql, change, &status);
  if (status.error == kalam::ErrorClass::none) return;
  report(alteration, &status, sql);
}

static char* alter_sql(const Alteration* alteration, const char* operation) {
  return psprintf("ALTER TABLE %s %s", alteration->table_sql, operation);
}

static void add_column(const Alteration* alteration, const KalamColumnDefinition* added) {
  StringInfoData operation;
  initStringInfo(&operation);
  appendStringInfoString(&operation, "ADD COLUMN ");
  kalam_append_column_sql(&operation, added);
  char* drop = psprintf("DROP COLUMN %s", added->name);
  send_undoable(alteration, alter_sql(alteration, operation.data), alter_sql(alteration, drop),
                psprintf("ADD COLUMN %s", added->name));
  if (alteration->relation->kind != kalam::TableKind::shared || alteration->relation->awaits_commit) return;

  // Values of a dropped column stay stored under its name (spec 10.4). In an expression the server takes some plain
  // words for functions, such as user, which can be names of columns.
  const char* name = quote_identifier(added->name);
  KalamQueryResult* answer =
      kalam_query(alteration->connection,
                  psprintf("SELECT %s FROM %s WHERE %s IS NOT NULL LIMIT 1", name, alteration->table_sql, name));
  if (answer->row_count > 0) {
    refuse(alteration, "add", added->local_name,
           "An earlier column of that name was dropped, and KalamDB still has its values.",
           "Choose another name, and show it under this one with option \"column_name\".");
  }
}

static void change_default(const Alteration* alteration, const Step* step) {
  AttrNumber attribute = get_attnum(alteration->relid, step->local_name);
  if (attribute == InvalidAttrNumber) return;
  const KalamRelation* relation = alteration->relation;
  const char* name = kalam_column_name(alteration->relid, attribute);
  const char* expression = remote_default(alteration, attribute, step->default_expression);
  // There is nothing to take away.
  if (expression == nullptr && (step->remote == nullptr || step->remote->default_value == nullptr) &&
      !kalam_pending_has(alteration->connection, relation->name_space, relation->table))
    return;
  char* operation = expression != nullptr ? psprintf("ALTER COLUMN %s SET DEFAULT %s", name, expression)
                                          : psprintf("ALTER COLUMN %s DROP DEFAULT", name);
  kalam_pending_at_commit(alteration->connection, relation->name_space, relation->table,
                          alter_sql(alteration, operation));
}

static bool is_not_null(Oid relid, const char* column) {
  HeapTuple tuple = SearchSysCacheAttName(relid, column);
  if (!HeapTupleIsValid(tuple)) return false;
  bool is_set = ((Form_pg_attribute)GETSTRUCT(tuple))->attnotnull;
  ReleaseSysCache(tuple);
  return is_set;
}

static void change_not_null(const Alteration* alteration, const Step* step) {
  bool set = step->type == AT_SetNotNull;
  // A statement may do both: PostgreSQL drops first, in whatever order they are written.
  if (is_not_null(alteration->relid, step->local_name) != set) return;
  if (step->remote_name == nullptr) {
    refuse(alteration, action_of(step->type), step->local_name, "The statement adds it.",
           "ALTER TABLE once more after the statement that adds the column.");
  }
  if (step->remote->not_null == set) return;
  char* to_set = psprintf("ALTER COLUMN %s SET NOT NULL", step->remote_name);
  char* to_drop = psprintf("ALTER COLUMN %s DROP NOT NULL", step->remote_name);
  send_undoable(alteration, alter_sql(alteration, set ? to_set : to_drop),
                alter_sql(alteration, set ? to_drop : to_set),
                psprintf("%s NOT NULL of column %s", set ? "SET" : "DROP", step->remote_name));
}

static void mirror(const Alteration* alteration, const Step* step) {
  const KalamRelation* relation = alteration->relation;
  switch (step->type) {
    case AT_AddColumn:
      add_column(alteration, step->added);
      break;
    case AT_DropColumn:
      // IF EXISTS, and it does not.
      if (step->remote_name == nullptr) break;
      kalam_pending_at_commit(alteration->connection, relation->name_space, relation->table,
                              alter_sql(alteration, psprintf("DROP COLUMN %s", step->remote_name)));
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
static void begin(Alteration* alteration, const AlterTableStmt* statement, const KalamTableOptions* options) {
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
  Alteration alteration = {};
  KalamTableOptions options;
  ListCell* cell;
  AlterTableStmt* statement = (AlterTableStmt*)copyObjectImpl(source);
  alteration.relid = relid;
  kalam_table_options(relid, &options);
  refuse_pending_rows(relid);
  List* kept = find_kept(relid, &options, statement);
  bool is_asked = false;
  foreach (cell, statement->cmds)
    if (is_mirrored_here(lfirst_node(AlterTableCmd, cell), &options)) is_asked = true;
  if (is_asked) begin(&alteration, statement, &options);

  kalam_utility_replace(utility, (Node*)statement);
  CommandCounterIncrement();
  check_columns_differ(utility, relid, statement);
  foreach (cell, alteration.steps) mirror(&alteration, (Step*)lfirst(cell));
  foreach (cell, kept) ereport(NOTICE, (errmsg_internal("%s", (const char*)lfirst(cell))));
  kalam_relation_forget(relid);
}
