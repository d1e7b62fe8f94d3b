#include "stub/server/auth.h"

#include "stub/arrow/text_forms.h"
#include "stub/base/base64.h"
#include "stub/base/text.h"
#include "stub/rows/json_reader.h"

namespace kalam::stub {

namespace {

constexpr int kLockAfter = 5;
constexpr int64_t kLockUs = 15 * 60 * int64_t{1000000};

Status unauthenticated(const std::string& text) {
  return Status::failure(kUnauthenticated, text);
}
Status refused(const std::string& text) {
  return unauthenticated("authentication failed: " + text);
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
  }
  return true;
}

}  // namespace

Status Authenticator::check_certificate(const Credentials& credentials) {
  if (!credentials.has_certificate) return unauthenticated("Missing peer TLS certificate");
  const std::string& name = credentials.common_name;
  if (name.empty()) return unauthenticated("Invalid peer certificate: no common name");
  const std::string user_prefix = "kalamdb-pg-";
  if (name == user_prefix) return Status::failure(kPermissionDenied, "PG extension CN has empty name suffix");
  if (name.starts_with(user_prefix)) return {};
  if (name.starts_with("kalamdb-node-")) {
    return Status::failure(kPermissionDenied, "Cluster node '" + name + "' is not a valid PG extension identity");
  }
  return Status::failure(kPermissionDenied,
                         "Unrecognised peer CN '" + name + "': expected 'kalamdb-pg-{name}' or 'kalamdb-node-{id}'");
}

Status Authenticator::check_basic(const std::string& header) {
  if (!header.starts_with("Basic ")) {
    return refused("Malformed authorization header: Authorization header must start with 'Basic '");
  }
  std::string reason;
  auto decoded = decode_base64(trimmed(header.substr(6)), false, reason);
  if (!decoded) return refused("Malformed authorization header: Invalid base64 encoding: " + reason);
  size_t colon = decoded->find(':');
  if (colon == std::string::npos) {
    return refused("Malformed authorization header: Credentials must be in format 'user:password'");
  }
  std::string user = decoded->substr(0, colon);
  std::string password = decoded->substr(colon + 1);
  // The last definition of a name counts, so that options can replace the built-in accounts.
  const Account* account = nullptr;
  for (const Account& candidate : options_.accounts) {
    if (candidate.user == user) account = &candidate;
  }
  if (account == nullptr) return refused("User not found: User '" + user + "' not found");
  Failures& failures = failures_[user];
  int64_t now = clock_.now_us();
  if (failures.locked_until_us > now) {
    return refused("Account locked until " + *format_timestamp(failures.locked_until_us, Unit::microsecond, true) +
                   ". Too many failed login attempts.");
  }
  if (account->password != password) {
    if (++failures.count >= kLockAfter) {
      failures.locked_until_us = now + kLockUs;
      failures.count = 0;
    }
    return refused("Invalid credentials: Invalid credentials");
  }
  failures = {};
  if (account->role != "dba" && account->role != "system") {
    return Status::failure(kPermissionDenied, "pg rpc requires a DBA or system account");
  }
  return {};
}

Status Authenticator::check_bearer(const std::string& token) {
  const std::string prefix = "Malformed authorization header: JWT validation failed: Invalid JWT header: ";
  size_t first = token.find('.');
  size_t second = first == std::string::npos ? first : token.find('.', first + 1);
  bool three_parts = second != std::string::npos && token.find('.', second + 1) == std::string::npos;
  if (!three_parts) return refused(prefix + "InvalidToken");
  std::string reason;
  auto header = decode_base64(token.substr(0, first), true, reason);
  if (!header) return refused(prefix + "Base64 error: " + reason);
  if (!read_json(*header, reason)) return refused(prefix + "JSON error: " + reason);
  // The stub issues no tokens, so none is signed by it.
  return refused("Invalid token signature");
}

Status Authenticator::check(const Credentials& credentials, const std::string& missing) {
  if (options_.require_client_cert) return check_certificate(credentials);
  if (!options_.authenticate) return {};
  std::string header = credentials.authorization ? trimmed(*credentials.authorization) : "";
  if (header.empty()) return unauthenticated(missing);
  if (!options_.static_token.empty() && header == options_.static_token) return {};
  if (options_.accounts.empty()) return unauthenticated("invalid or missing pg auth token");
  if (header.size() >= 6 && equals_ignoring_case(header.substr(0, 5), "basic") && header[5] == ' ') {
    return check_basic(header);
  }
  if (header.starts_with("Bearer ")) return check_bearer(trimmed(header.substr(7)));
  return refused("Malformed authorization header: Authorization header must start with 'Basic ' or 'Bearer '");
}

}  // namespace kalam::stub
