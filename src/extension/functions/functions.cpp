// Small SQL functions: version, settings, ids, ping.
#include "extension/base/report.h"
#include "extension/base/settings.h"
#include "extension/base/snowflake.h"
#include "extension/catalog/own.h"
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

KALAM_SQL_FUNCTION(snowflake_id) {
  PG_RETURN_INT64(kalam_snowflake_next());
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
