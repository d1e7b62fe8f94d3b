// Connections that fail, hang and come back; deadlines, cancellation, and many calls at once.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "unit/client/client_fixture.h"
#include "unit/client/relay.h"

namespace {

std::atomic<int> lost_reasons{0};  // connections to be made whose errno is still to be overwritten

}  // namespace

// Stands before the C library's, for this program and the libraries it loads.
extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  const auto result = static_cast<int>(syscall(SYS_connect, fd, address, size));
  if (result < 0 && errno == EINPROGRESS && lost_reasons > 0) {
    --lost_reasons;
    errno = ENOENT;
  }
  return result;
}

namespace kalam::test {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;

class ConnectionTest : public ClientTest {
 protected:
  Connection* connect_to(uint16_t port, uint32_t connect_timeout_ms = 0, const char* host = "127.0.0.1") {
    ConnectionOptions options{};
    options.host = host;
    options.port = port;
    options.connect_timeout_ms = connect_timeout_ms;
    return connect(options);
  }
};

// A port on which connections are neither taken nor refused: a listener whose queue is full.
class BlackHole {
 public:
  BlackHole() {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(listener_, reinterpret_cast<sockaddr*>(&name), size);
    listen(listener_, 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
    for (int& fd : fillers_) {
      fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      connect(fd, reinterpret_cast<sockaddr*>(&name), size);
    }
  }
  ~BlackHole() {
    for (int fd : fillers_) close(fd);
    close(listener_);
  }
  uint16_t port() const { return port_; }

 private:
  int listener_ = -1;
  int fillers_[8];
  uint16_t port_ = 0;
};

uint16_t unused_port() {
  FakeServer server;
  return server.port();
}

TEST_F(ConnectionTest, RefusedConnection) {
  Connection* connection = connect_to(unused_port());
  for (int i = 0; i < 3; ++i) {
    Status status = insert(connection);
    EXPECT_EQ(status.error, ErrorClass::unreachable);
    EXPECT_FALSE(status.maybe_executed);
    EXPECT_THAT(std::string(status.detail), ::testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+: connection refused"));
    EXPECT_THAT(status.hint, HasSubstr("RPC"));
  }
}

TEST_F(ConnectionTest, UnknownHost) {
  Status status = ping(connect_to(9188, 0, "no-such-host.invalid"));
  EXPECT_EQ(status.error, ErrorClass::unreachable) << status.detail;
}

// As gRPC before 1.61 does to itself, once in a process.
TEST_F(ConnectionTest, FailureThatWasNone) {
  FakeServer server;
  lost_reasons = 1;
  Status status = insert(connect(server));
  EXPECT_EQ(lost_reasons, 0);
  EXPECT_EQ(status.error, ErrorClass::none) << status.detail;
  lost_reasons = 2;
  Connection* connection = connect(server);
  status = insert(connection);
  lost_reasons = 0;
  EXPECT_EQ(status.error, ErrorClass::unreachable) << "tried twice, not for ever";
  EXPECT_THAT(status.detail, HasSubstr("no such file"));
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
}

TEST_F(ConnectionTest, ConnectTimeout) {
  BlackHole hole;
  Status status = insert(connect_to(hole.port(), 200));
  EXPECT_EQ(status.error, ErrorClass::unreachable) << status.detail;
  EXPECT_FALSE(status.maybe_executed);
}

TEST_F(ConnectionTest, DeadlineWhileConnecting) {
  BlackHole hole;
  CallPtr call = start_insert(connect_to(hole.port()), 100);
  Status status = finish(call);
  EXPECT_EQ(status.error, ErrorClass::timeout);
  EXPECT_FALSE(status.maybe_executed);
}

TEST_F(ConnectionTest, CancelWhileConnecting) {
  BlackHole hole;
  Connection* connection = connect_to(hole.port());
  CallPtr call = start_insert(connection);
  EXPECT_FALSE(call_done(call.get()));
  call_cancel(call.get());
  Status status = finish(call);
  EXPECT_EQ(status.error, ErrorClass::cancelled);
  EXPECT_FALSE(status.maybe_executed);
  // Release without cancelling first, and with the connection first.
  CallPtr released = start_insert(connection);
  CallPtr outliving = start_insert(connection);
  released.reset();
  release(connection, 1'000);
  EXPECT_EQ(finish(outliving).error, ErrorClass::cancelled);
}

TEST_F(ConnectionTest, CancelWhileTheSessionIsOpened) {
  FakeServer server;
  server.on("OpenSession", [&](const SeenCall&, unsigned number, grpc::ServerContext* context) {
    return number == 1 ? server.hold(context) : std::nullopt;
  });
  Connection* connection = connect(server);
  CallPtr call = start_insert(connection);
  CallPtr timed = start_insert(connection, 50);
  server.wait_for_held(1);
  EXPECT_EQ(finish(timed).error, ErrorClass::timeout);
  call_cancel(call.get());
  Status status = finish(call);
  EXPECT_EQ(status.error, ErrorClass::cancelled);
  EXPECT_FALSE(status.maybe_executed);
  server.wait_for_given_up(1);
  EXPECT_EQ(insert(connection).error, ErrorClass::none) << "the next one opens a session of its own";
  EXPECT_EQ(server.count("Insert"), 1U);
}

TEST_F(ConnectionTest, CancelWhileTheServerWorks) {
  FakeServer server;
  server.on("Insert", [&](const SeenCall&, unsigned, grpc::ServerContext* context) { return server.hold(context); });
  Connection* connection = connect(server);
  CallPtr call = start_insert(connection);
  server.wait_for_held(1);
  call_cancel(call.get());
  Status status = finish(call);
  EXPECT_EQ(status.error, ErrorClass::cancelled);
  EXPECT_TRUE(status.maybe_executed);
  server.wait_for_given_up(1);
  // Release cancels by itself.
  start_insert(connection).reset();
  CallPtr left = start_insert(connection);
  server.wait_for_held(2);
  left.reset();
  server.wait_for_given_up(2);
}

TEST_F(ConnectionTest, CancelAfterTheAnswerChangesNothing) {
  FakeServer server;
  Connection* connection = connect(server);
  CallPtr call = start_insert(connection);
  EXPECT_EQ(finish(call).error, ErrorClass::none);
  call_cancel(call.get());
  EXPECT_EQ(finish(call).error, ErrorClass::none);
}

TEST_F(ConnectionTest, DeadlineWhileTheServerWorks) {
  FakeServer server;
  server.on("Insert", [&](const SeenCall&, unsigned, grpc::ServerContext* context) { return server.hold(context); });
  ConnectionOptions options = options_for(server);
  options.call_timeout_ms = 50;
  Status status = insert(connect(options));
  EXPECT_EQ(status.error, ErrorClass::timeout);
  EXPECT_TRUE(status.maybe_executed);
}

TEST_F(ConnectionTest, CancellingCallsInQuickSuccession) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  for (int i = 0; i < 500; ++i) start_scan(connection).reset();
  EXPECT_EQ(scan(connection).error, ErrorClass::none);
}

TEST_F(ConnectionTest, AThousandCallsInFlight) {
  FakeServer server;
  server.batches = {one_text("x")};
  Connection* connection = connect(server);
  std::vector<CallPtr> calls;
  for (int i = 0; i < 1'000; ++i) calls.push_back(start_scan(connection));
  for (const CallPtr& call : calls) EXPECT_EQ(finish(call).error, ErrorClass::none);
  EXPECT_EQ(server.count("Scan"), 1'000U);
  EXPECT_EQ(server.count("OpenSession"), 1U);
}

TEST_F(ConnectionTest, ReadIsRepeatedOnABrokenConnection) {
  FakeServer server;
  Relay relay(server.port());
  Connection* connection = connect_to(relay.port());
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  server.on("Scan", [&](const SeenCall&, unsigned number, grpc::ServerContext* context) {
    return number == 2 ? server.hold(context) : std::nullopt;
  });
  CallPtr call = start_scan(connection);
  server.wait_for_held(1);
  relay.cut();
  EXPECT_EQ(finish(call).error, ErrorClass::none);
  EXPECT_EQ(server.count("Scan"), 3U);
  EXPECT_EQ(server.count("OpenSession"), 1U) << "sessions do not end with their connection";
}

TEST_F(ConnectionTest, QueryThatIsNoReadIsNotRepeated) {
  FakeServer server;
  Connection* connection = connect(server);
  server.fail("ExecuteQuery", {StatusCode::UNAVAILABLE, "Socket closed"}, 1, 1);
  Status status = finish(start_query(connection, "DELETE FROM a.b WHERE id = 1", false));
  EXPECT_EQ(status.error, ErrorClass::connection_lost);
  EXPECT_TRUE(status.maybe_executed);
  EXPECT_EQ(server.count("ExecuteQuery"), 1U);
}

TEST_F(ConnectionTest, ReadIsRepeatedSomeTimesOnly) {
  constexpr unsigned kAttempts = 5;
  FakeServer server;
  Connection* connection = connect(server);
  server.fail("ExecuteQuery", {StatusCode::UNAVAILABLE, "Socket closed"}, 1, kAttempts - 1);
  Status status = finish(start_query(connection, "SELECT 1", true));
  EXPECT_EQ(status.error, ErrorClass::none) << status.detail;
  EXPECT_EQ(server.count("ExecuteQuery"), kAttempts);
  server.fail("ExecuteQuery", {StatusCode::UNAVAILABLE, "Socket closed"});
  status = finish(start_query(connection, "SELECT 1", true));
  EXPECT_EQ(status.error, ErrorClass::connection_lost);
  EXPECT_FALSE(status.maybe_executed);
  EXPECT_EQ(server.count("ExecuteQuery"), 2 * kAttempts);
}

TEST_F(ConnectionTest, WriteOnABrokenConnectionIsNotRepeated) {
  for (const bool applied : {false, true}) {
    FakeServer server;
    Relay relay(server.port());
    Connection* connection = connect_to(relay.port());
    ASSERT_EQ(scan(connection).error, ErrorClass::none);
    server.on("Insert", [&](const SeenCall&, unsigned, grpc::ServerContext* context) {
      if (!applied) return server.hold(context);  // dies before
      relay.freeze();                             // dies after
      return std::optional<grpc::Status>();
    });
    CallPtr call = start_insert(connection);
    server.wait_for_calls("Insert", 1);
    relay.cut();
    Status status = finish(call);
    EXPECT_EQ(status.error, ErrorClass::connection_lost);
    EXPECT_TRUE(status.maybe_executed);
    EXPECT_EQ(server.count("Insert"), 1U);
  }
}

TEST_F(ConnectionTest, ServerThatWasRestarted) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(insert(connection).error, ErrorClass::none);
  server.stop();
  EXPECT_EQ(insert(connection).error, ErrorClass::unreachable);
  EXPECT_EQ(insert(connection).error, ErrorClass::unreachable);
  server.start();
  EXPECT_EQ(insert(connection).error, ErrorClass::none) << "at once, not after a back-off";
  EXPECT_EQ(server.count("Insert"), 3U) << "one before, one refused for its old session, one after";
}

TEST_F(ConnectionTest, FrozenServer) {
  FakeServer server;
  Relay relay(server.port());
  Connection* connection = connect_to(relay.port());
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  relay.freeze();
  Status status = finish(start_insert(connection, 100));
  EXPECT_EQ(status.error, ErrorClass::timeout);
  EXPECT_TRUE(status.maybe_executed);
}

TEST_F(ConnectionTest, ResponseOverTheLimit) {
  FakeServer server;
  server.batches = {std::string(200'000, 'x')};
  ConnectionOptions options = options_for(server);
  options.max_response_bytes = 100'000;
  Status status = scan(connect(options));
  EXPECT_EQ(status.error, ErrorClass::too_large);
  EXPECT_THAT(status.detail, HasSubstr("100000"));
}

TEST_F(ConnectionTest, LongErrorTextsArrive) {
  FakeServer server;
  server.fail("Scan", {StatusCode::INTERNAL, "Execution error: " + std::string(100'000, 'x')});
  Status status = scan(connect(server));
  EXPECT_EQ(status.error, ErrorClass::internal);
  EXPECT_THAT(status.detail, HasSubstr("Execution error: xxxx"));
}

TEST_F(ConnectionTest, RequestOverTheServersLimit) {
  FakeServer server;
  Connection* connection = connect(server);
  const std::string sql = "SELECT '" + std::string(4'194'304, 'x') + "'";
  Status status = finish(start_query(connection, sql, true));
  EXPECT_EQ(status.error, ErrorClass::too_large);
  EXPECT_FALSE(status.maybe_executed);
  EXPECT_EQ(server.count("ExecuteQuery"), 0U) << "not even sent";
}

TEST_F(ConnectionTest, LargestRequestIsTaken) {
  FakeServer server;
  Connection* connection = connect(server);
  // sql: a tag of one byte and a length of four; then the session's id with two.
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  const size_t overhead = 5 + 2 + std::string(state(connection).session_id).size();
  EXPECT_EQ(finish(start_query(connection, std::string(4'194'304 - overhead, 'x'), true)).error, ErrorClass::none);
  EXPECT_EQ(finish(start_query(connection, std::string(4'194'305 - overhead, 'x'), true)).error, ErrorClass::too_large);
}

TEST_F(ConnectionTest, Ipv6) {
  FakeServer server({.address = "[::1]:0"});
  EXPECT_EQ(scan(connect_to(server.port(), 0, "::1")).error, ErrorClass::none);
  Connection* connection = connect_to(server.port(), 0, "[::1]");
  EXPECT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_EQ(state(connection).peer, "[::1]:" + std::to_string(server.port()));
}

TEST_F(ConnectionTest, PortOfSomethingElse) {
  // Speaks, but not HTTP/2.
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bind(listener, reinterpret_cast<sockaddr*>(&name), size);
  listen(listener, 8);
  getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size);
  std::thread answer([listener] {
    for (;;) {
      const int fd = accept(listener, nullptr, nullptr);
      if (fd < 0) return;
      const std::string text = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
      static_cast<void>(send(fd, text.data(), text.size(), MSG_NOSIGNAL));
      close(fd);
    }
  });
  Status status = insert(connect_to(ntohs(name.sin_port)));
  EXPECT_THAT(status.error, ::testing::AnyOf(ErrorClass::unreachable, ErrorClass::protocol)) << status.detail;
  EXPECT_FALSE(status.maybe_executed);
  shutdown(listener, SHUT_RDWR);
  answer.join();
  close(listener);
}

TEST_F(ConnectionTest, OptionsThatCannotBeUsed) {
  FakeServer server;
  struct Case {
    const char* what;
    void (*change)(ConnectionOptions*);
    ErrorClass error;
  };
  const Case cases[] = {
      {"no host", [](ConnectionOptions* o) { o->host = " "; }, ErrorClass::invalid_request},
      {"host with blanks", [](ConnectionOptions* o) { o->host = "a b"; }, ErrorClass::invalid_request},
      {"port 0", [](ConnectionOptions* o) { o->port = 0; }, ErrorClass::invalid_request},
      {"line feed in the header",
       [](ConnectionOptions* o) {
         o->auth_mode = AuthMode::static_header;
         o->auth_header = "Bearer a\nb";
       },
       ErrorClass::invalid_request},
      {"no user",
       [](ConnectionOptions* o) {
         o->auth_mode = AuthMode::account_login;
         o->login_password = "x";
       },
       ErrorClass::invalid_request},
      {"half a key pair",
       [](ConnectionOptions* o) {
         o->use_tls = true;
         o->client_cert = "-----BEGIN CERTIFICATE-----";
       },
       ErrorClass::tls},
      {"no such file", [](ConnectionOptions* o) { o->ca_cert = "/nowhere/ca.pem"; }, ErrorClass::tls},
      {"not PEM", [](ConnectionOptions* o) { o->ca_cert = "/proc/self/status"; }, ErrorClass::tls},
  };
  for (const Case& c : cases) {
    ConnectionOptions options = options_for(server);
    c.change(&options);
    Status status;
    EXPECT_EQ(connection_create(runtime_, &options, &status), nullptr) << c.what;
    EXPECT_EQ(status.error, c.error) << c.what;
    EXPECT_STRNE(status.message, "") << c.what;
  }
}

TEST_F(ConnectionTest, RequestsThatCannotBeSent) {
  FakeServer server;
  Connection* connection = connect(server);
  Status status;
  for (const char* name : {"", "..", "a/b", "a\\b", "a\nb"}) {
    ScanRequest request{};
    request.table = {name, "t", TableKind::shared, nullptr};
    EXPECT_EQ(call_scan(connection, &request, nullptr, &status), nullptr) << name;
    EXPECT_EQ(status.error, ErrorClass::invalid_request);
    request.table = {"app", name, TableKind::shared, nullptr};
    EXPECT_EQ(call_scan(connection, &request, nullptr, &status), nullptr) << name;
    request.table = {"app", "t", TableKind::user, name};
    EXPECT_EQ(call_scan(connection, &request, nullptr, &status), nullptr) << name;
    EXPECT_EQ(call_delete(connection, &request.table, "1", nullptr, &status), nullptr) << name;
    EXPECT_EQ(call_insert(connection, &request.table, rows_, 0, 1, nullptr, &status), nullptr) << name;
    EXPECT_EQ(call_update(connection, &request.table, "1", rows_, 0, nullptr, &status), nullptr) << name;
  }
  const char* columns[] = {"id", "v", "id"};
  ScanRequest twice{};
  twice.table = kTable;
  twice.columns = columns;
  twice.column_count = 3;
  EXPECT_EQ(call_scan(connection, &twice, nullptr, &status), nullptr);
  EXPECT_STREQ(status.column, "id");
  EXPECT_EQ(call_insert(connection, &kTable, rows_, 0, 2, nullptr, &status), nullptr) << "more rows than there are";
  EXPECT_EQ(call_execute_sql(connection, "\xff", 1, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
  EXPECT_TRUE(server.calls().empty());
}

}  // namespace
}  // namespace kalam::test
