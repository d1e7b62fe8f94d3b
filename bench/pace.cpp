#include "pace.h"

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "kalamdb_pg.grpc.pb.h"
#include "statistics.h"
#include "stub/rpc/pace.h"

namespace kalam::bench {
namespace {

using Service = ::kalamdb::pg::PgService;
namespace messages = ::kalamdb::pg;

class Pending {
 public:
  virtual ~Pending() = default;
  grpc::ClientContext context;
  grpc::Status status;
};

template <class Response>
class PendingCall : public Pending {
 public:
  Response response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
};

class Meter {
 public:
  Meter(const Server& server, const std::string& pace, size_t rows, size_t runs) : rows_(rows), runs_(runs) {
    std::string error;
    auto loaded = stub::Pace::load(pace, error);
    if (!loaded) die(error);
    pace_ = *loaded;
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    stub_ = Service::NewStub(grpc::CreateCustomChannel(server.host + ":" + std::to_string(server.port),
                                                       grpc::InsecureChannelCredentials(), arguments));
    authorization_ = server.authorization;
    session_ = open_session();
  }

  void run() {
    query("CREATE NAMESPACE IF NOT EXISTS bench_pace");
    for (const char* name : {"hot", "cold", "sink"}) {
      query(std::string("CREATE SHARED TABLE bench_pace.") + name + " (id BIGINT PRIMARY KEY, n BIGINT, t TEXT)");
    }
    fill("hot");
    fill("cold");
    flush("cold");
    printf("%-34s %9s %10s %10s %7s %12s %10s %7s\n", "call", "rows", "alone ms", "seen", "ratio", "in flight ms",
           "seen", "ratio");
    small_calls();
    transactions();
    for (bool cold : {false, true}) reads(cold);
    query("DROP NAMESPACE bench_pace CASCADE");
  }

 private:
  using Start = std::function<std::unique_ptr<Pending>(size_t)>;

  template <class Request, class Response>
  std::unique_ptr<Pending> start(std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Service::Stub::*method)(
                                     grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
                                 const Request& request) {
    auto call = std::make_unique<PendingCall<Response>>();
    call->context.AddMetadata("authorization", authorization_);
    call->reader = (stub_.get()->*method)(&call->context, request, &queue_);
    call->reader->Finish(&call->response, &call->status, call.get());
    return call;
  }

  // Milliseconds from the first start to the last answer.
  double run_calls(const Start& start_one, size_t first, size_t count) {
    std::vector<std::unique_ptr<Pending>> calls;
    auto began = Clock::now();
    for (size_t i = 0; i < count; i++) calls.push_back(start_one(first + i));
    for (size_t i = 0; i < count; i++) {
      void* tag = nullptr;
      bool ok = false;
      if (!queue_.Next(&tag, &ok)) die("the completion queue ended");
    }
    double taken = microseconds_since(began) / 1000;
    for (const auto& call : calls) {
      if (!call->status.ok()) die(call->status.error_message());
    }
    return taken;
  }

  // One line. Calls are numbered from `first`, so that each can have a key of its own. in_flight 0: alone only.
  size_t measure(const std::string& name, const stub::Work& work, const Start& start_one, size_t in_flight,
                 size_t first = 0, const std::function<void()>& before = {}) {
    std::vector<double> alone;
    std::vector<double> together;
    for (size_t run = 0; run <= runs_; run++) {
      if (before) before();
      double taken = run_calls(start_one, first++, 1);
      if (run > 0) alone.push_back(taken);
    }
    for (size_t run = 0; in_flight > 0 && run < std::max<size_t>(runs_ / 3, 1); run++) {
      together.push_back(run_calls(start_one, first, in_flight) / static_cast<double>(in_flight));
      first += in_flight;
    }
    stub::Cost cost = pace_.cost(work);
    double one = std::max(cost.alone_ms, cost.serial_ms);
    double seen = spread(alone).median;
    std::string rows = work.hot_rows + work.cold_rows + work.rows == 0
                           ? ""
                           : std::to_string(work.rows > 0 ? work.rows : work.hot_rows + work.cold_rows);
    printf("%-34s %9s %10.2f %10.2f %7.2f", name.c_str(), rows.c_str(), one, seen, seen / one);
    if (in_flight > 0) {
      double each = std::max(cost.serial_ms, one / static_cast<double>(in_flight));
      double in_flight_seen = spread(together).median;
      printf(" %12.2f %10.2f %7.2f", each, in_flight_seen, in_flight_seen / each);
    }
    printf("\n");
    fflush(stdout);
    return first;
  }

  std::string open_session() {
    messages::OpenSessionRequest request;
    messages::OpenSessionResponse response;
    grpc::ClientContext context;
    context.AddMetadata("authorization", authorization_);
    grpc::Status status = stub_->OpenSession(&context, request, &response);
    if (!status.ok()) die(status.error_message());
    return response.session_id();
  }

  messages::ExecuteQueryResponse query(const std::string& sql) {
    messages::ExecuteQueryRequest request;
    request.set_session_id(session_);
    request.set_sql(sql);
    messages::ExecuteQueryResponse response;
    grpc::ClientContext context;
    context.AddMetadata("authorization", authorization_);
    grpc::Status status = stub_->ExecuteQuery(&context, request, &response);
    if (!status.ok()) die(sql + ": " + status.error_message());
    return response;
  }

  template <class Request>
  Request target(const std::string& table) {
    Request request;
    request.set_session_id(session_);
    request.set_namespace_("bench_pace");
    request.set_table_name(table);
    request.set_table_type("shared");
    return request;
  }

  messages::InsertRequest insert_request(const std::string& table, size_t first, size_t count) {
    auto request = target<messages::InsertRequest>(table);
    for (size_t i = first; i < first + count; i++) {
      std::string number = std::to_string(i);
      request.add_rows_json("{\"id\":" + number + ",\"n\":" + number + ",\"t\":\"row " + number + "\"}");
    }
    return request;
  }

  Start insert(const std::string& table, size_t rows_per_call) {
    return [this, table, rows_per_call](size_t i) {
      return start(&Service::Stub::AsyncInsert, insert_request(table, i * rows_per_call, rows_per_call));
    };
  }

  Start update(const std::string& table) {
    return [this, table](size_t i) {
      auto request = target<messages::UpdateRequest>(table);
      request.set_pk_value(std::to_string(i % rows_));
      request.set_updates_json("{\"n\":{\"Int64\":\"1\"}}");
      return start(&Service::Stub::AsyncUpdate, request);
    };
  }

  Start statement(const std::string& sql) {
    return [this, sql](size_t) {
      messages::ExecuteQueryRequest request;
      request.set_session_id(session_);
      request.set_sql(sql);
      return start(&Service::Stub::AsyncExecuteQuery, request);
    };
  }

  void fill(const std::string& table) {
    constexpr size_t kMost = 10000;
    for (size_t first = 0; first < rows_; first += kMost) {
      size_t count = std::min(kMost, rows_ - first);
      run_calls([&](size_t) { return start(&Service::Stub::AsyncInsert, insert_request(table, first, count)); }, 0, 1);
    }
  }

  // A flush is a job of the server.
  void flush(const std::string& table) {
    std::string said = query("STORAGE FLUSH TABLE bench_pace." + table).message();
    std::string job = said.substr(said.rfind(' ') + 1);
    std::string sql = "SELECT job_id FROM system.jobs WHERE job_id = '" + job + "' AND status = 'completed' LIMIT 1";
    for (int tries = 0; query(sql).message() != "1 row(s)"; tries++) {
      if (tries > 1200) die("the flush does not end");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  void small_calls() {
    auto ping = [this](size_t) { return start(&Service::Stub::AsyncPing, messages::PingRequest()); };
    measure("Ping", {.call = "Ping"}, ping, 64);
    measure("SELECT 1", {.call = "ExecuteQuery"}, statement("SELECT 1"), 64);
    stub::Work catalog{.call = "ExecuteQuery", .reads = stub::Reads::catalog, .tables = 3};
    measure("question to the catalog", catalog, statement("SELECT table_name FROM system.tables LIMIT 1"), 16);
    size_t next = measure("Insert", {.call = "Insert", .rows = 1}, insert("sink", 1), 64);
    measure("Insert", {.call = "Insert", .rows = 1000}, insert("sink", 1000), 8, next / 1000 + 1);
    measure("Update", {.call = "Update"}, update("sink"), 64);
    auto erase = [this](size_t i) {
      auto request = target<messages::DeleteRequest>("sink");
      request.set_pk_value(std::to_string(i));
      return start(&Service::Stub::AsyncDelete, request);
    };
    measure("Delete", {.call = "Delete"}, erase, 0);
  }

  // In a transaction that is rolled back at the end, and commits of 100 rows.
  void transactions() {
    std::string id;
    auto begin = [this, &id] {
      messages::BeginTransactionRequest request;
      request.set_session_id(session_);
      messages::BeginTransactionResponse response;
      grpc::ClientContext context;
      grpc::Status status = stub_->BeginTransaction(&context, request, &response);
      if (!status.ok()) die(status.error_message());
      id = response.transaction_id();
    };
    size_t first = 10 * rows_;
    begin();
    size_t next = measure("staged Insert", {.call = "staged.Insert", .rows = 1}, insert("sink", 1), 64, first);
    measure("staged Update", {.call = "staged.Update"}, update("sink"), 64, next);
    auto rollback = [this, &id](size_t) {
      messages::RollbackTransactionRequest request;
      request.set_session_id(session_);
      request.set_transaction_id(id);
      return start(&Service::Stub::AsyncRollbackTransaction, request);
    };
    run_calls(rollback, 0, 1);
    first = 20 * rows_;
    auto stage = [&] {
      begin();
      run_calls([&](size_t) { return start(&Service::Stub::AsyncInsert, insert_request("sink", first, 100)); }, 0, 1);
      first += 100;
    };
    auto commit = [this, &id](size_t) {
      messages::CommitTransactionRequest request;
      request.set_session_id(session_);
      request.set_transaction_id(id);
      return start(&Service::Stub::AsyncCommitTransaction, request);
    };
    measure("CommitTransaction", {.call = "CommitTransaction", .rows = 100}, commit, 0, 0, stage);
  }

  void reads(bool cold) {
    std::string table = cold ? "cold" : "hot";
    std::string full_name = "bench_pace." + table;
    auto work = [&](const char* call, stub::Reads what = stub::Reads::no_table) {
      return stub::Work{.call = call, .reads = what, .hot_rows = cold ? 0 : rows_, .cold_rows = cold ? rows_ : 0};
    };
    auto look_up = [this, table](size_t i) {
      auto request = target<messages::ScanRequest>(table);
      auto* filter = request.add_filters();
      filter->set_column("id");
      filter->set_op("eq");
      filter->set_value(std::to_string(i * 37 % rows_));
      return start(&Service::Stub::AsyncScan, request);
    };
    auto scan = [this, table](size_t) {
      return start(&Service::Stub::AsyncScan, target<messages::ScanRequest>(table));
    };
    measure(table + ": look-up by key", work("Scan.key"), look_up, 64);
    measure(table + ": Scan", work("Scan.table"), scan, 4);
    measure(table + ": SELECT count(*)", work("ExecuteQuery", stub::Reads::count_all),
            statement("SELECT count(*) FROM " + full_name), 4);
    measure(table + ": SELECT with a filter", work("ExecuteQuery", stub::Reads::table),
            statement("SELECT id FROM " + full_name + " WHERE n = 1 LIMIT 10"), 4);
    measure(table + ": behind the last version", work("ExecuteQuery", stub::Reads::behind_last_version),
            statement("SELECT id FROM " + full_name + " WHERE _seq > 9000000000000000000 LIMIT 1"), 8);
  }

  stub::Pace pace_;
  std::unique_ptr<Service::Stub> stub_;
  grpc::CompletionQueue queue_;
  std::string authorization_;
  std::string session_;
  size_t rows_;
  size_t runs_;
};

}  // namespace

void measure_pace(const Server& server, const std::string& pace, size_t rows, size_t runs) {
  Meter(server, pace, rows, runs).run();
}

}  // namespace kalam::bench
