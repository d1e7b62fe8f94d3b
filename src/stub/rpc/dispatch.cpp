#include "stub/rpc/dispatch.h"

#include <nlohmann/json.hpp>

namespace kalam::stub {

namespace {

namespace pb = kalamdb::pg;
using nlohmann::json;

// The largest request message that the server decodes (specification 1.2).
constexpr size_t kRequestLimit = 4194304;

// Statements and rows may have megabytes; the log shows their beginning.
std::string shortened(const std::string& text) {
  constexpr size_t kShown = 10000;
  return text.size() <= kShown ? text : text.substr(0, kShown) + "…";
}

template <class Request>
void put_target(json& summary, const Request& request) {
  summary["namespace"] = request.namespace_();
  summary["table"] = request.table_name();
  summary["table_type"] = request.table_type();
  if (request.has_user_id()) summary["user_id"] = request.user_id();
}

json summarize(const pb::PingRequest&) {
  return json::object();
}
json summarize(const pb::OpenSessionRequest& request) {
  json summary = {{"proposed_id", request.session_id()}};
  if (request.has_current_schema()) summary["current_schema"] = request.current_schema();
  return summary;
}
json summarize(const pb::CloseSessionRequest&) {
  return json::object();
}
json summarize(const pb::ScanRequest& request) {
  json summary;
  put_target(summary, request);
  summary["columns"] = std::vector<std::string>(request.columns().begin(), request.columns().end());
  json filters = json::array();
  for (const auto& filter : request.filters()) filters.push_back({filter.column(), filter.op(), filter.value()});
  summary["filters"] = filters;
  if (request.has_limit()) summary["limit"] = request.limit();
  return summary;
}
json summarize(const pb::InsertRequest& request) {
  json summary;
  put_target(summary, request);
  summary["rows"] = request.rows_json_size();
  return summary;
}
json summarize(const pb::UpdateRequest& request) {
  json summary;
  put_target(summary, request);
  summary["pk_value"] = request.pk_value();
  summary["updates_json"] = shortened(request.updates_json());
  return summary;
}
json summarize(const pb::DeleteRequest& request) {
  json summary;
  put_target(summary, request);
  summary["pk_value"] = request.pk_value();
  return summary;
}
json summarize(const pb::BeginTransactionRequest&) {
  return json::object();
}
json summarize(const pb::CommitTransactionRequest& request) {
  return {{"transaction_id", request.transaction_id()}};
}
json summarize(const pb::RollbackTransactionRequest& request) {
  return {{"transaction_id", request.transaction_id()}};
}
json summarize(const pb::ExecuteSqlRequest& request) {
  return {{"sql", shortened(request.sql())}};
}
json summarize(const pb::ExecuteQueryRequest& request) {
  return {{"sql", shortened(request.sql())}};
}

std::string session_of(const pb::PingRequest&) {
  return "";
}
template <class Request>
std::string session_of(const Request& request) {
  return request.session_id();
}

template <class Request, class Response, class Method>
Answer run(const std::string& bytes, CallRecord& record, const Method& method) {
  Request request;
  Answer answer;
  if (!request.ParseFromString(bytes)) {
    answer.status = Status::failure(kInternal, "failed to decode Protobuf message: invalid wire format");
    return answer;
  }
  record.session = session_of(request);
  record.summary = summarize(request).dump(-1, ' ', false, json::error_handler_t::replace);
  Response response;
  answer.status = method(request, response);
  if (answer.status.ok()) {
    auto body = std::make_shared<std::string>();
    response.SerializeToString(body.get());
    answer.body = std::move(body);
    if constexpr (std::is_same_v<Response, pb::OpenSessionResponse>) record.session = response.session_id();
  }
  return answer;
}

template <class Response>
std::string damage_streams(const std::string& body, bool truncate) {
  Response response;
  if (!response.ParseFromString(body)) return body;
  for (std::string& stream : *response.mutable_ipc_batches()) {
    if (truncate) {
      stream.resize(stream.size() / 2);
    } else {
      for (size_t i = 8; i < stream.size(); i += 3) stream[i] = static_cast<char>(~stream[i]);
    }
  }
  return response.SerializeAsString();
}

template <class Response>
std::string repeat_streams(const std::string& body, uint64_t times) {
  Response response;
  if (!response.ParseFromString(body)) return body;
  const Response once = response;
  for (uint64_t i = 1; i < times; i++) response.mutable_ipc_batches()->MergeFrom(once.ipc_batches());
  return response.SerializeAsString();
}

}  // namespace

std::string damage_arrow(const std::string& method, const std::string& body, bool truncate) {
  if (method == "Scan") return damage_streams<pb::ScanResponse>(body, truncate);
  if (method == "ExecuteQuery") return damage_streams<pb::ExecuteQueryResponse>(body, truncate);
  return body;
}

std::string repeat_arrow(const std::string& method, const std::string& body, uint64_t times) {
  if (method == "Scan") return repeat_streams<pb::ScanResponse>(body, times);
  if (method == "ExecuteQuery") return repeat_streams<pb::ExecuteQueryResponse>(body, times);
  return body;
}

Answer Dispatcher::call(const std::string& method, const CallContext& context, const std::string& request,
                        CallRecord& record) {
  if (request.size() > kRequestLimit) {
    return {Status::failure(kOutOfRange, "Error, decoded message length too large: found " +
                                             std::to_string(request.size()) +
                                             " bytes, the limit is: " + std::to_string(kRequestLimit) + " bytes"),
            nullptr};
  }
  if (method == "Ping") {
    return run<pb::PingRequest, pb::PingResponse>(request, record,
                                                  [&](auto& in, auto& out) { return server_.ping(context, in, out); });
  }
  if (method == "OpenSession") {
    return run<pb::OpenSessionRequest, pb::OpenSessionResponse>(
        request, record, [&](auto& in, auto& out) { return server_.open_session(context, in, out); });
  }
  if (method == "CloseSession") {
    return run<pb::CloseSessionRequest, pb::CloseSessionResponse>(
        request, record, [&](auto& in, auto& out) { return server_.close_session(context, in, out); });
  }
  if (method == "Scan") {
    if (options_.bench_cached_scan) {
      std::lock_guard lock(cache_mutex_);
      auto cached = cached_scans_.find(request);
      if (cached != cached_scans_.end()) return {Status{}, cached->second};
    }
    Answer answer = run<pb::ScanRequest, pb::ScanResponse>(
        request, record, [&](auto& in, auto& out) { return server_.scan(context, in, out, record.rows); });
    if (options_.bench_cached_scan && answer.body != nullptr) {
      std::lock_guard lock(cache_mutex_);
      cached_scans_[request] = answer.body;
    }
    return answer;
  }
  if (method == "Insert") {
    return run<pb::InsertRequest, pb::InsertResponse>(request, record, [&](auto& in, auto& out) {
      record.rows = static_cast<uint64_t>(in.rows_json_size());
      return server_.insert(context, in, out);
    });
  }
  if (method == "Update") {
    return run<pb::UpdateRequest, pb::UpdateResponse>(
        request, record, [&](auto& in, auto& out) { return server_.update(context, in, out); });
  }
  if (method == "Delete") {
    return run<pb::DeleteRequest, pb::DeleteResponse>(
        request, record, [&](auto& in, auto& out) { return server_.erase(context, in, out); });
  }
  if (method == "BeginTransaction") {
    return run<pb::BeginTransactionRequest, pb::BeginTransactionResponse>(
        request, record, [&](auto& in, auto& out) { return server_.begin(context, in, out); });
  }
  if (method == "CommitTransaction") {
    return run<pb::CommitTransactionRequest, pb::CommitTransactionResponse>(
        request, record, [&](auto& in, auto& out) { return server_.commit(context, in, out); });
  }
  if (method == "RollbackTransaction") {
    return run<pb::RollbackTransactionRequest, pb::RollbackTransactionResponse>(
        request, record, [&](auto& in, auto& out) { return server_.rollback(context, in, out); });
  }
  if (method == "ExecuteSql") {
    return run<pb::ExecuteSqlRequest, pb::ExecuteSqlResponse>(
        request, record, [&](auto& in, auto& out) { return server_.execute_sql(context, in, out); });
  }
  if (method == "ExecuteQuery") {
    return run<pb::ExecuteQueryRequest, pb::ExecuteQueryResponse>(
        request, record, [&](auto& in, auto& out) { return server_.execute_query(context, in, out, record.rows); });
  }
  return {Status::failure(kUnimplemented, ""), nullptr};
}

}  // namespace kalam::stub
