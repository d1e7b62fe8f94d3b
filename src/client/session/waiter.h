// Who waits for a node or for the search of a leader: an operation. Nodes and searches know operations by this alone.
#pragma once

#include "client/wall.h"

#include <grpc/support/time.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "client/api.h"

namespace kalam {

class Node;

// Every function runs with the connection's mutex held.
class Waiter {
 public:
  // What it waited for is there, or is to be asked for again. A failure to go on ends the waiter.
  virtual void resume() noexcept = 0;
  // The channel or the session that it waited for cannot be had.
  virtual void preparation_failed(const Status& status) noexcept = 0;
  // Why no connection was made, as far as it could be found out.
  virtual void failure_explained(const Status& status) noexcept = 0;
  // The leader's node. NULL: it is not known, or it is on `refused`, a host that must not get the credentials.
  virtual void leader_found(Node* node, std::string_view refused) noexcept = 0;
  // The connection ends, or nobody wants the answer.
  virtual void cancel() = 0;
  // An RPC was sent on its behalf.
  virtual void count_rpc() noexcept = 0;

  std::optional<gpr_timespec> deadline() const { return deadline_; }
  int64_t deadline_us() const { return deadline_us_; }  // on the monotonic clock; 0: none

  // The channel whose attempt to connect it has seen fail.
  void set_settled_channel(uint64_t serial) { settled_channel_ = serial; }
  uint64_t settled_channel() const { return settled_channel_; }

 protected:
  Waiter() = default;
  ~Waiter() = default;

  std::optional<gpr_timespec> deadline_;
  int64_t deadline_us_ = 0;

 private:
  uint64_t settled_channel_ = 0;
};

}  // namespace kalam
