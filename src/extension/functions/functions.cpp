// Small SQL functions: version, settings, ping.
#include "extension/functions/functions.h"
#include "extension/base/report.h"
#include "extension/fdw/handler.h"
#include "extension/base/settings.h"
#include "extension/remote/wait.h"

KALAM_SQL_FUNCTION(kalam_version) {
  PG_RETURN_TEXT_P(cstring_to_text(PG_KALAM_VERSION));
}

KALAM_SQL_FUNCTION(kalam_compiled_mode) {
  PG_RETURN_TEXT_P(cstring_to_text("remote"));
}

KALAM_SQL_FUNCTION(kalam_user_id_guc_name) {
  PG_RETURN_TEXT_P(cstring_to_text("kalam.user_id"));
}

KALAM_SQL_FUNCTION(kalam_user_id) {
  const char* user_id = kalam_setting_user_id();
  if (user_id == nullptr) PG_RETURN_NULL();
  PG_RETURN_TEXT_P(cstring_to_text(user_id));
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

// kalam_ping(server text): true when the server answers and accepts the credentials; an error otherwise.
KALAM_SQL_FUNCTION(kalam_ping) {
  kalam::Status status;
  ForeignServer* server = kalam_server_for_use(text_to_cstring(PG_GETARG_TEXT_PP(0)));
  KalamConnection* connection = kalam_connection_get(server->serverid, GetUserId());
  MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "KalamDB ping", ALLOCSET_SMALL_SIZES);
  KalamCallHolder* holder = kalam_call_holder_create(scratch, connection);

  holder->call = kalam::call_ping(connection->handle, nullptr, &status);
  if (holder->call != nullptr) {
    kalam_wait_for_call(holder->call);
    kalam::call_status(holder->call, &status);
  }
  if (status.error != kalam::ErrorClass::none) {
    KalamErrorContext context = {};
    context.server = server->servername;
    kalam_report(&status, &context);
  }
  MemoryContextDelete(scratch);
  PG_RETURN_BOOL(true);
}
