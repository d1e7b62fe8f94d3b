#include "unit/client/fake_server.h"

#include <chrono>

#include "stub/arrow/writer.h"

namespace kalam::test {
namespace {

using grpc::Status;
using grpc::StatusCode;

std::string header(const grpc::ServerContext& context, const char* name) {
  auto found = context.client_metadata().find(name);
  return found == context.client_metadata().end() ? std::string()
                                                  : std::string(found->second.data(), found->second.size());
}

}  // namespace

std::string one_text(const std::string& value) {
  stub::ResultSet result;
  stub::Field field;
  field.name = "v";
  field.type.id = stub::TypeId::utf8;
  result.fields.push_back(field);
  result.rows.push_back({stub::Value{value}});
  return stub::write_ipc_stream(result, 0, 1);
}

FakeServer::FakeServer(FakeOptions options) : options_(std::move(options)) {
  start();
}

FakeServer::~FakeServer() {
  release_held();
  stop();
}

void FakeServer::start() {
  grpc::ServerBuilder builder;
  std::string address = options_.address;
  if (port_ != 0) address = address.substr(0, address.rfind(':') + 1) + std::to_string(port_);
  builder.AddListeningPort(address, options_.credentials ? options_.credentials : grpc::InsecureServerCredentials(),
                           &port_);
  builder.SetMaxReceiveMessageSize(4'194'304);
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

void FakeServer::stop() {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
  std::lock_guard lock(mutex_);
  sessions_.clear();
  transactions_.clear();
}

void FakeServer::on(const std::string& method, Hook hook) {
  std::lock_guard lock(mutex_);
  hooks_[method] = std::move(hook);
}

void FakeServer::fail(const std::string& method, Status status, unsigned from, unsigned until) {
  on(method, [=](const SeenCall&, unsigned number, grpc::ServerContext*) -> std::optional<Status> {
    if (number < from || number > until) return std::nullopt;
    return status;
  });
}

std::vector<SeenCall> FakeServer::calls(const std::string& method) const {
  std::lock_guard lock(mutex_);
  std::vector<SeenCall> found;
  for (const SeenCall& call : calls_) {
    if (method.empty() || call.method == method) found.push_back(call);
  }
  return found;
}

void FakeServer::forget_sessions() {
  std::lock_guard lock(mutex_);
  sessions_.clear();
}

void FakeServer::forget_transactions() {
  std::lock_guard lock(mutex_);
  transactions_.clear();
}

std::optional<Status> FakeServer::hold(grpc::ServerContext* context) {
  std::unique_lock lock(mutex_);
  ++held_;
  changed_.notify_all();
  while (!release_ && !context->IsCancelled()) changed_.wait_for(lock, std::chrono::milliseconds(5));
  const bool given_up = !release_;
  if (given_up) ++given_up_;
  changed_.notify_all();
  if (given_up) return Status(StatusCode::CANCELLED, "given up");
  return std::nullopt;
}

void FakeServer::release_held() {
  std::lock_guard lock(mutex_);
  release_ = true;
  changed_.notify_all();
}

void FakeServer::wait_for_held(unsigned count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_ >= count; });
}

void FakeServer::wait_for_given_up(unsigned count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return given_up_ >= count; });
}

void FakeServer::wait_for_calls(const std::string& method, size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    size_t seen = 0;
    for (const SeenCall& call : calls_) seen += call.method == method ? 1 : 0;
    return seen >= count;
  });
}

std::optional<Status> FakeServer::enter(Context* context, SeenCall call) {
  call.token = header(*context, "x-kalam-session-token");
  call.authorization = header(*context, "authorization");
  Hook hook;
  unsigned number = 0;
  {
    std::lock_guard lock(mutex_);
    number = ++numbers_[call.method];
    if (auto found = hooks_.find(call.method); found != hooks_.end()) hook = found->second;
    calls_.push_back(call);
    changed_.notify_all();
  }
  return hook ? hook(call, number, context) : std::nullopt;
}

std::optional<Status> FakeServer::enter_session(Context* context, SeenCall call) {
  const std::string id = call.session_id;
  if (auto status = enter(context, std::move(call))) return status;
  std::lock_guard lock(mutex_);
  if (id.empty()) return Status(StatusCode::INVALID_ARGUMENT, "session_id must not be empty");
  auto session = sessions_.find(id);
  if (session == sessions_.end() || session->second != header(*context, "x-kalam-session-token")) {
    return Status(StatusCode::UNAUTHENTICATED, "invalid or expired session");
  }
  return std::nullopt;
}

Status FakeServer::Ping(Context* context, const kalamdb::pg::PingRequest*, kalamdb::pg::PingResponse* response) {
  if (auto status = enter(context, {.method = "Ping"})) return *status;
  response->set_ok(true);
  return Status::OK;
}

Status FakeServer::OpenSession(Context* context, const kalamdb::pg::OpenSessionRequest* request,
                               kalamdb::pg::OpenSessionResponse* response) {
  if (auto status = enter(
          context, {.method = "OpenSession", .session_id = request->session_id(), .text = request->current_schema()})) {
    return *status;
  }
  std::lock_guard lock(mutex_);
  std::string id = request->session_id();
  ++next_id_;
  if (id.empty()) id = "00000000-0000-7000-8000-" + std::to_string(100'000'000'000 + next_id_);
  const std::string token = options_.tokens ? "token-" + std::to_string(next_id_) : "";
  sessions_[id] = token;
  if (options_.tokens) transactions_.erase(id);
  response->set_session_id(id);
  response->set_session_token(token);
  response->set_lease_expires_at_ms(1'700'000'000'000 + 1'800'000);
  return Status::OK;
}

Status FakeServer::CloseSession(Context* context, const kalamdb::pg::CloseSessionRequest* request,
                                kalamdb::pg::CloseSessionResponse*) {
  if (auto status = enter(context, {.method = "CloseSession", .session_id = request->session_id()})) return *status;
  std::lock_guard lock(mutex_);
  sessions_.erase(request->session_id());
  transactions_.erase(request->session_id());
  return Status::OK;
}

Status FakeServer::Scan(Context* context, const kalamdb::pg::ScanRequest* request,
                        kalamdb::pg::ScanResponse* response) {
  if (auto status = enter_session(context, {.method = "Scan", .session_id = request->session_id()})) return *status;
  for (const std::string& batch : batches) response->add_ipc_batches(batch);
  return Status::OK;
}

Status FakeServer::Insert(Context* context, const kalamdb::pg::InsertRequest* request,
                          kalamdb::pg::InsertResponse* response) {
  if (auto status = enter_session(context, {.method = "Insert",
                                            .session_id = request->session_id(),
                                            .rows = static_cast<size_t>(request->rows_json_size())})) {
    return *status;
  }
  response->set_affected_rows(static_cast<uint64_t>(request->rows_json_size()));
  return Status::OK;
}

Status FakeServer::Update(Context* context, const kalamdb::pg::UpdateRequest* request,
                          kalamdb::pg::UpdateResponse* response) {
  if (auto status = enter_session(
          context, {.method = "Update", .session_id = request->session_id(), .text = request->pk_value()})) {
    return *status;
  }
  response->set_affected_rows(1);
  return Status::OK;
}

Status FakeServer::Delete(Context* context, const kalamdb::pg::DeleteRequest* request,
                          kalamdb::pg::DeleteResponse* response) {
  if (auto status = enter_session(
          context, {.method = "Delete", .session_id = request->session_id(), .text = request->pk_value()})) {
    return *status;
  }
  response->set_affected_rows(1);
  return Status::OK;
}

Status FakeServer::BeginTransaction(Context* context, const kalamdb::pg::BeginTransactionRequest* request,
                                    kalamdb::pg::BeginTransactionResponse* response) {
  if (auto status = enter_session(context, {.method = "BeginTransaction", .session_id = request->session_id()})) {
    return *status;
  }
  std::lock_guard lock(mutex_);
  const std::string id = "transaction-" + std::to_string(++next_id_);
  transactions_[request->session_id()] = id;
  response->set_transaction_id(id);
  return Status::OK;
}

Status FakeServer::CommitTransaction(Context* context, const kalamdb::pg::CommitTransactionRequest* request,
                                     kalamdb::pg::CommitTransactionResponse* response) {
  if (auto status = enter_session(
          context,
          {.method = "CommitTransaction", .session_id = request->session_id(), .text = request->transaction_id()})) {
    return *status;
  }
  std::lock_guard lock(mutex_);
  auto found = transactions_.find(request->session_id());
  if (found == transactions_.end() || found->second != request->transaction_id()) {
    return {StatusCode::FAILED_PRECONDITION, "Not found: transaction '" + request->transaction_id() + "' not found"};
  }
  transactions_.erase(found);
  response->set_transaction_id(echo.value_or(request->transaction_id()));
  return Status::OK;
}

Status FakeServer::RollbackTransaction(Context* context, const kalamdb::pg::RollbackTransactionRequest* request,
                                       kalamdb::pg::RollbackTransactionResponse* response) {
  if (auto status = enter_session(
          context,
          {.method = "RollbackTransaction", .session_id = request->session_id(), .text = request->transaction_id()})) {
    return *status;
  }
  std::lock_guard lock(mutex_);
  auto found = transactions_.find(request->session_id());
  if (found == transactions_.end() || found->second != request->transaction_id()) {
    return {StatusCode::FAILED_PRECONDITION, "Not found: transaction '" + request->transaction_id() + "' not found"};
  }
  transactions_.erase(found);
  response->set_transaction_id(echo.value_or(request->transaction_id()));
  return Status::OK;
}

Status FakeServer::ExecuteSql(Context* context, const kalamdb::pg::ExecuteSqlRequest* request,
                              kalamdb::pg::ExecuteSqlResponse* response) {
  if (auto status = enter_session(
          context, {.method = "ExecuteSql", .session_id = request->session_id(), .text = request->sql()})) {
    return *status;
  }
  response->set_success(true);
  response->set_message("OK (affected: 3)");
  return Status::OK;
}

Status FakeServer::ExecuteQuery(Context* context, const kalamdb::pg::ExecuteQueryRequest* request,
                                kalamdb::pg::ExecuteQueryResponse* response) {
  if (auto status = enter_session(
          context, {.method = "ExecuteQuery", .session_id = request->session_id(), .text = request->sql()})) {
    return *status;
  }
  response->set_success(true);
  response->set_message(query_message);
  const std::vector<std::string>* answer = &batches;
  for (const auto& [part, streams] : query_batches) {
    if (request->sql().find(part) != std::string::npos) answer = &streams;
  }
  for (const std::string& batch : *answer) response->add_ipc_batches(batch);
  return Status::OK;
}

}  // namespace kalam::test
