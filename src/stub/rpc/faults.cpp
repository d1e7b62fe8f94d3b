#include "stub/rpc/faults.h"

#include <map>
#include <nlohmann/json.hpp>

namespace kalam::stub {

namespace {

using nlohmann::json;

const std::map<std::string, int> kCodes = {
    {"OK", kOk},
    {"CANCELLED", kCancelled},
    {"UNKNOWN", kUnknown},
    {"INVALID_ARGUMENT", kInvalidArgument},
    {"DEADLINE_EXCEEDED", kDeadlineExceeded},
    {"NOT_FOUND", kNotFound},
    {"ALREADY_EXISTS", kAlreadyExists},
    {"PERMISSION_DENIED", kPermissionDenied},
    {"RESOURCE_EXHAUSTED", kResourceExhausted},
    {"FAILED_PRECONDITION", kFailedPrecondition},
    {"ABORTED", kAborted},
    {"OUT_OF_RANGE", kOutOfRange},
    {"UNIMPLEMENTED", kUnimplemented},
    {"INTERNAL", kInternal},
    {"UNAVAILABLE", kUnavailable},
    {"DATA_LOSS", kDataLoss},
    {"UNAUTHENTICATED", kUnauthenticated},
};

// true means the whole message; "arrow" the Arrow streams inside it.
Fault::Damage damage(const json& value) {
  if (value.is_boolean()) return value.get<bool>() ? Fault::Damage::message : Fault::Damage::none;
  std::string text = value.get<std::string>();
  if (text == "message") return Fault::Damage::message;
  if (text == "arrow") return Fault::Damage::arrow;
  throw std::invalid_argument("expected true, \"message\" or \"arrow\", not \"" + text + "\"");
}

void read_member(Fault& fault, const std::string& name, const json& value) {
  if (name == "method") {
    fault.method = value.get<std::string>();
  } else if (name == "match") {
    fault.match = value.get<std::string>();
  } else if (name == "call") {
    fault.call = value.get<int64_t>();
  } else if (name == "times") {
    fault.times = value.get<int64_t>();
  } else if (name == "when") {
    std::string when = value.get<std::string>();
    if (when != "before" && when != "after") throw std::invalid_argument("\"when\" is \"before\" or \"after\"");
    fault.after = when == "after";
  } else if (name == "code") {
    if (value.is_number()) {
      fault.code = value.get<int>();
    } else {
      auto code = kCodes.find(value.get<std::string>());
      if (code == kCodes.end()) throw std::invalid_argument("unknown code " + value.dump());
      fault.code = code->second;
    }
  } else if (name == "message") {
    fault.message = value.get<std::string>();
  } else if (name == "not_leader") {
    fault.not_leader = value.get<std::string>();
  } else if (name == "delay_ms") {
    fault.delay_ms = value.get<int64_t>();
  } else if (name == "black_hole") {
    fault.black_hole = value.get<bool>();
  } else if (name == "stall") {
    fault.stall = value.get<bool>();
  } else if (name == "cut") {
    std::string when = value.get<std::string>();
    if (when != "before" && when != "after") throw std::invalid_argument("\"cut\" is \"before\" or \"after\"");
    fault.cut = when == "after" ? Fault::Cut::after : Fault::Cut::before;
  } else if (name == "wrong_bytes") {
    fault.wrong_bytes = damage(value);
  } else if (name == "truncate") {
    fault.truncate = damage(value);
  } else if (name == "spoil") {
    fault.spoil = value.get<std::string>();
  } else if (name == "oversize") {
    fault.oversize = value.get<uint64_t>();
  } else if (name == "repeat") {
    fault.repeat = value.get<uint64_t>();
  } else if (name == "prune") {
    fault.prune = value.get<bool>();
  } else if (name == "restart") {
    fault.restart = value.get<bool>();
  } else if (name == "abort") {
    fault.abort = value.get<bool>();
  } else if (name == "kill") {
    fault.kill = value.get<bool>();
  } else {
    throw std::invalid_argument("unknown member \"" + name + "\"");
  }
}

}  // namespace

std::optional<Fault> Faults::parse(const std::string& text, std::string& error) {
  try {
    Fault fault;
    json document = json::parse(text);
    if (!document.is_object()) throw std::invalid_argument("a fault is a JSON object");
    for (const auto& [name, value] : document.items()) read_member(fault, name, value);
    return fault;
  } catch (const std::exception& failure) {
    error = failure.what();
    return std::nullopt;
  }
}

void Faults::add(Fault fault) {
  std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void Faults::clear() {
  std::lock_guard lock(mutex_);
  faults_.clear();
}

std::optional<Fault> Faults::take(const std::string& method, const std::string& request) {
  std::lock_guard lock(mutex_);
  std::optional<Fault> taken;
  for (Fault& fault : faults_) {
    if (fault.method != "*" && fault.method != method) continue;
    if (!fault.match.empty() && request.find(fault.match) == std::string::npos) continue;
    fault.seen++;
    if (taken || fault.seen < fault.call) continue;
    int64_t times = fault.times != 0 ? fault.times : fault.call != 0 ? 1 : INT64_MAX;
    if (fault.hit >= times) continue;
    fault.hit++;
    taken = fault;
  }
  return taken;
}

std::string Faults::describe() {
  std::lock_guard lock(mutex_);
  json list = json::array();
  for (const Fault& fault : faults_) {
    list.push_back({{"method", fault.method}, {"call", fault.call}, {"seen", fault.seen}, {"hit", fault.hit}});
  }
  return list.dump();
}

}  // namespace kalam::stub
