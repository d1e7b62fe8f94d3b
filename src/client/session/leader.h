// Finding the leader that a node names (spec 13).
#pragma once

#include "client/wall.h"

#include <memory>
#include <string>
#include <vector>

#include "client/session/cluster.h"
#include "client/session/shared.h"
#include "client/session/waiter.h"

namespace kalam {

// Asks a node that is trusted already which RPC address belongs to an API address, on behalf of all operations that
// were sent there. Only addresses of the cluster's own list are ever connected to, and of these only hosts that
// ConnectionOptions::leader_hosts allows: credentials go there.
class LeaderSearch final : public RpcOwner, public std::enable_shared_from_this<LeaderSearch> {
 public:
  // The connection's mutex is held. `waiter` will be told by leader_found().
  static void join(Shared* shared, Cluster* cluster, Node* asked, const std::string& api_address,
                   const std::shared_ptr<Waiter>& waiter);
  void forget(const Waiter* waiter);

 private:
  LeaderSearch(std::shared_ptr<Shared> shared, Cluster* cluster, Node* asked, std::string api_address)
      : shared_(std::move(shared)), cluster_(cluster), asked_(asked), api_address_(std::move(api_address)) {}
  void start(Waiter* waiter);
  void rpc_finished(UnaryRpc* rpc) noexcept override;
  // NULL: not known, or the credentials must not go there; `refused` is the host then.
  Node* found_node(UnaryRpc* rpc, std::string* refused);

  std::shared_ptr<Shared> shared_;  // keeps cluster and node alive
  Cluster* cluster_;
  Node* asked_;
  std::string api_address_;
  UnaryRpc* rpc_ = nullptr;
  std::vector<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace kalam
