// What happens when a C++ exception escapes although nothing should throw past the client library's edge: the default,
// abort(), would take every session of the cluster down with it. So only this backend ends.
#include "extension/compat.h"
#include "extension/module.h"

#include <pthread.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <exception>

static std::terminate_handler previous_handler;
static pthread_t main_thread;

[[noreturn]] static void kalam_terminate_handler() {
  static const char text[] = "pg_kalam: an exception escaped in a library thread; this backend ends\n";

  if (IsUnderPostmaster) {
    if (pthread_equal(pthread_self(), main_thread)) {
      ereport(FATAL,
              (errcode(ERRCODE_INTERNAL_ERROR), errmsg("an exception escaped from a library that this session uses"),
               errhint("Only this session ends. Please report the server's log around this message.")));
    } else {
      // A foreign thread must not touch PostgreSQL. The main thread handles SIGTERM as pg_terminate_backend() does.
      ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
      (void)ignored;
      kill(getpid(), SIGTERM);
      for (;;) pause();
    }
  }
  if (previous_handler != nullptr) previous_handler();
  abort();
}

void kalam_terminate_init() {
  // fork() keeps the address of the main thread's descriptor, so this holds in backends forked from a postmaster that
  // preloaded the library.
  main_thread = pthread_self();
  previous_handler = std::set_terminate(kalam_terminate_handler);
}
