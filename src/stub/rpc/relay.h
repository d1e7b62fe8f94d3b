// A TCP relay in front of the gRPC server: it owns the public port, so that tests can cut or stall a client's
// connection, and it can write like a real server, which leaves Nagle's algorithm on and answers in two writes.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace kalam::stub {

class Relay {
 public:
  struct Behaviour {
    bool nagle = false;
    bool split_writes = false;
  };

  // Listens at once and starts to accept with run(). Throws std::runtime_error.
  Relay(const std::string& host, int port, Behaviour behaviour);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port() const { return port_; }
  void run(int server_port);

  // The connection whose server side has this local port; 0: all.
  void cut(int upstream_port);
  void stall(int upstream_port);
  void release();  // ends all stalls

 private:
  struct Connection;

  void accept_loop();
  void serve(const std::shared_ptr<Connection>& connection);
  void pump(const std::shared_ptr<Connection>& connection, bool to_client);

  Behaviour behaviour_;
  int listener_ = -1;
  int port_ = 0;
  int server_port_ = 0;
  int stop_pipe_[2] = {-1, -1};
  std::thread acceptor_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Connection>> connections_;
};

}  // namespace kalam::stub
