// Sessions: opening, tokens, silence, leases, and sessions that the server has forgotten (specification 2).
#include <gmock/gmock.h>

#include "unit/client/client_fixture.h"

namespace kalam::test {
namespace {

using grpc::StatusCode;

class SessionTest : public ClientTest {};

TEST_F(SessionTest, EveryMethodAnswers) {
  FakeServer server;
  server.batches = {one_text("hello")};
  Connection* connection = connect(server);
  EXPECT_EQ(ping(connection).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 0U) << "a ping needs no session";
  EXPECT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_EQ(commit(connection).error, ErrorClass::none);
  EXPECT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_EQ(rollback(connection).error, ErrorClass::none);
  EXPECT_EQ(sql(connection, "CREATE NAMESPACE app").error, ErrorClass::none);

  Status status;
  CallPtr insert = start_insert(connection);
  EXPECT_EQ(finish(insert).error, ErrorClass::none);
  EXPECT_EQ(call_affected_rows(insert.get()), 1U);
  CallPtr update = checked(call_update(connection, &kTable, "42", rows_, 0, nullptr, &status), status);
  EXPECT_EQ(finish(update).error, ErrorClass::none);
  EXPECT_EQ(call_affected_rows(update.get()), 1U);
  CallPtr remove = checked(call_delete(connection, &kTable, "43", nullptr, &status), status);
  EXPECT_EQ(finish(remove).error, ErrorClass::none);
  EXPECT_EQ(server.calls("Delete")[0].text, "43");
  CallPtr query = start_query(connection, "SELECT 1", true);
  EXPECT_EQ(finish(query).error, ErrorClass::none);
  size_t size = 0;
  EXPECT_STREQ(call_message(query.get(), &size), "1 row(s)");
  CallPtr close = checked(call_close_session(connection, nullptr, &status), status);
  EXPECT_EQ(finish(close).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 1U) << "one session serves all calls";
  EXPECT_EQ(server.count("CloseSession"), 1U);
  EXPECT_STREQ(state(connection).session_id, "");
}

TEST_F(SessionTest, RowsOfAScanAreRead) {
  FakeServer server;
  server.batches = {one_text("hello")};
  Connection* connection = connect(server);
  CallPtr call = start_scan(connection);
  ASSERT_EQ(finish(call).error, ErrorClass::none);
  Status status;
  Window window{};
  ASSERT_TRUE(call_result_next(call.get(), 100, &window, &status)) << status.message << status.detail;
  ASSERT_EQ(window.rows, 1U);
  const auto& text = static_cast<const Slice*>(window.columns[0].values)[0];
  EXPECT_EQ(std::string(text.data, text.size), "hello");
  EXPECT_FALSE(call_result_next(call.get(), 100, &window, &status));
  EXPECT_EQ(status.error, ErrorClass::none);
}

TEST_F(SessionTest, AnsweredIdAndTokenAreUsed) {
  FakeServer server({.tokens = true});
  ConnectionOptions options = options_for(server);
  Connection* connection = connect(options);
  EXPECT_EQ(scan(connection).error, ErrorClass::none);
  const SeenCall open = server.calls("OpenSession").at(0);
  EXPECT_EQ(open.session_id, "") << "the server chooses";
  EXPECT_EQ(open.token, "");
  const SeenCall scan = server.calls("Scan").at(0);
  EXPECT_EQ(scan.session_id, state(connection).session_id);
  EXPECT_EQ(scan.token, "token-1");
  EXPECT_TRUE(state(connection).has_token);
  EXPECT_EQ(state(connection).lease_expires_at_ms, 1'700'000'000'000 + 1'800'000);
}

TEST_F(SessionTest, CredentialsGoOnlyWhereTheyAreRead) {
  FakeServer server;
  ConnectionOptions options = options_for(server);
  options.auth_mode = AuthMode::account_login;
  options.login_user = "Aladdin";
  options.login_password = "open sesame";
  Connection* connection = connect(options);
  EXPECT_EQ(ping(connection).error, ErrorClass::none);
  EXPECT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_EQ(server.calls("Ping").at(0).authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(server.calls("OpenSession").at(0).authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(server.calls("Scan").at(0).authorization, "");
}

TEST_F(SessionTest, ForgottenSessionIsOpenedAgainAndTheCallRepeated) {
  for (const char* text : {"invalid or expired session", "session not authenticated",
                           "session lease expired – re-authenticate via open_session"}) {
    FakeServer server;
    Connection* connection = connect(server);
    ASSERT_EQ(scan(connection).error, ErrorClass::none);
    const std::string id = state(connection).session_id;
    server.fail("Insert", {StatusCode::UNAUTHENTICATED, text}, 1, 1);
    CallPtr call = start_insert(connection);
    EXPECT_EQ(finish(call).error, ErrorClass::none) << text;
    EXPECT_EQ(server.count("Insert"), 2U);
    ASSERT_EQ(server.count("OpenSession"), 2U);
    EXPECT_EQ(server.calls("OpenSession")[1].session_id, id) << "under the same id";
    CallStatistics statistics;
    call_statistics(call.get(), &statistics);
    EXPECT_EQ(statistics.rpcs, 3U);
    EXPECT_EQ(statistics.attempts, 2U) << "the session's opening is none";
    EXPECT_EQ(statistics.redirects, 0U);
    EXPECT_EQ(call_kind(call.get()), CallKind::insert);
    EXPECT_FALSE(call_is_connecting(call.get()));
    call_add_wait(call.get(), 7);
    call_statistics(call.get(), &statistics);
    EXPECT_EQ(statistics.waited_us, 7U);
  }
}

TEST_F(SessionTest, RepeatedOnlyOnce) {
  FakeServer server;
  Connection* connection = connect(server);
  server.fail("Insert", {StatusCode::UNAUTHENTICATED, "invalid or expired session"});
  Status status = insert(connection);
  EXPECT_EQ(status.error, ErrorClass::session_gone);
  EXPECT_FALSE(status.maybe_executed);
  EXPECT_EQ(server.count("Insert"), 2U);
}

TEST_F(SessionTest, OneOpeningServesFiftyCallsInFlight) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  // All fifty are on the server before the first is refused.
  server.on("Insert",
            [&](const SeenCall&, unsigned number, grpc::ServerContext* context) -> std::optional<grpc::Status> {
              if (number > 50) return std::nullopt;
              if (auto given_up = server.hold(context)) return given_up;
              return grpc::Status(StatusCode::UNAUTHENTICATED, "invalid or expired session");
            });
  std::vector<CallPtr> calls;
  for (int i = 0; i < 50; ++i) calls.push_back(start_insert(connection));
  server.wait_for_held(50);
  server.forget_sessions();
  server.release_held();
  for (const CallPtr& call : calls) EXPECT_EQ(finish(call).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 2U);
  EXPECT_EQ(server.count("Insert"), 100U);
}

TEST_F(SessionTest, SessionLostInATransactionFailsTheTransaction) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  server.forget_sessions();
  EXPECT_EQ(insert(connection).error, ErrorClass::session_gone);
  EXPECT_EQ(server.count("OpenSession"), 1U) << "not opened again while the transaction is open";
  const size_t sent = server.calls().size();
  Status status;
  EXPECT_EQ(call_insert(connection, &kTable, rows_, 0, 1, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::session_gone);
  EXPECT_EQ(call_commit(connection, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::session_gone);
  EXPECT_FALSE(status.maybe_executed);
  EXPECT_EQ(server.calls().size(), sent) << "nothing may be executed on its own in the transaction's name";
}

TEST_F(SessionTest, RollbackOpensTheLostSessionUnderItsId) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  server.forget_sessions();
  EXPECT_EQ(insert(connection).error, ErrorClass::session_gone);
  EXPECT_EQ(rollback(connection).error, ErrorClass::none);
  const auto opened = server.calls("OpenSession");
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened[1].session_id, state(connection).session_id);
}

TEST_F(SessionTest, OpenedAgainBeforeBeginAfterSilence) {
  ManualClock clock;
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  const std::string id = state(connection).session_id;
  clock.advance(3'900);
  EXPECT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 1U);
  clock.advance(60'000);
  EXPECT_EQ(insert(connection).error, ErrorClass::none) << "an open transaction keeps its session";
  EXPECT_EQ(commit(connection).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 1U);
  clock.advance(4'100);
  EXPECT_EQ(begin(connection).error, ErrorClass::none);
  ASSERT_EQ(server.count("OpenSession"), 2U);
  EXPECT_EQ(server.calls("OpenSession")[1].session_id, id);
}

TEST_F(SessionTest, CallAfterSilenceMayHavePrunedTheSession) {
  ManualClock clock;
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  clock.advance(6'000);
  // This scan succeeds and takes its own session with it: a transaction must not begin in it.
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 1U);
  EXPECT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 2U);
}

TEST_F(SessionTest, LeaseIsRenewedBeforeItEnds) {
  ManualClock clock;
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  clock.advance(29 * 60'000 - 1'000);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 1U);
  clock.advance(2'000);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 2U);
  EXPECT_EQ(state(connection).sessions_opened, 2U);
}

TEST_F(SessionTest, LeaseIsNotRenewedInATransaction) {
  ManualClock clock;
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  clock.advance(29 * 60'000 + 30'000);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_EQ(commit(connection).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 1U);
}

TEST_F(SessionTest, OpenSessionCallDoesNothingWhileTheSessionIsFresh) {
  ManualClock clock;
  FakeServer server;
  Connection* connection = connect(server);
  Status status;
  for (int i = 0; i < 2; ++i) {
    CallPtr call = checked(call_open_session(connection, nullptr, &status), status);
    EXPECT_EQ(finish(call).error, ErrorClass::none);
  }
  EXPECT_EQ(server.count("OpenSession"), 1U);
  clock.advance(5'000);
  CallPtr call = checked(call_open_session(connection, nullptr, &status), status);
  EXPECT_EQ(finish(call).error, ErrorClass::none);
  EXPECT_EQ(server.count("OpenSession"), 2U);
}

TEST_F(SessionTest, WrongPasswordIsNotTriedAgain) {
  FakeServer server;
  server.fail("OpenSession",
              {StatusCode::UNAUTHENTICATED, "authentication failed: Invalid credentials: Invalid credentials"});
  server.fail("Ping", {StatusCode::UNAUTHENTICATED, "authentication failed: Invalid credentials"});
  ConnectionOptions options = options_for(server);
  options.auth_mode = AuthMode::account_login;
  options.login_user = "root";
  options.login_password = "hunter2hunter2";
  Connection* connection = connect(options);
  Status status = insert(connection);
  EXPECT_EQ(status.error, ErrorClass::authentication);
  EXPECT_FALSE(status.maybe_executed);
  EXPECT_EQ(server.count("OpenSession"), 1U);
  EXPECT_EQ(ping(connection).error, ErrorClass::authentication);
  EXPECT_EQ(server.count("Ping"), 1U);
}

TEST_F(SessionTest, SecretsStayOutOfTexts) {
  FakeServer server;
  server.on("OpenSession", [](const SeenCall& call, unsigned, grpc::ServerContext*) {
    return grpc::Status(StatusCode::UNAUTHENTICATED,
                        "cannot accept " + call.authorization + " with password hunter2hunter2");
  });
  ConnectionOptions options = options_for(server);
  options.auth_mode = AuthMode::account_login;
  options.login_user = "root";
  options.login_password = "hunter2hunter2";
  Status status = scan(connect(options));
  EXPECT_EQ(status.error, ErrorClass::authentication);
  EXPECT_THAT(status.detail, ::testing::HasSubstr("cannot accept Basic *** with password ***"));
}

TEST_F(SessionTest, CloseSessionIsSentAtTheEnd) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  const std::string id = state(connection).session_id;
  release(connection, 10'000);
  ASSERT_EQ(server.count("CloseSession"), 1U);
  EXPECT_EQ(server.calls("CloseSession")[0].session_id, id);
}

}  // namespace
}  // namespace kalam::test
