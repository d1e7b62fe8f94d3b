#include "client/base/clock.h"

#include <atomic>
#include <chrono>

namespace kalam {
namespace {
std::atomic<ClockFunction> replaced_clock{nullptr};
}

int64_t monotonic_us() noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int64_t session_clock_ms() noexcept {
  ClockFunction clock = replaced_clock.load(std::memory_order_acquire);
  return clock != nullptr ? clock() : monotonic_us() / 1000;
}

void replace_session_clock(ClockFunction clock) noexcept {
  replaced_clock.store(clock, std::memory_order_release);
}

}  // namespace kalam
