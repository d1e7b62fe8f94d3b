// Deadlines and pauses on the completion queue.
#pragma once

#include "client/wall.h"

#include <grpcpp/alarm.h>

#include <memory>

#include "client/transport/runtime.h"

namespace kalam {

class Timer;

// timer_finished() runs on the poller thread, without any lock held; the timer lives until it returns.
class TimerOwner {
 public:
  virtual void timer_finished(Timer* timer, bool expired) noexcept = 0;

 protected:
  ~TimerOwner() = default;
};

class Timer final : public Completion {
 public:
  // Keeps `owner` alive and deletes itself after it has told the owner.
  static Timer* start(std::shared_ptr<TimerOwner> owner, RuntimeCore* runtime, gpr_timespec when) {
    auto timer = std::unique_ptr<Timer>(new Timer(std::move(owner)));
    timer->alarm_.Set(runtime->queue(), when, static_cast<Completion*>(timer.get()));
    return timer.release();
  }
  void cancel() { alarm_.Cancel(); }

 private:
  explicit Timer(std::shared_ptr<TimerOwner> owner) : owner_(std::move(owner)) {}
  void complete(bool ok) noexcept override {
    std::unique_ptr<Timer> self(this);
    owner_->timer_finished(this, ok);
  }

  std::shared_ptr<TimerOwner> owner_;
  grpc::Alarm alarm_;
};

inline gpr_timespec monotonic_after_ms(int64_t ms) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

}  // namespace kalam
