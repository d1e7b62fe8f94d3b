// What one SQL statement of ExecuteSql / ExecuteQuery needs and gives (specification 9).
#pragma once

#include <cstdint>
#include <string>

#include "stub/arrow/value.h"
#include "stub/base/status.h"
#include "stub/base/work.h"

namespace kalam::stub {

struct SqlOutcome {
  bool ok = true;
  int grpc_code = kOk;
  std::string error;  // the status message when !ok
  bool has_rows = false;
  ResultSet rows;
  uint64_t affected = 0;
  std::string message;  // of a statement without rows; empty: "OK (affected: <affected>)"
  bool ddl = false;

  static SqlOutcome failure(std::string text, int code = kInternal) {
    SqlOutcome outcome;
    outcome.ok = false;
    outcome.grpc_code = code;
    outcome.error = std::move(text);
    return outcome;
  }
  static SqlOutcome done(std::string text) {
    SqlOutcome outcome;
    outcome.message = std::move(text);
    outcome.ddl = true;
    return outcome;
  }
};

struct SqlContext {
  std::string user = "pg-extension";
  uint64_t default_query_limit = 50;
  uint64_t max_query_limit = 1000;
  uint64_t hot_version_cap = 100000;     // of every reading statement but a bare SELECT count(*)
  uint64_t count_version_cap = 1000000;  // of a bare SELECT count(*)
  bool r2 = false;                       // protocol revision R2: _version instead of _seq
  Work* work = nullptr;                  // what the statement reads is added here
};

}  // namespace kalam::stub
