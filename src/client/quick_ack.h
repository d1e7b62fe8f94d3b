// Quick acknowledgements. A KalamDB server answers in two writes with Nagle's algorithm on: the second waits for the
// acknowledgement of the first, which the client's kernel delays by 40 ms. TCP_QUICKACK ends the delay, but the kernel
// clears it again, so it is set for every call.
#pragma once

#include "client/wall.h"

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kalam {

class QuickAck {
 public:
  // `peer` as gRPC spells it ("ipv4:127.0.0.1:9188", "ipv6:%5B::1%5D:9188"). Anything else ends the search for sockets.
  void set_peer(std::string_view peer);
  // The connection may be another one: look for its sockets again.
  void expect_change() { search_ = true; }
  // Sets the option on every socket of this process that is connected to the peer.
  void apply();

 private:
  std::string peer_;
  sockaddr_storage address_{};
  bool has_address_ = false;
  bool search_ = true;
  std::vector<int> sockets_;
};

}  // namespace kalam
