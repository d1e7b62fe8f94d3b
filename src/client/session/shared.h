// What a connection, its nodes, its searches for leaders and its operations share.
#pragma once

#include "client/wall.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "client/api.h"
#include "client/base/status.h"
#include "client/settings/settings.h"
#include "client/transport/runtime.h"

namespace kalam {

class Node;
class Waiter;

struct Transaction {
  enum class State : uint8_t {
    none,
    beginning,
    open,
    ending,
    unresolved,  // its commit or rollback failed: the server may still have it open
  };
  State state = State::none;
  std::string id;
  Node* node = nullptr;
  bool failed = false;  // the server ended it, or forgot the session: nothing more may be sent in its name
  Status failure{};

  // Whether the server may have it open, in a session on `of`.
  bool may_be_open_on(const Node* of) const { return state != State::none && state != State::beginning && node == of; }
};

// Everything that is in flight holds a reference, by which it keeps the whole connection alive. One mutex guards it
// all: a backend has one thread, and the poller is the other one. gRPC never calls back into the library while it is
// held.
struct Shared : std::enable_shared_from_this<Shared> {
  Shared(std::shared_ptr<RuntimeCore> runtime_in, Settings settings_in)
      : runtime(std::move(runtime_in)), settings(std::move(settings_in)), secrets(settings.secrets) {}

  std::mutex mutex;
  std::condition_variable changed;  // a call has ended, or something in flight has completed
  const std::shared_ptr<RuntimeCore> runtime;
  const Settings settings;
  Secrets secrets;  // the settings' and the sessions' tokens

  Transaction transaction;
  std::string session_id;  // proposed to every node (spec 13)
  uint64_t sessions_opened = 0;
  std::unordered_set<Waiter*> operations;  // that have not ended
  size_t in_flight = 0;                    // completions that are not an operation's
  bool closing = false;
  std::atomic<bool> stop_probes{false};

 protected:
  ~Shared() = default;
};

}  // namespace kalam
