// kalam_status(): what this PostgreSQL has of the extension.
#include "extension/base/preload.h"
#include "extension/base/settings.h"
#include "extension/remote/wait.h"
#include "extension/stats/counters.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/twophase.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/fmgroids.h"
}

// As pg_extension has it; NULL where the extension is not installed.
static char* sql_version() {
  ScanKeyData key;
  char* version = nullptr;
  Oid extension = get_extension_oid("pg_kalam", true);
  if (!OidIsValid(extension)) return nullptr;
  ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(extension));
  Relation extensions = table_open(ExtensionRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(extensions, ExtensionOidIndexId, true, nullptr, 1, &key);
  HeapTuple tuple = systable_getnext(scan);
  if (HeapTupleIsValid(tuple)) {
    bool is_null;
    Datum value = heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(extensions), &is_null);
    if (!is_null) version = text_to_cstring(DatumGetTextPP(value));
  }
  systable_endscan(scan);
  table_close(extensions, AccessShareLock);
  return version;
}

static void show(const ReturnSetInfo* result, const char* name, const char* value, const char* description) {
  bool nulls[] = {false, value == nullptr, false};
  Datum values[] = {PointerGetDatum(cstring_to_text(name)), (Datum)0, PointerGetDatum(cstring_to_text(description))};
  if (value != nullptr) values[1] = PointerGetDatum(cstring_to_text(value));
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static char* number(int64 value) {
  return psprintf(INT64_FORMAT, value);
}

KALAM_SQL_FUNCTION(kalam_status) {
  ReturnSetInfo* result = (ReturnSetInfo*)fcinfo->resultinfo;
  InitMaterializedSRF(fcinfo, 0);
  show(result, "library_version", PG_KALAM_VERSION, "version of the library that is loaded");
  show(result, "sql_version", sql_version(), "version of the SQL objects; ALTER EXTENSION pg_kalam UPDATE changes it");
  show(result, "postgres_version", PG_VERSION, "major version that the library was compiled for, and minor version");
  show(result, "preloaded", kalam_is_preloaded() ? "shared_preload_libraries" : "no",
       "whether all sessions have the library from their start");
  show(result, "hooks_active", kalam_hook_is_active() ? "on" : "off",
       "whether the library has seen statements of this session before they ran");
  show(result, "counters", kalam_counters_are_kept() ? "on" : "off",
       "whether kalam_stat_tables and kalam_stat_servers are filled");
  show(result, "counted_tables", number(KALAM_COUNTED_TABLES), "tables that have counters of their own");
  show(result, "counted_servers", number(KALAM_COUNTED_SERVERS), "servers that have counters of their own");
  show(result, "lookups_in_flight", number(KALAM_LOOKUPS_IN_FLIGHT),
       "lookups by key that one scan or COMMIT has under way");
  show(result, "lock_room", number((int64)max_locks_per_xact * (MaxBackends + max_prepared_xacts)),
       "locks that all sessions together can hold at least; each KalamDB row that is changed takes one");
  show(result, "max_response_size", number((int64)kalam_setting_max_response_bytes()),
       "bytes that a response may have, where the server's option does not say otherwise");
  return (Datum)0;
}
