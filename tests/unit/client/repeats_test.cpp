// What becomes of a call whose connection goes away: what was certainly not executed is sent again, by this library and
// not by gRPC, and nothing else is. Before each kind of call, and under it.
#include <gmock/gmock.h>

#include "unit/client/client_fixture.h"
#include "unit/client/h2_peer.h"

namespace kalam::test {
namespace {

enum class Kind {
  ping,
  open_session,
  scan,
  query,
  changing_query,
  sql,
  insert,
  update,
  remove,
  begin,
  staged_insert,
  commit,
  rollback
};

struct KindName {
  Kind kind;
  const char* name;
  const char* method;
  bool is_repeatable;  // whatever became of it
};

constexpr KindName kKinds[] = {
    {Kind::ping, "Ping", "Ping", true},
    {Kind::open_session, "OpenSession", "OpenSession", true},
    {Kind::scan, "Scan", "Scan", true},
    {Kind::query, "Query", "ExecuteQuery", true},
    {Kind::changing_query, "ChangingQuery", "ExecuteQuery", false},
    {Kind::sql, "Sql", "ExecuteSql", false},
    {Kind::insert, "Insert", "Insert", false},
    {Kind::update, "Update", "Update", false},
    {Kind::remove, "Delete", "Delete", false},
    {Kind::begin, "Begin", "BeginTransaction", false},
    {Kind::staged_insert, "StagedInsert", "Insert", false},
    {Kind::commit, "Commit", "CommitTransaction", false},
    {Kind::rollback, "Rollback", "RollbackTransaction", true},
};

class RepeatsTest : public ClientTest, public ::testing::WithParamInterface<KindName> {
 protected:
  Connection* prepare(const H2Peer& peer) {
    ConnectionOptions options{};
    options.host = "127.0.0.1";
    options.port = peer.port();
    Connection* connection = connect(options);
    EXPECT_EQ(ping(connection).error, ErrorClass::none);
    const Kind kind = GetParam().kind;
    if (kind == Kind::ping || kind == Kind::open_session) return connection;
    EXPECT_EQ(scan(connection).error, ErrorClass::none);
    if (kind == Kind::staged_insert || kind == Kind::commit || kind == Kind::rollback) {
      EXPECT_EQ(begin(connection).error, ErrorClass::none);
    }
    return connection;
  }

  Status call(Connection* connection) {
    Status status;
    switch (GetParam().kind) {
      case Kind::ping:
        return ping(connection);
      case Kind::open_session:
        return finish(checked(call_open_session(connection, nullptr, &status), status));
      case Kind::scan:
        return scan(connection);
      case Kind::query:
        return finish(start_query(connection, "SELECT 1", true));
      case Kind::changing_query:
        return finish(start_query(connection, "SELECT 1", false));
      case Kind::sql:
        return sql(connection, "CREATE NAMESPACE app");
      case Kind::insert:
      case Kind::staged_insert:
        return insert(connection);
      case Kind::update:
        return finish(checked(call_update(connection, &kTable, "42", rows_, 0, nullptr, &status), status));
      case Kind::remove:
        return finish(checked(call_delete(connection, &kTable, "42", nullptr, &status), status));
      case Kind::begin:
        return begin(connection);
      case Kind::commit:
        return commit(connection);
      case Kind::rollback:
        return rollback(connection);
    }
    return status;
  }

  // The next request of the kind's method is answered so, all others well.
  void answer_once(H2Peer* peer, const H2Peer::Script& once) {
    const size_t before = peer->count(GetParam().method);
    peer->set_script([=, method = std::string(GetParam().method)](const H2Peer::Request& request) {
      if (request.method == method && request.number == before + 1) return once(request);
      return peer->well(request);
    });
  }

  // The call under which this happens succeeds by being sent once more.
  void expect_repeated(const H2Peer::Script& once) {
    H2Peer peer;
    Connection* connection = prepare(peer);
    const size_t before = peer.count(GetParam().method);
    answer_once(&peer, once);
    const Status status = call(connection);
    EXPECT_EQ(status.error, ErrorClass::none) << status.message << ": " << status.detail;
    EXPECT_EQ(peer.count(GetParam().method), before + 2) << "one that was refused, one that was executed";
    EXPECT_EQ(ping(connection).error, ErrorClass::none);
  }

  // The call under which this happens may have been executed: it is sent again when it changes nothing, only.
  void expect_unknown(const H2Peer::Script& once) {
    H2Peer peer;
    Connection* connection = prepare(peer);
    const size_t before = peer.count(GetParam().method);
    answer_once(&peer, once);
    const Status status = call(connection);
    if (GetParam().is_repeatable) {
      EXPECT_EQ(status.error, ErrorClass::none) << status.message << ": " << status.detail;
      EXPECT_EQ(peer.count(GetParam().method), before + 2);
    } else {
      EXPECT_EQ(status.error, ErrorClass::connection_lost) << status.message << ": " << status.detail;
      EXPECT_TRUE(status.maybe_executed) << status.detail;
      EXPECT_EQ(peer.count(GetParam().method), before + 1) << "it must not be doubled";
    }
    EXPECT_EQ(ping(connection).error, ErrorClass::none);
  }
};

TEST_P(RepeatsTest, IdleConnectionThatIsClosedIsMadeAgain) {
  H2Peer peer;
  Connection* connection = prepare(peer);
  const size_t before = peer.count(GetParam().method);
  peer.close_all();
  peer.wait_for_ended(1);
  const Status status = call(connection);
  // The client may not have noticed yet; then it may have sent the request into the void.
  if (status.error != ErrorClass::none) {
    EXPECT_TRUE(status.maybe_executed && !GetParam().is_repeatable) << status.message << ": " << status.detail;
  }
  EXPECT_EQ(peer.count(GetParam().method), before + (status.error == ErrorClass::none ? 1 : 0));
}

TEST_P(RepeatsTest, IdleConnectionThatIsSentAwayIsMadeAgain) {
  H2Peer peer;
  Connection* connection = prepare(peer);
  const size_t before = peer.count(GetParam().method);
  peer.send_to_all(goaway(0x7fffffff));
  peer.wait_for_ended(1);
  const Status status = call(connection);
  EXPECT_EQ(status.error, ErrorClass::none) << status.message << ": " << status.detail;
  EXPECT_EQ(peer.count(GetParam().method), before + 1);
}

TEST_P(RepeatsTest, GoawayThatLeavesTheCallOut) {
  expect_repeated([](const H2Peer::Request& request) -> H2Peer::Answer { return {goaway(request.stream - 2), false}; });
}

TEST_P(RepeatsTest, GoawayThatLeavesTheCallOutAndAnEnd) {
  expect_repeated([](const H2Peer::Request& request) -> H2Peer::Answer { return {goaway(request.stream - 2), true}; });
}

TEST_P(RepeatsTest, GoawayOfAnAngryServerThatLeavesTheCallOut) {
  expect_repeated([](const H2Peer::Request& request) -> H2Peer::Answer {
    return {goaway(request.stream - 2, 11, "too_many_pings"), true};
  });
}

TEST_P(RepeatsTest, RefusedStream) {
  expect_repeated(
      [](const H2Peer::Request& request) -> H2Peer::Answer { return {rst_stream(request.stream, 7), false}; });
}

TEST_P(RepeatsTest, GoawayThatTakesTheCallInAndAnEnd) {
  expect_unknown([](const H2Peer::Request& request) -> H2Peer::Answer { return {goaway(request.stream), true}; });
}

TEST_P(RepeatsTest, End) {
  expect_unknown([](const H2Peer::Request&) -> H2Peer::Answer { return {{}, true}; });
}

TEST_P(RepeatsTest, EndAfterTheHeadersOfAnAnswer) {
  expect_unknown([](const H2Peer::Request& request) -> H2Peer::Answer {
    return {headers_frame(request.stream, response_headers()), true};
  });
}

TEST_P(RepeatsTest, StreamThatIsBrokenOff) {
  expect_unknown(
      [](const H2Peer::Request& request) -> H2Peer::Answer { return {rst_stream(request.stream, 2), false}; });
}

// The words of the transport prove nothing where a server puts them into a text of its own.
TEST_P(RepeatsTest, ServerThatSpeaksOfItsOwnTransport) {
  for (const char* text : {"proxy: GOAWAY received", "GOAWAY received by the leader", "Transport closed by the leader",
                           "upstream: Received RST_STREAM with error code 7"}) {
    expect_unknown(
        [=](const H2Peer::Request& request) -> H2Peer::Answer { return {failure(request.stream, 14, text), false}; });
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, RepeatsTest, ::testing::ValuesIn(kKinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace kalam::test
