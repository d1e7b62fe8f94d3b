// The functions of api.h that concern connections and calls: the edge over which no exception goes.
#include <chrono>
#include <memory>
#include <utility>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "client/base/last_words.h"
#include "client/base/memory_room.h"
#include "client/base/signal_block.h"
#include "client/base/status.h"
#include "client/calls/call.h"
#include "client/session/connection.h"
#include "client/session/operation.h"
#include "client/transport/runtime.h"

namespace kalam {
namespace {

using State = Transaction::State;

constexpr const char* kNoRequest = "the request for KalamDB is incomplete";
constexpr const char* kNoCall = "there is no KalamDB call";

// Cancelled calls complete within milliseconds; what takes longer is left to free itself, as the caller serves no
// interrupts meanwhile.
constexpr auto kDrain = std::chrono::milliseconds(250);

// After a larger response the memory is given back to the system, which the C library would not do by itself.
constexpr uint64_t kLargeResponse = uint64_t{16} << 20;

void give_memory_back() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

bool refuse(Status* status, const char* message) {
  set_status(status, ErrorClass::invalid_request, message);
  return false;
}

void set_broken(Status* status) {
  set_status(status, ErrorClass::internal, "the KalamDB client of this session has failed");
}

// Handles that are there, in a library that works.
bool is_usable(const Connection* connection, Status* status) {
  if (Entry::is_broken()) {
    set_broken(status);
    return false;
  }
  return connection != nullptr || refuse(status, "there is no connection to KalamDB");
}

// The answer may have any size.
bool has_room(const OperationPlan& plan, Status* status) {
  if ((plan.method != Method::scan && plan.method != Method::execute_query) || !is_memory_short()) return true;
  set_status(status, ErrorClass::out_of_memory, "out of memory in the KalamDB client",
             "Too little of this process's address space is left to receive an answer.");
  return false;
}

// What the state of the transaction forbids. Under the mutex.
bool may_start(ConnectionCore* core, Method method, Status* status) {
  Transaction& transaction = core->transaction;
  if (core->closing) return refuse(status, "the connection has been closed");
  if (method == Method::rollback) {
    if (transaction.state == State::open || transaction.state == State::unresolved) return true;
    return refuse(status, "no transaction is open");
  }
  // Pings need no session, so they leave a chance for the rollback of a commit whose outcome is unknown.
  if (method != Method::ping) core->resolve_transaction();
  if (method == Method::begin && transaction.state != State::none) {
    return refuse(status, "a transaction is already open");
  }
  if (method == Method::commit) {
    if (transaction.state != State::open) return refuse(status, "no transaction is open");
    if (!transaction.failed) return true;
    *status = transaction.failure;
    transaction.state = State::unresolved;
    return false;
  }
  const bool row_method =
      method == Method::scan || method == Method::insert || method == Method::update || method == Method::delete_row;
  if (!row_method) return true;
  if (transaction.state == State::beginning || transaction.state == State::ending) {
    return refuse(status, "a transaction is being started or ended");
  }
  if (transaction.failed) {
    *status = transaction.failure;
    return false;
  }
  return true;
}

template <class Prepare>
Call* start_call(Connection* connection, const CallOptions* options, Status* status, Prepare prepare) noexcept {
  const Entry entry;
  clear_status(status);
  if (!is_usable(connection, status)) return nullptr;
  try {
    const std::shared_ptr<ConnectionCore>& core = connection->core;
    OperationPlan plan;
    plan.deadline_ms =
        options != nullptr && options->deadline_ms != 0 ? options->deadline_ms : core->settings.call_timeout_ms;
    if (!prepare(&plan) || !has_room(plan, status)) return nullptr;
    SignalBlock block;
    auto call = std::make_unique<Call>();
    {
      std::lock_guard lock(core->mutex);
      if (!may_start(core.get(), plan.method, status)) return nullptr;
      if (plan.method == Method::commit || plan.method == Method::rollback) {
        plan.body = make_end(plan.method, core->transaction.id);
      }
      call->operation = std::make_shared<Operation>(core, std::move(plan));
      call->operation->start();
    }
    // The poller needs the mutex for every answer: it must not wait for gRPC's part of a start.
    call->operation->start_rpc();
    return call.release();
  } catch (...) {
    status_from_exception(status);
    return nullptr;
  }
}

template <class Prepare>
Call* start_simple(Connection* connection, Method method, const CallOptions* options, Status* status,
                   Prepare prepare) noexcept {
  return start_call(connection, options, status, [&](OperationPlan* plan) {
    plan->method = method;
    plan->body = RequestBody(method);
    return prepare(plan);
  });
}

// Leaders are per data group: the shared tables are one, each user is in another (spec 8.3).
std::string group_of(const TableRef& table) {
  if (table.kind != TableKind::user && table.kind != TableKind::stream) return {};
  return table.user_id == nullptr ? std::string() : std::string("user ") + table.user_id;
}

bool nothing_more(OperationPlan*) {
  return true;
}
bool as_read(OperationPlan* plan) {
  plan->is_read = true;
  return true;
}

}  // namespace

// ---------------------------------------------------------------- connections

Connection* connection_create(Runtime* runtime, const ConnectionOptions* options, Status* status) noexcept {
  const Entry entry;
  clear_status(status);
  if (Entry::is_broken()) {
    set_broken(status);
    return nullptr;
  }
  if (runtime == nullptr || options == nullptr) {
    refuse(status, "there is no KalamDB client, or no options for it");
    return nullptr;
  }
  try {
    Settings settings;
    if (!read_settings(*options, &settings, status)) return nullptr;
    SignalBlock block;
    auto connection = std::make_unique<Connection>();
    connection->core = std::make_shared<ConnectionCore>(runtime->core, std::move(settings));
    return connection.release();
  } catch (...) {
    status_from_exception(status);
    return nullptr;
  }
}

void connection_release(Connection* connection, uint32_t close_timeout_ms) noexcept {
  const Entry entry;
  if (connection == nullptr || Entry::is_broken()) return;
  if (!connection->core->runtime->owned_by_this_process()) return;  // the parent's; nothing of it works here
  connection->core->has_handle = false;
  connection->core->spare_reader.reset();
  try {
    SignalBlock block;
    connection->core->close(close_timeout_ms);
  } catch (...) {
    // Out of memory while closing: what is in flight ends at its own deadlines and frees itself.
  }
  SignalBlock block;
  delete connection;
}

void connection_abandon_session(Connection* connection) noexcept {
  const Entry entry;
  if (connection == nullptr || Entry::is_broken()) return;
  SignalBlock block;
  std::lock_guard lock(connection->core->mutex);
  connection->core->sessions_closed(nullptr);
}

void connection_state(const Connection* connection, ConnectionState* state) noexcept {
  const Entry entry;
  *state = ConnectionState{};
  if (connection == nullptr || Entry::is_broken()) return;
  try {
    ConnectionCore* core = connection->core.get();
    std::lock_guard lock(core->mutex);
    Node* node = core->transaction.node != nullptr ? core->transaction.node : core->cluster.target({});
    copy_text(state->session_id, sizeof state->session_id, node->session().id);
    if (core->transaction.state == State::open || core->transaction.state == State::ending) {
      copy_text(state->transaction_id, sizeof state->transaction_id, core->transaction.id);
    }
    copy_text(state->peer, sizeof state->peer, node->name());
    state->has_token = !node->session().token.empty();
    state->lease_expires_at_ms = node->session().lease_expires_at_ms;
    state->sessions_opened = core->sessions_opened;
    state->redirects = core->redirects;
  } catch (...) {
    // Only the mutex could throw; an empty state is the answer then.
  }
}

// ---------------------------------------------------------------- calls

Call* call_ping(Connection* connection, const CallOptions* options, Status* status) noexcept {
  return start_simple(connection, Method::ping, options, status, as_read);
}

Call* call_open_session(Connection* connection, const CallOptions* options, Status* status) noexcept {
  return start_simple(connection, Method::open_session, options, status, as_read);
}

Call* call_close_session(Connection* connection, const CallOptions* options, Status* status) noexcept {
  return start_simple(connection, Method::close_session, options, status, nothing_more);
}

Call* call_scan(Connection* connection, const ScanRequest* request, const CallOptions* options,
                Status* status) noexcept {
  Call* call = start_simple(connection, Method::scan, options, status, [&](OperationPlan* plan) {
    if (request == nullptr) return refuse(status, kNoRequest);
    plan->group = group_of(request->table);
    plan->is_read = true;
    return make_scan(*request, &plan->body, status);
  });
  if (call != nullptr) call->is_lookup = request->filter_count > 0;
  return call;
}

Call* call_keep_alive(Connection* connection, const ScanRequest* request, uint32_t every_ms, Status* status) noexcept {
  const CallOptions options = {};
  return start_simple(connection, Method::scan, &options, status, [&](OperationPlan* plan) {
    if (request == nullptr) return refuse(status, kNoRequest);
    plan->group = group_of(request->table);
    plan->is_read = true;
    plan->every_ms = every_ms;
    plan->deadline_ms = 0;
    return make_scan(*request, &plan->body, status);
  });
}

Call* call_insert(Connection* connection, const TableRef* table, const RowBuffer* rows, size_t first, size_t count,
                  const CallOptions* options, Status* status) noexcept {
  return start_simple(connection, Method::insert, options, status, [&](OperationPlan* plan) {
    if (table == nullptr || rows == nullptr) return refuse(status, kNoRequest);
    plan->group = group_of(*table);
    return make_insert(*table, rows, first, count, &plan->body, status);
  });
}

Call* call_update(Connection* connection, const TableRef* table, const char* key, const RowBuffer* rows, size_t row,
                  const CallOptions* options, Status* status) noexcept {
  return start_simple(connection, Method::update, options, status, [&](OperationPlan* plan) {
    if (table == nullptr || rows == nullptr) return refuse(status, kNoRequest);
    plan->group = group_of(*table);
    return make_update(*table, key, rows, row, &plan->body, status);
  });
}

Call* call_delete(Connection* connection, const TableRef* table, const char* key, const CallOptions* options,
                  Status* status) noexcept {
  return start_simple(connection, Method::delete_row, options, status, [&](OperationPlan* plan) {
    if (table == nullptr) return refuse(status, kNoRequest);
    plan->group = group_of(*table);
    return make_delete(*table, key, &plan->body, status);
  });
}

Call* call_begin(Connection* connection, const CallOptions* options, Status* status) noexcept {
  return start_simple(connection, Method::begin, options, status, [&](OperationPlan* plan) {
    if (options != nullptr && options->to_use != nullptr) plan->group = group_of(*options->to_use);
    return true;
  });
}

Call* call_commit(Connection* connection, const CallOptions* options, Status* status) noexcept {
  return start_simple(connection, Method::commit, options, status, nothing_more);
}

Call* call_rollback(Connection* connection, const CallOptions* options, Status* status) noexcept {
  return start_simple(connection, Method::rollback, options, status, nothing_more);
}

Call* call_execute_sql(Connection* connection, const char* sql, size_t size, const CallOptions* options,
                       Status* status) noexcept {
  return start_simple(connection, Method::execute_sql, options, status, [&](OperationPlan* plan) {
    if (sql == nullptr) return refuse(status, kNoRequest);
    return make_sql(Method::execute_sql, {sql, size}, &plan->body, status);
  });
}

Call* call_execute_query(Connection* connection, const char* sql, size_t size, bool is_read, const CallOptions* options,
                         Status* status) noexcept {
  return start_simple(connection, Method::execute_query, options, status, [&](OperationPlan* plan) {
    if (sql == nullptr) return refuse(status, kNoRequest);
    plan->is_read = is_read;
    return make_sql(Method::execute_query, {sql, size}, &plan->body, status);
  });
}

bool call_done(const Call* call) noexcept {
  // Nobody waits for what does not come.
  if (call == nullptr || Entry::is_broken()) return true;
  return call->operation->done();
}

void call_status(const Call* call, Status* status) noexcept {
  const Entry entry;
  if (call == nullptr) {
    refuse(status, kNoCall);
  } else if (!call->operation->done() && Entry::is_broken()) {
    set_broken(status);
  } else if (call->operation->done()) {
    call->operation->status().get(status);
  } else {
    set_status(status, ErrorClass::internal, "the KalamDB call has not ended");
  }
}

bool call_wait(Call* call, uint32_t timeout_ms) noexcept {
  const Entry entry;
  if (call == nullptr || Entry::is_broken()) return true;
  Operation* operation = call->operation.get();
  try {
    ConnectionCore* core = operation->core().get();
    std::unique_lock lock(core->mutex);
    if (timeout_ms == 0) {
      core->changed.wait(lock, [&] { return operation->done(); });
      return true;
    }
    return core->changed.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return operation->done(); });
  } catch (...) {
    return operation->done();
  }
}

void call_cancel(Call* call) noexcept {
  const Entry entry;
  if (call == nullptr || Entry::is_broken()) return;
  if (call->operation->done() || !call->operation->core()->runtime->owned_by_this_process()) return;
  try {
    SignalBlock block;
    std::lock_guard lock(call->operation->core()->mutex);
    call->operation->cancel();
  } catch (...) {
    // The call then ends by its answer or deadline.
  }
}

void call_release(Call* call) noexcept {
  const Entry entry;
  if (call == nullptr || Entry::is_broken()) return;
  const std::shared_ptr<ConnectionCore> core = call->operation->core();
  if (!core->runtime->owned_by_this_process()) return;  // the parent's
  if (core->has_handle && call->reader && !call->operation->holds_slices() && call->reader->is_reusable()) {
    core->spare_reader = std::move(call->reader);
  }
  // Usually nothing of gRPC's is left, and nothing is freed that a handle does not hold as well.
  if (call->operation->settled() && !call->operation->holds_slices() && core->has_handle) {
    delete call;
    return;
  }
  SignalBlock block;
  try {
    std::unique_lock lock(core->mutex);
    call->operation->cancel();
    core->changed.wait_for(lock, kDrain, [&] { return call->operation->settled(); });
  } catch (...) {
    // The completion holds a reference of its own: whoever comes last frees the operation.
  }
  const bool large = call->operation->done() && call->operation->statistics().response_bytes > kLargeResponse;
  delete call;
  if (large) give_memory_back();
}

uint64_t call_affected_rows(const Call* call) noexcept {
  return call == nullptr ? 0 : call->operation->affected_rows();
}

CallKind call_kind(const Call* call) noexcept {
  if (call == nullptr) return CallKind::ping;
  switch (call->operation->method()) {
    case Method::ping:
      return CallKind::ping;
    case Method::open_session:
      return CallKind::open_session;
    case Method::close_session:
      return CallKind::close_session;
    case Method::scan:
      return call->is_lookup ? CallKind::lookup : CallKind::scan;
    case Method::insert:
      return CallKind::insert;
    case Method::update:
      return CallKind::update;
    case Method::delete_row:
      return CallKind::remove;
    case Method::begin:
      return CallKind::begin;
    case Method::commit:
      return CallKind::commit;
    case Method::rollback:
      return CallKind::rollback;
    case Method::execute_sql:
      return CallKind::statement;
    case Method::execute_query:
      break;
  }
  return CallKind::query;
}

bool call_is_connecting(const Call* call) noexcept {
  return call != nullptr && !call->operation->was_sent() && !call->operation->done();
}

void call_add_wait(Call* call, uint64_t microseconds) noexcept {
  if (call != nullptr) call->waited_us += microseconds;
}

void call_statistics(const Call* call, CallStatistics* statistics) noexcept {
  *statistics = call != nullptr && call->operation->done() ? call->operation->statistics() : CallStatistics{};
  if (call != nullptr) statistics->waited_us = call->waited_us;
}

}  // namespace kalam
