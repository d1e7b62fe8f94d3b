#include "extension/remote/wait.h"

#include "extension/base/terminate.h"

extern "C" {
#include "portability/instr_time.h"
#include "storage/proc.h"
}

// Lives as long as the backend; made at the first wait, when the latch is the one that the backend keeps.
static WaitEventSet* wait_set;
static bool was_left;  // the last wait has begun and not come to its end

static void wait_set_init() {
  kalam_wait_events_init();
  WaitEventSet* set = kalam_create_session_wait_event_set(3);
  AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, nullptr);
  // A single-user server has no postmaster to watch.
  if (IsUnderPostmaster) AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, nullptr, nullptr);
  AddWaitEventToSet(set, WL_SOCKET_READABLE, kalam::runtime_event_fd(kalam_runtime()), nullptr, nullptr);
  wait_set = set;
}

static uint64 microseconds_since(instr_time start) {
  instr_time now;
  INSTR_TIME_SET_CURRENT(now);
  INSTR_TIME_SUBTRACT(now, start);
  return INSTR_TIME_GET_MICROSEC(now);
}

// One round: sleeps until an interrupt, a finished call or the deadline. False when the deadline has passed. The caller
// looks at its calls again after each round, because the descriptor tells of the calls of all connections. The wait is
// put down to `call`.
static bool wait_round(kalam::Call* call, TimestampTz deadline) {
  long timeout_ms = -1;

  if (kalam::client_is_broken()) kalam_end_broken_session();
  CHECK_FOR_INTERRUPTS();
  if (wait_set == nullptr) wait_set_init();
  if (deadline != 0) {
    timeout_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
    if (timeout_ms <= 0) return false;
  }

  WaitEvent event;
  instr_time start;
  INSTR_TIME_SET_CURRENT(start);
  int occurred = WaitEventSetWait(wait_set, timeout_ms, &event, 1, kalam_wait_event(kalam_wait_of(call)));
  kalam::call_add_wait(call, microseconds_since(start));
  if (occurred == 1) {
    if (event.events & WL_LATCH_SET) ResetLatch(MyLatch);
    if (event.events & WL_SOCKET_READABLE) kalam::runtime_drain_events(kalam_runtime());
  }
  if (kalam::client_is_broken()) kalam_end_broken_session();
  CHECK_FOR_INTERRUPTS();
  return true;
}

// The first call that is done, or -1. `pending`: one that is not; NULL: there is no call at all.
static int find_done(kalam::Call* const* calls, int count, kalam::Call** pending) {
  *pending = nullptr;
  for (int i = 0; i < count; i++) {
    if (calls[i] == nullptr) continue;
    if (kalam::call_done(calls[i])) return i;
    if (*pending == nullptr) *pending = calls[i];
  }
  return -1;
}

static void holder_reset_callback(void* argument) {
  KalamCallHolder* holder = (KalamCallHolder*)argument;
  kalam_call_holder_clear(holder);
  if (holder->connection != nullptr) kalam_connection_unuse(holder->connection);
  holder->connection = nullptr;
}

KalamCallHolder* kalam_call_holder_create(MemoryContext context, KalamConnection* connection) {
  KalamCallHolder* holder = (KalamCallHolder*)MemoryContextAllocZero(context, sizeof(KalamCallHolder));

  holder->connection = connection;
  holder->callback.func = holder_reset_callback;
  holder->callback.arg = holder;
  MemoryContextRegisterResetCallback(context, &holder->callback);
  kalam_connection_use(connection);
  return holder;
}

void kalam_call_holder_set_table(KalamCallHolder* holder, Oid relid, const char* remote_name) {
  if (holder->subject.relid == relid) return;
  holder->subject = {
      relid, remote_name != nullptr ? MemoryContextStrdup(GetMemoryChunkContext(holder), remote_name) : nullptr};
}

void kalam_call_holder_clear(KalamCallHolder* holder) {
  kalam::Call* call = holder->call;
  holder->call = nullptr;
  if (call != nullptr) kalam_release_call(holder->connection, &holder->subject, call);
}

void kalam_wait_for_call(kalam::Call* call) {
  kalam_wait_for_any(&call, 1, 0);
}

bool kalam_wait_for_call_until(kalam::Call* call, TimestampTz deadline) {
  return kalam_wait_for_any(&call, 1, deadline) == 0;
}

int kalam_wait_for_any(kalam::Call* const* calls, int count, TimestampTz deadline) {
  kalam::Call* pending;
  bool in_time = true;
  int done = find_done(calls, count, &pending);

  was_left = true;
  while (done < 0 && pending != nullptr && in_time) {
    in_time = wait_round(pending, deadline);
    done = find_done(calls, count, &pending);
  }
  was_left = false;
  return done;
}

bool kalam_wait_without_interrupts(kalam::Call* call, TimestampTz deadline) {
  constexpr int64 POLL_MS = 20;
  bool is_done = kalam::call_done(call);
  instr_time start;
  INSTR_TIME_SET_CURRENT(start);
  pgstat_report_wait_start(kalam_wait_event(kalam_wait_of(call)));
  while (!is_done && !QueryCancelPending && !ProcDiePending) {
    int64 left = (deadline - GetCurrentTimestamp()) / 1000;
    if (left <= 0) break;
    is_done = kalam::call_wait(call, (uint32_t)Min(left, POLL_MS));
  }
  pgstat_report_wait_end();
  kalam::call_add_wait(call, microseconds_since(start));
  return is_done || kalam::call_done(call);
}

bool kalam_wait_was_left() {
  return was_left;
}

void kalam_pause(KalamWait wait, long milliseconds) {
  TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
  long left;
  kalam_wait_events_init();
  was_left = true;
  while ((left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until)) > 0) {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left, kalam_wait_event(wait));
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
  was_left = false;
}
