// What is refused before anything is sent: handles that are not there, names that are none, files that would never end.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <string>

#include "client/base/memory_room.h"
#include "client/base/status.h"
#include "unit/client/certificates.h"
#include "unit/client/client_fixture.h"

namespace kalam::test {
namespace {

class RefusalsTest : public ClientTest {};

TEST_F(RefusalsTest, NoConnection) {
  const ScanRequest request{};
  Status status;
  auto refused = [&](Call* call) {
    EXPECT_EQ(call, nullptr);
    EXPECT_EQ(status.error, ErrorClass::invalid_request) << status.message;
    EXPECT_FALSE(status.maybe_executed);
    EXPECT_STRNE(status.message, "");
    call_release(call);
    status = Status{};
  };
  FakeServer server;
  for (Connection* connection : {static_cast<Connection*>(nullptr), connect(server)}) {
    if (connection == nullptr) {
      refused(call_ping(connection, nullptr, &status));
      refused(call_open_session(connection, nullptr, &status));
      refused(call_close_session(connection, nullptr, &status));
      refused(call_begin(connection, nullptr, &status));
    }
    refused(call_commit(connection, nullptr, &status));
    refused(call_rollback(connection, nullptr, &status));
    refused(call_scan(connection, connection == nullptr ? &request : nullptr, nullptr, &status));
    refused(call_insert(connection, connection == nullptr ? &kTable : nullptr, rows_, 0, 1, nullptr, &status));
    refused(call_insert(connection, &kTable, nullptr, 0, 1, nullptr, &status));
    refused(call_update(connection, connection == nullptr ? &kTable : nullptr, "1", rows_, 0, nullptr, &status));
    refused(call_update(connection, &kTable, "1", nullptr, 0, nullptr, &status));
    refused(call_delete(connection, connection == nullptr ? &kTable : nullptr, "1", nullptr, &status));
    refused(call_execute_sql(connection, nullptr, 0, nullptr, &status));
    refused(call_execute_query(connection, nullptr, 0, true, nullptr, &status));
  }
  EXPECT_EQ(connection_create(nullptr, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
  EXPECT_EQ(connection_create(runtime_, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
  connection_release(nullptr, 100);
  connection_abandon_session(nullptr);
  EXPECT_STREQ(state(nullptr).session_id, "");
  EXPECT_EQ(runtime_event_fd(nullptr), -1);
  runtime_drain_events(nullptr);
  runtime_stop(nullptr);
}

TEST_F(RefusalsTest, NoCall) {
  Status status;
  EXPECT_TRUE(call_done(nullptr)) << "nobody waits for it";
  EXPECT_TRUE(call_wait(nullptr, 0));
  call_status(nullptr, &status);
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
  call_cancel(nullptr);
  call_release(nullptr);
  EXPECT_EQ(call_affected_rows(nullptr), 0U);
  size_t size = 1;
  EXPECT_STREQ(call_message(nullptr, &size), "");
  EXPECT_EQ(size, 0U);
  CallStatistics statistics{};
  statistics.rpcs = 1;
  call_statistics(nullptr, &statistics);
  EXPECT_EQ(statistics.rpcs, 0U);
  EXPECT_EQ(call_kind(nullptr), CallKind::ping);
  EXPECT_FALSE(call_is_connecting(nullptr));
  call_add_wait(nullptr, 1);
  Window window{};
  EXPECT_FALSE(call_result_schema(nullptr, &window, &status));
  EXPECT_NE(status.error, ErrorClass::none);
  EXPECT_FALSE(call_result_next(nullptr, 1, &window, &status));
  EXPECT_NE(status.error, ErrorClass::none);
  EXPECT_FALSE(call_result_rewind(nullptr, false, &status));
  EXPECT_NE(status.error, ErrorClass::none);
  call_result_keep(nullptr);
  call_result_select(nullptr, nullptr, 0);
}

TEST_F(RefusalsTest, NamesOfHosts) {
  struct Case {
    std::string name;
    bool connect;
    bool verify;
    bool leaders;
  };
  const Case cases[] = {
      {"localhost", true, true, true},
      {"a.b-c.example.", true, true, true},
      {"x_y", true, true, true},
      {"127.0.0.1", true, true, true},
      {"::1", true, true, true},
      {"[::1]", true, true, true},
      {"::ffff:10.0.0.1", true, true, true},
      {"fe80::1%eth0", true, false, false},
      {"*", false, false, true},
      {"*.example", false, false, true},
      {std::string(63, 'a') + ".de", true, true, true},
      {std::string(64, 'a') + ".de", false, false, false},
      {std::string(300, 'a'), false, false, false},
      {"", false, false, false},
      {"%", false, false, false},
      {"fe80::1%", false, false, false},
      {"fe80::1%a/b", false, false, false},
      {"10.0.0.1%eth0", false, false, false},
      {".", false, false, false},
      {"a..b", false, false, false},
      {".a", false, false, false},
      {"a b", false, false, false},
      {"a/b", false, false, false},
      {"a:1", false, false, false},
      {"a@b", false, false, false},
      {"a%00", false, false, false},
      {std::string("a\0b", 3), false, false, false},
      {"\xc3\xa4", false, false, false},
      {":::", false, false, false},
      {"*.*", false, false, false},
      {"a.*", false, false, false},
  };
  for (const Case& c : cases) {
    Status status;
    EXPECT_EQ(check_host(c.name.data(), c.name.size(), HostUse::connect, &status), c.connect) << c.name;
    EXPECT_EQ(check_host(c.name.data(), c.name.size(), HostUse::verify, &status), c.verify) << c.name;
    EXPECT_EQ(check_host(c.name.data(), c.name.size(), HostUse::leaders, &status), c.leaders) << c.name;
    if (!c.verify && c.name.find('\0') == std::string::npos && !c.name.empty()) {
      ConnectionOptions options{};
      options.host = "127.0.0.1";
      options.port = 1;
      options.use_tls = true;
      options.tls_server_name = c.name.c_str();
      EXPECT_EQ(connection_create(runtime_, &options, &status), nullptr) << c.name;
      EXPECT_EQ(status.error, ErrorClass::invalid_request) << c.name;
    }
  }
}

TEST_F(RefusalsTest, FilesThatAreNone) {
  Authority authority;
  const std::string folder = authority.certificate_path().substr(0, authority.certificate_path().rfind('/'));
  const std::string fifo = folder + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, folder, std::string("/dev/zero"), std::string("/dev/null"), folder + "/none"}) {
    ConnectionOptions options{};
    options.host = "127.0.0.1";
    options.port = 1;
    options.ca_cert = path.c_str();
    Status status;
    EXPECT_EQ(connection_create(runtime_, &options, &status), nullptr) << path;
    EXPECT_EQ(status.error, ErrorClass::tls) << path;
  }
}

// PEM text that gRPC and the TLS library cannot use: an error, when the connection is made or at its first call.
TEST_F(RefusalsTest, PemThatIsNone) {
  FakeServer server;
  Authority authority;
  const KeyPair good = authority.issue("client", "DNS:x");
  const std::string broken[] = {"-----BEGIN CERTIFICATE-----",
                                "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
                                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                "-----BEGIN X-----\n\xff\xff\n-----END X-----",
                                good.key,
                                good.certificate.substr(0, 200),
                                good.certificate + good.certificate.substr(0, 100),
                                std::string(100'000, '-') + "-----BEGIN CERTIFICATE-----"};
  for (const std::string& pem : broken) {
    for (int where = 0; where < 3; where++) {
      ConnectionOptions options = options_for(server);
      options.ca_cert = where == 0 ? pem.c_str() : authority.certificate().c_str();
      options.client_cert = where == 1 ? pem.c_str() : where == 2 ? good.certificate.c_str() : nullptr;
      options.client_key = where == 2 ? pem.c_str() : where == 1 ? good.key.c_str() : nullptr;
      options.connect_timeout_ms = 2'000;
      options.call_timeout_ms = 4'000;
      Status status;
      Connection* connection = connection_create(runtime_, &options, &status);
      if (connection != nullptr) {
        status = ping(connection);
        connection_release(connection, 0);
      }
      EXPECT_NE(status.error, ErrorClass::none) << where << pem;
    }
  }
}

// Texts of servers are shown by terminals and written to logs.
TEST_F(RefusalsTest, TextsThatTerminalsObey) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain text, \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "plain text, \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
      {"a\nLOG:  b\r\nc\td\x0b\x0c"
       "e",
       "a LOG:  b  c d  e"},
      {"\x1b[31m\x07\x7f", "?[31m??"},
      {"\xc2\x80\xc2\x9b\xc2\x85\xc2\xa0", "?? \xc2\xa0"},
      {"\xe2\x80\xa8\xe2\x80\xa9", "  "},
      {"\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "???????"},
      {"\xef\xbb\xbf\xf3\xa0\x81\x81", "??"},
      {"\x9b\xff\xed\xa0\x80", "?????"},
  };
  FakeServer server;
  Connection* connection = connect(server);
  for (const auto& [text, expected] : cases) {
    char field[256];
    copy_text(field, sizeof field, text);
    EXPECT_EQ(std::string(field), expected);
  }
  server.fail("Scan", {grpc::StatusCode::INTERNAL,
                       "a\xc2\x9b"
                       "31mb\xe2\x80\xae"
                       "c\nLOG:  forged"});
  EXPECT_STREQ(scan(connection).detail, "a?31mb?c LOG:  forged");
  server.query_message = "1\n2\xc2\x9b";
  server.batches = {one_text("x")};
  CallPtr call = start_query(connection, "SELECT 1", true);
  EXPECT_EQ(finish(call).error, ErrorClass::none);
  size_t size = 0;
  EXPECT_STREQ(call_message(call.get(), &size), "1 2?");
}

// An answer is bounded by what memory there is, and no scan is begun with next to none.
TEST_F(RefusalsTest, LittleAddressSpace) {
  FakeServer server;
  server.batches = {one_text(std::string(12 << 20, 'x'))};
  ASSERT_EQ(scan(connect(server)).error, ErrorClass::none);
  EXPECT_EQ(bound_by_memory(1000), 1000U);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  if (before.rlim_cur != RLIM_INFINITY) GTEST_SKIP() << "the address space is bounded already";
  Connection* old = connect(server);
  ASSERT_EQ(ping(old).error, ErrorClass::none);
  // What is taken now, and so much more.
  auto leave = [&](uint64_t room) {
    rlimit limit = before;
    limit.rlim_cur = uint64_t{1} << 46;
    setrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = limit.rlim_cur - memory_room() + room;
    setrlimit(RLIMIT_AS, &limit);
  };
  leave(uint64_t{20} << 20);
  EXPECT_TRUE(is_memory_short());
  Status status;
  const ScanRequest request{kTable, nullptr, 0, nullptr, 0};
  EXPECT_EQ(call_scan(old, &request, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::out_of_memory);
  leave(uint64_t{40} << 20);
  EXPECT_LT(bound_by_memory(0), 12U << 20);
  setrlimit(RLIMIT_AS, &before);
  EXPECT_EQ(scan(old).error, ErrorClass::none) << "it is usable afterwards";
}

}  // namespace
}  // namespace kalam::test
