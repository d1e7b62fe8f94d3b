#include "relay.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "work.h"

namespace kalam::bench {
namespace {

// Answers without a body (headers and trailers of a ping) are smaller than this, answers with one are larger.
constexpr size_t split_above = 256;

// Where the second write of an answer begins: at its first HTTP/2 DATA frame, as on a real server. Under TLS no frame
// can be seen; any place within the record does, since half a record cannot be read.
size_t split_at(const char* data, size_t size) {
  constexpr size_t frame_header = 9;
  const auto* bytes = reinterpret_cast<const unsigned char*>(data);
  for (size_t at = 0; at + frame_header <= size;) {
    size_t length = static_cast<size_t>(bytes[at]) << 16 | static_cast<size_t>(bytes[at + 1]) << 8 | bytes[at + 2];
    unsigned char type = bytes[at + 3];
    if (type > 9) break;  // no HTTP/2 frame
    if (type == 0 && at > 0) return at;
    at += frame_header + length;
  }
  return size / 2;
}

bool write_all(int descriptor, const char* data, size_t size) {
  while (size > 0) {
    ssize_t written = send(descriptor, data, size, MSG_NOSIGNAL);
    if (written <= 0) return false;
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

int connect_to(const std::string& host, uint16_t port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return -1;
  int descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(descriptor, found->ai_addr, found->ai_addrlen) != 0) {
    close(descriptor);
    descriptor = -1;
  }
  freeaddrinfo(found);
  int on = 1;
  if (descriptor >= 0) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

}  // namespace

Relay::Relay(bool ipv6, const std::string& host, uint16_t port) : ipv6_(ipv6), server_host_(host), server_port_(port) {
  listener_ = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 six = {};
  six.sin6_family = AF_INET6;
  six.sin6_addr = in6addr_loopback;
  sockaddr_in four = {};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int bound = ipv6 ? bind(listener_, reinterpret_cast<sockaddr*>(&six), sizeof six)
                   : bind(listener_, reinterpret_cast<sockaddr*>(&four), sizeof four);
  sockaddr_in6 name = {};
  socklen_t size = sizeof name;
  if (listener_ < 0 || bound != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    die("the relay cannot listen");
  }
  port_ = ntohs(name.sin6_port);  // at the same place in both families
  acceptor_ = std::thread([this] { accept_clients(); });
}

Relay::~Relay() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  cut_connections();
  while (serving_ > 0) usleep(1000);
}

void Relay::cut_connections() {
  std::lock_guard lock(mutex_);
  for (int descriptor : open_) shutdown(descriptor, SHUT_RDWR);
}

void Relay::accept_clients() {
  for (;;) {
    int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    serving_++;
    std::thread([this, client] {
      serve(client);
      serving_--;
    }).detach();
  }
}

void Relay::serve(int client) {
  int server = connect_to(server_host_, server_port_);
  {
    std::lock_guard lock(mutex_);
    open_.insert({client, server});
  }
  std::vector<char> buffer(1 << 18);
  bool open = server >= 0;
  while (open) {
    pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(ends, 2, -1) < 0) break;
    if (ends[0].revents != 0) {
      ssize_t size = recv(client, buffer.data(), buffer.size(), 0);
      open = size > 0 && write_all(server, buffer.data(), static_cast<size_t>(size));
    }
    if (open && ends[1].revents != 0) {
      ssize_t received = recv(server, buffer.data(), buffer.size(), 0);
      if (received <= 0) break;
      size_t size = static_cast<size_t>(received);
      size_t first = size > split_above ? split_at(buffer.data(), size) : size;
      open = write_all(client, buffer.data(), first) && write_all(client, buffer.data() + first, size - first);
    }
  }
  std::lock_guard lock(mutex_);
  open_.erase(client);
  open_.erase(server);
  close(client);
  if (server >= 0) close(server);
}

}  // namespace kalam::bench
