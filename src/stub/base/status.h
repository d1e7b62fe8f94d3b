// What an RPC answers besides its response.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "stub/sql/parse/outcome.h"

namespace kalam::stub {

struct Status {
  int code = kOk;
  std::string message;

  bool ok() const { return code == kOk; }
  static Status failure(int code, std::string message) { return {code, std::move(message)}; }
};

// The client has gone, or the program ends: nobody waits for the answer any more.
struct CallCancelled : std::runtime_error {
  CallCancelled() : std::runtime_error("the call was cancelled") {}
};

}  // namespace kalam::stub
