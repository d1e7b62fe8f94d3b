#include "client/session/connection.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "client/session/waiter.h"

namespace kalam {
namespace {

// How long the end of a connection waits for gRPC to let go of what was cancelled. It takes milliseconds; should it
// take longer, what is left stays alive on its own and is freed later.
constexpr auto kDrain = std::chrono::milliseconds(500);

}  // namespace

ConnectionCore::ConnectionCore(std::shared_ptr<RuntimeCore> runtime_in, Settings settings_in)
    : Shared(std::move(runtime_in), std::move(settings_in)), cluster(this) {}

void ConnectionCore::resolve_transaction() {
  if (transaction.state != Transaction::State::unresolved) return;
  transaction.node->abandon_session();
  transaction = {};
}

void ConnectionCore::sessions_closed(const Node* closed) noexcept {
  for (const auto& node : cluster.nodes()) {
    if (node.get() == closed) {
      node->session_closed();
    } else if (node->session().state == Session::State::open) {
      node->abandon_session();
    }
  }
  session_id.clear();
  transaction = {};
}

void ConnectionCore::operation_finished(Waiter* operation) {
  operations.erase(operation);
  changed.notify_all();
  runtime->call_finished(operations.size());
}

void ConnectionCore::close(uint32_t close_timeout_ms) {
  std::unique_lock lock(mutex);
  stop_probes = true;
  // Cancelling removes from the set.
  const std::vector<Waiter*> running(operations.begin(), operations.end());
  for (Waiter* operation : running) operation->cancel();
  const auto drained = std::chrono::steady_clock::now() + kDrain;
  changed.wait_until(lock, drained, [&] { return operations.empty(); });
  for (const auto& node : cluster.nodes()) {
    node->cancel_opening();
    node->stop_quick_ack();
  }
  if (close_timeout_ms > 0) {
    for (const auto& node : cluster.nodes()) {
      if (node->stub() != nullptr && node->session().state == Session::State::open) {
        node->send_close_session(close_timeout_ms);
      }
    }
  }
  closing = true;
  changed.wait_until(
      lock, std::max(drained, std::chrono::steady_clock::now() + std::chrono::milliseconds(close_timeout_ms)), [&] {
        // A channel that is still connecting is given up at once.
        for (const auto& node : cluster.nodes()) node->give_up_connecting();
        return in_flight == 0;
      });
  for (const auto& node : cluster.nodes()) node->drop_channel();
}

}  // namespace kalam
