// Transactions: one at a time, pinned, and never left behind in a session (specification 8).
#include <gmock/gmock.h>

#include "unit/client/client_fixture.h"
#include "unit/client/relay.h"

namespace kalam::test {
namespace {

using grpc::StatusCode;

class TransactionTest : public ClientTest {};

TEST_F(TransactionTest, IdsAreTheServers) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  const std::string id = state(connection).transaction_id;
  EXPECT_EQ(id.substr(0, 12), "transaction-");
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_EQ(commit(connection).error, ErrorClass::none);
  EXPECT_EQ(server.calls("CommitTransaction").at(0).text, id);
  EXPECT_STREQ(state(connection).transaction_id, "");
}

TEST_F(TransactionTest, RefusedLocally) {
  FakeServer server;
  Connection* connection = connect(server);
  Status status;
  EXPECT_EQ(call_commit(connection, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
  EXPECT_EQ(call_rollback(connection, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_EQ(call_begin(connection, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
  EXPECT_EQ(server.count("BeginTransaction"), 1U);
  EXPECT_EQ(insert(connection).error, ErrorClass::none) << "the open transaction is not hurt";
  EXPECT_EQ(commit(connection).error, ErrorClass::none);
}

TEST_F(TransactionTest, AfterAFailedBeginNoneIsOpen) {
  FakeServer server;
  server.fail("BeginTransaction", {StatusCode::INTERNAL, "no"}, 1, 1);
  Connection* connection = connect(server);
  EXPECT_EQ(begin(connection).error, ErrorClass::internal);
  EXPECT_STREQ(state(connection).transaction_id, "");
  EXPECT_EQ(begin(connection).error, ErrorClass::none);
}

TEST_F(TransactionTest, BeginWhoseAnswerWasLostCostsTheSession) {
  FakeServer server;
  Relay relay(server.port());
  ConnectionOptions options = options_for(server);
  options.port = relay.port();
  Connection* connection = connect(options);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  const std::string id = state(connection).session_id;
  // The server begins; nobody hears of it.
  server.on("BeginTransaction", [&](const SeenCall&, unsigned, grpc::ServerContext*) {
    relay.freeze();
    return std::nullopt;
  });
  Status status;
  CallPtr call = checked(call_begin(connection, nullptr, &status), status);
  server.wait_for_calls("BeginTransaction", 1);
  relay.cut();
  EXPECT_EQ(finish(call).error, ErrorClass::connection_lost);
  EXPECT_STRNE(state(connection).session_id, id.c_str()) << "its writes would go into the forgotten transaction";
}

TEST_F(TransactionTest, CancelledBeginCostsTheSession) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(scan(connection).error, ErrorClass::none);
  const std::string id = state(connection).session_id;
  server.on("BeginTransaction",
            [&](const SeenCall&, unsigned, grpc::ServerContext* context) { return server.hold(context); });
  Status status;
  CallPtr call = checked(call_begin(connection, nullptr, &status), status);
  server.wait_for_held(1);
  call_cancel(call.get());
  EXPECT_EQ(finish(call).error, ErrorClass::cancelled);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  server.wait_for_calls("CloseSession", 1);
  EXPECT_EQ(server.calls("CloseSession").at(0).session_id, id);
  EXPECT_NE(server.calls("Insert").at(0).session_id, id);
}

TEST_F(TransactionTest, TransactionThatTheServerEndedTakesNothingMore) {
  FakeServer server;
  server.fail("Insert",
              {StatusCode::FAILED_PRECONDITION,
               "Invalid operation: cannot stage writes in transaction 'x' because it timed out and was "
               "aborted"},
              2, 2);
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_EQ(insert(connection).error, ErrorClass::transaction_gone);
  Status status;
  EXPECT_EQ(call_insert(connection, &kTable, rows_, 0, 1, nullptr, &status), nullptr)
      << "it would be executed at once and on its own";
  EXPECT_EQ(status.error, ErrorClass::transaction_gone);
  EXPECT_EQ(call_commit(connection, nullptr, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::transaction_gone);
  EXPECT_EQ(server.count("CommitTransaction"), 0U);
  EXPECT_EQ(begin(connection).error, ErrorClass::none) << "the next transaction is not concerned";
}

TEST_F(TransactionTest, OtherErrorsLeaveItOpen) {
  FakeServer server;
  server.fail("Insert", {StatusCode::INVALID_ARGUMENT, "transactional INSERT requires primary key column 'id'"}, 1, 1);
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_EQ(insert(connection).error, ErrorClass::invalid_request);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_EQ(commit(connection).error, ErrorClass::none);
}

TEST_F(TransactionTest, CommitWhoseAnswerWasLostIsNotRepeated) {
  FakeServer server;
  Relay relay(server.port());
  ConnectionOptions options = options_for(server);
  options.port = relay.port();
  Connection* connection = connect(options);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  server.on("CommitTransaction", [&](const SeenCall&, unsigned, grpc::ServerContext*) {
    relay.freeze();
    return std::nullopt;
  });
  Status status;
  CallPtr call = checked(call_commit(connection, nullptr, &status), status);
  server.wait_for_calls("CommitTransaction", 1);
  relay.cut();
  status = finish(call);
  EXPECT_EQ(status.error, ErrorClass::connection_lost);
  EXPECT_TRUE(status.maybe_executed);
  EXPECT_EQ(server.count("CommitTransaction"), 1U);
}

TEST_F(TransactionTest, CommitThatDoesNotNameItsTransactionTellsNothing) {
  for (const char* echo : {"", "transaction-0"}) {
    FakeServer server;
    server.echo = echo;
    Connection* connection = connect(server);
    ASSERT_EQ(begin(connection).error, ErrorClass::none);
    const Status status = commit(connection);
    EXPECT_EQ(status.error, ErrorClass::protocol);
    EXPECT_TRUE(status.maybe_executed);
    EXPECT_EQ(rollback(connection).error, ErrorClass::transaction_unknown) << "it had been committed";
    EXPECT_EQ(server.count("CommitTransaction"), 1U);
  }
}

TEST_F(TransactionTest, RollbackThatDoesNotNameItsTransactionProvesNothing) {
  FakeServer server;
  server.echo = "";
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  const std::string id = state(connection).session_id;
  EXPECT_EQ(rollback(connection).error, ErrorClass::protocol);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_NE(server.calls("Insert").at(0).session_id, id) << "the session may still be in the transaction";
}

TEST_F(TransactionTest, SessionThatIsInATransactionIsGivenUp) {
  for (const char* text : {"backend session 'x' already has an active transaction block",
                           "backend session 'x' is in a failed transaction block until rollback"}) {
    FakeServer server;
    server.fail("BeginTransaction", {StatusCode::FAILED_PRECONDITION, text}, 1, 1);
    Connection* connection = connect(server);
    ASSERT_EQ(scan(connection).error, ErrorClass::none);
    const std::string id = state(connection).session_id;
    EXPECT_EQ(begin(connection).error, ErrorClass::transaction_gone);
    EXPECT_EQ(begin(connection).error, ErrorClass::none);
    EXPECT_NE(server.calls("BeginTransaction").at(1).session_id, id);
  }
}

TEST_F(TransactionTest, RollbackAfterALostCommitTellsWhetherItWasCommitted) {
  for (const bool committed : {false, true}) {
    FakeServer server;
    Connection* connection = connect(server);
    ASSERT_EQ(begin(connection).error, ErrorClass::none);
    // UNAVAILABLE stands for a lost answer: before, or after the server has committed.
    server.on("CommitTransaction", [&](const SeenCall&, unsigned number, grpc::ServerContext*) {
      if (committed) server.forget_transactions();
      return number == 1 ? std::optional(grpc::Status(StatusCode::UNAVAILABLE, "Socket closed")) : std::nullopt;
    });
    EXPECT_TRUE(commit(connection).maybe_executed);
    Status status = rollback(connection);
    EXPECT_EQ(status.error, committed ? ErrorClass::transaction_unknown : ErrorClass::none) << status.detail;
    EXPECT_EQ(server.count("CommitTransaction"), 1U);
  }
}

TEST_F(TransactionTest, SessionOfAnUnresolvedTransactionIsGivenUp) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  const std::string id = state(connection).session_id;
  server.fail("CommitTransaction", {StatusCode::UNAVAILABLE, "Socket closed"});
  EXPECT_EQ(commit(connection).error, ErrorClass::connection_lost);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_NE(server.calls("Insert").at(0).session_id, id);
  server.wait_for_calls("CloseSession", 1);
  EXPECT_EQ(server.calls("CloseSession").at(0).session_id, id);
}

TEST_F(TransactionTest, AbandonedSessionTakesTheTransactionWithIt) {
  FakeServer server;
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  const std::string id = state(connection).session_id;
  ASSERT_EQ(insert(connection).error, ErrorClass::none);
  connection_abandon_session(connection);
  server.wait_for_calls("CloseSession", 1);
  EXPECT_EQ(server.calls("CloseSession").at(0).session_id, id);
  EXPECT_EQ(server.count("RollbackTransaction"), 0U) << "a change that comes after it would be executed on its own";
  EXPECT_STREQ(state(connection).transaction_id, "");
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  EXPECT_NE(server.calls("BeginTransaction").at(1).session_id, id);
  EXPECT_EQ(commit(connection).error, ErrorClass::none);
}

TEST_F(TransactionTest, NothingIsAbandonedWhereNothingWasOpened) {
  FakeServer server;
  Connection* connection = connect(server);
  connection_abandon_session(connection);
  EXPECT_EQ(insert(connection).error, ErrorClass::none);
  EXPECT_EQ(server.count("CloseSession"), 0U);
}

TEST_F(TransactionTest, SessionThatEndsWithTheCommitLeavesItsOutcomeOpen) {
  FakeServer server;
  server.fail("CommitTransaction", {StatusCode::FAILED_PRECONDITION, "session 'x' not found"});
  Connection* connection = connect(server);
  ASSERT_EQ(begin(connection).error, ErrorClass::none);
  Status status = commit(connection);
  EXPECT_EQ(status.error, ErrorClass::session_gone);
  EXPECT_TRUE(status.maybe_executed);
}

}  // namespace
}  // namespace kalam::test
