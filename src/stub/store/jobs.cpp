#include "stub/store/jobs.h"

namespace kalam::stub {

Job& Jobs::start(const std::string& prefix, const std::string& type, const std::string& idempotency_key,
                 int64_t duration_us, std::string done_message) {
  Job job;
  job.id = prefix + "-" + ids_.hex(12);
  job.type = type;
  job.idempotency_key = idempotency_key;
  job.status = "running";
  job.message = std::move(done_message);
  job.created_us = job.started_us = clock_.now_us();
  job.ends_us = job.started_us + duration_us;
  jobs_.push_back(std::move(job));
  settle();
  return jobs_.back();
}

void Jobs::settle() {
  int64_t now = clock_.now_us();
  for (Job& job : jobs_) {
    if (job.status == "running" && job.ends_us <= now) {
      job.status = "completed";
      job.finished_us = job.ends_us;
    }
  }
}

const Job* Jobs::running(const std::string& idempotency_key) {
  settle();
  for (const Job& job : jobs_) {
    if (job.status == "running" && job.idempotency_key == idempotency_key) return &job;
  }
  return nullptr;
}

const std::vector<Job>& Jobs::all() {
  settle();
  return jobs_;
}

}  // namespace kalam::stub
