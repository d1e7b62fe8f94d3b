// The nodes that a connection knows, and which of them leads what.
#pragma once

#include "client/wall.h"

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/session/node.h"
#include "client/session/shared.h"

namespace kalam {

class LeaderSearch;

// Guarded by the connection's mutex.
class Cluster {
 public:
  explicit Cluster(Shared* shared);
  ~Cluster();

  Node* home() { return nodes_.front().get(); }
  // The node of that address, a new one if there is none yet; NULL when there are too many.
  Node* node_for(const Endpoint& endpoint);
  // The node that leads `group` as far as known.
  Node* target(const std::string& group);
  void remember_leader(const std::string& group, Node* node);
  void forget_leader(const Node* node);
  // The known node after `node`, in turn.
  Node* next_node(const Node* node);
  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }

  std::unordered_map<std::string, Node*> node_of_api_address;
  std::map<std::string, std::shared_ptr<LeaderSearch>> searches;  // by API address

 private:
  Shared* shared_;  // owns the cluster
  std::vector<std::unique_ptr<Node>> nodes_;
  std::unordered_map<std::string, Node*> leaders_;
  Node* last_leader_ = nullptr;
};

}  // namespace kalam
