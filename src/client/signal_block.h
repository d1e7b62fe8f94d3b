// Threads inherit the signal mask of the thread that starts them, and gRPC starts threads whenever it sees fit. So
// every call into gRPC from a thread that has signal handlers (a PostgreSQL backend's only thread) runs with all
// signals blocked: no thread of gRPC can ever run a handler.
#pragma once

#include "client/wall.h"

#include <pthread.h>
#include <signal.h>

namespace kalam {

class SignalBlock {
 public:
  SignalBlock() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous_);
  }
  ~SignalBlock() { pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;

 private:
  sigset_t previous_;
};

}  // namespace kalam
