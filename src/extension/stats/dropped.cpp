// The counters of what is dropped go when the transaction commits that drops it.
#include "extension/stats/counters.h"

extern "C" {
#include "catalog/objectaccess.h"
#include "catalog/pg_database.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace {

struct Dropped {
  Oid classid;
  Oid object;
};

}  // namespace

static object_access_hook_type previous_object_access_hook;
static List* dropped;  // of Dropped, of the transaction; in TopTransactionContext

static KalamSyscacheId cache_of(Oid classid) {
  if (classid == RelationRelationId) return RELOID;
  return classid == ForeignServerRelationId ? FOREIGNSERVEROID : DATABASEOID;
}

static void object_access(ObjectAccessType access, Oid classid, Oid object, int sub_id, void* argument) {
  if (previous_object_access_hook != nullptr) previous_object_access_hook(access, classid, object, sub_id, argument);
  if (access != OAT_DROP || sub_id != 0) return;
  if (classid != RelationRelationId && classid != ForeignServerRelationId && classid != DatabaseRelationId) return;
  if (classid == RelationRelationId && get_rel_relkind(object) != RELKIND_FOREIGN_TABLE) return;
  // A session that has counted nothing does not know of the counters yet.
  kalam_counters_attach();
  if (!kalam_counters_has(classid, object)) return;
  MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
  Dropped* drop = (Dropped*)palloc(sizeof(Dropped));
  *drop = {classid, object};
  dropped = lappend(dropped, drop);
  MemoryContextSwitchTo(old);
}

// What a savepoint has brought back is in the catalog.
static void keep_gone() {
  List* gone = NIL;
  ListCell* cell;
  MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
  foreach (cell, dropped) {
    Dropped* drop = (Dropped*)lfirst(cell);
    if (!SearchSysCacheExists1(cache_of(drop->classid), ObjectIdGetDatum(drop->object))) gone = lappend(gone, drop);
  }
  MemoryContextSwitchTo(old);
  dropped = gone;
}

static void forget_gone() {
  ListCell* cell;
  foreach (cell, dropped)
    kalam_counters_forget(((const Dropped*)lfirst(cell))->classid, ((const Dropped*)lfirst(cell))->object);
}

static void transaction_callback(XactEvent event, void*) {
  if (dropped == NIL) return;
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
      keep_gone();
      break;
    case XACT_EVENT_COMMIT:
      forget_gone();
      dropped = NIL;
      break;
    // What a prepared transaction drops is left out of the views.
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_ABORT:
      dropped = NIL;
      break;
    default:
      break;
  }
}

void kalam_counters_watch_drops() {
  previous_object_access_hook = object_access_hook;
  object_access_hook = object_access;
  RegisterXactCallback(transaction_callback, nullptr);
}
