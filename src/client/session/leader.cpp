#include "client/session/leader.h"

#include "client/arrow/single_value.h"
#include "client/session/requests.h"

namespace kalam {
namespace {

// The answer is one row from a node that already answers; it must not hold up the search.
constexpr int64_t kLookupMs = 3'000;

}  // namespace

void LeaderSearch::join(Shared* shared, Cluster* cluster, Node* asked, const std::string& api_address,
                        const std::shared_ptr<Waiter>& waiter) {
  std::shared_ptr<LeaderSearch>& search = cluster->searches[api_address];
  if (!search) {
    search.reset(new LeaderSearch(shared->shared_from_this(), cluster, asked, api_address));
    try {
      search->start(waiter.get());
    } catch (...) {
      cluster->searches.erase(api_address);
      throw;
    }
  }
  search->waiting_.push_back(waiter);
}

void LeaderSearch::start(Waiter* waiter) {
  RequestBody body;
  Status status;
  // The address was taken apart and put together again: it holds no quote. The catalog spells it with or without its
  // scheme, as the server was configured.
  const std::string sql = "SELECT rpc_addr FROM system.cluster WHERE api_addr IN ('" + api_address_ + "', 'http://" +
                          api_address_ + "', 'https://" + api_address_ + "') LIMIT 1";
  make_sql(Method::execute_query, sql, &body, &status);
  auto rpc = UnaryRpc::create(shared_from_this(), Method::execute_query, asked_->headers(Method::execute_query),
                              monotonic_after_ms(kLookupMs));
  UnaryRpc* const started = rpc.get();
  UnaryRpc::start(std::move(rpc), shared_->runtime.get(), asked_->stub().get(),
                  body.with_session(asked_->session().id));
  rpc_ = started;
  ++shared_->in_flight;
  waiter->count_rpc();
  asked_->note_session_used();
  asked_->note_rpc_started(rpc_);
}

void LeaderSearch::forget(const Waiter* waiter) {
  std::erase_if(waiting_, [&](const auto& waiting) { return waiting.get() == waiter; });
  if (waiting_.empty() && rpc_ != nullptr) rpc_->cancel();
}

Node* LeaderSearch::found_node(UnaryRpc* rpc, std::string* refused) {
  std::string address;
  Endpoint endpoint;
  if (!rpc->status().ok() || !read_single_text(&rpc->response(), &address) || !parse_endpoint(address, &endpoint)) {
    return nullptr;
  }
  if (!shared_->settings.allows_leader(endpoint.host)) {
    *refused = endpoint.host;
    return nullptr;
  }
  Node* node = cluster_->node_for(endpoint);
  if (node != nullptr) cluster_->node_of_api_address[api_address_] = node;
  return node;
}

void LeaderSearch::rpc_finished(UnaryRpc* rpc) noexcept {
  std::lock_guard lock(shared_->mutex);
  --shared_->in_flight;
  rpc_ = nullptr;
  asked_->note_rpc_finished(*rpc);
  auto waiting = std::move(waiting_);
  waiting_.clear();
  cluster_->searches.erase(api_address_);
  Node* node = nullptr;
  std::string refused;
  try {
    node = found_node(rpc, &refused);
  } catch (...) {
    // Not found: the operations ask again, or end for want of memory themselves.
  }
  for (const auto& waiter : waiting) waiter->leader_found(node, refused);
  shared_->changed.notify_all();
}

}  // namespace kalam
