// The checked and copied form of ConnectionOptions.
#pragma once

#include "client/wall.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/api.h"
#include "client/base/status.h"

namespace kalam {

struct Endpoint {
  std::string host;  // without brackets
  uint16_t port = 0;

  // "host:port", "[v6]:port".
  std::string text() const;
  bool operator==(const Endpoint& other) const { return port == other.port && host == other.host; }
};

// "[::1]" as "::1".
std::string_view without_brackets(std::string_view host);

// Reads "host:port" or "[v6]:port", with or without a scheme and a path. False when it is neither.
bool parse_endpoint(std::string_view text, Endpoint* endpoint);

struct Settings {
  Endpoint home;
  uint32_t connect_timeout_ms = 0;
  uint32_t call_timeout_ms = 0;
  std::string authorization;  // the header's value; empty: none
  uint64_t max_response_bytes = 0;
  bool quick_ack = false;
  bool use_tls = false;
  std::string ca_pem;  // empty with use_tls: the system's authorities
  std::string client_cert_pem;
  std::string client_key_pem;
  std::string tls_server_name;
  std::vector<std::string> leader_hosts;  // lower case; see ConnectionOptions
  Secrets secrets;

  // Whether the credentials may go to this host, which a server has named.
  bool allows_leader(std::string_view host) const;
};

// False and a Status when an option is not usable.
bool read_settings(const ConnectionOptions& options, Settings* settings, Status* status);

}  // namespace kalam
