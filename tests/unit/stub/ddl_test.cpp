#include "stub/ddl/ddl.h"

#include "stub_fixture.h"

namespace kalam::stub {
namespace {

class DdlTest : public ServerTest {
 protected:
  void SetUp() override { ddl("CREATE NAMESPACE app"); }
  std::string create(const std::string& columns, const std::string& rest = "") {
    return ddl("CREATE SHARED TABLE app.t (" + columns + ")" + rest);
  }
};

constexpr const char* kInvalid = "Invalid SQL: Invalid CREATE TABLE statement: ";

TEST_F(DdlTest, PositionsCountWithoutTheKind) {
  EXPECT_EQ(create("id BIGINT PRIMARY KEY, check TEXT"),
            std::string(kInvalid) + "sql parser error: Expected: (, found: TEXT at Line: 1, Column: 50");
}

TEST_F(DdlTest, DefaultsRenderAsTheCatalogShowsThem) {
  create(R"(id BIGINT PRIMARY KEY, a TEXT DEFAULT 'it''s "q"', b INT DEFAULT -5, c TEXT DEFAULT lower('ABC'),
            d INT DEFAULT 1+1, e TIMESTAMP DEFAULT now(), f TEXT DEFAULT NULL, g BOOLEAN DEFAULT TRUE NOT NULL,
            h TEXT DEFAULT KDB_CURRENT_USER(), i DATE DEFAULT CURRENT_DATE)");
  auto table = server_.store().find_table("app", "t");
  ASSERT_NE(table, nullptr);
  const std::pair<const char*, const char*> expected[] = {{"a", R"(String("it's \"q\""))"},
                                                          {"b", R"(String("-5"))"},
                                                          {"c", R"x(String("lower('ABC')"))x"},
                                                          {"d", R"(String("1 + 1"))"},
                                                          {"e", "NOW()"},
                                                          {"f", "Null"},
                                                          {"g", "Bool(true)"},
                                                          {"h", "CURRENT_USER()"},
                                                          {"i", R"(String("CURRENT_DATE"))"}};
  for (const auto& [name, text] : expected) EXPECT_EQ(table->find_column(name)->default_rendering(), text);
  EXPECT_FALSE(table->find_column("g")->nullable);
}

TEST_F(DdlTest, GeneratedKeysBecomeSnowflakes) {
  for (const char* column : {"id BIGSERIAL PRIMARY KEY", "id BIGINT PRIMARY KEY AUTO_INCREMENT",
                             "id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"}) {
    EXPECT_NE(create(column).find("created successfully"), std::string::npos) << column;
    EXPECT_EQ(server_.store().find_table("app", "t")->key()->default_rendering(), "SNOWFLAKE_ID()") << column;
    ddl("DROP TABLE app.t");
  }
}

TEST_F(DdlTest, ARunningCleanUpRefusesASecondDrop) {
  server_.store().jobs().set_cleanup_duration(5000000);
  create("id BIGINT PRIMARY KEY");
  EXPECT_NE(ddl("DROP TABLE app.t").find("Cleanup job: CL-"), std::string::npos);
  create("id BIGINT PRIMARY KEY");
  EXPECT_EQ(ddl("DROP TABLE app.t"),
            "Idempotent conflict: Job with idempotency key 'drop-app-t' is already running or queued");
  server_.clock().advance(6000000);
  EXPECT_NE(ddl("DROP TABLE app.t").find("dropped successfully"), std::string::npos);
}

TEST_F(DdlTest, UnfinishedStatementsAreErrors) {
  const std::string whole =
      "CREATE SHARED TABLE app.t (id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), b DECIMAL(10,2) CHECK (b > 0)) WITH "
      "(ACCESS_LEVEL = 'public')";
  for (size_t length = 20; length < whole.size(); length++) {
    std::string text = ddl(whole.substr(0, length));
    if (text.find("created successfully") != std::string::npos) ddl("DROP TABLE app.t");
    EXPECT_FALSE(text.empty()) << whole.substr(0, length);
  }
}

TEST_F(DdlTest, OtherStatementsAreLeftAlone) {
  EXPECT_EQ(ddl("SELECT 1"), "not a statement of the DDL");
  EXPECT_EQ(ddl("CREATE USER joe"), "not a statement of the DDL");
  EXPECT_EQ(ddl(""), "not a statement of the DDL");
}

}  // namespace
}  // namespace kalam::stub
