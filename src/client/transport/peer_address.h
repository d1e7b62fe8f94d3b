// Addresses as gRPC spells them.
#pragma once

#include "client/wall.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <string_view>

namespace kalam {

// One TCP address; an IPv4 address mapped into IPv6 is kept as IPv4.
struct PeerAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool operator==(const PeerAddress& other) const;
};

// The first "ipv4:127.0.0.1:9188" or "ipv6:[::1]:9188" in `text` (brackets may be spelled %5B and %5D). False: none.
bool find_peer_address(std::string_view text, PeerAddress* address);

// What getpeername() filled in. False: not a TCP address.
bool read_peer_address(const sockaddr_storage& storage, PeerAddress* address);

}  // namespace kalam
