#include "client/transport/peer_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <string>

namespace kalam {
namespace {

using std::string_view;

// What follows "ipv4:" or "ipv6:": an address in brackets or without, then a port.
bool parse_address(string_view text, bool v6, PeerAddress* address) {
  std::string host;
  if (v6) {
    string_view close;
    if (text.substr(0, 3) == "%5B") {
      text.remove_prefix(3);
      close = "%5D:";
    } else if (text.substr(0, 1) == "[") {
      text.remove_prefix(1);
      close = "]:";
    } else {
      return false;
    }
    size_t end = text.find(close);
    if (end == string_view::npos) return false;
    host = text.substr(0, end);
    text.remove_prefix(end + close.size());
  } else {
    size_t end = text.find(':');
    if (end == string_view::npos) return false;
    host = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  uint16_t port = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), port).ec != std::errc{}) return false;
  sockaddr_storage storage{};
  if (v6) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    // A scope ("%25eth0") is left out: it is not needed to find a socket that is connected already.
    if (inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &in6->sin6_addr) != 1) return false;
  } else {
    auto* in4 = reinterpret_cast<sockaddr_in*>(&storage);
    in4->sin_family = AF_INET;
    in4->sin_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &in4->sin_addr) != 1) return false;
  }
  return read_peer_address(storage, address);
}

}  // namespace

bool PeerAddress::operator==(const PeerAddress& other) const {
  if (storage.ss_family != other.storage.ss_family) return false;
  if (storage.ss_family == AF_INET) {
    const auto* a = reinterpret_cast<const sockaddr_in*>(&storage);
    const auto* b = reinterpret_cast<const sockaddr_in*>(&other.storage);
    return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
  }
  const auto* a = reinterpret_cast<const sockaddr_in6*>(&storage);
  const auto* b = reinterpret_cast<const sockaddr_in6*>(&other.storage);
  return a->sin6_port == b->sin6_port && std::memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

bool read_peer_address(const sockaddr_storage& storage, PeerAddress* address) {
  *address = {};
  if (storage.ss_family == AF_INET) {
    address->storage = storage;
    address->size = sizeof(sockaddr_in);
    return true;
  }
  if (storage.ss_family != AF_INET6) return false;
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  if (!IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
    address->storage = storage;
    address->size = sizeof(sockaddr_in6);
    return true;
  }
  auto* in4 = reinterpret_cast<sockaddr_in*>(&address->storage);
  in4->sin_family = AF_INET;
  in4->sin_port = in6->sin6_port;
  std::memcpy(&in4->sin_addr, in6->sin6_addr.s6_addr + 12, 4);
  address->size = sizeof(sockaddr_in);
  return true;
}

bool find_peer_address(string_view text, PeerAddress* address) {
  size_t at4 = text.find("ipv4:");
  size_t at6 = text.find("ipv6:");
  const bool v6 = at6 < at4;
  size_t at = v6 ? at6 : at4;
  if (at == string_view::npos) return false;
  return parse_address(text.substr(at + 5), v6, address);
}

}  // namespace kalam
