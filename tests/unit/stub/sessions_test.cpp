#include "stub/server/sessions.h"

#include "stub_fixture.h"

namespace kalam::stub {
namespace {

class SessionsTest : public testing::Test {
 protected:
  SessionsTest() { clock_.freeze(1795386000000000); }
  Sessions registry(bool r2 = false) { return Sessions(clock_, ids_, {r2, true, true}); }
  void wait(double seconds) { clock_.advance(static_cast<int64_t>(seconds * 1e6)); }

  Clock clock_;
  IdSource ids_{1};
};

TEST_F(SessionsTest, AnotherClientsCallPrunesAnIdleSession) {
  Sessions sessions = registry();
  std::string idle = sessions.open("", {}, "").id;
  wait(7);
  std::string other = sessions.open("", {}, "").id;
  EXPECT_EQ(sessions.begin_call(idle, "", "Scan").message, "invalid or expired session");
  EXPECT_TRUE(sessions.begin_call(other, "", "Scan").ok());
}

TEST_F(SessionsTest, TheOwnCallOfAnIdleSessionRunsAndTheNextOneFails) {
  Sessions sessions = registry();
  std::string id = sessions.open("", {}, "").id;
  wait(7);
  EXPECT_TRUE(sessions.begin_call(id, "", "Scan").ok());
  EXPECT_EQ(sessions.begin_call(id, "", "Scan").message, "session not authenticated");
  sessions.open(id, {}, "");
  EXPECT_TRUE(sessions.begin_call(id, "", "Scan").ok()) << "opened again under the same id";
}

TEST_F(SessionsTest, ASessionInUseOrInATransactionIsNotPruned) {
  Sessions sessions = registry();
  std::string used = sessions.open("", {}, "").id;
  std::string busy = sessions.open("", {}, "").id;
  sessions.set_transaction_hooks([&](const std::string& id) { return id == busy; }, [](const std::string&) {});
  for (int i = 0; i < 3; i++) {
    wait(4);
    EXPECT_TRUE(sessions.begin_call(used, "", "Scan").ok());
  }
  EXPECT_TRUE(sessions.begin_call(busy, "", "Scan").ok());
  EXPECT_TRUE(sessions.begin_call(busy, "", "Scan").ok());
}

TEST_F(SessionsTest, ALeaseEndsAfterHalfAnHourOfUse) {
  Sessions sessions = registry();
  const Session& session = sessions.open("", {}, "");
  std::string id = session.id;
  EXPECT_EQ(session.lease_expires_ms, clock_.now_ms() + 1800000);
  for (int i = 0; i < 449; i++) {
    wait(4);
    ASSERT_TRUE(sessions.begin_call(id, "", "Scan").ok()) << i;
  }
  wait(4);
  EXPECT_EQ(sessions.begin_call(id, "", "Scan").message,
            "session lease expired \xe2\x80\x93 re-authenticate via open_session");
}

TEST_F(SessionsTest, R2WantsTheTokenAndClosesOnReopen) {
  Sessions sessions = registry(true);
  std::string closed;
  sessions.set_transaction_hooks([](const std::string&) { return false; }, [&](const std::string& id) { closed = id; });
  std::string first = sessions.open("pg-1", {}, "").token;
  EXPECT_TRUE(sessions.begin_call("pg-1", first, "Scan").ok());
  EXPECT_EQ(sessions.begin_call("pg-1", "", "Scan").message, "invalid or expired session");
  std::string second = sessions.open("pg-1", {}, "").token;
  EXPECT_EQ(closed, "pg-1");
  EXPECT_NE(first, second);
  EXPECT_FALSE(sessions.begin_call("pg-1", first, "Scan").ok());
  wait(60);
  EXPECT_TRUE(sessions.begin_call("pg-1", second, "Scan").ok()) << "no sweep but for a list of sessions";
}

TEST_F(SessionsTest, OwnerKeys) {
  std::string error;
  EXPECT_EQ(owner_key("pg-123", error), owner_key("pg-123-", error));
  EXPECT_EQ(owner_key("pg-123-0AB", error), owner_key("pg-123-ab", error));
  EXPECT_NE(owner_key("pg-123-ab", error), owner_key("pg-124-ab", error));
  EXPECT_TRUE(owner_key("6ba7b810-9dad-11d1-80b4-00c04fd430c8", error));
  const std::pair<const char*, const char*> refused[] = {
      {"pg-", "missing backend pid"},
      {"pg-x", "backend pid must be numeric"},
      {"pg-99999999999", "backend pid must be numeric"},
      {"pg-1-xyz", "config hash must be hexadecimal"},
      {"pg-1-0123456789abcdef0", "config hash must be hexadecimal"},
      {"mine", "expected pg-<pid>-<config_hash> or a server-issued UUID handle"}};
  for (const auto& [id, reason] : refused) {
    EXPECT_FALSE(owner_key(id, error));
    EXPECT_EQ(error, std::string("Invalid operation: invalid pg session id '") + id + "': " + reason);
  }
}

class BeginOnIdleSession : public ServerTest {};

// Specification 2.3: Begin runs on the session that it prunes, and the transaction goes on when the id is opened again.
TEST_F(BeginOnIdleSession, TheTransactionSurvivesUnderTheSameId) {
  make_table();
  server_.clock().advance(7000000);
  std::string id = begin();
  EXPECT_TRUE(status_.ok());
  EXPECT_EQ(insert("t", {row(1, 1)}).message, "session not authenticated");
  open(session_);
  EXPECT_TRUE(insert("t", {row(1, 1)}).ok());
  EXPECT_TRUE(commit(id).ok());
  EXPECT_EQ(scan("t"), 1);
}

}  // namespace
}  // namespace kalam::stub
