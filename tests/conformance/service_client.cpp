#include "service_client.h"

#include <grpcpp/grpcpp.h>

#include <stdexcept>

#include "kalamdb_pg.grpc.pb.h"

namespace kalam::conformance {
namespace {

using nlohmann::json;
using Service = ::kalamdb::pg::PgService;

// A call hangs for good only when the server does; the largest recorded answer takes well under a second.
constexpr int call_deadline_seconds = 120;

template <typename Message>
void set_field(Message* message, const std::string& name, const json& value) {
// One block a field, for the messages that have it.
#define KALAM_STRING_FIELD(field)                           \
  if (name == #field) {                                     \
    if constexpr (requires { message->set_##field(""); }) { \
      message->set_##field(value.get<std::string>());       \
      return;                                               \
    }                                                       \
  }
  KALAM_STRING_FIELD(session_id)
  KALAM_STRING_FIELD(current_schema)
  KALAM_STRING_FIELD(transaction_id)
  KALAM_STRING_FIELD(table_name)
  KALAM_STRING_FIELD(table_type)
  KALAM_STRING_FIELD(user_id)
  KALAM_STRING_FIELD(pk_value)
  KALAM_STRING_FIELD(updates_json)
  KALAM_STRING_FIELD(sql)
#undef KALAM_STRING_FIELD
  if (name == "namespace") {  // a C++ keyword: generated with an underscore
    if constexpr (requires { message->set_namespace_(""); }) {
      message->set_namespace_(value.get<std::string>());
      return;
    }
  }
  if (name == "limit") {
    if constexpr (requires { message->set_limit(0); }) {
      message->set_limit(value.get<uint64_t>());
      return;
    }
  }
  if (name == "columns") {
    if constexpr (requires { message->add_columns(""); }) {
      for (const json& column : value) message->add_columns(column.get<std::string>());
      return;
    }
  }
  if (name == "rows_json") {
    if constexpr (requires { message->add_rows_json(""); }) {
      for (const json& row : value) message->add_rows_json(row.get<std::string>());
      return;
    }
  }
  if (name == "filters") {
    if constexpr (requires { message->add_filters(); }) {
      for (const json& filter : value) {
        auto* out = message->add_filters();
        out->set_column(filter.at(0).get<std::string>());
        out->set_op(filter.at(1).get<std::string>());
        out->set_value(filter.at(2).get<std::string>());
      }
      return;
    }
  }
  throw std::runtime_error("the request has no field " + name);
}

template <typename Message>
void read_answer(const Message& message, Answer* answer) {
  json& out = answer->response;
  out = json::object();
  if constexpr (requires { message.ok(); }) out["ok"] = message.ok();
  if constexpr (requires { message.session_id(); }) out["session_id"] = message.session_id();
  if constexpr (requires { message.has_current_schema(); }) {
    if (message.has_current_schema()) out["current_schema"] = message.current_schema();
  }
  if constexpr (requires { message.lease_expires_at_ms(); }) out["lease_expires_at_ms"] = message.lease_expires_at_ms();
  if constexpr (requires { message.session_token(); }) out["session_token"] = message.session_token();
  if constexpr (requires { message.affected_rows(); }) out["affected_rows"] = message.affected_rows();
  if constexpr (requires { message.transaction_id(); }) out["transaction_id"] = message.transaction_id();
  if constexpr (requires { message.success(); }) out["success"] = message.success();
  if constexpr (requires { message.message(); }) out["message"] = message.message();
  if constexpr (requires { message.has_schema_ipc(); }) {
    if (message.has_schema_ipc()) out["schema_ipc"] = std::to_string(message.schema_ipc().size()) + " bytes";
  }
  if constexpr (requires { message.ipc_batches(); }) {
    answer->has_streams = true;
    for (const std::string& stream : message.ipc_batches()) answer->streams.push_back(stream);
  }
}

const char* code_name(grpc::StatusCode code) {
  static const char* const names[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return code >= 0 && code <= 16 ? names[code] : "a code that does not exist";
}

}  // namespace

struct ServiceClient::Impl {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<Service::Stub> stub;

  template <typename Request, typename Response>
  Answer call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const json& fields, const Headers& headers) {
    Request request;
    for (const auto& [name, value] : fields.items()) set_field(&request, name, value);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(call_deadline_seconds));
    for (const auto& [name, value] : headers) context.AddMetadata(name, value);
    Response response;
    grpc::Status status = (stub.get()->*method)(&context, request, &response);
    Answer answer;
    answer.code = code_name(status.error_code());
    answer.message = status.error_message();
    if (status.ok()) read_answer(response, &answer);
    return answer;
  }
};

ServiceClient::ServiceClient(const std::string& target) : impl_(std::make_unique<Impl>()) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  impl_->channel = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  impl_->stub = Service::NewStub(impl_->channel);
}

ServiceClient::~ServiceClient() = default;

bool ServiceClient::wait_until_ready(int seconds) {
  return impl_->channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
}

Answer ServiceClient::call(const std::string& method, const json& request, const Headers& headers) {
#define KALAM_METHOD(name) \
  if (method == #name) return impl_->call(&Service::Stub::name, request, headers);
  KALAM_METHOD(Ping)
  KALAM_METHOD(OpenSession)
  KALAM_METHOD(CloseSession)
  KALAM_METHOD(Scan)
  KALAM_METHOD(Insert)
  KALAM_METHOD(Update)
  KALAM_METHOD(Delete)
  KALAM_METHOD(BeginTransaction)
  KALAM_METHOD(CommitTransaction)
  KALAM_METHOD(RollbackTransaction)
  KALAM_METHOD(ExecuteSql)
  KALAM_METHOD(ExecuteQuery)
#undef KALAM_METHOD
  throw std::runtime_error("the service has no method " + method);
}

}  // namespace kalam::conformance
