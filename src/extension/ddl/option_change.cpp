// ALTER FOREIGN TABLE … OPTIONS, looked at where the catalog has both the old and the new options: whichever statement,
// however it names the table, and whatever is renamed beside it.
//
// A foreign table, its journal and a KalamDB table belong together one to one, as do its columns: none of them is
// exchanged while the transaction has changes. And to point a table elsewhere, or to have KalamDB's table dropped that
// was only attached, takes more than owning the foreign table. ALTER SERVER … OPTIONS is looked at likewise: its
// namespace_prefix is a part of the names of all its tables.
#include "extension/catalog/new_table.h"
#include "extension/catalog/rights.h"
#include "extension/ddl/ddl.h"
#include "extension/journal/journal.h"
#include "extension/options/options.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

static List* to_list(Datum options, bool is_null) {
  return is_null ? NIL : untransformRelOptions(options);
}

// The options in a catalog's row as the running command has left them. System caches show those of before until the
// command counter is raised.
static List* options_of_row(Oid catalog_oid, Oid index, ScanKeyData* keys, int key_count, AttrNumber column) {
  bool is_null = true;
  List* options = NIL;
  Relation catalog = table_open(catalog_oid, AccessShareLock);
  SysScanDesc scan = systable_beginscan(catalog, index, true, SnapshotSelf, key_count, keys);
  HeapTuple tuple = systable_getnext(scan);
  if (HeapTupleIsValid(tuple)) {
    Datum value = heap_getattr(tuple, column, RelationGetDescr(catalog), &is_null);
    options = to_list(value, is_null);
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  return options;
}

// Of the table, or of one of its columns.
static List* new_options(Oid relid, AttrNumber attribute) {
  ScanKeyData keys[2];
  if (attribute == InvalidAttrNumber) {
    ScanKeyInit(&keys[0], Anum_pg_foreign_table_ftrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
    return options_of_row(ForeignTableRelationId, ForeignTableRelidIndexId, keys, 1, Anum_pg_foreign_table_ftoptions);
  }
  ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
  ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum(attribute));
  return options_of_row(AttributeRelationId, AttributeRelidNumIndexId, keys, 2, Anum_pg_attribute_attfdwoptions);
}

static List* new_server_options(Oid serverid) {
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_foreign_server_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(serverid));
  return options_of_row(ForeignServerRelationId, ForeignServerOidIndexId, &key, 1, Anum_pg_foreign_server_srvoptions);
}

static bool has_option(const List* options, const char* name) {
  ListCell* cell;
  foreach (cell, options)
    if (strcmp(((const DefElem*)lfirst(cell))->defname, name) == 0) return true;
  return false;
}

// Whether a name that the options held follows the local one from now on: it would be another one after a RENAME that
// this library does not see.
static bool is_let_go(const List* before, const List* after) {
  return (has_option(before, "namespace") && !has_option(after, "namespace")) ||
         (has_option(before, "table") && !has_option(after, "table"));
}

static bool same_name(const char* a, const char* b) {
  return pg_strcasecmp(a, b) == 0;
}

static void refuse_pending_rows(Oid relid, const char* what) {
  if (!kalam_has_pending_rows(relid)) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                  errmsg("cannot %s of foreign table \"%s\" because the transaction has changed rows of it", what,
                         get_rel_name(relid)),
                  errdetail("They are sent to KalamDB when the transaction commits."), errhint("COMMIT first.")));
}

[[noreturn]] static void deny(const char* what, Oid relid, const ForeignServer* server, const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("permission denied to %s of foreign table \"%s\"", what, get_rel_name(relid)),
                  errdetail("Only the owner of server \"%s\" and superusers may do this.", server->servername),
                  errhint("%s", hint)));
  pg_unreachable();
}

static void check_table(Oid relid) {
  KalamTableOptions before;
  KalamTableOptions after;
  const ForeignTable* table = GetForeignTable(relid);
  const List* options = new_options(relid, InvalidAttrNumber);
  ForeignServer* server = GetForeignServer(table->serverid);

  kalam_table_options_of(relid, table->options, &before);
  kalam_table_options_of(relid, options, &after);
  bool is_same = same_name(before.name_space, after.name_space) && same_name(before.table, after.table);
  bool is_same_kind = before.has_kind == after.has_kind && (!before.has_kind || before.kind == after.kind);
  if (!is_same || !is_same_kind) refuse_pending_rows(relid, "change the KalamDB table");
  if ((!is_same || !is_same_kind) && kalam_new_table_definition(relid) != nullptr) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                    errmsg("cannot change the KalamDB table of foreign table \"%s\"", get_rel_name(relid)),
                    errdetail("KalamDB has the table when the transaction commits."), errhint("COMMIT first.")));
  }
  bool owns_server = kalam_owns_server(server->serverid, GetUserId());
  if ((!is_same || is_let_go(table->options, options)) && !owns_server)
    deny("change the KalamDB table", relid, server, "CREATE FOREIGN TABLE shows another KalamDB table.");
  if (before.on_drop != KalamOnDrop::drop && after.on_drop == KalamOnDrop::drop && !owns_server) {
    deny("set option \"on_drop\" to \"drop\"", relid, server,
         "Without it the foreign table is dropped, and KalamDB's table is kept.");
  }
}

static bool is_own;

void kalam_set_own_option_change(bool own) {
  is_own = own;
}

static void check_column(Oid relid, AttrNumber attribute) {
  if (is_own || !kalam_has_pending_rows(relid)) return;
  const char* before = kalam_column_name(relid, attribute);
  const char* after = kalam_column_name_of(relid, attribute, new_options(relid, attribute));
  if (!same_name(before, after)) refuse_pending_rows(relid, "change a column's name in KalamDB");
}

void kalam_check_option_change(Oid relid, AttrNumber attribute) {
  if (IsBinaryUpgrade || !kalam_is_kalamdb_table(relid)) return;
  if (attribute == InvalidAttrNumber) {
    check_table(relid);
  } else {
    check_column(relid, attribute);
  }
}

// Foreign tables of the server, as far as they are committed or this transaction's.
static List* tables_of(Oid serverid) {
  List* tables = NIL;
  HeapTuple tuple;
  Relation catalog = table_open(ForeignTableRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 0, nullptr);
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    Form_pg_foreign_table table = (Form_pg_foreign_table)GETSTRUCT(tuple);
    if (table->ftserver == serverid) tables = lappend_oid(tables, table->ftrelid);
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  return tables;
}

void kalam_check_server_change(Oid serverid) {
  ForeignServer* server = GetForeignServer(serverid);
  if (IsBinaryUpgrade || server->fdwid != kalam_fdw_oid()) return;
  char* before = kalam_namespace_prefix(serverid);
  if (same_name(before, kalam_namespace_prefix_of(new_server_options(serverid)))) return;
  List* tables = tables_of(serverid);
  if (tables == NIL) return;
  ListCell* cell;
  foreach (cell, tables) refuse_pending_rows(lfirst_oid(cell), "change the KalamDB table");
  if (!superuser()) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                    errmsg("cannot change option \"%s\" of server \"%s\" because foreign tables use it",
                           "namespace_prefix", server->servername),
                    errdetail("Each of them would be another KalamDB table."),
                    errhint("Drop the foreign tables first, or ask a superuser.")));
  }
  ereport(WARNING, (errmsg_plural("%d foreign table of server \"%s\" is another KalamDB table now",
                                  "%d foreign tables of server \"%s\" are other KalamDB tables now",
                                  list_length(tables), list_length(tables), server->servername)));
}
