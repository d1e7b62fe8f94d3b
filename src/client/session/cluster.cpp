#include "client/session/cluster.h"

#include <algorithm>

namespace kalam {
namespace {

// More nodes than any cluster has; a server that lists ever new addresses must not fill the memory.
constexpr size_t kMostNodes = 64;
constexpr size_t kMostGroups = 10'000;

}  // namespace

Cluster::Cluster(Shared* shared) : shared_(shared) {
  nodes_.push_back(std::make_unique<Node>(shared, shared->settings.home));
}

Cluster::~Cluster() = default;

Node* Cluster::node_for(const Endpoint& endpoint) {
  for (const auto& node : nodes_) {
    if (node->endpoint() == endpoint) return node.get();
  }
  if (nodes_.size() >= kMostNodes) return nullptr;
  nodes_.push_back(std::make_unique<Node>(shared_, endpoint));
  return nodes_.back().get();
}

Node* Cluster::target(const std::string& group) {
  if (auto found = leaders_.find(group); found != leaders_.end()) return found->second;
  return last_leader_ != nullptr ? last_leader_ : home();
}

void Cluster::remember_leader(const std::string& group, Node* node) {
  if (leaders_.size() >= kMostGroups) leaders_.clear();
  leaders_[group] = node;
  last_leader_ = node;
}

void Cluster::forget_leader(const Node* node) {
  std::erase_if(leaders_, [&](const auto& entry) { return entry.second == node; });
  if (last_leader_ == node) last_leader_ = nullptr;
}

Node* Cluster::next_node(const Node* node) {
  auto at = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& known) { return known.get() == node; });
  if (at == nodes_.end() || ++at == nodes_.end()) at = nodes_.begin();
  return at->get();
}

}  // namespace kalam
