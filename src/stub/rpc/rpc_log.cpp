#include "stub/rpc/rpc_log.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace kalam::stub {

namespace {

// A test run of hours must not fill the memory.
constexpr size_t kKeptCalls = 100000;

std::string masked(const std::string& name, const std::string& value) {
  if (name == "authorization") {
    size_t blank = value.find(' ');
    return blank == std::string::npos ? "***" : value.substr(0, blank) + " ***";
  }
  return name == "x-kalam-session-token" ? "***" : value;
}

}  // namespace

const char* code_name(int code) {
  static const char* const names[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return code >= 0 && code <= 16 ? names[code] : "?";
}

RpcLog::RpcLog(const std::string& file) {
  if (file.empty()) return;
  file_ = std::fopen(file.c_str(), "a");
  if (file_ == nullptr) throw std::runtime_error("could not open RPC log \"" + file + "\"");
}

RpcLog::~RpcLog() {
  if (file_ != nullptr) std::fclose(file_);
}

void RpcLog::add(CallRecord record) {
  nlohmann::json entry = nlohmann::json::parse(record.summary.empty() ? "{}" : record.summary, nullptr, false);
  if (!entry.is_object()) entry = nlohmann::json::object();
  nlohmann::json headers = nlohmann::json::object();
  for (const auto& [name, value] : record.headers) headers[name] = masked(name, value);
  entry["method"] = record.method;
  entry["session"] = record.session;
  entry["headers"] = std::move(headers);
  entry["request_bytes"] = record.request_bytes;
  entry["response_bytes"] = record.response_bytes;
  entry["row_count"] = record.rows;
  entry["code"] = code_name(record.code);
  if (record.code != 0) entry["message"] = record.message;
  if (record.fault) entry["fault"] = true;
  entry["clock_us"] = record.clock_us;
  std::lock_guard lock(mutex_);
  entry["number"] = ++count_;
  std::string line = entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (file_ != nullptr) {
    std::fprintf(file_, "%s\n", line.c_str());
    std::fflush(file_);
  }
  if (lines_.size() < kKeptCalls) lines_.push_back(std::move(line));
}

void RpcLog::clear() {
  std::lock_guard lock(mutex_);
  lines_.clear();
}

std::string RpcLog::dump() {
  std::lock_guard lock(mutex_);
  std::string text = "[";
  for (size_t i = 0; i < lines_.size(); i++) text += (i == 0 ? "\n" : ",\n") + lines_[i];
  return text + "]";
}

}  // namespace kalam::stub
