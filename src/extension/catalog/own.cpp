#include "extension/catalog/own.h"

extern "C" {
#include "commands/defrem.h"
#include "utils/lsyscache.h"
}

Oid kalam_fdw_oid() {
  return IsTransactionState() ? get_foreign_data_wrapper_oid(KALAM_FDW_NAME, true) : InvalidOid;
}

bool kalam_is_kalamdb_table(Oid relid) {
  if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE) return false;
  return GetForeignServer(GetForeignTable(relid)->serverid)->fdwid == kalam_fdw_oid();
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
  if (allowed != ACLCHECK_OK) aclcheck_error(allowed, OBJECT_FOREIGN_SERVER, name);
  return server;
}
