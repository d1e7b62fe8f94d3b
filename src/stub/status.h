// What an RPC answers besides its response.
#pragma once

#include <string>
#include <utility>

#include "stub/sql_outcome.h"

namespace kalam::stub {

struct Status {
  int code = kOk;
  std::string message;

  bool ok() const { return code == kOk; }
  static Status failure(int code, std::string message) { return {code, std::move(message)}; }
};

}  // namespace kalam::stub
