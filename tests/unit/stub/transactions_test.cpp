#include "stub/rows/transactions.h"

#include "stub_fixture.h"

namespace kalam::stub {
namespace {

class TransactionsTest : public ServerTest {
 protected:
  explicit TransactionsTest(Options options = frozen_options()) : ServerTest(std::move(options)) { make_table(); }
  void SetUp() override { ASSERT_TRUE(insert("t", {row(1, 10), row(2, 20), row(3, 30)}).ok()); }
};

// Specification 8.5: update 1, insert 50, delete 2, update 999, delete 3.
class MixedCommit : public TransactionsTest {
 protected:
  using TransactionsTest::TransactionsTest;
  Status failing_commit() {
    std::string id = begin();
    EXPECT_TRUE(update("t", "1", R"({"a":{"Int32":11}})").ok());
    EXPECT_TRUE(insert("t", {row(50, 50)}).ok());
    EXPECT_TRUE(erase("t", "2").ok());
    EXPECT_TRUE(update("t", "999", R"({"a":{"Int32":1}})").ok());
    EXPECT_TRUE(erase("t", "3").ok());
    return commit(id);
  }
};

TEST_F(MixedCommit, StopsInTheMiddleAndKeepsWhatCameBefore) {
  Status status = failing_commit();
  EXPECT_EQ(status.code, kFailedPrecondition);
  EXPECT_NE(status.message.find("Failed to update row: Not found: Row with id=999 not found"), std::string::npos);
  EXPECT_EQ(scan("t", "", "a", "11"), 1);
  EXPECT_EQ(scan("t", "", "id", "50"), 1);
  EXPECT_EQ(scan("t", "", "id", "2"), 0);
  EXPECT_EQ(scan("t", "", "id", "3"), 1);
}

class AtomicCommit : public MixedCommit {
 protected:
  static Options r2() {
    Options options = frozen_options();
    options.r2 = true;
    return options;
  }
  AtomicCommit() : MixedCommit(r2()) {}
};

TEST_F(AtomicCommit, R2AppliesAllOrNothing) {
  EXPECT_FALSE(failing_commit().ok());
  EXPECT_EQ(scan("t", "", "a", "10"), 1);
  EXPECT_EQ(scan("t", "", "id", "50"), 0);
  EXPECT_EQ(scan("t", "", "id", "2"), 1);
}

TEST_F(AtomicCommit, R2RefusesASecondBegin) {
  begin();
  begin();
  EXPECT_EQ(status_.message, "backend session '" + session_ + "' already has an active transaction block");
}

TEST_F(TransactionsTest, ADuplicateAmongTheInsertsLeavesNothingBehind) {
  std::string id = begin();
  EXPECT_TRUE(update("t", "1", R"({"a":{"Int32":11}})").ok());
  EXPECT_TRUE(insert("t", {row(3, 3)}).ok());
  EXPECT_NE(commit(id).message.find("value '3' already exists in column 'id' (hot storage)"), std::string::npos);
  EXPECT_EQ(scan("t", "", "a", "10"), 1);
}

TEST_F(TransactionsTest, TheSnapshotIsTakenAtBegin) {
  std::string mine = session_;
  begin();
  session_ = open();
  ASSERT_TRUE(insert("t", {row(4, 40)}).ok());
  session_ = mine;
  EXPECT_EQ(scan("t"), 3);
  EXPECT_EQ(scan("t", "", "id", "4"), 0);
}

TEST_F(TransactionsTest, ItEndsAfterFiveIdleMinutes) {
  std::string id = begin();
  EXPECT_TRUE(insert("t", {row(4, 40)}).ok());
  server_.clock().advance(301 * int64_t{1000000});
  EXPECT_EQ(insert("t", {row(5, 50)}).message,
            "Invalid operation: cannot stage writes in transaction '" + id + "' because it timed out and was aborted");
  open(session_);
  EXPECT_EQ(commit(id).message, "Not found: transaction '" + id + "' not found");
  EXPECT_EQ(scan("t"), 3);
}

TEST_F(TransactionsTest, ATimedOutOneNeitherShowsNorKeepsItsSession) {
  std::string owner = session_;
  begin();
  auto open_transactions = [&] {
    std::lock_guard lock(server_.store().mutex());
    return server_.store().catalog_relation("system", "transactions")->rows.size();
  };
  EXPECT_EQ(open_transactions(), 1U);
  server_.clock().advance(301 * int64_t{1000000});
  EXPECT_EQ(open_transactions(), 0U);
  session_ = open();
  EXPECT_EQ(scan("t"), 3);
  session_ = owner;
  EXPECT_EQ(scan("t"), -1);
  EXPECT_EQ(status_.message, "invalid or expired session");
}

TEST_F(TransactionsTest, TwoGroupsDoNotMix) {
  make_table("id BIGINT PRIMARY KEY, a INT", "u", "USER");
  std::string id = begin();
  EXPECT_TRUE(insert("u", {row(1, 1)}, "alice").ok());
  EXPECT_TRUE(insert("u", {row(1, 1)}, "grace").ok()) << "the same shard";
  EXPECT_NE(insert("u", {row(1, 1)}, "bob").message.find("already bound to data raft group 'data:user:08'"),
            std::string::npos);
  EXPECT_EQ(scan("t"), -1);
  EXPECT_EQ(status_.code, kInternal);
  EXPECT_TRUE(commit(id).ok()) << "it stays usable";
  EXPECT_EQ(scan("u", "grace"), 1);
}

class StandaloneTransactions : public TransactionsTest {
 protected:
  static Options standalone() {
    Options options = frozen_options();
    options.standalone = true;
    return options;
  }
  StandaloneTransactions() : TransactionsTest(standalone()) {}
};

TEST_F(StandaloneTransactions, GroupsAreCheckedAtCommit) {
  make_table("id BIGINT PRIMARY KEY, a INT", "u", "USER");
  std::string id = begin();
  EXPECT_TRUE(insert("t", {row(7, 7)}).ok());
  EXPECT_TRUE(insert("u", {row(1, 1)}, "alice").ok());
  EXPECT_NE(commit(id).message.find("explicit transactions must remain within one data raft group; 'app.u' mapped to "),
            std::string::npos);
  EXPECT_EQ(scan("t", "", "id", "7"), 0);
}

class SmallBuffer : public TransactionsTest {
 protected:
  static Options small() {
    Options options = frozen_options();
    options.transaction_buffer = 1000;
    return options;
  }
  SmallBuffer() : TransactionsTest(small()) {}
};

TEST_F(SmallBuffer, MoreThanItHoldsEndsTheTransaction) {
  std::string id = begin();
  Status status;
  for (int i = 0; i < 20 && status.ok(); i++) status = insert("t", {row(100 + i, 1)});
  EXPECT_EQ(status.message,
            "Invalid operation: transaction '" + id + "' exceeded buffer limit of 1000 bytes and was aborted");
  EXPECT_FALSE(commit(id).ok());
}

TEST(TransactionIds, Shapes) {
  EXPECT_EQ(check_transaction_id("01920000-0000-7000-8000-000000000000"), std::nullopt);
  EXPECT_EQ(check_transaction_id("0192000000000-7000-8000-000000000000"),
            "transaction id must use canonical UUID hyphen positions");
  EXPECT_EQ(check_transaction_id("01920000-0000-7000-1000-000000000000"),
            "transaction id must use an RFC 4122 variant");
}

// The first use of it is told; what the session sends after that is outside of any transaction.
TEST_F(TransactionsTest, AbortedByAChangeOfLeader) {
  std::string id = begin();
  ASSERT_TRUE(insert("t", {row(4, 1)}).ok());
  server_.abort_transactions();
  Status status = insert("t", {row(5, 2)});
  EXPECT_EQ(status.code, kFailedPrecondition);
  EXPECT_EQ(status.message, "Invalid operation: transaction '" + id +
                                "' was aborted because leader for bound raft group 'data:shared:00' changed from node "
                                "'1' to '2'; retry in a new transaction");
  EXPECT_EQ(commit(id).message, "Not found: transaction '" + id + "' not found");
  EXPECT_EQ(scan("t"), 3);
  EXPECT_TRUE(insert("t", {row(6, 3)}).ok());
  EXPECT_EQ(scan("t"), 4);
}

TEST_F(TransactionsTest, AbortedBeforeItsCommit) {
  std::string id = begin();
  ASSERT_TRUE(insert("t", {row(4, 1)}).ok());
  server_.abort_transactions();
  EXPECT_EQ(commit(id).code, kFailedPrecondition);
  EXPECT_EQ(scan("t"), 3);
}

}  // namespace
}  // namespace kalam::stub
