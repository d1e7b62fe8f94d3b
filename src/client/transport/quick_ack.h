// Quick acknowledgements. A KalamDB server answers in two writes with Nagle's algorithm on: the second waits for the
// acknowledgement of the first, which the client's kernel delays by 40 ms. TCP_QUICKACK ends the delay, but the kernel
// clears it again, so it is set for every call. gRPC does not tell its sockets; they are found by their peer. Linux
// only; elsewhere nothing happens.
#pragma once

#include "client/wall.h"

#include <string_view>
#include <vector>

#include "client/transport/peer_address.h"

namespace kalam {

class QuickAck {
 public:
  // The connection may be another one from now on: its peer and its sockets are to be found again.
  void expect_change() {
    needs_peer_ = true;
    searches_left_ = kSearches;
  }
  bool needs_peer() const { return needs_peer_; }
  // The peer as gRPC spells it. Anything that is no TCP address is ignored.
  void set_peer(std::string_view peer);
  // Nothing was found by the last search.
  bool has_no_socket() const { return sockets_.empty(); }
  // Sets the option on every socket of this process that is connected to the peer.
  void apply();

 private:
  // A search in vain is repeated this often: the socket may be in the middle of being connected.
  static constexpr int kSearches = 4;
  void search();

  PeerAddress peer_;
  bool has_peer_ = false;
  bool needs_peer_ = true;
  int searches_left_ = kSearches;
  std::vector<int> sockets_;
};

}  // namespace kalam
