// DROP TABLE, DROP FOREIGN TABLE, DROP SCHEMA: which KalamDB tables go with what is dropped here.
//
// The object access hook sees every relation that a statement drops, dependent ones included. DROP EXTENSION, DROP
// SERVER, DROP OWNED and DROP DATABASE never drop anything in KalamDB.
#include "extension/catalog/rights.h"
#include "extension/ddl/ddl.h"
#include "extension/options/options.h"
#include "extension/transaction/remote_ddl.h"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

static object_access_hook_type previous_object_access_hook;
namespace {

// What becomes of the KalamDB tables that the running statement drops here.
enum class Dropping : uint8_t { nothing, table, schema, other };

}  // namespace

static Dropping dropping;
static int table_count;  // of dropped tables with on_drop 'drop', for a NOTICE
static StringInfo table_names;
constexpr int MAX_NAMES = 100;

namespace {

// A column that went with something else: its type, or the sequence of an identity column.
struct DroppedColumn {
  Oid relid;
  const char* column;
  const char* table;
};

}  // namespace

static List* dropped_columns;  // of DroppedColumn*, in the memory context of run()
static MemoryContext columns_context;

static void note_column(Oid relid, AttrNumber attribute) {
  if (!kalam_is_kalamdb_table(relid)) return;
  MemoryContext previous = MemoryContextSwitchTo(columns_context);
  auto* dropped = (DroppedColumn*)palloc(sizeof(DroppedColumn));
  *dropped = {relid, get_attname(relid, attribute, false), get_rel_name(relid)};
  dropped_columns = lappend(dropped_columns, dropped);
  MemoryContextSwitchTo(previous);
}

// A type that is dropped takes the columns of that type with it, but not KalamDB's. Of a schema both go, and the column
// at first.
static void refuse_columns() {
  ListCell* cell;
  if (dropped_columns != NIL) CommandCounterIncrement();
  foreach (cell, dropped_columns) {
    const auto* dropped = (const DroppedColumn*)lfirst(cell);
    if (get_rel_name(dropped->relid) == nullptr) continue;
    ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                    errmsg("cannot drop column \"%s\" of KalamDB table \"%s\" together with its type", dropped->column,
                           dropped->table),
                    errhint("ALTER TABLE ... DROP COLUMN first.")));
  }
}

// The server's owner has bounded this role since the table was made.
[[noreturn]] static void refuse_drop(Oid relid, const KalamTableOptions* options) {
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("permission denied to drop KalamDB table \"%s.%s\"", options->name_space, options->table),
           errdetail("Option \"%s\" of its server does not name the namespace.", "allowed_namespaces"),
           errhint("ALTER FOREIGN TABLE %s OPTIONS (SET on_drop 'keep') first, to drop the foreign table alone.",
                   quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid)))));
  pg_unreachable();
}

static void note_name(const KalamTableOptions* options) {
  table_count++;
  if (table_names == nullptr || table_count > MAX_NAMES) return;
  appendStringInfo(table_names, "%s\"%s.%s\"", table_count > 1 ? ", " : "", options->name_space, options->table);
}

static void say_kept(Oid relid, const KalamTableOptions* options) {
  ereport(NOTICE, (errmsg("KalamDB table \"%s.%s\" is kept", options->name_space, options->table),
                   errdetail("Another database has made it, as option \"made_by\" of foreign table \"%s\" says.",
                             get_rel_name(relid)),
                   errhint("ALTER FOREIGN TABLE ... OPTIONS (DROP made_by) lets this database drop it.")));
}

static void object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void* argument) {
  if (previous_object_access_hook != nullptr) {
    previous_object_access_hook(access, class_id, object_id, sub_id, argument);
  }
  if (access == OAT_POST_ALTER &&
      (class_id == ForeignTableRelationId || (class_id == RelationRelationId && sub_id != 0)))
    kalam_check_option_change(object_id, (AttrNumber)sub_id);
  if (access == OAT_POST_ALTER && class_id == ForeignServerRelationId) kalam_check_server_change(object_id);
  if (access == OAT_DROP && class_id == RelationRelationId) kalam_check_unhooked_drop(object_id);
  if (dropping == Dropping::nothing || access != OAT_DROP || class_id != RelationRelationId) return;
  if (sub_id != 0) {
    note_column(object_id, (AttrNumber)sub_id);
    return;
  }
  if (!kalam_is_kalamdb_table(object_id)) return;

  KalamTableOptions options;
  kalam_table_options(object_id, &options);
  if (options.is_made_elsewhere && dropping != Dropping::other) say_kept(object_id, &options);
  if (options.on_drop != KalamOnDrop::drop) return;
  note_name(&options);
  if (dropping == Dropping::other) return;
  Oid server = GetForeignTable(object_id)->serverid;
  if (!kalam_may_use(server, GetUserId(), options.name_space, options.table)) refuse_drop(object_id, &options);
  KalamConnection* connection = kalam_connection_get(server, GetUserId());
  kalam_pending_drop(connection, options.name_space, options.table);
}

static void say_what_happens() {
  if (table_count == 0 || dropping == Dropping::table) return;
  ereport(NOTICE,
          (dropping == Dropping::schema
               ? errmsg_plural("%d KalamDB table is dropped when the transaction commits",
                               "%d KalamDB tables are dropped when the transaction commits", (unsigned long)table_count,
                               table_count)
               : errmsg_plural("%d KalamDB table is kept, with its rows", "%d KalamDB tables are kept, with their rows",
                               (unsigned long)table_count, table_count),
           errdetail_internal("%s%s", table_names->data, table_count > MAX_NAMES ? ", ..." : "")));
}

// The statement itself, or those that it was split into.
static void run(const KalamUtility* utility, Dropping what, List* statements) {
  Dropping previous = dropping;
  int previous_count = table_count;
  StringInfo previous_names = table_names;
  List* previous_columns = dropped_columns;
  MemoryContext previous_context = columns_context;

  dropping = what;
  dropped_columns = NIL;
  columns_context = CurrentMemoryContext;
  table_count = 0;
  table_names = makeStringInfo();
  PG_TRY();
  {
    ListCell* cell;
    if (statements == NIL) kalam_utility_pass(utility);
    foreach (cell, statements) {
      // As statements of their own: a subcommand's drops would be hidden from event triggers.
      if (foreach_current_index(cell) > 0) CommandCounterIncrement();
      kalam_utility_replace(utility, (Node*)lfirst(cell));
    }
    refuse_columns();
    say_what_happens();
  }
  PG_FINALLY();
  {
    dropping = previous;
    dropped_columns = previous_columns;
    columns_context = previous_context;
    table_count = previous_count;
    table_names = previous_names;
  }
  PG_END_TRY();
}

static DropStmt* with_objects(const DropStmt* source, ObjectType type, List* objects) {
  DropStmt* statement = (DropStmt*)copyObjectImpl(source);
  statement->removeType = type;
  statement->objects = objects;
  return statement;
}

namespace {

// Tables that a statement names: names, and OIDs at the same places.
struct Named {
  List* names;
  List* ids;  // InvalidOid: there is none
};

}  // namespace

static bool has_heir(Oid relid, List* ids) {
  ListCell* cell;
  if (!OidIsValid(relid)) return false;
  List* heirs = find_all_inheritors(relid, NoLock, nullptr);
  foreach (cell, ids) {
    if (list_member_oid(heirs, lfirst_oid(cell))) return true;
  }
  return false;
}

// Takes the names of those from which none of the others inherits.
static List* take_without_heirs(Named* tables, const Named* others) {
  Named left = {};
  List* taken = NIL;
  ListCell* name;
  ListCell* id;

  forboth(name, tables->names, id, tables->ids) {
    if (!has_heir(lfirst_oid(id), others->ids)) {
      taken = lappend(taken, lfirst(name));
      continue;
    }
    left.names = lappend(left.names, lfirst(name));
    left.ids = lappend_oid(left.ids, lfirst_oid(id));
  }
  *tables = left;
  return taken;
}

// DROP FOREIGN TABLE of our tables and DROP TABLE of the others in turn, heirs first. Of two turns one takes something,
// as inheritance has no circles.
static List* split(const DropStmt* source, Named* own, Named* others) {
  List* statements = NIL;
  bool is_own = true;
  for (; own->names != NIL || others->names != NIL; is_own = !is_own) {
    List* names = is_own ? take_without_heirs(own, others) : take_without_heirs(others, own);
    if (names == NIL) continue;
    statements = lappend(statements, with_objects(source, is_own ? OBJECT_FOREIGN_TABLE : OBJECT_TABLE, names));
  }
  return statements;
}

void kalam_drop(const KalamUtility* utility, const DropStmt* source) {
  Named own = {};
  Named others = {};
  ListCell* cell;

  if (source->removeType != OBJECT_TABLE) {
    Dropping what = source->removeType == OBJECT_FOREIGN_TABLE ? Dropping::table
                    : source->removeType == OBJECT_SCHEMA      ? Dropping::schema
                                                               : Dropping::other;
    run(utility, what, NIL);
    return;
  }

  // DROP TABLE means these tables too: they are split off as foreign tables.
  foreach (cell, source->objects) {
    List* name = (List*)copyObjectImpl(lfirst(cell));
    Oid relid = RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true);
    Named* tables = kalam_is_kalamdb_table(relid) ? &own : &others;
    tables->names = lappend(tables->names, name);
    tables->ids = lappend_oid(tables->ids, relid);
  }
  run(utility, Dropping::table, own.names == NIL ? NIL : split(source, &own, &others));
}

void kalam_drop_owned(const KalamUtility* utility) {
  run(utility, Dropping::other, NIL);
}

void kalam_drop_init() {
  previous_object_access_hook = object_access_hook;
  object_access_hook = object_access;
}
