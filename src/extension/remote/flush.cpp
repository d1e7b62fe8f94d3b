#include "extension/remote/flush.h"

#include "extension/base/report.h"
#include "extension/remote/query.h"

namespace {

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
