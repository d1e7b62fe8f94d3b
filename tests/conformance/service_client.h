// Calls of KalamDB's PostgreSQL service with requests and answers as JSON: the only file here that knows gRPC.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace kalam::conformance {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  std::string code;         // the gRPC code's name
  std::string message;      // status message
  nlohmann::json response;  // fields without presence always, optional ones when set; no Arrow streams
  bool has_streams = false;
  std::vector<std::string> streams;  // ipc_batches
};

class ServiceClient {
 public:
  explicit ServiceClient(const std::string& target);  // HOST:PORT
  ~ServiceClient();

  // Waits until the server accepts connections; false after the time is over.
  bool wait_until_ready(int seconds);

  // Sends the fields that `request` has. Throws std::runtime_error for a method or field that does not exist.
  Answer call(const std::string& method, const nlohmann::json& request, const Headers& headers);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::conformance
