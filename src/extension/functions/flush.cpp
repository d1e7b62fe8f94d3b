#include "extension/remote/flush.h"
#include "extension/base/report.h"
#include "extension/catalog/new_table.h"
#include "extension/catalog/own.h"
#include "extension/catalog/rights.h"
#include "extension/catalog/storage_state.h"
#include "extension/options/options.h"
#include "extension/remote/query.h"
#include "extension/remote/wait.h"
#include "extension/stats/counters.h"

extern "C" {
#include "foreign/fdwapi.h"
#include "utils/lsyscache.h"
}

// Between two looks at the job; they grow from the first to the last.
constexpr int FIRST_PAUSE_MS = 50;
constexpr int LAST_PAUSE_MS = 1000;

// Starts a flush; one that runs already may be too early for what was written last, so this one follows it.
static void start_flush(KalamConnection* connection, const char* table, int* pause_ms, KalamFlushJob* job) {
  kalam::Status status;
  while (!kalam_flush_start(connection, table, job, &status)) {
    if (status.error != kalam::ErrorClass::busy) {
      KalamErrorContext context = {};
      context.server = connection->server_name;
      context.remote_table = table;
      context.remote_sql = psprintf("STORAGE FLUSH TABLE %s", table);
      kalam_report(&status, &context);
    }
    kalam_pause(KalamWait::flush, *pause_ms);
    *pause_ms = Min(*pause_ms * 2, LAST_PAUSE_MS);
  }
}

// The KalamDB server of a foreign table that the current role may flush.
static Oid server_of_kalamdb_table(Oid relid) {
  char* name = get_rel_name(relid);
  if (name == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relid)));
  }
  Oid server = get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE ? GetForeignServerIdByRelId(relid) : InvalidOid;
  if (!OidIsValid(server) ||
      strcmp(GetForeignDataWrapper(GetForeignServer(server)->fdwid)->fdwname, KALAM_FDW_NAME) != 0) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a KalamDB table", name)));
  }
  if (!kalam_relation_ownercheck(relid, GetUserId())) aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_TABLE, name);
  return server;
}

// kalam_flush(regclass): flushes the table in KalamDB and returns, once that is done, what KalamDB says of it.
KALAM_SQL_FUNCTION(kalam_flush) {
  Oid relid = PG_GETARG_OID(0);
  KalamTableOptions options;
  KalamFlushJob job;
  kalam::JobState state;
  char* message;
  int pause_ms = FIRST_PAUSE_MS;

  Oid server = server_of_kalamdb_table(relid);
  kalam_table_options(relid, &options);
  kalam_check_use(server, GetUserId(), options.name_space, options.table);
  if (kalam_new_table_definition(relid) != nullptr) {
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("KalamDB has table \"%s.%s\" when the transaction commits", options.name_space, options.table),
             errhint("COMMIT first.")));
  }
  KalamConnection* connection = kalam_connection_get(server, GetUserId());
  char* table = kalam_quote_table(options.name_space, options.table);

  kalam_storage_state_forget_table(server, options.name_space, options.table);
  start_flush(connection, table, &pause_ms, &job);
  kalam_count(server, relid, KalamCounter::flushes);
  if (job.id == nullptr) PG_RETURN_TEXT_P(cstring_to_text(job.message));
  while ((state = kalam_flush_state(connection, &job, &message)) == kalam::JobState::running) {
    kalam_pause(KalamWait::flush, pause_ms);
    pause_ms = Min(pause_ms * 2, LAST_PAUSE_MS);
  }
  if (state == kalam::JobState::failed) {
    ereport(ERROR, (errcode(ERRCODE_FDW_ERROR), errmsg("KalamDB could not flush table \"%s\"", table),
                    message != nullptr ? errdetail_internal("%s", message) : 0));
  }
  if (state == kalam::JobState::unknown) {
    ereport(ERROR,
            (errcode(ERRCODE_FDW_ERROR), errmsg("KalamDB does not report whether table \"%s\" is flushed", table),
             errdetail_internal("%s", message),
             errhint("%s shows what the server says of it.",
                     kalam_exec_call(connection->server_name,
                                     psprintf("SELECT * FROM system.jobs WHERE job_id = '%s' LIMIT 1", job.id)))));
  }
  PG_RETURN_TEXT_P(cstring_to_text(message != nullptr ? message : job.message));
}
