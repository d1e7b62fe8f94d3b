// Background jobs as system.jobs shows them: flushes and the clean-up after DROP TABLE.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stub/base/clock.h"
#include "stub/base/ids.h"

namespace kalam::stub {

struct Job {
  std::string id;               // "FL-…", "CL-…"
  std::string type;             // "flush", "cleanup"
  std::string idempotency_key;  // "drop-<ns>-<t>", "flush-<ns>-<t>"
  std::string status;           // "running", "completed", "failed"
  std::string message;
  std::string parameters;  // JSON
  int64_t created_us = 0;
  int64_t started_us = 0;
  int64_t finished_us = 0;  // 0: not finished
  int64_t ends_us = 0;      // when a running job completes by itself
};

class Jobs {
 public:
  Jobs(Clock& clock, IdSource& ids) : clock_(clock), ids_(ids) {}

  // Starts a job that completes after duration_us (0: at once).
  Job& start(const std::string& prefix, const std::string& type, const std::string& idempotency_key,
             int64_t duration_us, std::string done_message);
  // A job with this key that still runs.
  const Job* running(const std::string& idempotency_key);
  const std::vector<Job>& all();
  void clear() { jobs_.clear(); }

  // How long jobs stay `running` on the stub's clock (a real flush takes seconds to minutes, a clean-up less than one).
  void set_flush_duration(int64_t microseconds) { flush_duration_us_ = microseconds; }
  void set_cleanup_duration(int64_t microseconds) { cleanup_duration_us_ = microseconds; }
  // What is said of a job that has not ended, in place of "running"; empty: such a job is not listed.
  void set_open_status(std::string status) { open_status_ = std::move(status); }
  const std::string& shown_status(const Job& job) const { return job.status == "running" ? open_status_ : job.status; }
  int64_t flush_duration_us() const { return flush_duration_us_; }
  int64_t cleanup_duration_us() const { return cleanup_duration_us_; }

 private:
  void settle();

  Clock& clock_;
  IdSource& ids_;
  std::vector<Job> jobs_;
  std::string open_status_ = "running";
  int64_t flush_duration_us_ = 0;
  int64_t cleanup_duration_us_ = 0;
};

}  // namespace kalam::stub
