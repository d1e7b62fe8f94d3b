// Authentication of Ping and OpenSession (specification 3, 1.6).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "stub/base/clock.h"
#include "stub/base/options.h"
#include "stub/base/status.h"

namespace kalam::stub {

// What a call brings besides its request.
struct Credentials {
  std::optional<std::string> authorization;
  bool has_certificate = false;
  std::string common_name;  // of the client's certificate
};

class Authenticator {
 public:
  Authenticator(const Options& options, const Clock& clock) : options_(options), clock_(clock) {}

  // `missing` is the text for a call without a header. Not thread-safe: callers hold the store's mutex.
  Status check(const Credentials& credentials, const std::string& missing);

 private:
  struct Failures {
    int count = 0;
    int64_t locked_until_us = 0;
  };

  static Status check_certificate(const Credentials& credentials);
  Status check_basic(const std::string& encoded);
  static Status check_bearer(const std::string& token);

  const Options& options_;
  const Clock& clock_;
  std::map<std::string, Failures> failures_;
};

}  // namespace kalam::stub
