#include "client/session/node.h"

#include <algorithm>
#include <utility>

#include "client/base/clock.h"
#include "client/session/failure_texts.h"
#include "client/session/requests.h"
#include "client/transport/channel.h"
#include "client/transport/tls_probe.h"

namespace kalam {
namespace {

// A watch ends on its own after this, so that nothing outlives a connection for long whatever the channel does.
constexpr int64_t kWatchMs = 250;

bool remove(std::vector<std::shared_ptr<Waiter>>* list, const Waiter* waiter) {
  return std::erase_if(*list, [&](const auto& waiting) { return waiting.get() == waiter; }) != 0;
}

// CloseSession whose answer interests nobody, or only the waiting end of the connection.
class SessionClose final : public RpcOwner {
 public:
  explicit SessionClose(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

 private:
  void rpc_finished(UnaryRpc*) noexcept override {
    std::lock_guard lock(shared_->mutex);
    --shared_->in_flight;
    shared_->changed.notify_all();
  }

  std::shared_ptr<Shared> shared_;
};

}  // namespace

// One wait for a channel's state to change.
class StateWatch final : public Completion {
 public:
  static void start(std::shared_ptr<Node> node, grpc::Channel* channel, grpc_connectivity_state last,
                    RuntimeCore* runtime, gpr_timespec until) {
    auto* watch = new StateWatch(std::move(node));
    channel->NotifyOnStateChange(last, until, runtime->queue(), static_cast<Completion*>(watch));
  }

 private:
  explicit StateWatch(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  void complete(bool) noexcept override {
    std::unique_ptr<StateWatch> self(this);
    node_->watch_finished();
  }

  std::shared_ptr<Node> node_;
};

bool Node::connect_or_wait(const std::shared_ptr<Waiter>& waiter) {
  if (channel_) {
    const grpc_connectivity_state state = channel_->GetState(true);
    if (state == GRPC_CHANNEL_READY) return true;
    if (waiter->settled_channel() == channel_serial_) return true;
    // A new channel tries at once; the old one sits out its back-off.
    if (!watching_ && (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN)) drop_channel();
  }
  if (!channel_) make_new_channel();
  if (!watching_) {
    tried_again_ = false;
    connect_until_us_ = monotonic_us() + int64_t{shared_->settings.connect_timeout_ms} * 1000;
    start_watch(channel_->GetState(true));
  }
  waiting_for_channel_.push_back(waiter);
  quick_ack_.expect_change();
  return false;
}

void Node::make_new_channel() {
  std::shared_ptr<grpc::Channel> channel = make_channel(shared_->settings, endpoint_);
  stub_ = std::make_shared<grpc::GenericStub>(channel);
  channel_ = std::move(channel);
  ++channel_serial_;
}

void Node::start_watch(grpc_connectivity_state last) {
  const int64_t left_ms = std::max<int64_t>(1, (connect_until_us_ - monotonic_us()) / 1000);
  StateWatch::start(std::shared_ptr<Node>(shared_->shared_from_this(), this), channel_.get(), last,
                    shared_->runtime.get(), monotonic_after_ms(std::min(left_ms, kWatchMs)));
  watching_ = true;
  ++shared_->in_flight;
}

void Node::watch_finished() noexcept {
  std::lock_guard lock(shared_->mutex);
  --shared_->in_flight;
  watching_ = false;
  shared_->changed.notify_all();
  try {
    watch_finished_locked();
  } catch (...) {
    Status status;
    status_from_exception(&status);
    fail_waiting(&waiting_for_channel_, status);
  }
}

void Node::watch_finished_locked() {
  if (waiting_for_channel_.empty() || shared_->closing || !channel_) return;
  const grpc_connectivity_state state = channel_->GetState(true);
  const bool ready = state == GRPC_CHANNEL_READY;
  const bool failed = state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN;
  if (!ready && !failed) {
    if (monotonic_us() < connect_until_us_) return start_watch(state);
    drop_channel();
    Status status;
    set_status(&status, ErrorClass::unreachable, "could not connect to the KalamDB server",
               name() + ": no answer within " + std::to_string(shared_->settings.connect_timeout_ms) + " ms",
               "Check that the server is running and that no firewall drops the connection.");
    return fail_waiting(&waiting_for_channel_, status);
  }
  // One failure may be none: gRPC before 1.61 reads the reason after calls of its own, and takes an errno that these
  // left for connect()'s (grpc/grpc pull request 35064).
  if (failed && !tried_again_ && monotonic_us() < connect_until_us_) {
    tried_again_ = true;
    make_new_channel();
    return start_watch(channel_->GetState(true));
  }
  auto waiting = std::move(waiting_for_channel_);
  waiting_for_channel_.clear();
  for (const auto& waiter : waiting) {
    if (failed) waiter->set_settled_channel(channel_serial_);
    waiter->resume();
  }
}

// The list is emptied first: a waiter that fails may come back and wait again.
void Node::fail_waiting(std::vector<std::shared_ptr<Waiter>>* waiting, const Status& status) {
  const auto failed = std::exchange(*waiting, {});
  for (const auto& waiter : failed) waiter->preparation_failed(status);
}

bool Node::explain_later(const std::shared_ptr<Waiter>& waiter, const Status& failure) {
  if (shared_->closing || !is_worth_probing(failure, shared_->settings.use_tls)) return false;
  if (!explaining_) {
    auto probe = [shared = shared_->shared_from_this(), this, found = Status(failure)]() mutable {
      probe_tls(shared->settings, endpoint_, shared->stop_probes, &found);
      explained(found);
    };
    shared_->runtime->run_in_background(std::move(probe));
    explaining_ = true;
    ++shared_->in_flight;
  }
  waiting_for_reason_.push_back(waiter);
  return true;
}

void Node::explained(const Status& failure) noexcept {
  std::lock_guard lock(shared_->mutex);
  explaining_ = false;
  --shared_->in_flight;
  auto waiting = std::move(waiting_for_reason_);
  waiting_for_reason_.clear();
  for (const auto& waiter : waiting) waiter->failure_explained(failure);
  shared_->changed.notify_all();
}

bool Node::session_is_fresh() const {
  return session_.state == Session::State::open && !session_.maybe_pruned &&
         session_clock_ms() - session_.last_started_ms <= kSilenceMs;
}

bool Node::session_or_wait(const std::shared_ptr<Waiter>& waiter, bool fresh) {
  if (session_.state == Session::State::open) {
    const bool lease_ends = session_clock_ms() - session_.opened_at_ms > kLeaseMs - kRenewMs;
    const bool in_transaction = shared_->transaction.may_be_open_on(this);
    if ((!lease_ends || in_transaction) && (!fresh || session_is_fresh())) return true;
  }
  if (session_.state != Session::State::opening) start_opening(waiter);
  waiting_for_session_.push_back(waiter);
  return false;
}

void Node::start_opening(const std::shared_ptr<Waiter>& waiter) {
  const std::string& id = session_.id.empty() ? shared_->session_id : session_.id;
  opener_started_ms_ = session_clock_ms();
  opener_deadline_us_ = waiter->deadline_us();
  opener_cancelled_ = false;
  auto rpc = UnaryRpc::create(std::shared_ptr<RpcOwner>(shared_->shared_from_this(), this), Method::open_session,
                              headers(Method::open_session), waiter->deadline());
  UnaryRpc* const started = rpc.get();
  UnaryRpc::start(std::move(rpc), shared_->runtime.get(), stub_.get(),
                  RequestBody(Method::open_session).with_session(id));
  opener_ = started;
  ++shared_->in_flight;
  session_.state = Session::State::opening;
  waiter->count_rpc();
  note_rpc_started(opener_);
}

void Node::rpc_finished(UnaryRpc* rpc) noexcept {
  std::lock_guard lock(shared_->mutex);
  --shared_->in_flight;
  opener_ = nullptr;
  session_.state = Session::State::closed;
  shared_->changed.notify_all();
  try {
    opening_finished_locked(rpc);
  } catch (...) {
    Status status;
    status_from_exception(&status);
    fail_waiting(&waiting_for_session_, status);
  }
}

void Node::opening_finished_locked(UnaryRpc* rpc) {
  note_rpc_finished(*rpc);
  if (!rpc->status().ok()) {
    // It ended for the sake of an operation that is gone, or whose deadline has passed: the others ask again.
    const bool own_end = opener_cancelled_ || (rpc->status().error_code() == grpc::DEADLINE_EXCEEDED &&
                                               opener_deadline_us_ != 0 && monotonic_us() >= opener_deadline_us_);
    if (own_end) {
      const auto waiting = std::exchange(waiting_for_session_, {});
      for (const auto& waiter : waiting) waiter->resume();
      return;
    }
    Status status;
    classify_failure({Method::open_session, rpc->status().error_code(), rpc->status().error_message(), name(), true},
                     shared_->secrets, &status);
    return fail_waiting(&waiting_for_session_, status);
  }
  OpenedSession opened;
  if (!read_open_session(&rpc->response(), &opened)) {
    Status status;
    set_status(&status, ErrorClass::protocol, "the server's answer is not KalamDB's protocol",
               name() + ": malformed OpenSession response");
    return fail_waiting(&waiting_for_session_, status);
  }
  if (!opened.token.empty()) shared_->secrets.add(opened.token);
  if (shared_->session_id.empty()) shared_->session_id = opened.session_id;
  // Nothing fails from here on, so nobody is left waiting.
  const auto waiting = std::exchange(waiting_for_session_, {});
  session_.state = Session::State::open;
  session_.id = std::move(opened.session_id);
  session_.token = std::move(opened.token);
  session_.lease_expires_at_ms = opened.lease_expires_at_ms;
  session_.opened_at_ms = opener_started_ms_;
  session_.last_started_ms = opener_started_ms_;
  session_.maybe_pruned = false;
  ++session_.generation;
  ++shared_->sessions_opened;
  for (const auto& waiter : waiting) waiter->resume();
}

void Node::forget(const Waiter* waiter) {
  remove(&waiting_for_channel_, waiter);
  remove(&waiting_for_reason_, waiter);
  if (remove(&waiting_for_session_, waiter) && waiting_for_session_.empty()) cancel_opening();
}

void Node::cancel_opening() {
  if (opener_ == nullptr) return;
  opener_cancelled_ = true;
  opener_->cancel();
}

RpcHeaders Node::headers(Method method) const {
  RpcHeaders headers;
  if (method_info(method).sends_credentials) headers.authorization = shared_->settings.authorization;
  if (method_info(method).session_field != 0 && method != Method::open_session) headers.session_token = session_.token;
  return headers;
}

void Node::note_session_used() noexcept {
  const int64_t now = session_clock_ms();
  // A session with an open transaction is never pruned (spec 2.3).
  const bool kept = shared_->transaction.state == Transaction::State::open && shared_->transaction.node == this;
  if (!kept && now - session_.last_started_ms > kSilenceMs) session_.maybe_pruned = true;
  session_.last_started_ms = now;
}

void Node::note_rpc_started(const UnaryRpc* rpc) noexcept {
  if (!shared_->settings.quick_ack) return;
  try {
    if (quick_ack_.needs_peer() && rpc != nullptr) quick_ack_.set_peer(rpc->peer());
    ++started_;
    keep_quick();
    // In a crowd of calls one setting serves several. The timer sets it after the last of them, so that an answer waits
    // for that long at most, and not for the kernel's 40 ms.
    constexpr unsigned kCrowd = 32;
    if (shared_->operations.size() <= kCrowd || started_ % kCrowd == 0 || quick_ack_.has_no_socket())
      quick_ack_.apply();
  } catch (...) {
    // The RPC has been started; it only may be slow.
  }
}

// gRPC may send the request from another thread, after this one has set the option, and sending clears it. So it is set
// once more a little later; while calls follow each other, not for each of them.
void Node::keep_quick() {
  constexpr int64_t kLaterMs = 2;
  if (quick_ack_timer_ != nullptr || shared_->closing) return;
  started_at_timer_ = started_;
  quick_ack_timer_ = Timer::start(std::shared_ptr<TimerOwner>(shared_->shared_from_this(), this),
                                  shared_->runtime.get(), monotonic_after_ms(kLaterMs));
  ++shared_->in_flight;
}

void Node::timer_finished(Timer*, bool) noexcept {
  std::lock_guard lock(shared_->mutex);
  --shared_->in_flight;
  quick_ack_timer_ = nullptr;
  shared_->changed.notify_all();
  try {
    quick_ack_.apply();
    if (started_ != started_at_timer_) keep_quick();
  } catch (...) {
    // The next call sets the option again.
  }
}

void Node::stop_quick_ack() {
  if (quick_ack_timer_ != nullptr) quick_ack_timer_->cancel();
}

void Node::note_rpc_finished(const UnaryRpc& rpc) noexcept {
  // Calls in flight end on the old channel.
  if (!watching_ && spoils_connection(rpc.status().error_code(), rpc.status().error_message())) drop_channel();
  if (!shared_->settings.quick_ack) return;
  try {
    // A later gRPC names the peer only once the answer has begun.
    if (quick_ack_.needs_peer()) quick_ack_.set_peer(rpc.peer());
    // gRPC may have moved the call to a new connection by itself, after its start had found none.
    if (quick_ack_.has_no_socket()) quick_ack_.apply();
  } catch (...) {
    // The next call may be slow, until the option is set again.
  }
}

void Node::session_lost(uint64_t generation) {
  if (session_.generation == generation && session_.state == Session::State::open) {
    session_.state = Session::State::closed;
  }
}

void Node::abandon_session() noexcept {
  if (!session_.id.empty() && stub_ && !shared_->closing) {
    constexpr uint32_t kCloseMs = 5'000;
    try {
      send_close_session(kCloseMs);
    } catch (...) {
      // The server closes it by itself: a session after seconds, a transaction after minutes.
    }
  }
  session_closed();
}

void Node::send_close_session(uint32_t timeout_ms) {
  RpcHeaders headers;
  headers.session_token = session_.token;
  UnaryRpc::start(UnaryRpc::create(std::make_shared<SessionClose>(shared_->shared_from_this()), Method::close_session,
                                   headers, monotonic_after_ms(timeout_ms)),
                  shared_->runtime.get(), stub_.get(), RequestBody(Method::close_session).with_session(session_.id));
  ++shared_->in_flight;
}

void Node::session_closed() {
  if (shared_->session_id == session_.id) shared_->session_id.clear();
  session_.id.clear();
  session_.token.clear();
  session_.lease_expires_at_ms = 0;
  // An opening that is under way ends by itself; its answer is the new session.
  if (session_.state == Session::State::open) session_.state = Session::State::closed;
}

void Node::drop_channel() {
  if (channel_ && channel_->GetState(false) == GRPC_CHANNEL_CONNECTING) {
    shared_->runtime->left_connecting(monotonic_us() + int64_t{shared_->settings.connect_timeout_ms} * 1000);
  }
  stub_.reset();
  channel_.reset();
}

}  // namespace kalam
