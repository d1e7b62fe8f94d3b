#include "client/base/last_words.h"

#include <grpc/support/log.h>
#include <grpcpp/version_info.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// gRPC logs through Abseil since 1.65.
#if GRPC_CPP_VERSION_MAJOR == 1 && GRPC_CPP_VERSION_MINOR < 65
#define KALAM_GRPC_LOGS_ITSELF
#else
#include <absl/log/globals.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "client/base/signal_block.h"
#include "client/base/status.h"

namespace kalam {
namespace {

// The latest messages of all threads. Written without a lock: who reads it is a thread that has written its own.
struct Words {
  std::atomic<long> thread{0};
  char text[400] = {};
};
constexpr unsigned kKept = 16;
constinit Words kept[kKept];
constinit std::atomic<unsigned> next_kept{0};

long this_thread() {
  return syscall(SYS_gettid);
}

#ifdef KALAM_GRPC_LOGS_ITSELF
void keep_words(gpr_log_func_args* args) {
  Words& words = kept[next_kept.fetch_add(1, std::memory_order_relaxed) % kKept];
  words.thread.store(0, std::memory_order_release);
  copy_text(words.text, sizeof words.text, args->message);
  words.thread.store(this_thread(), std::memory_order_release);
}
#endif

}  // namespace

void listen_to_grpc() {
  if (std::getenv("GRPC_VERBOSITY") != nullptr) return;
#ifdef KALAM_GRPC_LOGS_ITSELF
  gpr_set_log_function(keep_words);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
#else
  // What ends the process is still written to the standard error.
  absl::SetMinLogLevel(absl::LogSeverityAtLeast::kFatal);
#endif
}

bool client_is_entered() noexcept {
  return entries.load(std::memory_order_relaxed) > 0;
}

bool client_is_own_thread(const void* context) noexcept {
  const sigset_t* mask = &static_cast<const ucontext_t*>(context)->uc_sigmask;
  return sigismember(mask, SIGINT) == 1 && sigismember(mask, SIGTERM) == 1 && sigismember(mask, SIGUSR1) == 1 &&
         sigismember(mask, marking_signal()) == 0;
}

void client_break() noexcept {
  broken.store(true, std::memory_order_relaxed);
}

void client_leave() noexcept {
  entries.store(0, std::memory_order_relaxed);
}

bool client_is_broken() noexcept {
  return Entry::is_broken();
}

void client_last_words(char* text, size_t capacity) noexcept {
  text[0] = '\0';
  const long self = this_thread();
  const unsigned end = next_kept.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < kKept; i++) {
    const Words& words = kept[(end - 1 - i) % kKept];
    if (words.thread.load(std::memory_order_acquire) != self) continue;
    const size_t size = std::min(capacity - 1, strnlen(words.text, sizeof words.text));
    std::memcpy(text, words.text, size);
    text[size] = '\0';
    return;
  }
}

}  // namespace kalam
