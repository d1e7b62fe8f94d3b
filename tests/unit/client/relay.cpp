#include "unit/client/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace kalam::test {
namespace {

void send_all(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
}

// A reset instead of an orderly end, as when a machine or a process goes away.
void abort_connection(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

}  // namespace

Relay::Relay(uint16_t target_port, const std::string& address) : target_port_(target_port) {
  sockaddr_in6 in6{};
  sockaddr_in in4{};
  const bool v6 = address.find(':') != std::string::npos;
  in4.sin_family = AF_INET;
  in6.sin6_family = AF_INET6;
  inet_pton(AF_INET, address.c_str(), &in4.sin_addr);
  inet_pton(AF_INET6, address.c_str(), &in6.sin6_addr);
  auto* name = v6 ? reinterpret_cast<sockaddr*>(&in6) : reinterpret_cast<sockaddr*>(&in4);
  socklen_t size = v6 ? sizeof in6 : sizeof in4;
  listener_ = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bind(listener_, name, size);
  listen(listener_, 64);
  getsockname(listener_, name, &size);
  port_ = ntohs(v6 ? in6.sin6_port : in4.sin_port);
  if (pipe(wake_) != 0) std::abort();
  thread_ = std::thread([this] { run(); });
}

Relay::~Relay() {
  stop_ = true;
  ask();
  thread_.join();
  if (listener_ >= 0) close(listener_);
  close(wake_[0]);
  close(wake_[1]);
}

// Tells the thread and waits until it has seen it.
void Relay::ask() {
  const unsigned number = ++asked_;
  if (write(wake_[1], "x", 1) != 1) std::abort();
  while (handled_ < number && !stop_) std::this_thread::yield();
}

void Relay::cut() {
  cut_ = true;
  ask();
}

void Relay::close_listener() {
  close_listener_ = true;
  ask();
}

void Relay::pass(Pair* pair, bool from_server) {
  char bytes[65536];
  const ssize_t size = recv(from_server ? pair->server : pair->client, bytes, sizeof bytes, 0);
  if (size <= 0) {
    pair->ended = true;
    return;
  }
  if (from_server && frozen_) return;
  const auto length = static_cast<size_t>(size);
  const int to = from_server ? pair->client : pair->server;
  // Within the first frame or record: the client has nothing to answer to yet, so its acknowledgement travels alone.
  const size_t first = from_server && split_ ? std::min<size_t>(length / 2, 10) : 0;
  send_all(to, bytes, first);
  send_all(to, bytes + first, length - first);
}

void Relay::run() {
  while (!stop_) {
    std::vector<pollfd> wait = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& pair : pairs_) {
      wait.push_back({pair->client, POLLIN, 0});
      wait.push_back({pair->server, POLLIN, 0});
    }
    poll(wait.data(), wait.size(), -1);
    for (size_t i = 0; i < pairs_.size(); ++i) {
      if (wait[2 + 2 * i].revents != 0) pass(pairs_[i].get(), false);
      if (wait[3 + 2 * i].revents != 0) pass(pairs_[i].get(), true);
    }
    if (wait[1].revents != 0) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in name{};
      name.sin_family = AF_INET;
      name.sin_port = htons(target_port_);
      name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      const int on = 1;
      setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (connect(server, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0) {
        pairs_.push_back(std::make_unique<Pair>(Pair{client, server}));
        ++accepted_;
      } else {
        close(client);
        close(server);
      }
    }
    if (cut_.exchange(false)) {
      for (const auto& pair : pairs_) pair->ended = true;
    }
    if (close_listener_.exchange(false)) {
      close(listener_);
      listener_ = -1;
    }
    std::erase_if(pairs_, [](const auto& pair) {
      if (!pair->ended) return false;
      abort_connection(pair->client);
      abort_connection(pair->server);
      return true;
    });
    if (wait[0].revents != 0) {
      char byte = 0;
      if (read(wake_[0], &byte, 1) == 1) ++handled_;
    }
  }
  for (const auto& pair : pairs_) {
    abort_connection(pair->client);
    abort_connection(pair->server);
  }
}

}  // namespace kalam::test
