// What the stub was called with and what it answered, for tests to read.
#pragma once

#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace kalam::stub {

struct CallRecord {
  std::string method;
  std::string session;
  std::vector<std::pair<std::string, std::string>> headers;  // secrets are masked when the record is shown
  std::string summary;                                       // JSON object: the request's fields, rows counted
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 0;
  uint64_t rows = 0;  // sent by Insert, returned by Scan and ExecuteQuery
  int code = 0;
  std::string message;
  bool fault = false;  // a fault hit this call
  int64_t clock_us = 0;
};

class RpcLog {
 public:
  // file: every call is also appended there as a line of JSON; empty: not.
  explicit RpcLog(const std::string& file);
  ~RpcLog();
  RpcLog(const RpcLog&) = delete;
  RpcLog& operator=(const RpcLog&) = delete;

  void add(CallRecord record);
  void clear();
  std::string dump();  // JSON array, oldest first

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  uint64_t count_ = 0;
  std::FILE* file_ = nullptr;
};

const char* code_name(int code);

}  // namespace kalam::stub
