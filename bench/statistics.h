// Small statistics over runs and over single calls.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace kalam::bench {

using Clock = std::chrono::steady_clock;

inline double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

inline double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  size_t at = std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

struct Spread {
  double min = 0, median = 0, max = 0;
};

inline Spread spread(const std::vector<double>& values) {
  return {quantile(values, 0), quantile(values, 0.5), quantile(values, 1)};
}

}  // namespace kalam::bench
