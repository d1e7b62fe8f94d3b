// Redirects to the leader of a cluster (specification 13).
#include <gmock/gmock.h>

#include <tuple>

#include "client/session/failure_texts.h"
#include "client/settings/settings.h"
#include "unit/client/client_fixture.h"

namespace kalam::test {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;

class LeaderTest : public ClientTest {
 protected:
  // A node that follows: refuses what only the leader serves, naming `api_address`.
  static void follow(FakeServer* node, const std::string& named,
                     std::initializer_list<const char*> methods = {"Scan"}) {
    for (const char* method : methods) {
      node->fail(method, {StatusCode::INTERNAL, "External error: Not leader for shard. Leader: " + named});
    }
  }
  static std::string address(const FakeServer& node) { return "127.0.0.1:" + std::to_string(node.port()); }
  // The cluster's list as `node` tells it: one API address and the node behind it.
  static void list(FakeServer* node, const std::string& api_address, const std::string& rpc_address) {
    node->query_batches["'" + api_address + "'"] = {one_text(rpc_address)};
  }
};

TEST_F(LeaderTest, Texts) {
  const std::pair<const char*, const char*> cases[] = {
      {"Not leader for shard. Leader: http://127.0.0.1:8588", "127.0.0.1:8588"},
      {"External error: Not leader for shard. Leader: Some(\"http://10.0.0.1:8080\")", "10.0.0.1:8080"},
      {"Not leader for shard. Leader: Some(Some(\"node-2:8080\"))", "node-2:8080"},
      {"Not leader for shard. Leader: https://user:secret@node-2.example:8080/path?x", "node-2.example:8080"},
      {"Not leader for shard. Leader: http://[fd00::2]:8080", "[fd00::2]:8080"},
      {"Not leader for shard. Leader: None", ""},
      {"Not leader for shard. Leader: Some(None)", ""},
      {"Not leader for shard. Leader: unknown", ""},
      {"Not leader for shard. Leader unknown", ""},
      {"Not leader for shard. Leader: ", ""},
      {"Not leader for group data:shared:00: leader is node Some(2)", ""},
      {"Not leader for shard. Leader: a'; DROP TABLE x; --:80", ""},
      {"Not leader for shard. Leader: http://node:99999", ""},
      {"Not leader for shard. Leader: http://node:0", ""},
      {"Not leader for shard. Leader: http://a%2f:80", ""},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(named_leader(text), expected) << text;
}

// The cluster's list may be anybody's work: the credentials go to the host of the server's own options, and to hosts
// that it allows.
TEST_F(LeaderTest, CredentialsGoToHostsThatAreAllowedOnly) {
  FakeServer follower;
  FakeServer leader({.address = "[::1]:0"});
  follow(&follower, "http://127.0.0.1:8080");
  list(&follower, "127.0.0.1:8080", "[::1]:" + std::to_string(leader.port()));
  Status status = scan(connect(follower));
  EXPECT_EQ(status.error, ErrorClass::not_leader) << status.detail;
  EXPECT_THAT(status.hint, HasSubstr("\"::1\"")) << status.hint;
  EXPECT_THAT(status.hint, HasSubstr("leader_hosts")) << status.hint;
  EXPECT_EQ(follower.count("Scan"), 1U) << "it is not searched for any further";
  EXPECT_TRUE(leader.calls().empty()) << "it was asked";

  ConnectionOptions options = options_for(follower);
  for (const char* hosts : {"node2, *.example", "::2", "[::]"}) {
    options.leader_hosts = hosts;
    EXPECT_EQ(scan(connect(options)).error, ErrorClass::not_leader) << hosts;
  }
  EXPECT_TRUE(leader.calls().empty()) << "it was asked";
  for (const char* hosts : {"[::1]", " ::2 , ::1,", "*"}) {
    options.leader_hosts = hosts;
    status = scan(connect(options));
    EXPECT_EQ(status.error, ErrorClass::none) << hosts << status.message << status.detail;
  }
}

TEST_F(LeaderTest, HostsThatAreAllowed) {
  const std::tuple<const char*, const char*, bool> cases[] = {{"", "127.0.0.1", true},
                                                              {"", "127.0.0.2", false},
                                                              {"a,b", "B", true},
                                                              {"a,b", "c", false},
                                                              {"*.x.de", "n.x.de", true},
                                                              {"*.x.de", "x.de", false},
                                                              {"*.x.de", "n.x.de.evil", false},
                                                              {"*.x.de", "evilx.de", false},
                                                              {"*.x.de", "a.b.X.de.", true},
                                                              {"node.x.de.", "node.x.de", true}};
  for (const auto& [hosts, host, allowed] : cases) {
    ConnectionOptions options{};
    options.host = "127.0.0.1";
    options.port = 1;
    options.leader_hosts = hosts;
    Settings settings;
    Status status;
    ASSERT_TRUE(read_settings(options, &settings, &status)) << hosts << status.message;
    EXPECT_EQ(settings.allows_leader(host), allowed) << hosts << " " << host;
  }
}

TEST_F(LeaderTest, FollowedAndRemembered) {
  FakeServer follower({.tokens = true});
  FakeServer leader({.tokens = true});
  follow(&follower, "http://127.0.0.1:8080");
  list(&follower, "127.0.0.1:8080", address(leader));
  Connection* connection = connect(follower);
  Status status = scan(connection);
  EXPECT_EQ(status.error, ErrorClass::none) << status.detail;
  EXPECT_EQ(follower.count("Scan"), 1U);
  EXPECT_EQ(leader.count("Scan"), 1U);
  EXPECT_THAT(follower.calls("ExecuteQuery").at(0).text, HasSubstr("SELECT rpc_addr FROM system.cluster"));
  EXPECT_EQ(leader.calls("OpenSession").at(0).session_id, follower.calls("Scan").at(0).session_id) << "the same id";
  EXPECT_EQ(leader.calls("Scan").at(0).token, "token-1") << "each node's own token";
  EXPECT_EQ(state(connection).redirects, 1U);
  EXPECT_EQ(state(connection).peer, address(leader));
  EXPECT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_EQ(commit(connection).error, ErrorClass::none);
  EXPECT_EQ(leader.count("CommitTransaction"), 1U);
  EXPECT_EQ(follower.calls().size(), 3U) << "OpenSession, Scan, the question for the leader";
}

TEST_F(LeaderTest, OneQuestionForAllCallsInFlight) {
  FakeServer follower;
  FakeServer leader;
  list(&follower, "n:8080", address(leader));
  follower.on("Scan", [&](const SeenCall&, unsigned, grpc::ServerContext* context) {
    if (auto given_up = follower.hold(context)) return given_up;
    return std::optional(grpc::Status(StatusCode::INTERNAL, "Not leader for shard. Leader: Some(\"http://n:8080\")"));
  });
  Connection* connection = connect(follower);
  std::vector<CallPtr> calls;
  for (int i = 0; i < 50; ++i) calls.push_back(start_scan(connection));
  follower.wait_for_held(50);
  follower.release_held();
  for (const CallPtr& call : calls) EXPECT_EQ(finish(call).error, ErrorClass::none);
  EXPECT_EQ(leader.count("Scan"), 50U);
  EXPECT_EQ(leader.count("OpenSession"), 1U);
  EXPECT_EQ(follower.count("ExecuteQuery"), 1U);
}

TEST_F(LeaderTest, OnlyListedAddressesAreContacted) {
  FakeServer follower;
  FakeServer stranger;
  follow(&follower, "http://" + address(stranger));
  Connection* connection = connect(follower);
  Status status = finish(start_scan(connection, 500));
  EXPECT_EQ(status.error, ErrorClass::not_leader);
  EXPECT_FALSE(status.maybe_executed);
  EXPECT_TRUE(stranger.calls().empty()) << "no credentials for an address that the cluster does not list";
}

TEST_F(LeaderTest, UnknownLeaderIsWaitedFor) {
  FakeServer node;
  node.fail("Scan", {StatusCode::INTERNAL, "Not leader for shard. Leader: None"}, 1, 3);
  Connection* connection = connect(node);
  EXPECT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_EQ(node.count("Scan"), 4U);
}

TEST_F(LeaderTest, WaitingEndsWithTheDeadlineOrTheCancellation) {
  FakeServer node;
  node.fail("Scan", {StatusCode::INTERNAL, "Not leader for shard. Leader: None"});
  Connection* connection = connect(node);
  EXPECT_EQ(finish(start_scan(connection, 300)).error, ErrorClass::not_leader);
  CallPtr call = start_scan(connection);
  node.wait_for_calls("Scan", node.count("Scan") + 2);
  call_cancel(call.get());
  EXPECT_EQ(finish(call).error, ErrorClass::cancelled);
}

TEST_F(LeaderTest, DeadlineInTheLastRequestOfASearch) {
  FakeServer node;
  Connection* connection = connect(node);
  EXPECT_EQ(scan(connection).error, ErrorClass::none);
  node.on("Scan", [&](const SeenCall&, unsigned number, grpc::ServerContext* context) -> std::optional<grpc::Status> {
    if (number > 2) return node.hold(context);
    return grpc::Status(StatusCode::INTERNAL, "Not leader for shard. Leader: None");
  });
  // The second request follows after a pause of 150 ms.
  EXPECT_EQ(finish(start_scan(connection, 230)).error, ErrorClass::not_leader);
  EXPECT_EQ(finish(start_scan(connection, 230)).error, ErrorClass::timeout) << "no search: the node took the time";
}

TEST_F(LeaderTest, ForwardThatFailedIsRepeated) {
  FakeServer node;
  node.fail("Insert",
            {StatusCode::INTERNAL,
             "Raft error: Network error: gRPC error forwarding proposal: code: 'The service is currently unavailable', "
             "message: \"tcp connect error\""},
            1, 2);
  Connection* connection = connect(node);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_EQ(node.count("Insert"), 3U);
}

TEST_F(LeaderTest, NodesThatNameEachOtherAreNotFollowedForEver) {
  FakeServer first;
  FakeServer second;
  follow(&first, "http://n2:8080");
  follow(&second, "http://n1:8080");
  for (FakeServer* node : {&first, &second}) {
    list(node, "n1:8080", address(first));
    list(node, "n2:8080", address(second));
  }
  Connection* connection = connect(first);
  EXPECT_EQ(finish(start_scan(connection, 1'000)).error, ErrorClass::not_leader);
  // Some hops in a row, then a pause of 150 ms each time.
  EXPECT_LE(first.count("Scan") + second.count("Scan"), 60U);
  EXPECT_GE(first.count("Scan") + second.count("Scan"), 3U);
}

TEST_F(LeaderTest, DeadLeaderIsReplaced) {
  FakeServer home;
  FakeServer heir;
  auto old = std::make_unique<FakeServer>();
  follow(&home, "http://old:8080");
  list(&home, "old:8080", address(*old));
  list(&home, "heir:8080", address(heir));
  Connection* connection = connect(home);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_EQ(old->count("Scan"), 1U);
  old.reset();
  // For a while the survivor names the dead node; then it knows the heir.
  home.on("Scan", [](const SeenCall&, unsigned number, grpc::ServerContext*) {
    return std::optional(grpc::Status(StatusCode::INTERNAL, std::string("Not leader for shard. Leader: ") +
                                                                (number < 5 ? "http://old:8080" : "http://heir:8080")));
  });
  Status status = scan(connection);
  EXPECT_EQ(status.error, ErrorClass::none) << status.detail;
  EXPECT_EQ(heir.count("Scan"), 1U);
  EXPECT_EQ(state(connection).peer, address(heir));
}

TEST_F(LeaderTest, TransactionStaysOnItsNodeAndTheNextBeginsAtTheLeader) {
  FakeServer follower;
  FakeServer leader;
  follower.fail("Insert", {StatusCode::FAILED_PRECONDITION, "Not leader for shard. Leader: Some(\"http://n:8080\")"});
  list(&follower, "n:8080", address(leader));
  Connection* connection = connect(follower);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  Status status = insert(connection);
  EXPECT_EQ(status.error, ErrorClass::not_leader);
  EXPECT_FALSE(status.maybe_executed);
  EXPECT_EQ(rollback(connection).error, ErrorClass::none);
  EXPECT_EQ(follower.count("RollbackTransaction"), 1U);
  EXPECT_TRUE(leader.calls().empty());
  EXPECT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_EQ(commit(connection).error, ErrorClass::none);
  EXPECT_EQ(leader.count("CommitTransaction"), 1U);
}

TEST_F(LeaderTest, EachUsersGroupHasItsOwnLeader) {
  FakeServer home;
  FakeServer other;
  list(&home, "other:8080", address(other));
  list(&other, "home:8080", address(home));
  // The home leads the shared tables, the other node the user's.
  home.on("Insert", [](const SeenCall&, unsigned, grpc::ServerContext*) {
    return std::optional(grpc::Status(StatusCode::INTERNAL, "Not leader for shard. Leader: http://other:8080"));
  });
  other.fail("Scan", {StatusCode::INTERNAL, "Not leader for shard. Leader: http://home:8080"});
  Connection* connection = connect(home);
  const TableRef notes = {"app", "notes", TableKind::user, "alice"};
  Status status;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(scan(connection).error, ErrorClass::none);
    CallPtr call = checked(call_insert(connection, &notes, rows_, 0, 1, nullptr, &status), status);
    EXPECT_EQ(finish(call).error, ErrorClass::none);
  }
  EXPECT_EQ(home.count("Insert"), 1U);
  EXPECT_LE(other.count("Scan"), 1U);
  EXPECT_EQ(other.count("Insert"), 3U);
}

}  // namespace
}  // namespace kalam::test
