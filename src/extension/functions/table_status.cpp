// kalam_table_status(regclass): what KalamDB says of the table behind a foreign table.
#include "extension/catalog/own.h"
#include "extension/catalog/relation.h"
#include "extension/catalog/rights.h"
#include "extension/catalog/storage_state.h"
#include "extension/catalog/subject.h"
#include "extension/ddl/definition/definition.h"
#include "extension/options/options.h"
#include "extension/remote/query.h"

extern "C" {
#include "access/table.h"
#include "utils/lsyscache.h"
}

namespace {

enum Column {
  SERVER_NAME,
  REMOTE_TABLE,
  KIND,
  KEY_COLUMN,
  SCHEMA_VERSION,
  ROWS,
  FLUSHED_VERSIONS,
  SEGMENTS,
  ALL_FLUSHED,
  LAST_FLUSH,
  DIFFERENCES,
  COLUMN_COUNT
};

struct Status {
  Datum values[COLUMN_COUNT];
  bool nulls[COLUMN_COUNT];
};

}  // namespace

constexpr long STATE_BOUND_MS = 5000;

static void set(Status* status, Column column, Datum value) {
  status->values[column] = value;
  status->nulls[column] = false;
}

static void set_text(Status* status, Column column, const char* text) {
  if (text != nullptr) set(status, column, PointerGetDatum(cstring_to_text(text)));
}

// A KalamDB table that the current role may read.
static void check_readable(Oid relid) {
  char* name = get_rel_name(relid);
  if (name == nullptr)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relid)));
  AclResult allowed = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);
  if (allowed != ACLCHECK_OK) aclcheck_error(allowed, get_relkind_objtype(get_rel_relkind(relid)), name);
  if (!kalam_is_kalamdb_table(relid))
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a KalamDB table", name)));
}

static TimestampTz from_unix_ms(int64 milliseconds) {
  return (milliseconds - INT64CONST(1000) * SECS_PER_DAY * (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * 1000;
}

static void describe_files(Status* status, KalamConnection* connection, const KalamRelation* remote) {
  KalamStorageState state;
  const char* subject = kalam_find_subject(remote, connection);
  kalam_storage_state_finish(kalam_storage_state_start(connection, remote, subject), STATE_BOUND_MS, &state);
  if (!state.known) return;
  set(status, FLUSHED_VERSIONS, Int64GetDatum(state.cold_rows));
  set(status, SEGMENTS, Int32GetDatum(state.segment_count));
  set(status, ALL_FLUSHED, BoolGetDatum(state.in_sync));
  TimestampTz flushed_at = from_unix_ms(state.updated_at_ms);
  if (state.segment_count > 0 && IS_VALID_TIMESTAMP(flushed_at))
    set(status, LAST_FLUSH, TimestampTzGetDatum(flushed_at));
}

// Rows of one user are no matter of a query, which would have to name the user.
static void count_rows(Status* status, KalamConnection* connection, const KalamRelation* remote) {
  if (remote->kind != kalam::TableKind::shared) return;
  KalamQueryResult* answer = kalam_query(
      connection, psprintf("SELECT count(*) AS c1 FROM %s", kalam_quote_table(remote->name_space, remote->table)));
  if (answer->row_count == 1 && answer->values[0][0] != nullptr)
    set(status, ROWS, Int64GetDatum(strtoll(answer->values[0][0], nullptr, 10)));
}

KALAM_SQL_FUNCTION(kalam_table_status) {
  Oid relid = PG_GETARG_OID(0);
  ReturnSetInfo* result = (ReturnSetInfo*)fcinfo->resultinfo;
  Status status = {};
  for (bool& is_null : status.nulls) is_null = true;

  check_readable(relid);
  InitMaterializedSRF(fcinfo, 0);
  Relation relation = try_table_open(relid, AccessShareLock);
  if (relation == nullptr)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relid)));
  // It may have become another one until it was locked.
  check_readable(relid);
  KalamRelation* remote =
      kalam_relation_validate_finish(relation, GetUserId(), kalam_relation_validate_start(relation, GetUserId()));
  KalamConnection* connection = kalam_connection_get(remote->serverid, GetUserId());
  set_text(&status, SERVER_NAME, connection->server_name);
  set_text(&status, REMOTE_TABLE, remote->remote_name);
  set_text(&status, KIND, kalam_table_kind_text(remote->kind));
  if (remote->key_column >= 0) set_text(&status, KEY_COLUMN, remote->columns[remote->key_column].name);
  set(&status, SCHEMA_VERSION, Int64GetDatum(remote->schema_version));
  count_rows(&status, connection, remote);
  describe_files(&status, connection, remote);
  set_text(&status, DIFFERENCES, kalam_column_differences(relation, remote));
  table_close(relation, AccessShareLock);
  tuplestore_putvalues(result->setResult, result->setDesc, status.values, status.nulls);
  return (Datum)0;
}
