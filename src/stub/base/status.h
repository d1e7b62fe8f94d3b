// What an RPC answers besides its response.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace kalam::stub {

// gRPC status codes without gRPC's headers.
enum StatusCode : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

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
