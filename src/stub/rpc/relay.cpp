#include "stub/rpc/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace kalam::stub {

namespace {

int local_port(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

void set_nodelay(int descriptor, bool on) {
  int value = on ? 1 : 0;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value);
}

bool write_all(int descriptor, const char* data, size_t size) {
  while (size > 0) {
    ssize_t written = send(descriptor, data, size, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

}  // namespace

struct Relay::Connection {
  int client = -1;
  int server = -1;
  int upstream_port = 0;
  std::mutex mutex;
  std::condition_variable changed;
  bool stalled = false;
  bool over = false;
  std::atomic<int> pumps{2};
  std::thread to_client;
  std::thread to_server;
  std::atomic<bool> finished{false};

  // Both directions end; the descriptors are closed when the threads were joined.
  void end() {
    {
      std::lock_guard lock(mutex);
      over = true;
    }
    changed.notify_all();
    shutdown(client, SHUT_RDWR);
    if (server >= 0) shutdown(server, SHUT_RDWR);
  }
  // False: the connection is over.
  bool pass() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return over || !stalled; });
    return !over;
  }
};

Relay::Relay(const std::string& host, int port, Behaviour behaviour) : behaviour_(behaviour) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  std::string service = std::to_string(port);
  int error = getaddrinfo(host.empty() ? nullptr : host.c_str(), service.c_str(), &hints, &found);
  if (error != 0) throw std::runtime_error("could not resolve \"" + host + "\": " + gai_strerror(error));
  std::string reason = "no address";
  for (addrinfo* address = found; address != nullptr && listener_ < 0; address = address->ai_next) {
    int descriptor = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
    if (descriptor < 0) continue;
    int on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(descriptor, address->ai_addr, address->ai_addrlen) == 0 && listen(descriptor, 128) == 0) {
      listener_ = descriptor;
    } else {
      reason = std::strerror(errno);
      close(descriptor);
    }
  }
  freeaddrinfo(found);
  if (listener_ < 0) throw std::runtime_error("could not listen on " + host + ":" + service + ": " + reason);
  port_ = local_port(listener_);
  if (pipe2(stop_pipe_, O_CLOEXEC) != 0) throw std::runtime_error("could not make a pipe");
}

Relay::~Relay() {
  if (acceptor_.joinable()) {
    char byte = 0;
    (void)!write(stop_pipe_[1], &byte, 1);
    acceptor_.join();
  }
  for (const auto& connection : connections_) {
    connection->end();
    if (connection->to_client.joinable()) connection->to_client.join();
    if (connection->to_server.joinable()) connection->to_server.join();
    close(connection->client);
    if (connection->server >= 0) close(connection->server);
  }
  close(listener_);
  close(stop_pipe_[0]);
  close(stop_pipe_[1]);
}

void Relay::run(int server_port) {
  server_port_ = server_port;
  acceptor_ = std::thread([this] { accept_loop(); });
}

void Relay::accept_loop() {
  while (true) {
    pollfd waiting[2] = {{listener_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (waiting[1].revents != 0) return;
    int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    auto connection = std::make_shared<Connection>();
    connection->client = client;
    serve(connection);
  }
}

void Relay::serve(const std::shared_ptr<Connection>& connection) {
  set_nodelay(connection->client, !behaviour_.nagle);
  connection->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(server_port_));
  if (connect(connection->server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(connection->client);
    close(connection->server);
    return;
  }
  set_nodelay(connection->server, true);
  connection->upstream_port = local_port(connection->server);
  std::lock_guard lock(mutex_);
  connections_.remove_if([](const std::shared_ptr<Connection>& old) {
    if (!old->finished) return false;
    old->to_client.join();
    old->to_server.join();
    close(old->client);
    close(old->server);
    return true;
  });
  connection->to_client = std::thread([this, connection] { pump(connection, true); });
  connection->to_server = std::thread([this, connection] { pump(connection, false); });
  connections_.push_back(connection);
}

void Relay::pump(const std::shared_ptr<Connection>& connection, bool to_client) {
  int from = to_client ? connection->server : connection->client;
  int to = to_client ? connection->client : connection->server;
  std::vector<char> buffer(256 * 1024);
  while (true) {
    ssize_t size = recv(from, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0 || !connection->pass()) break;
    auto length = static_cast<size_t>(size);
    // Within the first frame: the client has nothing to say to that yet, so its acknowledgement travels alone, and
    // late.
    size_t first = to_client && behaviour_.split_writes ? std::min<size_t>(length / 2, 10) : 0;
    if (!write_all(to, buffer.data(), first) || !write_all(to, buffer.data() + first, length - first)) break;
  }
  connection->end();
  if (--connection->pumps == 0) connection->finished = true;
}

void Relay::cut(int upstream_port) {
  std::lock_guard lock(mutex_);
  for (const auto& connection : connections_) {
    if (upstream_port == 0 || connection->upstream_port == upstream_port) connection->end();
  }
}

void Relay::stall(int upstream_port) {
  std::lock_guard lock(mutex_);
  for (const auto& connection : connections_) {
    if (upstream_port != 0 && connection->upstream_port != upstream_port) continue;
    std::lock_guard connection_lock(connection->mutex);
    connection->stalled = true;
  }
}

void Relay::release() {
  std::lock_guard lock(mutex_);
  for (const auto& connection : connections_) {
    {
      std::lock_guard connection_lock(connection->mutex);
      connection->stalled = false;
    }
    connection->changed.notify_all();
  }
}

}  // namespace kalam::stub
