// Where calls run, so that gRPC's own threads stay free to notice what happens meanwhile.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace kalam::stub {

// gRPC has few threads of its own, on a small machine two. All calls wait for one lock, so two long ones would take
// every thread: nobody would see that a client has gone, or obey the control service.
class CallQueue {
 public:
  CallQueue();
  ~CallQueue();
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  // Runs the task at once if no other task runs on its caller's thread, else on the thread of the queue, in turn.
  void run(std::function<void()> task);
  // Always on the thread of the queue.
  void post(std::function<void()> task);

  // From now on nothing is waited for.
  void stop();
  // False: stop() came first.
  bool pause(int64_t milliseconds);

 private:
  void work();

  std::atomic<bool> busy_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace kalam::stub
