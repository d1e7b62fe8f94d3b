// Holds answers back until a running KalamDB would have sent them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "stub/rpc/pace.h"

namespace kalam::stub {

class Pacer {
 public:
  using Clock = std::chrono::steady_clock;

  // nullopt: no answer is held back.
  explicit Pacer(std::optional<Pace> pace);
  // Answers that still wait are sent at once.
  ~Pacer();
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  bool active() const { return pace_.has_value(); }

  // When the answer to a call that came at `arrived` is due: after the call's time alone, and after all calls that came
  // before it have had their share of the serial resource, and this one too.
  Clock::time_point due(const Work& work, Clock::time_point arrived);

  // Runs `answer` then, on a thread of the pacer; at once if `cancelled` is set already. `call` names it for cancel().
  // The answer may have been sent, and the call may be gone, before this returns.
  void send(Clock::time_point due, const void* call, const std::atomic<bool>& cancelled, std::function<void()> answer);
  // True: the call's answer waited and will not be sent.
  bool cancel(const void* call);

 private:
  struct Waiting {
    const void* call;
    std::function<void()> answer;
  };
  void work();

  const std::optional<Pace> pace_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Clock::time_point serial_free_;  // when the serial resource has done what it was given
  std::multimap<Clock::time_point, Waiting> waiting_;
  std::unordered_map<const void*, std::multimap<Clock::time_point, Waiting>::iterator> by_call_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace kalam::stub
