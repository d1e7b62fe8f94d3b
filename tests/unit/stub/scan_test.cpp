#include "stub/rows/scan.h"

#include "stub_fixture.h"

namespace kalam::stub {
namespace {

class ScanTest : public ServerTest {
 protected:
  explicit ScanTest(Options options = frozen_options()) : ServerTest(std::move(options)) { make_table(); }
  void SetUp() override { ASSERT_TRUE(insert("t", {row(1, 10), row(2, 20)}).ok()); }
};

TEST_F(ScanTest, AFilterOnDeletedShowsTombstones) {
  ASSERT_TRUE(erase("t", "1").ok());
  EXPECT_EQ(scan("t"), 1);
  EXPECT_EQ(scan("t", "", "_deleted", "true"), 1);
  EXPECT_EQ(scan("t", "", "_deleted", "false"), 1);
}

TEST_F(ScanTest, StagedInsertsIgnoreFilters) {
  begin();
  ASSERT_TRUE(insert("t", {row(3, 30)}).ok());
  EXPECT_EQ(scan("t", "", "a", "10"), 2);
  ASSERT_TRUE(update("t", "2", R"({"a":{"Int32":10}})").ok());
  EXPECT_EQ(scan("t", "", "a", "10"), 3) << "the bare payload of the update";
}

class RepairedScan : public ScanTest {
 protected:
  static Options repaired() {
    Options options = frozen_options();
    options.overlay_defects = false;
    return options;
  }
  RepairedScan() : ScanTest(repaired()) {}
};

TEST_F(RepairedScan, FiltersSeeTheMergedRowsWithoutTheDefects) {
  begin();
  ASSERT_TRUE(insert("t", {row(3, 30)}).ok());
  EXPECT_EQ(scan("t", "", "a", "10"), 1);
  ASSERT_TRUE(update("t", "2", R"({"a":{"Int32":10}})").ok());
  EXPECT_EQ(scan("t", "", "a", "10"), 2);
}

TEST_F(ScanTest, TimestampFiltersEndWhereNanosecondsDo) {
  make_table("id BIGINT PRIMARY KEY, ts TIMESTAMP", "times");
  EXPECT_EQ(scan("times", "", "ts", "2261-12-31 23:59:59"), 0);
  EXPECT_EQ(scan("times", "", "ts", "9999-12-31 00:00:00"), -1);
  EXPECT_NE(status_.message.find("Overflow converting 9999-12-31 00:00:00 to Nanosecond"), std::string::npos);
}

TEST_F(ScanTest, AShortUuidMakesEveryReadFail) {
  make_table("id BIGINT PRIMARY KEY, u UUID", "ids");
  ASSERT_TRUE(insert("ids", {R"({"id":{"Int64":"1"},"u":{"FixedSizeBinary":{"size":16,"value":[1,2]}}})"}).ok());
  EXPECT_EQ(scan("ids"), -1);
  EXPECT_NE(status_.message.find("Nested array size mismatch: one is 16, and the other is 2"), std::string::npos);
}

TEST_F(ScanTest, DbaTablesAreDenied) {
  ddl("CREATE SHARED TABLE app.secret (id BIGINT PRIMARY KEY) WITH (ACCESS_LEVEL = 'dba')");
  EXPECT_EQ(scan("secret"), -1);
  EXPECT_EQ(
      status_.message,
      "Error during planning: Access denied: Role 'Service' cannot access table 'app.secret'. Shared table access "
      "denied (access_level=Dba)");
}

using DeadlyNames = ScanTest;

TEST_F(DeadlyNames, EndTheProgram) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(scan("a/b"), testing::ExitedWithCode(86), "FATAL: a real KalamDB server would have died: the table name");
  EXPECT_EXIT(scan("t", "a..b"), testing::ExitedWithCode(86), "the user id \"a\\.\\.b\"");
  EXPECT_EXIT(insert("t", {R"({"e":{"Embedding":{"size":2,"values":[1]}}})"}), testing::ExitedWithCode(86),
              "an Embedding of size 2 with 1 values");
}

}  // namespace
}  // namespace kalam::stub
