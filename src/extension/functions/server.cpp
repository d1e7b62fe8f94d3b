// What a KalamDB server says of itself.
#include "extension/base/report.h"
#include "extension/catalog/own.h"
#include "extension/catalog/rights.h"
#include "extension/remote/query.h"

extern "C" {
#include "utils/formatting.h"
}

constexpr const char* MASK = "********";

// Settings that hold, or may hold, what opens a door.
static bool is_secret(const char* name) {
  static const char* const words[] = {"secret",     "password", "passwd", "token",
                                      "credential", "private",  "key",    "auth_header"};
  char* folded = asc_tolower(name, strlen(name));
  bool found = false;
  for (const char* word : words) found = found || strstr(folded, word) != nullptr;
  pfree(folded);
  return found;
}

// kalam_server_version(server): NULL when the server does not tell.
KALAM_SQL_FUNCTION(kalam_server_version) {
  kalam::Status status;
  ForeignServer* server = kalam_server_for_use(text_to_cstring(PG_GETARG_TEXT_PP(0)));
  KalamConnection* connection = kalam_connection_get(server->serverid, GetUserId());
  KalamQueryResult* answer =
      kalam_query(connection, "SELECT version AS c1 FROM system.cluster WHERE is_self = true LIMIT 1", &status);
  if (answer == nullptr && status.error != kalam::ErrorClass::sql_error) {
    KalamErrorContext context = {};
    context.server = server->servername;
    kalam_report(&status, &context);
  }
  if (answer == nullptr || answer->row_count != 1 || answer->values[0][0] == nullptr) PG_RETURN_NULL();
  PG_RETURN_TEXT_P(cstring_to_text(kalam_printable(answer->values[0][0])));
}

// kalam_server_settings(server): names and values, those of secrets left out.
KALAM_SQL_FUNCTION(kalam_server_settings) {
  ReturnSetInfo* result = (ReturnSetInfo*)fcinfo->resultinfo;
  ForeignServer* server = kalam_server_for_use(text_to_cstring(PG_GETARG_TEXT_PP(0)));
  kalam_check_namespace(server->serverid, GetUserId(), "system");
  InitMaterializedSRF(fcinfo, 0);
  KalamConnection* connection = kalam_connection_get(server->serverid, GetUserId());
  KalamQueryResult* answer =
      kalam_query(connection, "SELECT name AS c1, value AS c2 FROM system.settings ORDER BY c1 LIMIT 1000");
  for (int i = 0; i < answer->row_count; i++) {
    if (answer->column_count != 2 || answer->values[i][0] == nullptr) continue;
    const char* name = kalam_printable(answer->values[i][0]);
    const char* value = answer->values[i][1];
    bool nulls[] = {false, value == nullptr};
    Datum values[] = {PointerGetDatum(cstring_to_text(name)), (Datum)0};
    if (value != nullptr) values[1] = PointerGetDatum(cstring_to_text(is_secret(name) ? MASK : value));
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  }
  return (Datum)0;
}
