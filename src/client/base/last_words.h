// What is left to know when gRPC ends the process by abort(): whether it was gRPC, and why. See client_is_entered() and
// the functions behind it in api.h, which a handler of SIGABRT calls.
#pragma once

#include "client/wall.h"

#include <atomic>

#include "client/api.h"

namespace kalam {

constinit inline std::atomic<int> entries{0};
constinit inline std::atomic<bool> broken{false};

// The caller is in a function of this library, for as long as this lives.
class Entry {
 public:
  Entry() noexcept { entries.fetch_add(1, std::memory_order_relaxed); }
  ~Entry() { entries.fetch_sub(1, std::memory_order_relaxed); }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  // gRPC has failed: nothing of it may be touched any more, and nobody may wait for it.
  static bool is_broken() noexcept { return broken.load(std::memory_order_relaxed); }
};

// Keeps what gRPC says at its level of errors, instead of its writing that to the standard error, which is PostgreSQL's
// log: all but the last words come back in a Status. Whoever sets GRPC_VERBOSITY sees everything.
void listen_to_grpc();

}  // namespace kalam
