// What happens when gRPC, or another library below the client, ends the process by abort(): PostgreSQL would take every
// session of the cluster down with this one. But memory that is shared is PostgreSQL's alone to write to, and these
// libraries know nothing of it; so only this session ends, with the reason in the log.
//
// That holds for abort() on a thread that the client or gRPC has started, and for abort() on the main thread inside one
// of the client's functions, outside of a critical section. Everything else keeps PostgreSQL's way: PANIC, a failed
// Assert, abort() in other extensions, a SIGABRT that somebody sends.
#include "extension/base/terminate.h"

extern "C" {
#include "libpq/pqsignal.h"
#include "storage/ipc.h"
}

#include <pthread.h>
#include <unistd.h>
#include <csignal>
#include <cstring>
#include <ctime>

#include "client/api.h"

// How long the main thread may stay in a function of the client that cannot go on, and a session may take to end.
constexpr int STUCK_MS = 2000;
constexpr int END_SECONDS = 30;
constexpr int ROUND_MS = 50;

static bool is_guarded;
static pid_t guarded_pid;
static pthread_t main_thread;
struct sigaction previous_action;
static char last_words[400];

static void write_text(const char* text) {
  ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
  (void)ignored;
}

// A library that gave up in the middle of something may have left a lock that the end of the session waits for. The
// postmaster restarts the cluster then, as it would have done at once.
static void bound_the_end() {
  struct sigevent event = {};
  struct itimerspec time = {};
  timer_t timer;

  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  time.it_value.tv_sec = END_SECONDS;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) timer_settime(timer, 0, &time, nullptr);
}

// On a thread that must not touch PostgreSQL, and that must not go on either. The main thread handles SIGTERM as
// pg_terminate_backend() does; if it waits for what this thread was about to do, it is told in its own way.
[[noreturn]] static void end_by_main_thread() {
  bool was_told = false;

  kalam::client_last_words(last_words, sizeof(last_words));
  kalam::client_break();
  write_text("pg_kalam: a library's own thread has failed, and ends this session: ");
  write_text(last_words[0] != '\0' ? last_words : "it gave no reason");
  write_text("\n");
  bound_the_end();
  kill(getpid(), SIGTERM);
  for (int stuck_ms = 0;;) {
    struct timespec pause = {0, ROUND_MS * 1000000L};
    nanosleep(&pause, nullptr);
    stuck_ms = kalam::client_is_entered() ? stuck_ms + ROUND_MS : 0;
    if (stuck_ms < STUCK_MS || was_told) continue;
    was_told = true;
    pthread_kill(main_thread, SIGABRT);
  }
}

// The default action comes when the handler returns: abort() raises the signal again, and here it is sent again, for
// those that came otherwise.
static void keep_postgres_way(int signal_number) {
  sigaction(SIGABRT, &previous_action, nullptr);
  pthread_kill(pthread_self(), signal_number);
}

static void handle_abort(int signal_number, siginfo_t* info, void* context) {
  // abort() sends the signal to its own thread.
  bool is_own = info->si_code == SI_TKILL && info->si_pid == getpid() && getpid() == guarded_pid;

  if (is_own && !pthread_equal(pthread_self(), main_thread)) {
    if (kalam::client_is_own_thread(context)) end_by_main_thread();
  } else if (is_own && kalam::client_is_entered() && CritSectionCount == 0) {
    if (last_words[0] == '\0') kalam::client_last_words(last_words, sizeof(last_words));
    kalam::client_break();
    kalam::client_leave();
    bound_the_end();
    kalam_end_broken_session();
  }
  keep_postgres_way(signal_number);
}

void kalam_guard_against_abort() {
  struct sigaction action = {};

  if (is_guarded || !IsUnderPostmaster) return;
  main_thread = pthread_self();
  guarded_pid = getpid();
  action.sa_sigaction = handle_abort;
  action.sa_flags = SA_SIGINFO;
  sigfillset(&action.sa_mask);
  is_guarded = sigaction(SIGABRT, &action, &previous_action) == 0;
}

void kalam_end_broken_session() {
  // The client blocks all signals while it calls gRPC.
  sigprocmask(SIG_SETMASK, &UnBlockSig, nullptr);
  ereport(FATAL, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("a library that connects to KalamDB has failed"),
                  last_words[0] != '\0' ? errdetail_internal("%s", last_words) : 0,
                  errhint("Only this session ends. Please report the server's log around this message.")));
  pg_unreachable();
}
