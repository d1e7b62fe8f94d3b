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
#include "utils/lsyscache.h"
}

namespace {

object_access_hook_type previous_object_access_hook;
bool dropping;  // a statement whose drops go to KalamDB is running

void object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void* argument) {
  if (previous_object_access_hook != nullptr) {
    previous_object_access_hook(access, class_id, object_id, sub_id, argument);
  }
  if (!dropping || access != OAT_DROP || class_id != RelationRelationId || sub_id != 0) return;
  if (!kalam_is_own_table(object_id)) return;

  KalamTableOptions options;
  kalam_table_options(object_id, &options);
  if (options.on_drop != KalamOnDrop::drop) return;
  KalamConnection* connection = kalam_connection_get(GetForeignTable(object_id)->serverid, GetUserId());
  kalam_pending_drop(connection, options.name_space, options.table);
}

void run(const KalamUtility* utility, Node* first, Node* second) {
  bool previous = dropping;

  dropping = true;
  PG_TRY();
  {
    if (first == nullptr) {
      kalam_utility_pass(utility);
    } else if (second == nullptr) {
      kalam_utility_replace(utility, first);
    } else {
      kalam_utility_subcommand(utility, first);
      kalam_utility_replace(utility, second);
    }
  }
  PG_FINALLY();
  {
    dropping = previous;
  }
  PG_END_TRY();
}

DropStmt* with_objects(const DropStmt* source, ObjectType type, List* objects) {
  DropStmt* statement = (DropStmt*)copyObjectImpl(source);
  statement->removeType = type;
  statement->objects = objects;
  return statement;
}

}  // namespace

void kalam_drop(const KalamUtility* utility, const DropStmt* source) {
  List* own = NIL;
  List* others = NIL;
  ListCell* cell;

  if (source->removeType != OBJECT_TABLE) {
    run(utility, nullptr, nullptr);
    return;
  }

  // DROP TABLE means these tables too: they are split off as foreign tables.
  foreach (cell, source->objects) {
    List* name = (List*)copyObjectImpl(lfirst(cell));
    Oid relid = RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true);
    if (kalam_is_own_table(relid)) {
      own = lappend(own, name);
    } else {
      others = lappend(others, name);
    }
  }
  if (own == NIL) {
    run(utility, nullptr, nullptr);
  } else if (others == NIL) {
    run(utility, (Node*)with_objects(source, OBJECT_FOREIGN_TABLE, own), nullptr);
  } else {
    run(utility, (Node*)with_objects(source, OBJECT_FOREIGN_TABLE, own),
        (Node*)with_objects(source, OBJECT_TABLE, others));
  }
}

void kalam_drop_init() {
  previous_object_access_hook = object_access_hook;
  object_access_hook = object_access;
}
