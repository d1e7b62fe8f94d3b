#include "grpc_side.h"

#include <grpcpp/grpcpp.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "kalamdb_pg.grpc.pb.h"
#include "statistics.h"

namespace kalam::bench {
namespace {

using Service = ::kalamdb::pg::PgService;
namespace messages = ::kalamdb::pg;

void check(const grpc::Status& status, const char* what) {
  if (!status.ok()) die(std::string("bare gRPC: ") + what + ": " + status.error_message());
}

std::string wide_row_json(int64_t id) {
  WideRow row = make_wide_row(id);
  std::ostringstream out;
  out.precision(17);
  out << "{\"id\":{\"Int64\":\"" << row.id << "\"},\"n\":";
  if (row.has_n) {
    out << "{\"Int64\":\"" << row.n << "\"}";
  } else {
    out << "\"Null\"";
  }
  out << ",\"f\":{\"Utf8\":\"" << row.f << "\"},\"t\":";
  if (row.has_t) {
    out << "{\"Utf8\":\"" << row.t << "\"}";
  } else {
    out << "\"Null\"";
  }
  out << ",\"ts\":{\"TimestampMicrosecond\":{\"value\":" << row.ts << ",\"timezone\":\"UTC\"}}}";
  return out.str();
}

class GrpcSide : public Side {
 public:
  GrpcSide(const Server& server, bool async) : async_(async) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
    if (!server.ca_file.empty()) {
      std::stringstream pem;
      pem << std::ifstream(server.ca_file).rdbuf();
      credentials = grpc::SslCredentials({pem.str(), "", ""});
      if (!server.tls_name.empty()) arguments.SetSslTargetNameOverride(server.tls_name);
    }
    bool ipv6 = server.host.find(':') != std::string::npos;
    std::string target = (ipv6 ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
    stub_ = Service::NewStub(grpc::CreateCustomChannel(target, credentials, arguments));
    authorization_ = server.authorization;
    prepare();
  }

  const char* name() const override { return async_ ? "bare gRPC, async" : "bare gRPC, blocking"; }

  void prepare() override {
    grpc::ClientContext context;
    context.AddMetadata("authorization", authorization_);
    messages::OpenSessionRequest request;
    request.set_session_id(session_);  // the same one again: the stub's cached answers are found by the whole request
    messages::OpenSessionResponse session;
    check(stub_->OpenSession(&context, request, &session), "OpenSession");
    session_ = session.session_id();
  }

  double point_reads(size_t count) override {
    auto start = Clock::now();
    for (size_t i = 0; i < count; i++) {
      messages::ScanResponse response = call(&Service::Stub::Scan, &Service::Stub::AsyncScan, lookup(i));
      if (response.ipc_batches_size() != 1) die("bare gRPC: a lookup did not find its row");
    }
    return microseconds_since(start);
  }

  double lookups_in_flight(size_t count) override {
    auto start = Clock::now();
    std::vector<std::unique_ptr<Pending<messages::ScanResponse>>> calls;
    for (size_t i = 0; i < count; i++) {
      calls.push_back(std::make_unique<Pending<messages::ScanResponse>>());
      begin(calls.back().get(), &Service::Stub::AsyncScan, lookup(i));
    }
    for (size_t i = 0; i < count; i++) next();
    for (const auto& one : calls) check(one->status, "Scan");
    return microseconds_since(start);
  }

  double scan(size_t) override {
    auto start = Clock::now();
    messages::ScanRequest request = table("wide");
    for (const char* column : wide_columns) request.add_columns(column);
    messages::ScanResponse response = call(&Service::Stub::Scan, &Service::Stub::AsyncScan, request);
    if (response.ipc_batches_size() == 0) die("bare gRPC: an empty scan");
    return microseconds_since(start);
  }

  // The rows are encoded beforehand: only the calls are measured.
  double insert(size_t calls, size_t rows_per_call) override {
    std::vector<messages::InsertRequest> requests(calls);
    for (size_t i = 0; i < calls; i++) {
      requests[i].set_namespace_("bench");
      requests[i].set_table_name("sink");
      requests[i].set_table_type("shared");
      requests[i].set_session_id(session_);
      for (size_t row = 0; row < rows_per_call; row++) {
        requests[i].add_rows_json(wide_row_json(static_cast<int64_t>(i * rows_per_call + row)));
      }
    }
    auto start = Clock::now();
    for (const messages::InsertRequest& request : requests) {
      messages::InsertResponse response = call(&Service::Stub::Insert, &Service::Stub::AsyncInsert, request);
      if (response.affected_rows() != rows_per_call) die("bare gRPC: an insert reports another number of rows");
    }
    return microseconds_since(start);
  }

 private:
  template <typename Response>
  struct Pending {
    grpc::ClientContext context;
    Response response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
  };

  messages::ScanRequest table(const char* name) const {
    messages::ScanRequest request;
    request.set_namespace_("bench");
    request.set_table_name(name);
    request.set_table_type("shared");
    request.set_session_id(session_);
    return request;
  }

  messages::ScanRequest lookup(size_t i) const {
    messages::ScanRequest request = table("point");
    for (const char* column : wide_columns) request.add_columns(column);
    messages::ScanFilterExpression* filter = request.add_filters();
    filter->set_column("id");
    filter->set_op("eq");
    filter->set_value(std::to_string(static_cast<int64_t>(i * 37) % point_rows));
    return request;
  }

  template <typename Request, typename Response>
  void begin(Pending<Response>* pending,
             std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Service::Stub::*method)(
                 grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
             const Request& request) {
    pending->reader = (stub_.get()->*method)(&pending->context, request, &queue_);
    pending->reader->Finish(&pending->response, &pending->status, pending);
  }

  void next() {
    void* tag;
    bool ok;
    if (!queue_.Next(&tag, &ok)) die("bare gRPC: the completion queue ended");
  }

  template <typename Request, typename Response>
  Response call(grpc::Status (Service::Stub::*blocking)(grpc::ClientContext*, const Request&, Response*),
                std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Service::Stub::*async)(
                    grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
                const Request& request) {
    Pending<Response> pending;
    if (async_) {
      begin(&pending, async, request);
      next();
    } else {
      pending.status = (stub_.get()->*blocking)(&pending.context, request, &pending.response);
    }
    check(pending.status, "call");
    return std::move(pending.response);
  }

  bool async_;
  std::unique_ptr<Service::Stub> stub_;
  grpc::CompletionQueue queue_;
  std::string authorization_;
  std::string session_;
};

}  // namespace

std::unique_ptr<Side> make_grpc_side(const Server& server, bool async) {
  return std::make_unique<GrpcSide>(server, async);
}

}  // namespace kalam::bench
