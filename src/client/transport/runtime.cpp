#include "client/transport/runtime.h"

#include <grpc/grpc.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <system_error>

#include "client/base/clock.h"
#include "client/base/last_words.h"
#include "client/base/memory_room.h"
#include "client/base/signal_block.h"
#include "client/base/status.h"

namespace kalam {
namespace {

// gRPC's state is the process's, and cannot follow it through fork: the process that used it first, 0 before.
std::atomic<pid_t> grpc_owner{0};

// From so many calls in flight on, the poller takes answers in bulk. A single caller, or a few, is told of each at
// once.
constexpr size_t kMany = 8;
// How many it takes before it tells of them, and how long it rests at most: nobody waits for more than this.
constexpr unsigned kBulk = 64;
constexpr long kRestNs = 1'000'000;
constexpr long kNsOfSecond = 1'000'000'000;

}  // namespace

RuntimeCore::RuntimeCore()
    : pid_(getpid()), event_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), only_user_(grpc_is_initialized() == 0) {
  if (event_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  sem_init(&wake_, 0, 0);
  grpc_init();
  try {
    queue_ = std::make_unique<grpc::CompletionQueue>();
    poller_ = std::thread([this] { poll(); });
  } catch (...) {
    if (queue_) queue_->Shutdown();
    queue_.reset();
    grpc_shutdown();
    sem_destroy(&wake_);
    close(event_fd_);
    throw;
  }
}

RuntimeCore::~RuntimeCore() {
  if (!owned_by_this_process()) {
    // Nothing here works without the poller; the parent owns it all. Leaking is all that is safe.
    if (poller_.joinable()) poller_.detach();
    for (BackgroundTask& task : tasks_) task.thread.detach();
    static_cast<void>(queue_.release());
    return;
  }
  SignalBlock block;
  stop();
  sem_destroy(&wake_);
  close(event_fd_);
}

bool RuntimeCore::owned_by_this_process() const noexcept {
  return getpid() == pid_;
}

// With many calls in flight, an answer at a time would wake the caller up for each, and the two threads would get into
// each other's way in gRPC. So the caller is told once of all answers that are there, and while it is busy with these,
// those that come are left to gather.
void RuntimeCore::poll() noexcept {
  void* tag = nullptr;
  bool ok = false;
  unsigned taken = 0;
  for (;;) {
    if (untold_ && taken < kBulk) {
      const auto next = queue_->AsyncNext(&tag, &ok, gpr_time_0(GPR_CLOCK_MONOTONIC));
      if (next == grpc::CompletionQueue::GOT_EVENT) {
        static_cast<Completion*>(tag)->complete(ok);
        ++taken;
        continue;
      }
      tell();
      if (next == grpc::CompletionQueue::TIMEOUT) rest();
    } else if (untold_) {
      tell();
    }
    if (!queue_->Next(&tag, &ok)) return;
    static_cast<Completion*>(tag)->complete(ok);
    taken = 1;
  }
}

void RuntimeCore::call_finished(size_t in_flight) noexcept {
  if (in_flight >= kMany && std::this_thread::get_id() == poller_.get_id()) {
    untold_ = true;
  } else {
    signal_event();
  }
}

void RuntimeCore::tell() noexcept {
  untold_ = false;
  signal_event();
}

// Until the descriptor is drained, which says that the caller wants more. A post that comes too late shortens the next
// rest, which does no harm.
void RuntimeCore::rest() noexcept {
  timespec until = {};
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += kRestNs;
  if (until.tv_nsec >= kNsOfSecond) {
    until.tv_nsec -= kNsOfSecond;
    ++until.tv_sec;
  }
  resting_.store(true);
  if (signalled_.load()) {
    while (sem_clockwait(&wake_, CLOCK_MONOTONIC, &until) < 0 && errno == EINTR) {
    }
  }
  resting_.store(false);
}

void RuntimeCore::signal_event() noexcept {
  if (signalled_.exchange(true, std::memory_order_acq_rel)) return;
  const uint64_t one = 1;
  // EAGAIN: the counter is full, so the descriptor is readable anyway.
  while (write(event_fd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void RuntimeCore::drain_events() noexcept {
  uint64_t count = 0;
  while (read(event_fd_, &count, sizeof count) < 0 && errno == EINTR) {
  }
  // Only now: cleared before the read, the flag could be set again by a call whose write the read then takes, and would
  // stay set. A call that finished in between found the flag set and wrote nothing; the exchange reads what that call
  // stored, so that whoever asks call_done() next sees it done.
  signalled_.exchange(false);
  if (resting_.exchange(false)) sem_post(&wake_);
}

void RuntimeCore::run_in_background(std::function<void()> work) {
  join_background_tasks(false);
  std::lock_guard lock(tasks_mutex_);
  BackgroundTask& task = tasks_.emplace_back();
  try {
    task.thread = std::thread([work = std::move(work), &task] {
      work();
      task.ended.store(true, std::memory_order_release);
    });
  } catch (...) {
    tasks_.pop_back();
    throw;
  }
}

void RuntimeCore::join_background_tasks(bool all) noexcept {
  std::lock_guard lock(tasks_mutex_);
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    if (!all && !task->ended.load(std::memory_order_acquire)) {
      ++task;
      continue;
    }
    task->thread.join();
    task = tasks_.erase(task);
  }
}

void RuntimeCore::stop() noexcept {
  if (!poller_.joinable()) return;
  join_background_tasks(true);  // they may still complete something
  queue_->Shutdown();
  poller_.join();
  join_background_tasks(true);
  queue_.reset();
  shut_grpc_down();
}

void RuntimeCore::left_connecting(int64_t until_us) noexcept {
  int64_t latest = connecting_until_us_;
  while (latest < until_us && !connecting_until_us_.compare_exchange_weak(latest, until_us)) {
  }
}

// Waits until gRPC's own threads have ended, which takes milliseconds: but gRPC waits for ever for a thread that the
// system did not let it start. So somebody else does the waiting, and a process that has no thread left for that, or
// has waited long enough, ends without the end of gRPC. That is soon while gRPC waits for a peer that says nothing: it
// has no way to give up a connection whose handshake has begun.
void RuntimeCore::shut_grpc_down() noexcept {
  struct Ending {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  try {
    const auto ending = std::make_shared<Ending>();
    std::unique_lock lock(ending->mutex);
    std::thread([ending] {
      grpc_shutdown_blocking();
      std::lock_guard done(ending->mutex);
      ending->done = true;
      ending->changed.notify_all();
    }).detach();
    const bool is_connecting = monotonic_us() < connecting_until_us_;
    const auto bound = std::chrono::steady_clock::now() + std::chrono::milliseconds(is_connecting ? 50 : 2000);
    if (!ending->changed.wait_until(lock, bound, [&] { return ending->done; })) return;
    // A channel's last parts are taken down by threads that hold gRPC for a moment longer; the last of them ends it.
    while (only_user_ && grpc_is_initialized() != 0 && std::chrono::steady_clock::now() < bound) usleep(1000);
  } catch (...) {
    return;
  }
}

Runtime* runtime_start(Status* status) noexcept {
  const Entry entry;
  clear_status(status);
  try {
    SignalBlock block;
    listen_to_grpc();
    save_address_space();
    pid_t expected = 0;
    const pid_t self = getpid();
    if (!grpc_owner.compare_exchange_strong(expected, self) && expected != self) {
      set_status(status, ErrorClass::internal, "gRPC was started by another process before a fork", {},
                 "KalamDB must not be used before PostgreSQL has started the session's own process.");
      return nullptr;
    }
    auto runtime = std::make_unique<Runtime>();
    runtime->core = std::make_shared<RuntimeCore>();
    return runtime.release();
  } catch (...) {
    status_from_exception(status);
    return nullptr;
  }
}

int runtime_event_fd(const Runtime* runtime) noexcept {
  if (runtime == nullptr) return -1;
  return runtime->core->event_fd();
}

void runtime_drain_events(Runtime* runtime) noexcept {
  const Entry entry;
  if (runtime == nullptr) return;
  runtime->core->drain_events();
}

void runtime_stop(Runtime* runtime) noexcept {
  const Entry entry;
  if (runtime == nullptr || Entry::is_broken()) return;
  if (runtime->core->owned_by_this_process()) {
    SignalBlock block;
    runtime->core->stop();
  }
  delete runtime;
}

}  // namespace kalam
