#include "extension/remote/flush.h"

#include "extension/base/report.h"
#include "extension/remote/query.h"

// How long a job may be in a state that is not known: it may be a passing one, and a list may be behind.
constexpr int UNKNOWN_MS = 10000;

// The job that the server's answer names.
static char* job_of(const char* message) {
  const char* id;
  size_t size;
  return kalam::find_job_id(message, &id, &size) ? pnstrdup(id, size) : nullptr;
}

bool kalam_flush_start(KalamConnection* connection, const char* table, KalamFlushJob* job, kalam::Status* status) {
  job->message = kalam_execute(connection, psprintf("STORAGE FLUSH TABLE %s", table), status);
  job->id = job->message != nullptr ? job_of(job->message) : nullptr;
  job->unknown_since = 0;
  return job->message != nullptr;
}

kalam::JobState kalam_flush_state(KalamConnection* connection, KalamFlushJob* job, char** message) {
  *message = nullptr;
  if (job->id == nullptr) {
    *message = psprintf("The server named no job that could be waited for: %s", job->message);
    return kalam::JobState::unknown;
  }
  KalamQueryResult* answer = kalam_query(
      connection,
      psprintf("SELECT status, message FROM system.jobs WHERE job_id = %s LIMIT 1", kalam_quote_literal(job->id)));
  bool is_listed = answer->row_count > 0 && answer->column_count >= 2 && answer->values[0][0] != nullptr;
  kalam::JobState state = is_listed ? kalam::job_state_of(answer->values[0][0]) : kalam::JobState::unknown;
  if (state != kalam::JobState::unknown) {
    job->unknown_since = 0;
    *message = answer->values[0][1] != nullptr ? kalam_printable(answer->values[0][1]) : nullptr;
    return state;
  }

  TimestampTz now = GetCurrentTimestamp();
  if (job->unknown_since == 0) job->unknown_since = now;
  if (!TimestampDifferenceExceeds(job->unknown_since, now, UNKNOWN_MS)) return kalam::JobState::running;
  *message = is_listed ? psprintf("The status of flush job \"%s\" is \"%s\", which is not known.", job->id,
                                  kalam_printable(answer->values[0][0]))
                       : psprintf("The server does not list flush job \"%s\".", job->id);
  return state;
}
