#include "extension/remote/wait.h"

#include "extension/base/terminate.h"

extern "C" {
#include "storage/proc.h"
}

// Lives as long as the backend; made at the first wait, when the latch is the one that the backend keeps.
static WaitEventSet* wait_set;
static uint32 wait_event;
static bool was_left;  // the last wait has begun and not come to its end

static void wait_set_init() {
  wait_event = kalam_wait_event_new("KalamdbCall");

  WaitEventSet* set = kalam_create_session_wait_event_set(3);
  AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, nullptr);
  // A single-user server has no postmaster to watch.
  if (IsUnderPostmaster) AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, nullptr, nullptr);
  AddWaitEventToSet(set, WL_SOCKET_READABLE, kalam::runtime_event_fd(kalam_runtime()), nullptr, nullptr);
  wait_set = set;
}

// One round: sleeps until an interrupt, a finished call or the deadline. False when the deadline has passed. The caller
// looks at its calls again after each round, because the descriptor tells of the calls of all connections.
static bool wait_round(TimestampTz deadline) {
  long timeout_ms = -1;

  if (kalam::client_is_broken()) kalam_end_broken_session();
  CHECK_FOR_INTERRUPTS();
  if (wait_set == nullptr) wait_set_init();
  if (deadline != 0) {
    timeout_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
    if (timeout_ms <= 0) return false;
  }

  WaitEvent event;
  if (WaitEventSetWait(wait_set, timeout_ms, &event, 1, wait_event) == 1) {
    if (event.events & WL_LATCH_SET) ResetLatch(MyLatch);
    if (event.events & WL_SOCKET_READABLE) kalam::runtime_drain_events(kalam_runtime());
  }
  if (kalam::client_is_broken()) kalam_end_broken_session();
  CHECK_FOR_INTERRUPTS();
  return true;
}

// The first call that is done, or -1. `any`: whether there are calls at all.
static int find_done(kalam::Call* const* calls, int count, bool* any) {
  *any = false;
  for (int i = 0; i < count; i++) {
    if (calls[i] == nullptr) continue;
    if (kalam::call_done(calls[i])) return i;
    *any = true;
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

void kalam_call_holder_clear(KalamCallHolder* holder) {
  kalam::Call* call = holder->call;
  holder->call = nullptr;
  kalam::call_release(call);
}

void kalam_wait_for_call(kalam::Call* call) {
  kalam_wait_for_any(&call, 1, 0);
}

bool kalam_wait_for_call_until(kalam::Call* call, TimestampTz deadline) {
  return kalam_wait_for_any(&call, 1, deadline) == 0;
}

int kalam_wait_for_any(kalam::Call* const* calls, int count, TimestampTz deadline) {
  bool any;
  bool in_time = true;
  int done = find_done(calls, count, &any);

  was_left = true;
  while (done < 0 && any && in_time) {
    in_time = wait_round(deadline);
    done = find_done(calls, count, &any);
  }
  was_left = false;
  return done;
}

bool kalam_wait_without_interrupts(kalam::Call* call, TimestampTz deadline) {
  constexpr int64 POLL_MS = 20;
  for (;;) {
    int64 left = (deadline - GetCurrentTimestamp()) / 1000;
    if (left <= 0 || QueryCancelPending || ProcDiePending) return kalam::call_done(call);
    if (kalam::call_wait(call, (uint32_t)Min(left, POLL_MS))) return true;
  }
}

bool kalam_wait_was_left() {
  return was_left;
}

void kalam_pause(long milliseconds) {
  TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
  long left;
  was_left = true;
  while ((left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until)) > 0) {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
  was_left = false;
}
