// Threads inherit the signal mask of the thread that starts them, and gRPC starts threads whenever it sees fit. So
// every call into gRPC from a thread that has signal handlers (a PostgreSQL backend's only thread) runs with all
// signals blocked: no thread of gRPC can ever run a handler.
//
// Two are left out. SIGABRT, which abort() unblocks anyway: an end that gRPC decides on is to be noticed, see
// client_abort.h. And one that nobody sends, which marks these threads: their mask is like no other's.
#pragma once

#include "client/wall.h"

#include <pthread.h>
#include <signal.h>

namespace kalam {

inline int marking_signal() noexcept {
  return SIGRTMAX - 5;
}

class SignalBlock {
 public:
  SignalBlock() noexcept {
    sigset_t mask;
    sigfillset(&mask);
    sigdelset(&mask, SIGABRT);
    sigdelset(&mask, marking_signal());
    pthread_sigmask(SIG_SETMASK, &mask, &previous_);
  }
  ~SignalBlock() { pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;

 private:
  sigset_t previous_;
};

}  // namespace kalam
