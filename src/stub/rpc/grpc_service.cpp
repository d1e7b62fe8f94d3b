#include "stub/rpc/grpc_service.h"

#include <unistd.h>

#include <atomic>
#include <thread>

#include "stub_control.pb.h"

namespace kalam::stub {

namespace {

constexpr const char* kServicePrefix = "/kalamdb.pg.PgService/";
constexpr const char* kControlMethod = "/pg_kalam.stub.Control/Execute";

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// The buffer refers to the text, which lives until gRPC has sent it.
grpc::ByteBuffer buffer_of(std::shared_ptr<const std::string> text) {
  if (text == nullptr || text->empty()) {
    grpc::Slice empty;
    return grpc::ByteBuffer(&empty, 1);
  }
  auto* owner = new std::shared_ptr<const std::string>(std::move(text));
  auto* data = const_cast<char*>((*owner)->data());
  grpc::Slice slice(
      data, (*owner)->size(), [](void* held) { delete static_cast<std::shared_ptr<const std::string>*>(held); }, owner);
  return grpc::ByteBuffer(&slice, 1);
}

// The port of "ipv4:127.0.0.1:4711".
int port_of(const std::string& peer) {
  size_t colon = peer.rfind(':');
  return colon == std::string::npos ? 0 : std::atoi(peer.c_str() + colon + 1);
}

Status not_leader_status(const std::string& method, const std::string& leader) {
  std::string some = leader == "none" ? "None" : "Some(\"" + leader + "\")";
  if (method == "Scan") {
    return Status::failure(kInternal, leader == "none" ? "External error: Not leader for shard. Leader unknown"
                                                       : "External error: Not leader for shard. Leader: " + leader);
  }
  int code = method == "ExecuteQuery" || method == "ExecuteSql" ? kInternal : kFailedPrecondition;
  return Status::failure(code, "Not leader for shard. Leader: " + some);
}

class CallReactor : public grpc::ServerGenericBidiReactor {
 public:
  CallReactor(const ServiceParts& parts, grpc::GenericCallbackServerContext* context)
      : parts_(parts), context_(context) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no request message"));
      return;
    }
    if (context_->method() == kControlMethod) {
      parts_.commands.post([this] { control(); });
      return;
    }
    start();
  }

  void OnCancel() override {
    cancelled_ = true;
    // Only a call that will never be answered, or whose answer is held back, waits for this.
    bool ends_here = black_hole_ || parts_.pacer.cancel(this);
    if (ends_here && !finished_.exchange(true)) Finish(grpc::Status::CANCELLED);
  }

  void OnDone() override { delete this; }

 private:
  void control() {
    pg_kalam::stub::ControlRequest request;
    pg_kalam::stub::ControlResponse response;
    Status status = Status::failure(kInvalidArgument, "malformed request");
    if (request.ParseFromString(bytes_of(request_))) {
      std::string result;
      status = parts_.control.execute(request.command(), request.argument(), result);
      response.set_result(result);
    }
    answer(status, std::make_shared<std::string>(response.SerializeAsString()));
  }

  void start() {
    const std::string& path = context_->method();
    const std::string prefix = kServicePrefix;
    method_ = path.starts_with(prefix) ? path.substr(prefix.size()) : path;
    bytes_ = bytes_of(request_);
    request_.Clear();
    arrived_ = Pacer::Clock::now();
    fault_ = parts_.faults.take(method_, bytes_);
    if (fault_ && fault_->delay_ms > 0) {
      // The reactor lives until it is finished, whatever the client does meanwhile.
      std::thread([this] {
        if (parts_.calls.pause(fault_->delay_ms)) {
          arrived_ = Pacer::Clock::now();
          run();
        } else {
          finish(Status::failure(kUnavailable, "the server ends"));
        }
      }).detach();
      return;
    }
    parts_.calls.run([this] { run(); });
  }

  CallContext call_context() {
    CallContext call;
    call.peer = context_->peer();
    call.cancelled = &cancelled_;
    work_.call = method_;
    if (parts_.pacer.active()) call.work = &work_;
    for (const auto& [name, value] : context_->client_metadata()) {
      std::string key(name.data(), name.size());
      std::string text(value.data(), value.size());
      if (key == "authorization" && !call.credentials.authorization) call.credentials.authorization = text;
      if (key == "x-kalam-session-token") call.session_token = text;
      record_.headers.emplace_back(key, text);
    }
    auto identity = context_->auth_context();
    if (identity != nullptr) {
      for (const auto& name : identity->FindPropertyValues("x509_common_name")) {
        call.credentials.has_certificate = true;
        call.credentials.common_name.assign(name.data(), name.size());
      }
      if (!identity->FindPropertyValues("x509_pem_cert").empty()) call.credentials.has_certificate = true;
    }
    return call;
  }

  void run() {
    CallContext call = call_context();
    record_.method = method_;
    record_.request_bytes = bytes_.size();
    record_.clock_us = parts_.server.clock().now_us();
    record_.fault = fault_.has_value();
    int port = port_of(call.peer);
    if (fault_ && fault_->stall && parts_.relay != nullptr) parts_.relay->stall(port);
    if (fault_ && fault_->black_hole) {
      log({kDeadlineExceeded, "black hole"});
      black_hole_ = true;
      // The client may have given up before this line.
      if (context_->IsCancelled() && !finished_.exchange(true)) Finish(grpc::Status::CANCELLED);
      return;
    }
    if (fault_ && fault_->cut == Fault::Cut::before) {
      log({kUnavailable, "connection cut before the call"});
      if (parts_.relay != nullptr) parts_.relay->cut(port);
      finish(Status::failure(kUnavailable, "connection cut"));
      return;
    }
    if (fault_ && fault_->kill && !fault_->after) {
      log({kUnavailable, "killed before the call"});
      _exit(9);
    }
    if (fault_ && fault_->restart) parts_.server.restart();
    if (fault_ && fault_->abort) parts_.server.abort_transactions();
    Status refusal = refusal_before();
    if (!refusal.ok()) {
      log(refusal);
      finish(refusal);
      return;
    }
    Answer done;
    try {
      done = parts_.dispatcher.call(method_, call, bytes_, record_);
    } catch (const CallCancelled& cancelled) {
      done.status = Status::failure(kCancelled, cancelled.what());
    } catch (const std::exception& failure) {
      done.status = Status::failure(kInternal, std::string("kalam-stub: ") + failure.what());
    }
    if (fault_) damage(done);
    record_.response_bytes = done.body != nullptr ? done.body->size() : 0;
    log(done.status);
    if (fault_ && fault_->kill) _exit(9);
    if (fault_ && fault_->cut == Fault::Cut::after) {
      if (parts_.relay != nullptr) parts_.relay->cut(port);
      finish(Status::failure(kUnavailable, "connection cut"));
      return;
    }
    if (!parts_.pacer.active()) {
      answer(done.status, done.body);
      return;
    }
    // The call may be gone when this returns.
    parts_.pacer.send(parts_.pacer.due(work_, arrived_), this, cancelled_,
                      [this, done = std::move(done)] { answer(done.status, done.body); });
  }

  // Errors that come instead of the call.
  Status refusal_before() {
    if (!fault_) return {};
    if (fault_->prune) parts_.server.prune(session_of(bytes_));
    if (!fault_->not_leader.empty()) return not_leader_status(method_, fault_->not_leader);
    if (fault_->code != kOk && !fault_->after) return Status::failure(fault_->code, fault_->message);
    return {};
  }

  // The session id of any request that has one, without knowing its type; empty: all sessions.
  std::string session_of(const std::string& request) const {
    kalamdb::pg::BeginTransactionRequest first_field;  // session_id = 1
    kalamdb::pg::ScanRequest fourth_field;             // session_id = 4
    bool in_fourth = method_ == "Scan" || method_ == "Insert" || method_ == "Update" || method_ == "Delete";
    if (in_fourth) return fourth_field.ParseFromString(request) ? fourth_field.session_id() : "";
    if (method_ == "ExecuteSql" || method_ == "ExecuteQuery") {
      kalamdb::pg::ExecuteSqlRequest statement;
      return statement.ParseFromString(request) ? statement.session_id() : "";
    }
    return first_field.ParseFromString(request) ? first_field.session_id() : "";
  }

  void damage(Answer& done) {
    if (fault_->after && fault_->code != kOk) done.status = Status::failure(fault_->code, fault_->message);
    if (done.body == nullptr) return;
    std::string body = *done.body;
    bool arrow = fault_->wrong_bytes == Fault::Damage::arrow || fault_->truncate == Fault::Damage::arrow;
    if (arrow) body = damage_arrow(method_, body, fault_->truncate == Fault::Damage::arrow);
    if (fault_->repeat > 1) body = repeat_arrow(method_, body, fault_->repeat);
    if (fault_->wrong_bytes == Fault::Damage::message) body = std::string(std::max<size_t>(body.size(), 16), '\xff');
    if (fault_->truncate == Fault::Damage::message) body.resize(body.size() / 2);
    if (!fault_->spoil.empty()) {
      for (size_t at = 0; (at = body.find(fault_->spoil, at)) != std::string::npos; at += fault_->spoil.size()) {
        body.replace(at, fault_->spoil.size(), fault_->spoil.size(), '\xff');
      }
    }
    if (fault_->oversize > 0) {
      // Field 1000, which no message has, so that only the size is wrong.
      body += "\xc2\x3e";
      for (uint64_t rest = fault_->oversize; true; rest >>= 7) {
        body += static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
        if (rest <= 0x7f) break;
      }
      body.append(fault_->oversize, 'x');
    }
    done.body = std::make_shared<std::string>(std::move(body));
  }

  void log(const Status& status) {
    record_.code = status.code;
    record_.message = status.message;
    parts_.log.add(record_);
  }

  void finish(const Status& status) {
    if (finished_.exchange(true)) return;
    Finish(grpc::Status(static_cast<grpc::StatusCode>(status.code), status.message));
  }

  void answer(const Status& status, const std::shared_ptr<const std::string>& body) {
    if (!status.ok()) {
      finish(status);
      return;
    }
    if (finished_.exchange(true)) return;
    response_ = buffer_of(body);
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }

  ServiceParts parts_;
  grpc::GenericCallbackServerContext* context_;
  grpc::ByteBuffer request_;
  std::string bytes_;  // of the request
  grpc::ByteBuffer response_;
  std::string method_;
  std::optional<Fault> fault_;
  CallRecord record_;
  Work work_;
  Pacer::Clock::time_point arrived_;
  std::atomic<bool> black_hole_{false};
  std::atomic<bool> finished_{false};
  std::atomic<bool> cancelled_{false};
};

}  // namespace

grpc::ServerGenericBidiReactor* GrpcService::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return new CallReactor(parts_, context);
}

}  // namespace kalam::stub
