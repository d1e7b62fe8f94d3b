#include "stub/rpc/pacer.h"

#include <algorithm>

namespace kalam::stub {

namespace {

Pacer::Clock::duration milliseconds(double ms) {
  return std::chrono::duration_cast<Pacer::Clock::duration>(std::chrono::duration<double, std::milli>(ms));
}

}  // namespace

Pacer::Pacer(std::optional<Pace> pace) : pace_(std::move(pace)) {
  if (pace_) thread_ = std::thread([this] { work(); });
}

Pacer::~Pacer() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Pacer::Clock::time_point Pacer::due(const Work& work, Clock::time_point arrived) {
  Cost cost = pace_->cost(work);
  std::lock_guard lock(mutex_);
  serial_free_ = std::max(serial_free_, arrived) + milliseconds(cost.serial_ms);
  return std::max(arrived + milliseconds(cost.alone_ms), serial_free_);
}

void Pacer::send(Clock::time_point due, const void* call, const std::atomic<bool>& cancelled,
                 std::function<void()> answer) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    // Whoever cancels sets the flag first and calls cancel() then, so one of the two is seen.
    if (!cancelled && !ending_ && due > Clock::now()) {
      by_call_[call] = waiting_.emplace(due, Waiting{call, std::move(answer)});
      answer = nullptr;
      first = waiting_.begin()->second.call == call;
    }
  }
  if (answer) answer();
  if (first) changed_.notify_all();
}

bool Pacer::cancel(const void* call) {
  std::lock_guard lock(mutex_);
  auto found = by_call_.find(call);
  if (found == by_call_.end()) return false;
  waiting_.erase(found->second);
  by_call_.erase(found);
  return true;
}

void Pacer::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (waiting_.empty()) {
      if (ending_) return;
      changed_.wait(lock);
      continue;
    }
    auto first = waiting_.begin();
    if (!ending_ && first->first > Clock::now()) {
      auto until = first->first;
      changed_.wait_until(lock, until);
      continue;
    }
    std::function<void()> answer = std::move(first->second.answer);
    by_call_.erase(first->second.call);
    waiting_.erase(first);
    lock.unlock();
    answer();
    answer = nullptr;
    lock.lock();
  }
}

}  // namespace kalam::stub
