// One connection: what its parts share, its cluster, and its end.
#pragma once

#include "client/wall.h"

#include <memory>

#include "client/arrow/result_reader.h"
#include "client/session/cluster.h"
#include "client/session/shared.h"

namespace kalam {

// Shared by the handle and everything that is in flight.
class ConnectionCore final : public Shared {
 public:
  ConnectionCore(std::shared_ptr<RuntimeCore> runtime, Settings settings);

  std::shared_ptr<ConnectionCore> shared_core() { return std::static_pointer_cast<ConnectionCore>(shared_from_this()); }

  // Something of the server's may be left of a transaction: gives its session up.
  void resolve_transaction();

  // CloseSession was sent to `closed` (NULL: to none): what is open on other nodes is given up too, and with it any
  // transaction.
  void sessions_closed(const Node* closed) noexcept;

  void operation_finished(Waiter* operation);
  // Ends everything. Waits for CloseSession no longer than `close_timeout_ms`.
  void close(uint32_t close_timeout_ms);

  Cluster cluster;
  uint64_t redirects = 0;
  // Used by the caller's thread alone, without the mutex.
  bool has_handle = true;                      // connection_release() has not been called yet
  std::unique_ptr<ResultReader> spare_reader;  // of an answer that was read; knows its schema
};

struct Connection {
  std::shared_ptr<ConnectionCore> core;
};

}  // namespace kalam
