// The connections of a session: which there are, and their end.
#include "extension/catalog/own.h"
#include "extension/remote/connection.h"

extern "C" {
#include "catalog/pg_authid.h"
}

namespace {

enum Column { SERVER_NAME, MAPPING_ROLE, NODE, OPENED_AT, HAS_SESSION, IN_TRANSACTION, VALID, COLUMN_COUNT };

}  // namespace

static Datum text_datum(const char* text) {
  return PointerGetDatum(cstring_to_text(text));
}

static void show_connection(KalamConnection* connection, void* argument) {
  ReturnSetInfo* result = (ReturnSetInfo*)argument;
  Datum values[COLUMN_COUNT] = {};
  bool nulls[COLUMN_COUNT] = {};
  kalam::ConnectionState state;
  Oid role;

  if (!kalam_connection_may_see(connection)) return;
  kalam::connection_state(connection->handle, &state);
  values[SERVER_NAME] = text_datum(connection->server_name);
  const char* role_name = nullptr;
  if (kalam_connection_mapping_role(connection, &role))
    role_name = role == ACL_ID_PUBLIC ? "public" : GetUserNameFromId(role, true);
  nulls[MAPPING_ROLE] = role_name == nullptr;
  if (role_name != nullptr) values[MAPPING_ROLE] = text_datum(role_name);
  nulls[NODE] = state.peer[0] == '\0';
  if (state.peer[0] != '\0') values[NODE] = text_datum(state.peer);
  values[OPENED_AT] = TimestampTzGetDatum(connection->opened_at);
  values[HAS_SESSION] = BoolGetDatum(state.session_id[0] != '\0');
  values[IN_TRANSACTION] = BoolGetDatum(connection->pins > 0 || state.transaction_id[0] != '\0');
  values[VALID] = BoolGetDatum(kalam_connection_is_valid(connection));
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

// kalam_connections(): those of this session that the current role may know of.
KALAM_SQL_FUNCTION(kalam_connections) {
  InitMaterializedSRF(fcinfo, 0);
  kalam_connections_visit(show_connection, fcinfo->resultinfo);
  return (Datum)0;
}

// kalam_disconnect(server): true when a connection was closed, and none is left.
KALAM_SQL_FUNCTION(kalam_disconnect) {
  ForeignServer* server = kalam_server_for_use(text_to_cstring(PG_GETARG_TEXT_PP(0)));
  PG_RETURN_BOOL(kalam_connections_close(server->serverid) == KalamClosed::some);
}

// kalam_disconnect(): the same for all servers.
KALAM_SQL_FUNCTION(kalam_disconnect_all) {
  PG_RETURN_BOOL(kalam_connections_close(InvalidOid) == KalamClosed::some);
}
