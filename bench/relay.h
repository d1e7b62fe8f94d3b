// A TCP relay that behaves to its clients as a real KalamDB's sockets do: Nagle's algorithm on, and an answer of some
// size written in two pieces, so that the second piece waits for the acknowledgement of the first. It looks at sizes
// only, and so works under TLS.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace kalam::bench {

class Relay {
 public:
  // Listens on a free port of the loopback address of that family; `host`, `port`: where to.
  Relay(bool ipv6, const std::string& host, uint16_t port);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  uint16_t port() const { return port_; }
  std::string host() const { return ipv6_ ? "::1" : "127.0.0.1"; }

  // Closes every connection, as a restarted server would.
  void cut_connections();

 private:
  void accept_clients();
  void serve(int client);

  bool ipv6_;
  std::string server_host_;
  uint16_t server_port_;
  uint16_t port_ = 0;
  int listener_ = -1;
  std::mutex mutex_;
  std::set<int> open_;
  std::atomic<int> serving_ = 0;
  std::thread acceptor_;
};

}  // namespace kalam::bench
