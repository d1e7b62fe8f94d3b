// The completion queue, its poller thread and the event descriptor.
#pragma once

#include "client/wall.h"

#include <grpcpp/completion_queue.h>
#include <semaphore.h>
#include <sys/types.h>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "client/api.h"

namespace kalam {

// What a tag of the completion queue points to. complete() runs on the poller thread, exactly once for each operation
// that was started with the tag.
class Completion {
 public:
  virtual void complete(bool ok) noexcept = 0;

 protected:
  ~Completion() = default;
};

class RuntimeCore {
 public:
  RuntimeCore();
  ~RuntimeCore();
  RuntimeCore(const RuntimeCore&) = delete;
  RuntimeCore& operator=(const RuntimeCore&) = delete;

  grpc::CompletionQueue* queue() { return queue_.get(); }
  int event_fd() const { return event_fd_; }

  // A call has finished, while so many others are in flight: makes the descriptor readable, at once or, where more
  // answers are there already, after these. One write for all calls that finish until drain_events().
  void call_finished(size_t in_flight) noexcept;
  void drain_events() noexcept;

  // Runs something that blocks, but not for long, on a thread of its own; stop() waits for it. Called from the poller
  // or with signals blocked.
  void run_in_background(std::function<void()> work);

  // False in a process that was forked after the runtime was started: its threads exist only in the parent.
  bool owned_by_this_process() const noexcept;

  // A channel was given up in the middle of being connected, which gRPC itself does not give up before this time.
  void left_connecting(int64_t until_us) noexcept;

  // Ends the poller once every operation that was started has completed. Nothing may be started afterwards.
  void stop() noexcept;

 private:
  struct BackgroundTask {
    std::thread thread;
    std::atomic<bool> ended{false};
  };

  void poll() noexcept;
  void tell() noexcept;
  void rest() noexcept;
  void signal_event() noexcept;
  void join_background_tasks(bool all) noexcept;
  void shut_grpc_down() noexcept;

  pid_t pid_;
  int event_fd_;
  std::atomic<bool> signalled_{false};  // event_fd_ was written to, or is about to be, since it was last drained
  bool only_user_;                      // of gRPC in this process, when it was started
  std::atomic<int64_t> connecting_until_us_{0};
  std::unique_ptr<grpc::CompletionQueue> queue_;
  std::thread poller_;
  bool untold_ = false;  // the poller's: calls have finished that signal_event() was not called for
  std::atomic<bool> resting_{false};
  sem_t wake_;  // ends a rest
  std::mutex tasks_mutex_;
  std::list<BackgroundTask> tasks_;
};

// The handle of api.h. Connections and calls share the core, so that a late release finds it.
struct Runtime {
  std::shared_ptr<RuntimeCore> core;
};

}  // namespace kalam
