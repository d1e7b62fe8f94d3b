#include "extension/catalog/own.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

Oid kalam_fdw_oid() {
  return IsTransactionState() ? get_foreign_data_wrapper_oid(KALAM_FDW_NAME, true) : InvalidOid;
}

bool kalam_is_kalamdb_table(Oid relid) {
  if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE) return false;
  return GetForeignServer(GetForeignTable(relid)->serverid)->fdwid == kalam_fdw_oid();
}

List* kalam_kalamdb_tables(Oid schema) {
  ScanKeyData key;
  List* foreign = NIL;
  List* tables = NIL;
  ListCell* cell;

  ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(schema));
  Relation classes = table_open(RelationRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, nullptr, 1, &key);
  while (HeapTuple tuple = systable_getnext(scan)) {
    auto* form = (Form_pg_class)GETSTRUCT(tuple);
    if (form->relkind == RELKIND_FOREIGN_TABLE) foreign = lappend_oid(foreign, form->oid);
  }
  systable_endscan(scan);
  table_close(classes, AccessShareLock);
  foreach (cell, foreign) {
    if (kalam_is_kalamdb_table(lfirst_oid(cell))) tables = lappend_oid(tables, lfirst_oid(cell));
  }
  return tables;
}

List* kalam_tables_of_server(Oid serverid) {
  ScanKeyData key;
  List* tables = NIL;
  ScanKeyInit(&key, Anum_pg_foreign_table_ftserver, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(serverid));
  Relation catalog = table_open(ForeignTableRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 1, &key);
  while (HeapTuple tuple = systable_getnext(scan))
    tables = lappend_oid(tables, ((Form_pg_foreign_table)GETSTRUCT(tuple))->ftrelid);
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  return tables;
}

ForeignServer* kalam_server_for_use(const char* name) {
  ForeignServer* server = GetForeignServerByName(name, true);
  if (server == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("server \"%s\" does not exist", name),
                    errhint("CREATE SERVER %s FOREIGN DATA WRAPPER %s OPTIONS (host '...', port '...').",
                            quote_identifier(name), KALAM_FDW_NAME)));
  }
  ForeignDataWrapper* wrapper = GetForeignDataWrapper(server->fdwid);
  if (strcmp(wrapper->fdwname, KALAM_FDW_NAME) != 0) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("server \"%s\" is not a KalamDB server", name),
                    errdetail("It belongs to foreign-data wrapper \"%s\".", wrapper->fdwname)));
  }
  AclResult allowed = kalam_server_aclcheck(server->serverid, GetUserId(), ACL_USAGE);
  if (allowed != ACLCHECK_OK) {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied for foreign server %s", name),
                    errhint("GRANT USAGE ON FOREIGN SERVER %s TO %s.", quote_identifier(name),
                            quote_identifier(GetUserNameFromId(GetUserId(), false)))));
  }
  return server;
}
