// DROP TABLE, DROP FOREIGN TABLE, DROP SCHEMA: which KalamDB tables go with what is dropped here.
//
// The object access hook sees every relation that a statement drops, dependent ones included. DROP EXTENSION, DROP
// SERVER, DROP OWNED and DROP DATABASE never drop anything in KalamDB.
#include "extension/ddl/ddl.h"
#include "extension/ddl/pending.h"
#include "extension/options.h"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"
}

namespace {

object_access_hook_type previous_object_access_hook;
// What becomes of the KalamDB tables that the running statement drops here.
enum class Dropping : uint8_t { nothing, table, schema, other };

Dropping dropping;
int table_count;  // of dropped tables with on_drop 'drop', for a NOTICE
StringInfo table_names;
constexpr int MAX_NAMES = 100;

// A type that is dropped takes the columns of that type with it, but not KalamDB's.
void refuse_column(Oid relid, AttrNumber attribute) {
  if (!kalam_is_own_table(relid)) return;
  ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                  errmsg("cannot drop column \"%s\" of KalamDB table \"%s\" together with its type",
                         get_attname(relid, attribute, false), get_rel_name(relid)),
                  errhint("ALTER TABLE ... DROP COLUMN first.")));
}

void note_name(const KalamTableOptions* options) {
  table_count++;
  if (table_names == nullptr || table_count > MAX_NAMES) return;
  appendStringInfo(table_names, "%s\"%s.%s\"", table_count > 1 ? ", " : "", options->name_space, options->table);
}

void object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void* argument) {
  if (previous_object_access_hook != nullptr) {
    previous_object_access_hook(access, class_id, object_id, sub_id, argument);
  }
  if (dropping == Dropping::nothing || access != OAT_DROP || class_id != RelationRelationId) return;
  if (sub_id != 0) {
    refuse_column(object_id, (AttrNumber)sub_id);
    return;
  }
  if (!kalam_is_own_table(object_id)) return;

  KalamTableOptions options;
  kalam_table_options(object_id, &options);
  if (options.on_drop != KalamOnDrop::drop) return;
  note_name(&options);
  if (dropping == Dropping::other) return;
  KalamConnection* connection = kalam_connection_get(GetForeignTable(object_id)->serverid, GetUserId());
  kalam_pending_drop(connection, options.name_space, options.table);
}

void say_what_happens() {
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

void run(const KalamUtility* utility, Dropping what, Node* first, Node* second) {
  Dropping previous = dropping;
  int previous_count = table_count;
  StringInfo previous_names = table_names;

  dropping = what;
  table_count = 0;
  table_names = makeStringInfo();
  PG_TRY();
  {
    if (first == nullptr) {
      kalam_utility_pass(utility);
    } else if (second == nullptr) {
      kalam_utility_replace(utility, first);
    } else {
      // As statements of their own: a subcommand's drops would be hidden from event triggers.
      kalam_utility_replace(utility, first);
      CommandCounterIncrement();
      kalam_utility_replace(utility, second);
    }
    say_what_happens();
  }
  PG_FINALLY();
  {
    dropping = previous;
    table_count = previous_count;
    table_names = previous_names;
  }
  PG_END_TRY();
}

DropStmt* with_objects(const DropStmt* source, ObjectType type, List* objects) {
  DropStmt* statement = (DropStmt*)copyObjectImpl(source);
  statement->removeType = type;
  statement->objects = objects;
  return statement;
}

// Whether one of the others inherits from one of ours, so that it has to go first.
bool have_heirs(List* own_ids, List* other_ids) {
  ListCell* own;
  ListCell* other;
  foreach (own, own_ids) {
    List* heirs = find_all_inheritors(lfirst_oid(own), NoLock, nullptr);
    foreach (other, other_ids) {
      if (list_member_oid(heirs, lfirst_oid(other))) return true;
    }
  }
  return false;
}

}  // namespace

void kalam_drop(const KalamUtility* utility, const DropStmt* source) {
  List* own = NIL;
  List* others = NIL;
  List* own_ids = NIL;
  List* other_ids = NIL;
  ListCell* cell;

  if (source->removeType != OBJECT_TABLE) {
    Dropping what = source->removeType == OBJECT_FOREIGN_TABLE ? Dropping::table
                    : source->removeType == OBJECT_SCHEMA      ? Dropping::schema
                                                               : Dropping::other;
    run(utility, what, nullptr, nullptr);
    return;
  }

  // DROP TABLE means these tables too: they are split off as foreign tables.
  foreach (cell, source->objects) {
    List* name = (List*)copyObjectImpl(lfirst(cell));
    Oid relid = RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true);
    if (kalam_is_own_table(relid)) {
      own = lappend(own, name);
      own_ids = lappend_oid(own_ids, relid);
    } else {
      others = lappend(others, name);
      if (OidIsValid(relid)) other_ids = lappend_oid(other_ids, relid);
    }
  }
  if (own == NIL) {
    run(utility, Dropping::table, nullptr, nullptr);
  } else if (others == NIL) {
    run(utility, Dropping::table, (Node*)with_objects(source, OBJECT_FOREIGN_TABLE, own), nullptr);
  } else {
    Node* first = (Node*)with_objects(source, OBJECT_FOREIGN_TABLE, own);
    Node* second = (Node*)with_objects(source, OBJECT_TABLE, others);
    bool swap = have_heirs(own_ids, other_ids);
    run(utility, Dropping::table, swap ? second : first, swap ? first : second);
  }
}

void kalam_drop_owned(const KalamUtility* utility) {
  run(utility, Dropping::other, nullptr, nullptr);
}

void kalam_drop_init() {
  previous_object_access_hook = object_access_hook;
  object_access_hook = object_access;
}
