// Quick acknowledgements: that the option is set on the right sockets for every call. What it brings in time is the
// benchmarks' business.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "client/transport/peer_address.h"
#include "unit/client/certificates.h"
#include "unit/client/client_fixture.h"
#include "unit/client/relay.h"

namespace {

std::mutex seen_mutex;
std::condition_variable seen_changed;
std::map<int, unsigned> quick_acks;  // by descriptor
std::map<pid_t, unsigned> setters;   // by thread

std::map<int, unsigned> seen_quick_acks() {
  std::lock_guard lock(seen_mutex);
  return quick_acks;
}

void forget_quick_acks() {
  std::lock_guard lock(seen_mutex);
  quick_acks.clear();
  setters.clear();
}

unsigned set_by_this_thread() {
  std::lock_guard lock(seen_mutex);
  return setters[gettid()];
}

// Blocks until another thread has set the option.
void wait_for_another_setter() {
  std::unique_lock lock(seen_mutex);
  const pid_t self = gettid();
  seen_changed.wait(lock, [self] {
    return std::any_of(setters.begin(), setters.end(), [self](const auto& setter) { return setter.first != self; });
  });
}

}  // namespace

// Stands before the C library's, for this program and the libraries it loads.
extern "C" int setsockopt(int fd, int level, int option, const void* value, socklen_t size) noexcept {
  if (level == IPPROTO_TCP && option == TCP_QUICKACK) {
    std::lock_guard lock(seen_mutex);
    ++quick_acks[fd];
    ++setters[gettid()];
    seen_changed.notify_all();
  }
  return static_cast<int>(syscall(SYS_setsockopt, fd, level, option, value, size));
}

namespace kalam::test {
namespace {

// The port of the peer of a socket, and the family it was connected with.
std::pair<int, uint16_t> peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  PeerAddress address;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0 || !read_peer_address(storage, &address)) {
    return {0, 0};
  }
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
  return {address.storage.ss_family, ntohs(in6->sin6_port)};  // the port is at the same place in both families
}

class QuickAckTest : public ClientTest {
 protected:
  static ConnectionOptions quick(ConnectionOptions options) {
    options.quick_ack = true;
    return options;
  }

  // Every call sets the option at least once, on sockets of that port only.
  void expect_every_call_sets_it(Connection* connection, uint16_t port, int family) {
    for (int i = 0; i < 3; ++i) {
      forget_quick_acks();
      Status status = scan(connection);
      ASSERT_EQ(status.error, ErrorClass::none) << status.detail;
      const auto seen = seen_quick_acks();
      EXPECT_FALSE(seen.empty());
      for (const auto& [fd, count] : seen) EXPECT_EQ(peer_of(fd), std::pair(family, port)) << fd;
    }
  }
};

TEST_F(QuickAckTest, EveryCall) {
  FakeServer server;
  expect_every_call_sets_it(connect(quick(options_for(server))), server.port(), AF_INET);
}

TEST_F(QuickAckTest, OffMeansOff) {
  FakeServer server;
  Connection* connection = connect(server);
  forget_quick_acks();
  EXPECT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_TRUE(seen_quick_acks().empty());
}

TEST_F(QuickAckTest, Ipv6) {
  FakeServer server({.address = "[::1]:0"});
  ConnectionOptions options = quick(options_for(server));
  options.host = "::1";
  expect_every_call_sets_it(connect(options), server.port(), AF_INET6);
  options.host = "[::1]";
  expect_every_call_sets_it(connect(options), server.port(), AF_INET6);
}

TEST_F(QuickAckTest, OverTls) {
  Authority authority;
  const KeyPair pair = authority.issue("server", "DNS:localhost,IP:127.0.0.1");
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({pair.key, pair.certificate});
  FakeServer server({.credentials = grpc::SslServerCredentials(tls)});
  ConnectionOptions options = quick(options_for(server));
  options.ca_cert = authority.certificate().c_str();
  expect_every_call_sets_it(connect(options), server.port(), AF_INET);
}

TEST_F(QuickAckTest, AlsoAfterAReconnect) {
  FakeServer server;
  Relay relay(server.port());
  ConnectionOptions options = quick(options_for(server));
  options.port = relay.port();
  Connection* connection = connect(options);
  expect_every_call_sets_it(connection, relay.port(), AF_INET);
  relay.cut();
  expect_every_call_sets_it(connection, relay.port(), AF_INET);
  EXPECT_EQ(relay.connections(), 2U);
}

TEST_F(QuickAckTest, TwoConnectionsToOneAddress) {
  FakeServer server;
  Connection* first = connect(quick(options_for(server)));
  Connection* second = connect(quick(options_for(server)));
  ASSERT_EQ(scan(first).error, ErrorClass::none);
  ASSERT_EQ(scan(second).error, ErrorClass::none);
  // The second one was found while both were there, so a call on it sets the option on both.
  forget_quick_acks();
  ASSERT_EQ(scan(second).error, ErrorClass::none);
  EXPECT_EQ(seen_quick_acks().size(), 2U);
  expect_every_call_sets_it(first, server.port(), AF_INET);
}

TEST_F(QuickAckTest, ManyCallsInFlightShareIt) {
  constexpr unsigned kCalls = 200;
  FakeServer server;
  Connection* connection = connect(quick(options_for(server)));
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  server.on("Scan", [&](const SeenCall&, unsigned, grpc::ServerContext* context) { return server.hold(context); });
  forget_quick_acks();
  std::vector<CallPtr> calls;
  for (unsigned i = 0; i < kCalls; ++i) calls.push_back(start_scan(connection));
  EXPECT_LE(set_by_this_thread(), kCalls / 4);
  EXPECT_GE(set_by_this_thread(), 1U);
  // What a call leaves out, the poller makes up for.
  forget_quick_acks();
  calls.push_back(start_scan(connection));
  wait_for_another_setter();
  server.release_held();
  for (const CallPtr& call : calls) EXPECT_EQ(finish(call).error, ErrorClass::none);
}

TEST_F(QuickAckTest, AnswersInTwoWritesArrive) {
  FakeServer server;
  Relay relay(server.port());
  relay.split_answers();
  ConnectionOptions options = quick(options_for(server));
  options.port = relay.port();
  Connection* connection = connect(options);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(scan(connection).error, ErrorClass::none);
}

TEST(PeerAddressTest, AsGrpcSpellsIt) {
  PeerAddress v4;
  PeerAddress v6;
  PeerAddress mapped;
  EXPECT_TRUE(find_peer_address("ipv4:127.0.0.1:9188", &v4));
  EXPECT_TRUE(find_peer_address("ipv6:%5B::1%5D:9188", &v6));
  EXPECT_TRUE(find_peer_address("last error: UNKNOWN: ipv6:[::ffff:127.0.0.1]:9188: Connection refused", &mapped));
  EXPECT_FALSE(v4 == v6);
  EXPECT_TRUE(v4 == mapped) << "a mapped address is the IPv4 address";
  for (const char* text : {"", "ipv4:", "ipv4:1.2.3:4", "ipv6:::1:9188", "ipv6:[::1", "unix:/tmp/x", "dns:///host:1"}) {
    EXPECT_FALSE(find_peer_address(text, &v4)) << text;
  }
}

}  // namespace
}  // namespace kalam::test
