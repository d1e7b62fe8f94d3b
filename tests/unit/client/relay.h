// A TCP relay in front of a server: cuts, freezes, and delivers answers the way KalamDB does.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kalam::test {

class Relay {
 public:
  // `address` to listen on: "127.0.0.1" or "::1".
  explicit Relay(uint16_t target_port, const std::string& address = "127.0.0.1");
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  uint16_t port() const { return port_; }

  // Every piece from the server goes on in two writes, with Nagle's algorithm on.
  void split_answers() { split_ = true; }
  // From now on nothing that the server sends is passed on; the connections stay.
  void freeze() { frozen_ = true; }
  // Breaks all connections.
  void cut();
  // Takes no new connections (they are refused).
  void close_listener();
  size_t connections() const { return accepted_; }

 private:
  struct Pair {
    int client;
    int server;
    bool ended = false;
  };
  void run();
  void pass(Pair* pair, bool from_server);

  const uint16_t target_port_;
  uint16_t port_ = 0;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::atomic<bool> split_{false};
  std::atomic<bool> frozen_{false};
  std::atomic<bool> stop_{false};
  std::atomic<bool> cut_{false};
  std::atomic<bool> close_listener_{false};
  std::atomic<size_t> accepted_{0};
  std::atomic<unsigned> handled_{0};
  std::atomic<unsigned> asked_{0};
  std::vector<std::unique_ptr<Pair>> pairs_;
  std::thread thread_;
  void ask();
};

}  // namespace kalam::test
