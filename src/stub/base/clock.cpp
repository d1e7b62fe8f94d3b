#include "stub/base/clock.h"

#include <chrono>

namespace kalam::stub {

int64_t Clock::read() const {
  if (frozen_) return frozen_us_;
  auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count() + offset_us_;
}

int64_t Clock::now_us() const {
  std::lock_guard lock(mutex_);
  return read();
}

void Clock::advance(int64_t microseconds) {
  std::lock_guard lock(mutex_);
  (frozen_ ? frozen_us_ : offset_us_) += microseconds;
}

void Clock::freeze(int64_t now_us) {
  std::lock_guard lock(mutex_);
  frozen_us_ = now_us != 0 ? now_us : read();
  frozen_ = true;
}

void Clock::unfreeze() {
  std::lock_guard lock(mutex_);
  if (!frozen_) return;
  // The reading goes on from where it stood: time never jumps back.
  int64_t stood_at = frozen_us_;
  frozen_ = false;
  offset_us_ = 0;
  offset_us_ = stood_at - read();
}

}  // namespace kalam::stub
