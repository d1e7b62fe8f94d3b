// Clocks. Silence and leases are measured on a clock that tests can replace; deadlines always run on the real one.
#pragma once

#include "client/wall.h"

#include <cstdint>

namespace kalam {

// Milliseconds on a clock that never jumps, or what the test's clock says.
int64_t session_clock_ms() noexcept;

using ClockFunction = int64_t (*)();

// For tests: NULL brings the real clock back.
void replace_session_clock(ClockFunction clock) noexcept;

// Microseconds on the real monotonic clock.
int64_t monotonic_us() noexcept;

}  // namespace kalam
