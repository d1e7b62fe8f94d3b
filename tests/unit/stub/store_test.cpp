#include "stub/store/store.h"

#include <unistd.h>

#include <cstdio>

#include "stub/arrow/coerce.h"
#include "stub/rpc/control.h"
#include "stub_fixture.h"

namespace kalam::stub {
namespace {

Options capped() {
  Options options = frozen_options();
  options.hot_version_cap = 10;
  return options;
}

class VersionCap : public ServerTest {
 protected:
  VersionCap() : ServerTest(capped()) {}
};

TEST_F(VersionCap, AScanReadsTheOldestVersionsAndSaysNothing) {
  make_table();
  for (int i = 0; i < 15; i++) ASSERT_TRUE(insert("t", {row(i, i)}).ok());
  EXPECT_EQ(scan("t"), 10);
  EXPECT_EQ(scan("t", "", "id", "14"), 1) << "a lookup by key is always right";
  EXPECT_EQ(scan("t", "", "a", "14"), 0);
}

TEST_F(VersionCap, UpdatedRowsAreStaleAndDeletedOnesComeBack) {
  make_table();
  for (int i = 0; i < 10; i++) ASSERT_TRUE(insert("t", {row(i, i)}).ok());
  ASSERT_TRUE(update("t", "3", R"({"a":{"Int32":333}})").ok());
  ASSERT_TRUE(erase("t", "4").ok());
  EXPECT_EQ(scan("t"), 10);
  EXPECT_EQ(scan("t", "", "a", "3"), 1) << "the old value";
  EXPECT_EQ(scan("t", "", "a", "333"), 0);
  ddl("STORAGE FLUSH TABLE app.t");
  EXPECT_EQ(scan("t"), 9);
  EXPECT_EQ(scan("t", "", "a", "333"), 1);
}

TEST_F(VersionCap, CountsPerUser) {
  make_table("id BIGINT PRIMARY KEY, a INT", "u", "USER");
  for (int i = 0; i < 8; i++) {
    ASSERT_TRUE(insert("u", {row(i, i)}, "alice").ok());
    ASSERT_TRUE(insert("u", {row(i, i)}, "bob").ok());
  }
  EXPECT_EQ(scan("u", "alice"), 8);
  EXPECT_EQ(scan("u", "carol"), 0);
}

class StoreTest : public ServerTest {};

TEST_F(StoreTest, AFlushJobRunsOnTheClock) {
  make_table();
  server_.store().jobs().set_flush_duration(60000000);
  EXPECT_EQ(ddl("STORAGE FLUSH TABLE app.t").substr(0, 52), "Storage flush started for table 'app.t'. Job ID: FL-");
  EXPECT_NE(ddl("STORAGE FLUSH TABLE app.t").find("Idempotent conflict: "), std::string::npos);
  server_.clock().advance(60000000);
  EXPECT_EQ(ddl("STORAGE FLUSH TABLE app.t").substr(0, 21), "Storage flush started");
}

TEST_F(StoreTest, AFilledTableIsLikeOneThatRowsWereInsertedInto) {
  make_table();
  Faults faults;
  RpcLog log("");
  Control control(server_, faults, log, nullptr, [] {});
  std::string result;
  auto fill = [&](const std::string& argument) { return control.execute("fill", argument, result).message; };
  for (const char* wrong : {"", "app.t", "app.t x", "app.t -1", "app.t 5x", "t 5"}) {
    EXPECT_EQ(fill(wrong), "fill wants NAMESPACE.TABLE ROWS") << wrong;
  }
  EXPECT_EQ(fill("app.nosuch 5"), "there is no such table");
  ASSERT_EQ(fill("app.t 2500"), "");
  EXPECT_EQ(fill("app.t 5"), "the table is not empty");
  EXPECT_EQ(scan("t"), 2500);
  EXPECT_EQ(scan("t", "", "a", "7"), 3) << "7, 1007, 2007";
  EXPECT_EQ(scan("t", "", "b", "row 2500"), 1);
  EXPECT_EQ(scan("t", "", "id", "1234"), 1);
  EXPECT_NE(insert("t", {row(5, 5)}).message.find("value '5' already exists"), std::string::npos);
  ASSERT_TRUE(insert("t", {row(2501, 5)}).ok());
  ASSERT_TRUE(update("t", "1234", R"({"a":{"Int32":-1}})").ok());
  EXPECT_EQ(scan("t", "", "a", "-1"), 1);
  EXPECT_EQ(scan("t"), 2501);
}

TEST_F(StoreTest, StreamRowsExpireAndOutliveTheirTable) {
  ddl("CREATE NAMESPACE app");
  ddl("CREATE STREAM TABLE app.e (id BIGINT, a INT) WITH (TTL_SECONDS = 60)");
  auto count = [&] {
    auto request = target<pb::ScanRequest>("e", "alice");
    request.set_table_type("stream");
    pb::ScanResponse response;
    uint64_t rows = 0;
    EXPECT_TRUE(server_.scan(context_, request, response, rows).ok());
    return rows;
  };
  auto request = target<pb::InsertRequest>("e", "alice");
  request.set_table_type("stream");
  request.add_rows_json(row(1, 1));
  request.add_rows_json(row(1, 2));
  pb::InsertResponse response;
  ASSERT_TRUE(server_.insert(context_, request, response).ok());
  EXPECT_EQ(count(), 2U) << "no key, nothing is merged";
  ddl("DROP TABLE app.e");
  ddl("CREATE STREAM TABLE app.e (id BIGINT, a INT) WITH (TTL_SECONDS = 60)");
  EXPECT_EQ(count(), 2U);
  server_.clock().advance(61000000);
  session_ = open();
  EXPECT_EQ(count(), 0U);
}

TEST_F(StoreTest, ValuesBelongToAColumnsName) {
  make_table();
  ASSERT_TRUE(insert("t", {R"({"id":{"Int64":"1"},"a":{"Int32":7},"b":{"Utf8":"x"}})"}).ok());
  ddl("ALTER TABLE app.t RENAME COLUMN b TO c");
  EXPECT_EQ(scan("t", "", "c", "x"), 0);
  ddl("ALTER TABLE app.t RENAME COLUMN c TO b");
  EXPECT_EQ(scan("t", "", "b", "x"), 1);
  ddl("ALTER TABLE app.t DROP COLUMN b");
  ddl("ALTER TABLE app.t ADD COLUMN b TEXT");
  EXPECT_EQ(scan("t", "", "b", "x"), 1);
  ddl("ALTER TABLE app.t DROP COLUMN b");
  ddl("ALTER TABLE app.t ADD COLUMN b INT NOT NULL DEFAULT 5");
  EXPECT_EQ(scan("t", "", "b", "0"), 1) << "old rows show zero, not the DEFAULT";
}

TEST_F(StoreTest, ModifyColumnConvertsWhatItCan) {
  make_table();
  ASSERT_TRUE(insert("t", {row(1, 7)}).ok());
  ddl("ALTER TABLE app.t MODIFY COLUMN a BIGINT");
  EXPECT_EQ(scan("t", "", "a", "7"), 1);
  ddl("ALTER TABLE app.t MODIFY COLUMN a TEXT");
  EXPECT_EQ(scan("t", "", "a", "7"), 1);
}

TEST_F(StoreTest, ADroppedTableComesBackEmpty) {
  make_table();
  ASSERT_TRUE(insert("t", {row(1, 1)}).ok());
  ddl("DROP TABLE app.t");
  EXPECT_EQ(scan("t"), -1);
  EXPECT_EQ(status_.code, kNotFound);
  EXPECT_EQ(status_.message, "app.t");
  make_table();
  EXPECT_EQ(scan("t"), 0);
}

TEST_F(StoreTest, AFlushPolicyFlushesByItself) {
  ddl("CREATE NAMESPACE app");
  ddl("CREATE SHARED TABLE app.p (id BIGINT PRIMARY KEY, a INT) WITH (FLUSH_POLICY = 'rows:3')");
  EXPECT_EQ(scan("p"), 0) << "the periodic check was just made";
  ASSERT_TRUE(insert("p", {row(1, 1), row(2, 2), row(3, 3)}).ok());
  auto table = server_.store().find_table("app", "p");
  EXPECT_EQ(server_.store().hot_versions(*table), 3U);
  server_.clock().advance(2000000);
  EXPECT_EQ(scan("p"), 3);
  EXPECT_EQ(server_.store().hot_versions(*table), 0U);
}

TEST(StoreFile, TablesAndRowsOutliveTheProcess) {
  char path[] = "/tmp/kalam_stub_storeXXXXXX";
  int descriptor = mkstemp(path);
  ASSERT_GE(descriptor, 0);
  close(descriptor);
  Clock clock;
  IdSource ids(1);
  int64_t seq = 0;
  {
    Store store(path, clock, ids);
    store.create_namespace("app");
    SqlContext context;
    ASSERT_TRUE(try_ddl(store, context, "CREATE SHARED TABLE app.t (id BIGINT PRIMARY KEY, d DECIMAL(10,2))")->ok);
    auto table = store.find_table("app", "t");
    seq = store.append(*table, "", {int64_t{1}}, {{int64_t{1}}, {static_cast<Int128>(250)}, {}, {}}, false);
  }
  {
    Store store(path, clock, ids);
    auto table = store.find_table("app", "t");
    ASSERT_NE(table, nullptr);
    auto rows = store.visible_rows(*table, "", 0, false, 0);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].seq, seq);
    EXPECT_TRUE(std::get<Int128>(rows[0].values[1].data) == 250);
    EXPECT_EQ(store.hot_versions(*table), 1U);
    EXPECT_GT(store.append(*table, "", {int64_t{2}}, {{int64_t{2}}, {}, {}, {}}, false), seq);
  }
  std::remove(path);
}

}  // namespace
}  // namespace kalam::stub
