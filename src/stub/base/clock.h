// The stub's clock. Everything that depends on time (leases, pruning, TTLs, versions) asks it, so that a test can move
// it instead of waiting.
#pragma once

#include <cstdint>
#include <mutex>

namespace kalam::stub {

class Clock {
 public:
  // Microseconds since 1970, UTC.
  int64_t now_us() const;
  int64_t now_ms() const { return now_us() / 1000; }

  void advance(int64_t microseconds);
  // Stops the clock at `now_us` (0: at the present reading). advance() still moves it.
  void freeze(int64_t now_us = 0);
  void unfreeze();

 private:
  int64_t read() const;

  mutable std::mutex mutex_;
  int64_t offset_us_ = 0;
  int64_t frozen_us_ = 0;
  bool frozen_ = false;
};

}  // namespace kalam::stub
