#include "extension/remote/account.h"

#include "extension/stats/counters.h"

static KalamCounter counter_of(kalam::CallKind kind) {
  switch (kind) {
    case kalam::CallKind::scan:
      return KalamCounter::scans;
    case kalam::CallKind::lookup:
      return KalamCounter::lookups;
    case kalam::CallKind::insert:
      return KalamCounter::inserts;
    case kalam::CallKind::update:
      return KalamCounter::updates;
    case kalam::CallKind::remove:
      return KalamCounter::deletes;
    case kalam::CallKind::begin:
    case kalam::CallKind::commit:
    case kalam::CallKind::rollback:
      return KalamCounter::transactions;
    case kalam::CallKind::statement:
      return KalamCounter::statements;
    case kalam::CallKind::query:
      return KalamCounter::queries;
    case kalam::CallKind::ping:
    case kalam::CallKind::open_session:
    case kalam::CallKind::close_session:
      break;
  }
  return KalamCounter::others;
}

static const char* word_of(kalam::CallKind kind) {
  switch (kind) {
    case kalam::CallKind::ping:
      return "ping";
    case kalam::CallKind::open_session:
      return "open session";
    case kalam::CallKind::close_session:
      return "close session";
    case kalam::CallKind::scan:
      return "scan";
    case kalam::CallKind::lookup:
      return "lookup";
    case kalam::CallKind::insert:
      return "insert";
    case kalam::CallKind::update:
      return "update";
    case kalam::CallKind::remove:
      return "delete";
    case kalam::CallKind::begin:
      return "begin";
    case kalam::CallKind::commit:
      return "commit";
    case kalam::CallKind::rollback:
      return "rollback";
    case kalam::CallKind::statement:
      return "statement";
    case kalam::CallKind::query:
      break;
  }
  return "query";
}

// Sessions that the connection has opened since it was asked last; only a call that needed more than its own requests
// can have opened one.
static uint64 new_sessions(KalamConnection* connection, const kalam::CallStatistics* statistics) {
  if (statistics->rpcs <= statistics->attempts || connection->handle == nullptr) return 0;
  kalam::ConnectionState state;
  kalam::connection_state(connection->handle, &state);
  if (state.sessions_opened <= connection->sessions_counted) return 0;
  uint64 opened = state.sessions_opened - connection->sessions_counted;
  connection->sessions_counted = state.sessions_opened;
  return opened;
}

// A call that is not done, because nobody wants its answer any more, has failed in nothing.
static void count(KalamConnection* connection, const KalamCallSubject* subject, const kalam::Call* call,
                  const kalam::CallStatistics* statistics, bool is_failure) {
  KalamCounts counts = {};
  auto set = [&counts](KalamCounter counter, uint64 value) { counts.of[(int)counter] = value; };
  set(counter_of(kalam::call_kind(call)), 1);
  set(KalamCounter::failures, is_failure ? 1 : 0);
  set(KalamCounter::retries, statistics->attempts > 1 ? statistics->attempts - 1 : 0);
  set(KalamCounter::leader_changes, statistics->redirects);
  set(KalamCounter::sessions, new_sessions(connection, statistics));
  set(KalamCounter::bytes_sent, statistics->request_bytes);
  set(KalamCounter::bytes_received, statistics->response_bytes);
  set(KalamCounter::wait_us, statistics->waited_us);
  if (!is_failure) set(KalamCounter::rows_written, kalam::call_affected_rows(call));
  kalam_counters_add(connection->key.serverid, subject->relid, &counts);
}

static void log_call(const KalamConnection* connection, const KalamCallSubject* subject, const kalam::Call* call,
                     const kalam::CallStatistics* statistics, bool is_done, const kalam::Status* status) {
  char outcome[96] = "";
  char attempts[48] = "";
  if (!is_done) {
    strlcpy(outcome, " was cancelled", sizeof(outcome));
  } else if (status->error != kalam::ErrorClass::none) {
    snprintf(outcome, sizeof(outcome), " failed (%s)", kalam::error_class_name(status->error));
  }
  if (statistics->attempts > 1) snprintf(attempts, sizeof(attempts), ", attempts: %u", statistics->attempts);
  ereport(DEBUG1,
          (errmsg_internal("KalamDB server \"%s\": %s%s%s%s: %.3f ms, waited %.3f ms, bytes sent: " UINT64_FORMAT
                           ", bytes received: " UINT64_FORMAT "%s",
                           connection->server_name != nullptr ? connection->server_name : "",
                           word_of(kalam::call_kind(call)), subject->table != nullptr ? " of " : "",
                           subject->table != nullptr ? subject->table : "", outcome,
                           (double)statistics->elapsed_us / 1000.0, (double)statistics->waited_us / 1000.0,
                           statistics->request_bytes, statistics->response_bytes, attempts),
           errhidestmt(true), errhidecontext(true)));
}

void kalam_account_call(KalamConnection* connection, const KalamCallSubject* subject, const kalam::Call* call) {
  if (call == nullptr) return;
  kalam::CallStatistics statistics;
  kalam::Status status = {};
  bool is_done = kalam::call_done(call);
  kalam::call_statistics(call, &statistics);
  if (is_done) kalam::call_status(call, &status);
  count(connection, subject, call, &statistics, status.error != kalam::ErrorClass::none);
  if (message_level_is_interesting(DEBUG1)) log_call(connection, subject, call, &statistics, is_done, &status);
}

void kalam_release_call(KalamConnection* connection, const KalamCallSubject* subject, kalam::Call* call) {
  kalam_account_call(connection, subject, call);
  kalam::call_release(call);
}
