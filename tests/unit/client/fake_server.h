// A scripted KalamDB server inside the test's process. It keeps just enough state to be believed (sessions, one
// transaction each) and writes down what it was asked; a test replaces single answers by hooks.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kalamdb_pg.grpc.pb.h"

namespace kalam::test {

struct SeenCall {
  std::string method{};
  std::string session_id{};
  std::string token{};          // of the request's metadata
  std::string authorization{};  // of the request's metadata
  std::string text{};           // SQL, key, or transaction id
  size_t rows = 0;
};

// Decides on one call before the fake's own behaviour: a status to answer, or nothing to go on. `number` counts the
// calls of that method from 1.
using Hook = std::function<std::optional<grpc::Status>(const SeenCall& call, unsigned number, grpc::ServerContext*)>;

struct FakeOptions {
  std::string address = "127.0.0.1:0";
  std::shared_ptr<grpc::ServerCredentials> credentials{};  // empty: plain
  bool tokens = false;                                     // protocol revision R2
};

class FakeServer final : private kalamdb::pg::PgService::Service {
 public:
  explicit FakeServer(FakeOptions options = {});
  ~FakeServer() override;

  uint16_t port() const { return static_cast<uint16_t>(port_); }
  // Ends the server and its connections; start() brings it back on the same port, without its sessions.
  void stop();
  void start();

  void on(const std::string& method, Hook hook);
  // Answers every call of the method until `until` calls have been made.
  void fail(const std::string& method, grpc::Status status, unsigned from = 1, unsigned until = ~0U);

  std::vector<SeenCall> calls(const std::string& method = {}) const;
  size_t count(const std::string& method) const { return calls(method).size(); }
  // Forgets all sessions, as the idle sweep does. Open transactions stay.
  void forget_sessions();
  // Ends all transactions, as if they had been committed.
  void forget_transactions();

  // Streams that Scan and ExecuteQuery answer with.
  std::vector<std::string> batches;
  std::string query_message = "1 row(s)";
  // What Commit and Rollback answer with instead of the transaction's id.
  std::optional<std::string> echo;
  // Answers of ExecuteQuery by a part of the SQL, before `batches`.
  std::map<std::string, std::vector<std::string>> query_batches;

  // A hook that waits here holds the call until release_held() or until the client gives the call up.
  std::optional<grpc::Status> hold(grpc::ServerContext* context);
  void release_held();
  // Blocks until as many calls as named are held, or have been given up.
  void wait_for_held(unsigned count);
  void wait_for_given_up(unsigned count);
  // Blocks until so many calls of the method have arrived.
  void wait_for_calls(const std::string& method, size_t count);

 private:
  using Context = grpc::ServerContext;
  template <class T>
  using In = const T*;
  std::optional<grpc::Status> enter(Context* context, SeenCall call);
  std::optional<grpc::Status> enter_session(Context* context, SeenCall call);

  grpc::Status Ping(Context*, const kalamdb::pg::PingRequest*, kalamdb::pg::PingResponse*) override;
  grpc::Status OpenSession(Context*, const kalamdb::pg::OpenSessionRequest*,
                           kalamdb::pg::OpenSessionResponse*) override;
  grpc::Status CloseSession(Context*, const kalamdb::pg::CloseSessionRequest*,
                            kalamdb::pg::CloseSessionResponse*) override;
  grpc::Status Scan(Context*, const kalamdb::pg::ScanRequest*, kalamdb::pg::ScanResponse*) override;
  grpc::Status Insert(Context*, const kalamdb::pg::InsertRequest*, kalamdb::pg::InsertResponse*) override;
  grpc::Status Update(Context*, const kalamdb::pg::UpdateRequest*, kalamdb::pg::UpdateResponse*) override;
  grpc::Status Delete(Context*, const kalamdb::pg::DeleteRequest*, kalamdb::pg::DeleteResponse*) override;
  grpc::Status BeginTransaction(Context*, const kalamdb::pg::BeginTransactionRequest*,
                                kalamdb::pg::BeginTransactionResponse*) override;
  grpc::Status CommitTransaction(Context*, const kalamdb::pg::CommitTransactionRequest*,
                                 kalamdb::pg::CommitTransactionResponse*) override;
  grpc::Status RollbackTransaction(Context*, const kalamdb::pg::RollbackTransactionRequest*,
                                   kalamdb::pg::RollbackTransactionResponse*) override;
  grpc::Status ExecuteSql(Context*, const kalamdb::pg::ExecuteSqlRequest*, kalamdb::pg::ExecuteSqlResponse*) override;
  grpc::Status ExecuteQuery(Context*, const kalamdb::pg::ExecuteQueryRequest*,
                            kalamdb::pg::ExecuteQueryResponse*) override;

  FakeOptions options_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<SeenCall> calls_;
  std::map<std::string, unsigned> numbers_;
  std::map<std::string, Hook> hooks_;
  std::map<std::string, std::string> sessions_;      // id -> token
  std::map<std::string, std::string> transactions_;  // session id -> transaction id
  unsigned next_id_ = 0;
  unsigned held_ = 0;
  unsigned given_up_ = 0;
  bool release_ = false;
};

// A text column named "v" with one row, as an Arrow IPC stream.
std::string one_text(const std::string& value);

}  // namespace kalam::test
