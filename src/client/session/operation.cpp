#include "client/session/operation.h"

#include <algorithm>

#include "client/base/clock.h"
#include "client/session/failure_texts.h"
#include "client/session/leader.h"

namespace kalam {
namespace {

using State = Transaction::State;

// Between two attempts at a broken connection, and between two rounds over the known nodes while a cluster elects a
// leader (it takes some seconds, spec 13).
constexpr int64_t kPauseMs = 150;
// How long a call without a deadline looks for a leader.
constexpr int64_t kSearchUs = 10'000'000;
// A read that was sent later than this before its deadline, after a search, had no time of its own.
constexpr int64_t kLastUs = 300'000;
// How often a request that may be repeated is, when its connection breaks.
constexpr unsigned kMostReconnects = 4;
// Redirects followed without a pause; more than this is two nodes naming each other.
constexpr unsigned kMostHops = 4;

constexpr uint32_t kRowMethods =
    method_bit(Method::scan) | method_bit(Method::insert) | method_bit(Method::update) | method_bit(Method::delete_row);

bool in(Method method, uint32_t methods) {
  return (method_bit(method) & methods) != 0;
}

std::optional<gpr_timespec> deadline_after(uint64_t ms) {
  if (ms == 0) return std::nullopt;
  // A century stands for "none" too, and keeps the sum in range.
  constexpr uint64_t kCentury = uint64_t{100} * 365 * 24 * 3600 * 1000;
  return monotonic_after_ms(static_cast<int64_t>(std::min(ms, kCentury)));
}

}  // namespace

Operation::Operation(std::shared_ptr<ConnectionCore> core, OperationPlan plan)
    : core_(std::move(core)), plan_(std::move(plan)), started_us_(monotonic_us()) {
  deadline_ = deadline_after(plan_.deadline_ms);
  if (deadline_) {
    deadline_us_ = started_us_ + 1000 * static_cast<int64_t>(std::min<uint64_t>(plan_.deadline_ms, uint64_t{1} << 52));
  }
}

// ---------------------------------------------------------------- start and steps

void Operation::start() {
  Transaction& transaction = core_->transaction;
  core_->operations.insert(this);
  if (plan_.method == Method::rollback || plan_.method == Method::commit) {
    bound_ = true;
    transaction.state = State::ending;
  } else if (transaction.state == State::open && in(plan_.method, kRowMethods)) {
    bound_ = true;
  }
  if (plan_.method == Method::begin) transaction.state = State::beginning;
  in_start_ = true;
  try {
    plan_.every_ms != 0 ? rest() : advance();
  } catch (...) {
    start_failed();
    throw;
  }
  in_start_ = false;
}

void Operation::start_failed() noexcept {
  Transaction& transaction = core_->transaction;
  core_->operations.erase(this);
  leave_waiting();
  phase_ = Phase::done;
  if (plan_.method == Method::begin) transaction = {};
  if (plan_.method == Method::commit || plan_.method == Method::rollback) transaction.state = State::unresolved;
}

// Only the caller's thread can cancel the operation, and it is here. The poller hears of the RPC once it is started.
void Operation::start_rpc() {
  if (!prepared_.rpc) return;
  Prepared prepared = std::move(prepared_);
  UnaryRpc* const rpc = prepared.rpc.get();
  try {
    UnaryRpc::start(std::move(prepared.rpc), core_->runtime.get(), prepared.stub.get(), prepared.request);
  } catch (...) {
    std::lock_guard lock(core_->mutex);
    rpc_ = nullptr;
    --in_flight_;
    start_failed();
    throw;
  }
  if (!core_->settings.quick_ack) return;
  std::lock_guard lock(core_->mutex);
  // Its answer may be there already, and the RPC gone.
  node_->note_rpc_started(rpc_ == rpc ? rpc : nullptr);
}

// What needs no RPC. True when the operation has ended.
bool Operation::start_locally() {
  if (plan_.method != Method::open_session && plan_.method != Method::close_session) return false;
  const bool open = node_->session().state == Session::State::open;
  if (plan_.method == Method::open_session ? node_->session_is_fresh() : !open) {
    finish_ok();
    return true;
  }
  return false;
}

void Operation::advance() {
  if (phase_ == Phase::done) return;
  stop_timer();
  if (cancelled_ || core_->closing) {
    Status status;
    set_status(&status, ErrorClass::cancelled, "the KalamDB call was cancelled");
    return finish(status);
  }
  if (deadline_passed()) return finish_timed_out();
  if (bound_) {
    node_ = core_->transaction.node;
  } else {
    node_ = override_ != nullptr ? override_ : core_->cluster.target(plan_.group);
  }
  const auto self = shared_from_this();
  if (plan_.method == Method::close_session && start_locally()) return;
  if (!node_->connect_or_wait(self)) return wait_in(Phase::waiting);
  if (method_info(plan_.method).needs_session || plan_.method == Method::open_session) {
    // A transaction's session is never opened again: on R2 that ends the transaction, on R1 it may be too late. Only a
    // rollback may, whose purpose is the end.
    if (bound_ && plan_.method != Method::rollback && node_->session().state != Session::State::open) {
      Status status;
      set_status(&status, ErrorClass::session_gone, "the KalamDB session of the transaction has ended");
      return failed_in_transaction(status);
    }
    const bool fresh = plan_.method == Method::begin || plan_.method == Method::open_session;
    if (!node_->session_or_wait(self, fresh)) return wait_in(Phase::waiting);
    if (plan_.method == Method::open_session) return finish_ok();
  }
  send();
}

void Operation::resume() noexcept {
  try {
    advance();
  } catch (...) {
    Status status;
    status_from_exception(&status);
    finish(status);
  }
}

void Operation::send() {
  const std::string& session_id = node_->session().id;
  if (plan_.body.size_with_session(session_id.size()) > kLargestRequest) {
    Status status;
    set_status(&status, ErrorClass::too_large, "the request exceeds the KalamDB server's limit of 4 MiB", {},
               "Send fewer or smaller rows in one request.");
    return finish(status);
  }
  generation_ = node_->session().generation;
  Prepared prepared;
  prepared.request = plan_.body.with_session(session_id);
  prepared.stub = node_->stub();
  prepared.rpc = UnaryRpc::create(shared_from_this(), plan_.method, node_->headers(plan_.method), deadline_);
  UnaryRpc* const rpc = prepared.rpc.get();
  const size_t request_bytes = prepared.request.Length();
  if (in_start_) {
    prepared_ = std::move(prepared);
  } else {
    UnaryRpc::start(std::move(prepared.rpc), core_->runtime.get(), prepared.stub.get(), prepared.request);
  }
  rpc_ = rpc;
  sent_us_ = monotonic_us();
  ++in_flight_;
  phase_ = Phase::running;
  ++statistics_.rpcs;
  ++statistics_.attempts;
  statistics_.request_bytes += request_bytes;
  was_sent_.store(true, std::memory_order_relaxed);
  if (method_info(plan_.method).needs_session) node_->note_session_used();
  if (!in_start_) node_->note_rpc_started(rpc);
}

// Waits for someone else, or for time; the deadline ends it.
void Operation::wait_in(Phase phase) {
  phase_ = phase;
  if (!deadline_) return;
  timer_ = Timer::start(shared_from_this(), core_->runtime.get(), *deadline_);
  ++in_flight_;
}

void Operation::pause_then(Node* node) {
  override_ = node;
  tried_ = 0;
  hops_ = 0;
  phase_ = Phase::pausing;
  const gpr_timespec end = monotonic_after_ms(kPauseMs);
  const bool deadline_first = deadline_ && gpr_time_cmp(*deadline_, end) < 0;
  timer_ = Timer::start(shared_from_this(), core_->runtime.get(), deadline_first ? *deadline_ : end);
  ++in_flight_;
}

void Operation::stop_timer() {
  if (timer_ == nullptr) return;
  timer_->cancel();
  timer_ = nullptr;
}

// Nobody may come back to the operation any more.
void Operation::leave_waiting() {
  stop_timer();
  if ((phase_ == Phase::waiting || phase_ == Phase::explaining) && node_ != nullptr) node_->forget(this);
  if (phase_ == Phase::searching) {
    if (auto search = core_->cluster.searches.find(search_); search != core_->cluster.searches.end())
      search->second->forget(this);
  }
}

void Operation::cancel() {
  if (phase_ == Phase::done) return;
  cancelled_ = true;
  if (phase_ == Phase::running) {
    rpc_->cancel();  // its completion says whether the answer was already there
    return;
  }
  Status status;
  set_status(&status, ErrorClass::cancelled, "the KalamDB call was cancelled");
  finish(status);
}

void Operation::timer_finished(Timer* timer, bool expired) noexcept {
  std::lock_guard lock(core_->mutex);
  --in_flight_;
  core_->changed.notify_all();
  if (timer_ != timer) return;  // stopped, and perhaps another one runs
  timer_ = nullptr;
  if (!expired || phase_ == Phase::done) return;
  try {
    if (phase_ == Phase::pausing && plan_.every_ms != 0 &&
        (core_->transaction.state != State::open || core_->transaction.failed)) {
      return cancel();
    }
    if (phase_ == Phase::pausing) return advance();
    finish_timed_out();
  } catch (...) {
    Status status;
    status_from_exception(&status);
    finish(status);
  }
}

// ---------------------------------------------------------------- answers

// A small answer is copied, so that the caller reads it without gRPC.
void Operation::take_answer(UnaryRpc* rpc) {
  constexpr size_t kSmall = 64 << 10;
  grpc::ByteBuffer& response = rpc->response();
  const size_t size = response.Valid() ? response.Length() : 0;
  statistics_.response_bytes += size;
  if (!rpc->status().ok() || (plan_.method != Method::scan && plan_.method != Method::execute_query)) return;
  if (size > kSmall) {
    response_.Swap(&response);
    holds_slices_ = true;
    return;
  }
  std::vector<grpc::Slice> slices;
  if (size == 0 || !response.Dump(&slices).ok()) return;
  small_answer_.reserve(size);
  for (const grpc::Slice& slice : slices) {
    small_answer_.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
}

void Operation::rpc_finished(UnaryRpc* rpc) noexcept {
  bool taken = true;
  Status status;
  try {
    // Until its RPC has finished nobody else looks at what an operation was answered.
    take_answer(rpc);
  } catch (...) {
    status_from_exception(&status);
    taken = false;
  }
  std::lock_guard lock(core_->mutex);
  --in_flight_;
  rpc_ = nullptr;
  core_->changed.notify_all();
  if (!taken) return finish(status);
  try {
    rpc_finished_locked(rpc);
  } catch (...) {
    status_from_exception(&status);
    status.maybe_executed = !plan_.is_read;
    finish(status);
  }
}

void Operation::rpc_finished_locked(UnaryRpc* rpc) {
  node_->note_rpc_finished(*rpc);
  if (rpc->status().ok()) return succeeded(rpc);
  failed(rpc->status().error_code(), rpc->status().error_message());
}

void Operation::succeeded(UnaryRpc* rpc) {
  bool valid = true;
  switch (plan_.method) {
    case Method::ping:
      valid = read_ping(&rpc->response());
      break;
    case Method::scan:
    case Method::execute_query:
      // A status without a message is no answer; a message without bytes is one without rows.
      valid = holds_slices_ || rpc->response().Valid();
      break;
    case Method::insert:
    case Method::update:
    case Method::delete_row:
      valid = read_affected_rows(&rpc->response(), &affected_rows_);
      break;
    case Method::begin:
      valid = read_begin(&rpc->response(), &core_->transaction.id);
      break;
    case Method::commit:
    case Method::rollback:
      valid = read_end(&rpc->response(), core_->transaction.id);
      break;
    case Method::execute_sql:
      valid = read_sql_message(&rpc->response(), &message_);
      break;
    default:
      break;
  }
  if (!valid) {
    Status status;
    set_status(&status, ErrorClass::protocol, "the server's answer is not KalamDB's protocol",
               node_->name() + ": malformed " + method_info(plan_.method).name + " response");
    status.grpc_code = static_cast<int>(Code::ok);
    status.maybe_executed = !plan_.is_read;
    return finish(status);
  }
  if (plan_.every_ms != 0 && !cancelled_) {
    response_.Clear();
    small_answer_.clear();
    holds_slices_ = false;
    reconnects_ = 0;
    return rest();
  }
  if (search_until_us_ != 0 && !bound_) core_->cluster.remember_leader(plan_.group, node_);
  finish_ok();
}

bool Operation::repeatable() const {
  return (plan_.is_read && !bound_) || plan_.method == Method::rollback || plan_.method == Method::close_session;
}

void Operation::failed(int code, const std::string& text) {
  Status status;
  classify_failure({plan_.method, code, text, node_->name(), plan_.is_read}, core_->secrets, &status);
  const bool lost_but_repeatable =
      status.error == ErrorClass::connection_lost && (repeatable() || means_not_executed(code, text));
  if (cancelled_) {
    if (status.error == ErrorClass::cancelled) return finish(status);
    // It failed in another way before the cancellation arrived: no more attempts. A failure after which the operation
    // would have gone on is not its answer.
    if (bound_) return failed_in_transaction(status);
    if (means_session_gone(plan_.method, code, text) || means_not_leader(code, text) ||
        status.error == ErrorClass::unreachable || lost_but_repeatable) {
      set_status(&status, ErrorClass::cancelled, "the KalamDB call was cancelled");
    }
    return finish(status);
  }
  if (means_session_gone(plan_.method, code, text)) {
    const bool transaction_here = core_->transaction.may_be_open_on(node_);
    node_->session_lost(generation_);
    if (transaction_here && plan_.method != Method::rollback) return failed_in_transaction(status);
    if (session_reopened_) return finish(status);
    session_reopened_ = true;
    return advance();
  }
  if (means_not_leader(code, text)) return not_leader(status, text);
  if (status.error == ErrorClass::unreachable || lost_but_repeatable) return connection_failed(status);
  if (status.error == ErrorClass::tls) return finish_unconnected(status);
  if (bound_ && ends_transaction(status)) return failed_in_transaction(status);
  // The search for a leader took the time, not the node that was asked at the end of it.
  if (status.error == ErrorClass::timeout && !bound_ && plan_.is_read && search_until_us_ != 0 &&
      monotonic_us() - sent_us_ < kLastUs) {
    search_failure_.get(&status);
  }
  finish(status);
}

// No connection, or a broken one under a request that may be repeated.
void Operation::connection_failed(const Status& status) {
  // A cluster may have moved on; the nodes that are known are asked in turn.
  if (!bound_ && (core_->cluster.nodes().size() > 1 || search_until_us_ != 0)) {
    core_->cluster.forget_leader(node_);
    return try_elsewhere(status);
  }
  if (status.error == ErrorClass::connection_lost && reconnects_ < kMostReconnects) {
    // At once, as a server's end of an idle connection is the usual reason; then after pauses, as for a restart.
    if (++reconnects_ == 1) return advance();
    return pause_then(node_);
  }
  finish_unconnected(status);
}

void Operation::finish_unconnected(const Status& status) {
  phase_ = Phase::explaining;
  search_failure_.set(status);
  if (!node_->explain_later(shared_from_this(), status)) return finish(status);
  wait_in(Phase::explaining);
}

void Operation::failure_explained(const Status& status) noexcept {
  if (phase_ == Phase::explaining) finish(status);
}

void Operation::preparation_failed(const Status& status) noexcept {
  if (phase_ != Phase::waiting) return;
  stop_timer();
  try {
    const bool no_connection = status.error == ErrorClass::unreachable || status.error == ErrorClass::connection_lost;
    if (no_connection) return connection_failed(status);
    if (status.error == ErrorClass::tls) return finish_unconnected(status);
    bound_ ? failed_in_transaction(status) : finish(status);
  } catch (...) {
    Status failure;
    status_from_exception(&failure);
    finish(failure);
  }
}

// ---------------------------------------------------------------- leaders

void Operation::not_leader(const Status& status, const std::string& text) {
  const std::string address = named_leader(text);
  auto known = core_->cluster.node_of_api_address.find(address);
  if (bound_) {
    // The transaction cannot move, but the next one shall begin where it can succeed.
    if (known != core_->cluster.node_of_api_address.end()) {
      core_->cluster.remember_leader(plan_.group, known->second);
    } else if (!address.empty() && node_->stub() != nullptr) {
      search_failure_.set(status);
      search_ = address;
      wait_in(Phase::searching);
      return LeaderSearch::join(core_.get(), &core_->cluster, node_, address, shared_from_this());
    }
    return failed_in_transaction(status);
  }
  search_failure_.set(status);
  if (search_until_us_ == 0) search_until_us_ = monotonic_us() + kSearchUs;
  if (address.empty()) return try_elsewhere(status);
  if (known != core_->cluster.node_of_api_address.end()) {
    phase_ = Phase::searching;
    return leader_found(known->second, {});
  }
  // The answer may be older than the end of the node's channel.
  if (node_->stub() == nullptr) return try_elsewhere(status);
  search_ = address;
  wait_in(Phase::searching);
  LeaderSearch::join(core_.get(), &core_->cluster, node_, address, shared_from_this());
}

void Operation::leader_found(Node* node, std::string_view refused) noexcept {
  if (phase_ != Phase::searching) return;
  stop_timer();
  try {
    Status failure;
    search_failure_.get(&failure);
    if (!refused.empty()) {
      copy_text(failure.hint, sizeof failure.hint,
                "The leader is on host \"" + std::string(refused) +
                    "\", to which the credentials do not go. If it is a node of the cluster, list it in option "
                    "\"leader_hosts\" of the foreign server.");
      return bound_ ? failed_in_transaction(failure) : finish(failure);
    }
    if (bound_) {
      if (node != nullptr) core_->cluster.remember_leader(plan_.group, node);
      return failed_in_transaction(failure);
    }
    // A node that names itself, or a circle of nodes, knows no more than one that names nobody.
    if (node == nullptr || node == node_ || ++hops_ > kMostHops) return try_elsewhere(failure);
    core_->cluster.remember_leader(plan_.group, node);
    ++core_->redirects;
    ++statistics_.redirects;
    override_ = nullptr;
    advance();
  } catch (...) {
    Status failure;
    status_from_exception(&failure);
    finish(failure);
  }
}

// Nothing was executed, and another node may know more, or this one in a moment.
void Operation::try_elsewhere(const Status& status) {
  search_failure_.set(status);
  if (search_until_us_ == 0) search_until_us_ = monotonic_us() + kSearchUs;
  if (!deadline_ && monotonic_us() >= search_until_us_) return finish(status);
  Node* next = core_->cluster.next_node(node_);
  if (++tried_ >= core_->cluster.nodes().size()) return pause_then(next);
  override_ = next;
  advance();
}

// ---------------------------------------------------------------- ends

bool Operation::deadline_passed() const {
  return deadline_ && monotonic_us() >= deadline_us_;
}

void Operation::finish_timed_out() {
  // Only reached where nothing is in flight, so nothing was executed; what kept it from being sent is the better news.
  Status status;
  if (search_until_us_ != 0 || phase_ == Phase::explaining) {
    search_failure_.get(&status);
    return finish(status);
  }
  set_status(&status, ErrorClass::timeout, "the KalamDB call timed out",
             (node_ != nullptr ? node_->name() : std::string()) + ": no connection or session in time");
  finish(status);
}

void Operation::finish_ok() noexcept {
  if (phase_ == Phase::done) return;
  status_.set_success(static_cast<int>(Code::ok));
  end();
}

void Operation::finish(const Status& status) noexcept {
  if (phase_ == Phase::done) return;
  if (rests_after(status)) {
    leave_waiting();
    try {
      return rest();
    } catch (...) {
      // Out of memory: the server may end the transaction, which its next call will say.
    }
  }
  Status shown = status;
  reword_connection_failure(&shown);
  status_.set(shown);
  end();
}

void Operation::end() noexcept {
  leave_waiting();
  phase_ = Phase::done;
  const bool ok = status_.error() == ErrorClass::none;
  if (plan_.method == Method::begin) end_of_begin(ok);
  if (plan_.method == Method::commit || plan_.method == Method::rollback) end_of_transaction(ok);
  if (plan_.method == Method::close_session) {
    core_->sessions_closed(node_);
  }
  plan_.body = RequestBody();
  statistics_.elapsed_us = static_cast<uint64_t>(monotonic_us() - started_us_);
  done_.store(true, std::memory_order_release);
  core_->operation_finished(this);
}

}  // namespace kalam
