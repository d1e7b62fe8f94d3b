#include "extension/remote/flush.h"

#include "extension/base/report.h"
#include "extension/fdw/handler.h"
#include "extension/functions/functions.h"
#include "extension/options/options.h"
#include "extension/remote/query.h"
#include "extension/catalog/rights.h"
#include "extension/remote/wait.h"

extern "C" {
#include "utils/lsyscache.h"
}

namespace {

// Between two looks at the job; they grow from the first to the last.
constexpr int FIRST_PAUSE_MS = 50;
constexpr int LAST_PAUSE_MS = 1000;
// How long a job may be in a state that is not known: it may be a passing one, and a list may be behind.
constexpr int OBSCURE_MS = 10000;

// The job that "Storage flush started for table 'ns.t'. Job ID: FL-…" names.
char* job_of(const char* message) {
  const char* id = strstr(message, "Job ID: ");
  if (id == nullptr) return nullptr;
  id += strlen("Job ID: ");
  size_t size = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
  return size > 0 ? pnstrdup(id, size) : nullptr;
}

// Starts a flush; one that runs already may be too early for what was written last, so this one follows it.
void start_flush(KalamConnection* connection, const char* table, int* pause_ms, KalamFlushJob* job) {
  kalam::Status status;
  while (!kalam_flush_start(connection, table, job, &status)) {
    if (status.error != kalam::ErrorClass::busy) {
      KalamErrorContext context = {};
      context.server = connection->server_name;
      context.remote_table = table;
      context.remote_sql = psprintf("STORAGE FLUSH TABLE %s", table);
      kalam_report(&status, &context);
    }
    kalam_pause(*pause_ms);
    *pause_ms = Min(*pause_ms * 2, LAST_PAUSE_MS);
  }
}

KalamFlushState state_of_status(const char* status) {
  // "running", "completed" and "failed" were seen. What is skipped has not been done; the others can mean nothing else
  // than that the end is to come.
  static const char* const open_states[] = {"running", "queued", "new", "pending", "retrying"};

  if (pg_strcasecmp(status, "completed") == 0) return KalamFlushState::completed;
  if (pg_strncasecmp(status, "failed", strlen("failed")) == 0 || pg_strcasecmp(status, "cancelled") == 0 ||
      pg_strcasecmp(status, "skipped") == 0) {
    return KalamFlushState::failed;
  }
  for (const char* state : open_states) {
    if (pg_strcasecmp(status, state) == 0) return KalamFlushState::running;
  }
  return KalamFlushState::unknown;
}

// The KalamDB server of a foreign table that the current role may flush.
Oid server_of_own_table(Oid relid) {
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

}  // namespace

bool kalam_flush_start(KalamConnection* connection, const char* table, KalamFlushJob* job, kalam::Status* status) {
  job->message = kalam_execute(connection, psprintf("STORAGE FLUSH TABLE %s", table), status);
  job->id = job->message != nullptr ? job_of(job->message) : nullptr;
  job->obscure_since = 0;
  return job->message != nullptr;
}

KalamFlushState kalam_flush_state(KalamConnection* connection, KalamFlushJob* job, char** message) {
  *message = nullptr;
  if (job->id == nullptr) {
    *message = psprintf("The server named no job that could be waited for: %s", job->message);
    return KalamFlushState::unknown;
  }
  KalamQueryResult* answer = kalam_query(
      connection,
      psprintf("SELECT status, message FROM system.jobs WHERE job_id = %s LIMIT 1", kalam_quote_literal(job->id)));
  bool is_listed = answer->row_count > 0 && answer->column_count >= 2 && answer->values[0][0] != nullptr;
  KalamFlushState state = is_listed ? state_of_status(answer->values[0][0]) : KalamFlushState::unknown;
  if (state != KalamFlushState::unknown) {
    job->obscure_since = 0;
    *message = answer->values[0][1] != nullptr ? kalam_printable(answer->values[0][1]) : nullptr;
    return state;
  }

  TimestampTz now = GetCurrentTimestamp();
  if (job->obscure_since == 0) job->obscure_since = now;
  if (!TimestampDifferenceExceeds(job->obscure_since, now, OBSCURE_MS)) return KalamFlushState::running;
  *message = is_listed ? psprintf("The status of flush job \"%s\" is \"%s\", which is not known.", job->id,
                                  kalam_printable(answer->values[0][0]))
                       : psprintf("The server does not list flush job \"%s\".", job->id);
  return state;
}

// kalam_flush(regclass): flushes the table in KalamDB and returns, once that is done, what KalamDB says of it.
KALAM_SQL_FUNCTION(kalam_flush) {
  Oid relid = PG_GETARG_OID(0);
  KalamTableOptions options;
  KalamFlushJob job;
  KalamFlushState state;
  char* message;
  int pause_ms = FIRST_PAUSE_MS;

  Oid server = server_of_own_table(relid);
  kalam_table_options(relid, &options);
  kalam_check_use(server, GetUserId(), options.name_space, options.table);
  KalamConnection* connection = kalam_connection_get(server, GetUserId());
  char* table = kalam_quote_table(options.name_space, options.table);

  start_flush(connection, table, &pause_ms, &job);
  if (job.id == nullptr) PG_RETURN_TEXT_P(cstring_to_text(job.message));
  while ((state = kalam_flush_state(connection, &job, &message)) == KalamFlushState::running) {
    kalam_pause(pause_ms);
    pause_ms = Min(pause_ms * 2, LAST_PAUSE_MS);
  }
  if (state == KalamFlushState::failed) {
    ereport(ERROR, (errcode(ERRCODE_FDW_ERROR), errmsg("KalamDB could not flush table \"%s\"", table),
                    message != nullptr ? errdetail_internal("%s", message) : 0));
  }
  if (state == KalamFlushState::unknown) {
    ereport(ERROR,
            (errcode(ERRCODE_FDW_ERROR), errmsg("KalamDB does not tell whether table \"%s\" is flushed", table),
             errdetail_internal("%s", message),
             errhint("%s shows what the server says of it.",
                     kalam_exec_call(connection->server_name,
                                     psprintf("SELECT * FROM system.jobs WHERE job_id = '%s' LIMIT 1", job.id)))));
  }
  PG_RETURN_TEXT_P(cstring_to_text(message != nullptr ? message : job.message));
}
