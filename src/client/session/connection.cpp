#include "client/session/connection.h"

#include <algorithm>
#include <chrono>

#include "client/base/clock.h"
#include "client/session/operation.h"
#include "client/session/requests.h"

namespace kalam {
namespace {

// More nodes than any cluster has; a server that lists ever new addresses must not fill the memory.
constexpr size_t kMostNodes = 64;
constexpr size_t kMostGroups = 10'000;

// How long the end of a connection waits for gRPC to let go of what was cancelled. It takes milliseconds; should it
// take longer, what is left stays alive on its own and is freed later.
constexpr auto kDrain = std::chrono::milliseconds(500);

// CloseSession whose answer interests nobody, or only the waiting end of the connection.
class Farewell final : public RpcOwner {
 public:
  explicit Farewell(std::shared_ptr<ConnectionCore> core) : core_(std::move(core)) {}

 private:
  void rpc_finished(UnaryRpc*) noexcept override {
    std::lock_guard lock(core_->mutex);
    --core_->in_flight;
    core_->changed.notify_all();
  }

  std::shared_ptr<ConnectionCore> core_;
};

}  // namespace

void send_close_session(ConnectionCore* core, Node* node, const Session& session, uint32_t timeout_ms) {
  RpcHeaders headers;
  headers.session_token = session.token;
  UnaryRpc::start(UnaryRpc::create(std::make_shared<Farewell>(core->shared_from_this()), Method::close_session, headers,
                                   monotonic_after_ms(timeout_ms)),
                  core->runtime.get(), node->stub().get(), RequestBody(Method::close_session).with_session(session.id));
  ++core->in_flight;
}

ConnectionCore::ConnectionCore(std::shared_ptr<RuntimeCore> runtime_in, Settings settings_in)
    : runtime(std::move(runtime_in)), settings(std::move(settings_in)), secrets(settings.secrets) {
  nodes_.push_back(std::make_unique<Node>(this, settings.home));
}

ConnectionCore::~ConnectionCore() = default;

Node* ConnectionCore::node_for(const Endpoint& endpoint) {
  for (const auto& node : nodes_) {
    if (node->endpoint() == endpoint) return node.get();
  }
  if (nodes_.size() >= kMostNodes) return nullptr;
  nodes_.push_back(std::make_unique<Node>(this, endpoint));
  return nodes_.back().get();
}

Node* ConnectionCore::target(const std::string& group) {
  if (auto found = leaders_.find(group); found != leaders_.end()) return found->second;
  return last_leader_ != nullptr ? last_leader_ : home();
}

void ConnectionCore::remember_leader(const std::string& group, Node* node) {
  if (leaders_.size() >= kMostGroups) leaders_.clear();
  leaders_[group] = node;
  last_leader_ = node;
}

void ConnectionCore::forget_leader(const Node* node) {
  std::erase_if(leaders_, [&](const auto& entry) { return entry.second == node; });
  if (last_leader_ == node) last_leader_ = nullptr;
}

Node* ConnectionCore::next_node(const Node* node) {
  auto at = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& known) { return known.get() == node; });
  if (at == nodes_.end() || ++at == nodes_.end()) at = nodes_.begin();
  return at->get();
}

void ConnectionCore::resolve_transaction() {
  if (transaction.state != Transaction::State::unresolved) return;
  transaction.node->abandon_session();
  transaction = {};
}

void ConnectionCore::sessions_closed(const Node* closed) noexcept {
  for (const auto& node : nodes_) {
    if (node.get() == closed) {
      node->session_closed();
    } else if (node->session().state == Session::State::open) {
      node->abandon_session();
    }
  }
  session_id.clear();
  transaction = {};
}

void ConnectionCore::operation_finished(Operation* operation) {
  operations.erase(operation);
  changed.notify_all();
  runtime->call_finished(operations.size());
}

void ConnectionCore::close(uint32_t close_timeout_ms) {
  std::unique_lock lock(mutex);
  stop_probes = true;
  // Cancelling removes from the set.
  const std::vector<Operation*> running(operations.begin(), operations.end());
  for (Operation* operation : running) operation->cancel();
  const auto drained = std::chrono::steady_clock::now() + kDrain;
  changed.wait_until(lock, drained, [&] { return operations.empty(); });
  for (const auto& node : nodes_) {
    node->cancel_opening();
    node->stop_quick_ack();
  }
  if (close_timeout_ms > 0) {
    for (const auto& node : nodes_) {
      if (node->stub() != nullptr && node->session().state == Session::State::open) {
        send_close_session(this, node.get(), node->session(), close_timeout_ms);
      }
    }
  }
  closing = true;
  changed.wait_until(
      lock, std::max(drained, std::chrono::steady_clock::now() + std::chrono::milliseconds(close_timeout_ms)), [&] {
        // A channel that is still connecting is given up at once.
        for (const auto& node : nodes_) node->give_up_connecting();
        return in_flight == 0;
      });
  for (const auto& node : nodes_) node->drop_channel();
}

}  // namespace kalam
