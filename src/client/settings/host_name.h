// Names of hosts. What is none must not reach gRPC or the TLS library, which end the process for some of them.
#pragma once

#include "client/wall.h"

#include <string_view>

namespace kalam {

// A DNS name: letters, digits, hyphens and underscores in labels of 1 to 63, 253 in all; a dot may end it.
bool is_dns_name(std::string_view text);

// An IPv4 or IPv6 address without brackets; `allows_scope`: also one of a link ("fe80::1%eth0").
bool is_address(std::string_view text, bool allows_scope);

// One of both, without a scope: what a certificate can name.
bool is_certificate_name(std::string_view text);

}  // namespace kalam
