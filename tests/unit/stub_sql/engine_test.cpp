// Rules of ExecuteQuery and ExecuteSql that no single recorded step shows (specification 9 to 12).
#include <gtest/gtest.h>

#include <atomic>

#include "stub/base/status.h"
#include "stub/rows/write.h"
#include "transcript.h"

namespace kalam::stub::test {
namespace {

class Engine : public testing::Test {
 protected:
  void SetUp() override {
    ok("CREATE NAMESPACE app");
    ok("CREATE SHARED TABLE app.t (id BIGINT PRIMARY KEY, v INT, name TEXT, de DECIMAL(10,2), ts TIMESTAMP)");
  }

  SqlOutcome ok(const std::string& sql) {
    SqlOutcome outcome = player_.run(sql);
    EXPECT_TRUE(outcome.ok) << sql << ": " << outcome.error;
    return outcome;
  }
  std::string error(const std::string& sql) {
    SqlOutcome outcome = player_.run(sql);
    EXPECT_FALSE(outcome.ok) << sql;
    return outcome.error;
  }
  // The rows as JSON text.
  std::string rows(const std::string& sql) {
    SqlOutcome outcome = ok(sql);
    nlohmann::json all = nlohmann::json::array();
    for (const Row& row : outcome.rows.rows) {
      nlohmann::json line = nlohmann::json::array();
      for (size_t i = 0; i < row.size(); i++) line.push_back(shown(row[i], outcome.rows.fields[i].type));
      all.push_back(line);
    }
    return all.dump();
  }
  bool refused(const std::string& sql) { return error(sql).starts_with("kalam-stub does not evaluate: "); }

  // ids 1 … count, v = count - id.
  void fill(int count) {
    std::string values;
    for (int i = 1; i <= count; i++) {
      values += (i > 1 ? ", (" : "(") + std::to_string(i) + ", " + std::to_string(count - i) + ")";
    }
    ok("INSERT INTO app.t (id, v) VALUES " + values);
  }

  Player player_;
};

TEST_F(Engine, CapsRowsWithoutAndWithLimit) {
  fill(1200);
  EXPECT_EQ(ok("SELECT id FROM app.t").rows.rows.size(), 50U);
  EXPECT_EQ(ok("SELECT id FROM app.t LIMIT ALL").rows.rows.size(), 50U);
  EXPECT_EQ(ok("SELECT id FROM app.t LIMIT 1100").rows.rows.size(), 1000U);
  EXPECT_EQ(ok("SELECT id FROM app.t OFFSET 1").rows.rows.size(), 1000U);
  EXPECT_EQ(ok("SELECT id FROM app.t LIMIT 7").rows.rows.size(), 7U);
  EXPECT_EQ(ok("SELECT * FROM (SELECT id FROM app.t LIMIT 300) q").rows.rows.size(), 300U);
  EXPECT_EQ(ok("WITH q AS (SELECT id FROM app.t LIMIT 300) SELECT id FROM q").rows.rows.size(), 300U);
  // A LIMIT inside a predicate is none of the plan's.
  EXPECT_EQ(ok("SELECT id FROM app.t WHERE id IN (SELECT id FROM app.t LIMIT 300)").rows.rows.size(), 50U);
  EXPECT_EQ(rows("SELECT count(*) AS n FROM (SELECT id FROM app.t) q"), "[[1200]]");
  // 50 smallest keys, as the sort by the key comes before the cap.
  EXPECT_EQ(rows("SELECT max(id) AS m FROM (SELECT id FROM app.t) q LIMIT 1"), "[[1200]]");
}

// Equality finds its rows by an index, in whatever place it stands. Without one, each of these takes minutes.
TEST_F(Engine, JoinsOfManyRows) {
  player_.context().hot_version_cap = 30000;  // fewer than there are versions: newest ones must be looked for
  ok("CREATE SHARED TABLE app.u (id BIGINT PRIMARY KEY, t BIGINT)");
  for (int block = 0; block < 4; block++) {
    std::string t, u;
    for (int i = block * 10000 + 1; i <= (block + 1) * 10000; i++) {
      t += (t.empty() ? "(" : ", (") + std::to_string(i) + ", " + std::to_string(i % 100) + ")";
      u += (u.empty() ? "(" : ", (") + std::to_string(i) + ", " + std::to_string(i * 2) + ")";
    }
    ok("INSERT INTO app.t (id, v) VALUES " + t);
    ok("INSERT INTO app.u (id, t) VALUES " + u);
  }
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t JOIN app.u ON t.id = u.t"), "[[15000]]");
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t JOIN app.u ON t.id = u.t WHERE t.v = 0"), "[[300]]");
  EXPECT_EQ(rows("SELECT count(*) AS n, count(u.id) AS m FROM app.t LEFT JOIN app.u ON t.id = u.t"), "[[30000,15000]]");
  EXPECT_EQ(rows("SELECT count(*) AS n, count(u.id) AS m FROM app.t RIGHT JOIN app.u ON t.id = u.t"),
            "[[30000,30000]]");
  EXPECT_EQ(rows("SELECT count(*) AS n, count(t.id) AS m FROM app.t FULL JOIN app.u ON t.id = u.t"), "[[45000,30000]]");
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t WHERE EXISTS (SELECT 1 FROM app.u WHERE u.t = t.id)"), "[[15000]]");
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t WHERE NOT EXISTS (SELECT 1 FROM app.u WHERE u.t = t.id)"),
            "[[15000]]");
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t JOIN app.u USING (id) JOIN app.t t2 ON t2.id = u.t"), "[[15000]]");
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t WHERE id IN (SELECT t FROM app.u)"), "[[15000]]");
  EXPECT_EQ(rows("SELECT t.id, u.id AS other FROM app.t JOIN app.u ON t.id = u.t ORDER BY t.id LIMIT 2"),
            "[[2,1],[4,2]]");
}

TEST_F(Engine, LongStatementsAreLeftWhenNobodyWaits) {
  fill(3000);
  std::atomic<bool> cancelled{true};
  Store::Cancellable cancellable(player_.store(), &cancelled);
  EXPECT_THROW(player_.run("SELECT count(*) AS n FROM app.t a, app.t b, app.t c WHERE a.v < b.v AND b.v < c.v"),
               CallCancelled);
  EXPECT_THROW(player_.run("UPDATE app.t SET v = 0 WHERE id IN (SELECT a.id FROM app.t a, app.t b, app.t c WHERE a.v < "
                           "b.v AND b.v < c.v)"),
               CallCancelled);
  cancelled = false;
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t WHERE v = 0"), "[[1]]");
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t a JOIN app.t b ON a.id = b.v"), "[[2999]]");
}

// Each of these would be a recursion of as many steps.
TEST_F(Engine, StatementsOfManyPartsAreRefused) {
  auto repeated = [](const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; i++) all += text;
    return all;
  };
  EXPECT_TRUE(refused("SELECT 1 AS a" + repeated(" UNION ALL SELECT 1", 50000)));
  EXPECT_TRUE(refused("SELECT 1 AS a FROM app.t" + repeated(" JOIN app.t ON true", 50000)));
  EXPECT_TRUE(refused("SELECT " + repeated("CASE WHEN true THEN ", 30000) + "1" + repeated(" END", 30000)));
  EXPECT_TRUE(refused("SELECT " + repeated("(", 200000) + "1" + repeated(")", 200000)));
  EXPECT_TRUE(refused("SELECT " + repeated("abs(", 90000) + "1" + repeated(")", 90000)));
  EXPECT_TRUE(refused("SELECT " + repeated("NOT ", 200000) + "true"));
  EXPECT_TRUE(refused("SELECT 1" + repeated("+1", 200000)));
  EXPECT_TRUE(refused(repeated("SELECT * FROM (", 20000) + "SELECT 1 AS a" + repeated(") q", 20000)));
  EXPECT_EQ(rows("SELECT count(*) AS n FROM (SELECT 1 AS a" + repeated(" UNION ALL SELECT 1", 4) + ") q"), "[[5]]");
}

TEST_F(Engine, NumbersAtTheirEnds) {
  ok("INSERT INTO app.t (id, v) VALUES (-9223372036854775807, -2147483648)");
  EXPECT_EQ(rows("SELECT id - 2 AS a, v - CAST(1 AS INT) AS b FROM app.t"), "[[9223372036854775807,2147483647]]");
  EXPECT_TRUE(refused("SELECT (id - 1) / -1 AS a FROM app.t"));
  EXPECT_TRUE(refused("SELECT (id - 1) % -1 AS a FROM app.t"));
  EXPECT_EQ(rows("SELECT id / -1 AS a FROM app.t"), "[[9223372036854775807]]");
  EXPECT_TRUE(refused("CREATE STREAM TABLE app.e (id BIGINT) WITH (TTL_SECONDS = 99999999999999999999)"));
}

TEST_F(Engine, SortsAgainByTheKeyUnlessTheSortIsOnTop) {
  fill(4);
  EXPECT_EQ(rows("SELECT id, v FROM app.t ORDER BY v"), "[[4,0],[3,1],[2,2],[1,3]]");
  EXPECT_EQ(rows("SELECT id, v FROM app.t ORDER BY v LIMIT 2"), "[[3,1],[4,0]]");
  EXPECT_EQ(rows("SELECT id, v FROM app.t ORDER BY v LIMIT 2 OFFSET 1"), "[[2,2],[3,1]]");
  EXPECT_EQ(rows("SELECT id FROM app.t ORDER BY v"), "[[1],[2],[3],[4]]");
  EXPECT_EQ(rows("SELECT id, v + 1 AS x FROM app.t ORDER BY x LIMIT 2"), "[[3,2],[4,1]]");
  EXPECT_EQ(rows("SELECT v AS id FROM app.t ORDER BY v DESC LIMIT 2"), "[[2],[3]]");
  EXPECT_EQ(rows("SELECT v FROM app.t ORDER BY v DESC LIMIT 2"), "[[3],[2]]");
  EXPECT_EQ(rows("SELECT id AS c1, v AS c2 FROM app.t ORDER BY v LIMIT 3"), "[[4,0],[3,1],[2,2]]");
  EXPECT_EQ(rows("SELECT a.id AS c1 FROM app.t a JOIN app.t b ON a.id = b.id ORDER BY b.v LIMIT 2"), "[[4],[3]]");
  EXPECT_EQ(rows("SELECT a.id FROM app.t a JOIN app.t b ON a.id = b.id ORDER BY b.v LIMIT 2"), "[[3],[4]]");
  EXPECT_EQ(rows("SELECT id, count(*) AS n FROM app.t GROUP BY id ORDER BY id DESC LIMIT 2"), "[[3,1],[4,1]]");
}

TEST_F(Engine, DoesNotSortCatalogRelations) {
  EXPECT_EQ(
      rows(
          "SELECT ordinal AS id, column_name FROM system.columns WHERE table_name = 't' ORDER BY ordinal DESC LIMIT 2"),
      R"([[7,"_deleted"],[6,"_seq"]])");
}

TEST_F(Engine, ShowsTombstonesOnlyInOneForm) {
  fill(3);
  ok("DELETE FROM app.t WHERE id = 2");
  EXPECT_EQ(rows("SELECT id FROM app.t WHERE _seq > 0 AND _deleted = true ORDER BY _seq LIMIT 1000"), "[[2]]");
  EXPECT_EQ(rows("SELECT id FROM app.t WHERE _deleted LIMIT 10"), "[]");
  EXPECT_EQ(rows("SELECT id FROM app.t WHERE _deleted IS TRUE LIMIT 10"), "[]");
  EXPECT_EQ(rows("SELECT id FROM app.t ORDER BY id LIMIT 10"), "[[1],[3]]");
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t"), "[[2]]");
  EXPECT_TRUE(refused("SELECT id FROM app.t WHERE _deleted = true OR id = 1"));
}

TEST_F(Engine, ComparesAsDataFusionDoes) {
  ok("INSERT INTO app.t (id, v, de) VALUES (1, 10, 99999999.99), (2, 20, 2.5), (3, -7, 1.5), (4, 40, NULL)");
  // A quoted number against a number: as text.
  EXPECT_EQ(rows("SELECT v FROM app.t WHERE v < '5' ORDER BY v"), "[[-7],[10],[20],[40]]");
  EXPECT_EQ(rows("SELECT v FROM app.t WHERE v > '9'"), "[]");
  // A bare number against a decimal: as doubles; with its own type: exactly.
  EXPECT_EQ(rows("SELECT id FROM app.t WHERE de = 2.5"), "[[2]]");
  EXPECT_EQ(rows("SELECT id FROM app.t WHERE de = CAST('99999999.99' AS DECIMAL(10,2))"), "[[1]]");
  EXPECT_EQ(rows("SELECT 0.1 + 0.2 = 0.3 AS x"), "[[false]]");
  EXPECT_EQ(rows("SELECT 9007199254740993 = 9007199254740992.0 AS x"), "[[true]]");
  EXPECT_EQ(rows("SELECT id FROM app.t ORDER BY de DESC LIMIT 1"), "[[4]]");
  EXPECT_EQ(rows("SELECT id AS c FROM app.t ORDER BY de NULLS FIRST, c LIMIT 2"), "[[4],[3]]");
}

TEST_F(Engine, TimestampTextsAreNanoseconds) {
  ok("INSERT INTO app.t (id, ts) VALUES (1, '2024-01-01 00:00:01'), (2, '9999-12-31 00:00:00')");
  EXPECT_EQ(rows("SELECT id FROM app.t WHERE ts > '2024-01-01 00:00:01'"), "[[2]]");
  EXPECT_NE(error("SELECT id FROM app.t WHERE ts = '1600-01-01 00:00:00'").find("Overflow converting"),
            std::string::npos);
  EXPECT_EQ(rows("SELECT id FROM app.t WHERE ts = arrow_cast('9999-12-31T00:00:00', 'Timestamp(Microsecond, None)')"),
            "[[2]]");
}

TEST_F(Engine, JoinsAndSubqueries) {
  fill(3);
  EXPECT_EQ(rows("SELECT a.id AS x, b.id AS y FROM app.t a LEFT JOIN app.t b ON a.id = b.v ORDER BY x"),
            "[[1,2],[2,1],[3,null]]");
  EXPECT_EQ(rows("SELECT b.id AS y FROM app.t a RIGHT JOIN app.t b ON a.id = b.v ORDER BY y"), "[[1],[2],[3]]");
  EXPECT_EQ(rows("SELECT a.id AS x FROM app.t a LEFT ANTI JOIN app.t b ON a.id = b.v ORDER BY x"), "[[3]]");
  EXPECT_EQ(rows("SELECT a.id AS x FROM app.t a LEFT SEMI JOIN app.t b ON a.id = b.v ORDER BY x"), "[[1],[2]]");
  EXPECT_EQ(rows("SELECT id AS x FROM app.t a WHERE NOT EXISTS (SELECT 1 FROM app.t b WHERE b.v = a.id)"), "[[3]]");
  EXPECT_EQ(rows("SELECT id AS x FROM app.t WHERE id NOT IN (SELECT v FROM app.t) ORDER BY x"), "[[3]]");
  EXPECT_EQ(rows("SELECT (SELECT max(v) FROM app.t) AS m"), "[[2]]");
  EXPECT_TRUE(refused("SELECT (SELECT v FROM app.t) AS m"));
  EXPECT_EQ(rows("SELECT id AS x FROM app.t a JOIN app.t b USING (id) ORDER BY x LIMIT 1"), "[[1]]");
}

TEST_F(Engine, SubqueriesOfAllKinds) {
  fill(3);
  EXPECT_EQ(rows("SELECT id AS x FROM app.t WHERE id = ANY (SELECT v FROM app.t) ORDER BY x"), "[[1],[2]]");
  EXPECT_EQ(rows("SELECT id AS x FROM app.t WHERE id > ALL (SELECT v FROM app.t) ORDER BY x"), "[[3]]");
  EXPECT_EQ(rows("SELECT id AS x FROM app.t WHERE v IN (SELECT 2.0) ORDER BY x"), "[[1]]");
  EXPECT_EQ(rows("SELECT id AS x, (SELECT max(b.v) FROM app.t b WHERE b.id < a.id) AS m FROM app.t a ORDER BY x"),
            "[[1,null],[2,2],[3,2]]");
  EXPECT_TRUE(refused("SELECT id AS x, (SELECT b.v FROM app.t b WHERE b.id = a.id) AS m FROM app.t a"));
}

TEST_F(Engine, Windows) {
  fill(4);
  EXPECT_EQ(rows("SELECT id AS x, sum(v) OVER (ORDER BY id) AS s, rank() OVER (ORDER BY v) AS r FROM app.t ORDER BY x"),
            "[[1,3,4],[2,5,3],[3,6,2],[4,6,1]]");
  EXPECT_EQ(rows("SELECT id AS x, lag(v) OVER (ORDER BY id) AS l FROM app.t ORDER BY x LIMIT 2"), "[[1,null],[2,3]]");
  EXPECT_TRUE(refused("SELECT sum(v) OVER (ORDER BY id ROWS 1 PRECEDING) AS s FROM app.t"));
}

TEST_F(Engine, NamesOfColumns) {
  fill(1);
  auto name = [&](const std::string& expression) {
    return ok("SELECT " + expression + " FROM app.t").rows.fields.at(0).name;
  };
  EXPECT_EQ(name("v"), "v");
  EXPECT_EQ(name("v + 1"), "app.t.v + Int64(1)");
  EXPECT_EQ(name("CAST(v AS BIGINT)"), "app.t.v");
  EXPECT_EQ(name("upper(name)"), "upper(app.t.name)");
  EXPECT_EQ(name("count(DISTINCT v)"), "count(DISTINCT app.t.v)");
  EXPECT_EQ(name("CASE WHEN v = 0 THEN 1.5 END"), "CASE WHEN app.t.v = Int64(0) THEN Float64(1.5) END");
  EXPECT_TRUE(refused("SELECT row_number() OVER (ORDER BY v) FROM app.t"));
}

TEST_F(Engine, ArithmeticWrapsAndDecimalsKeepTheirScale) {
  EXPECT_EQ(rows("SELECT 2147483647::int + 1::int AS a, 9223372036854775807 + 1 AS b"),
            "[[-2147483648,-9223372036854775808]]");
  EXPECT_EQ(rows("SELECT CAST('1.00' AS DECIMAL(10,2)) / CAST('3.00' AS DECIMAL(10,2)) AS q"), R"([["0.333333"]])");
  EXPECT_EQ(rows("SELECT CAST('1.005' AS DECIMAL(10,2)) AS a, CAST(1.005 AS DECIMAL(10,2)) AS b"),
            R"([["1.01","1.00"]])");
  ok("INSERT INTO app.t (id, v) VALUES (1, 2147483647), (2, 2147483647)");
  EXPECT_EQ(rows("SELECT sum(v) AS s FROM app.t"), "[[4294967294]]");
  EXPECT_EQ(error("SELECT v / (v - v) AS x FROM app.t"), "Execution error: Arrow error: Divide by zero error");
}

TEST_F(Engine, VersionsBeyondTheCapAreNotSeen) {
  fill(30);
  player_.context().hot_version_cap = 20;
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t"), "[[30]]");
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t WHERE id > 0"), "[[20]]");
  EXPECT_EQ(rows("SELECT max(id) AS m FROM app.t"), "[[20]]");
}

TEST_F(Engine, RefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(refused("SELECT stddev(v) FROM app.t"));
  EXPECT_TRUE(refused("SELECT nosuchfunction(v) FROM app.t"));
  EXPECT_TRUE(refused("SELECT v, count(*) FROM app.t"));
  EXPECT_TRUE(refused("SELECT $1"));
  EXPECT_TRUE(refused("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT n FROM r"));
  // The two grammars read these differently.
  EXPECT_TRUE(refused("SELECT 5 | 3 & 4 AS x"));
  EXPECT_TRUE(refused("SELECT 'a' || 1 + 2 AS x"));
  EXPECT_EQ(rows("SELECT (5 | 3) & 4 AS x"), "[[4]]");
  EXPECT_TRUE(refused("SELECT 0x10"));
  EXPECT_TRUE(refused("SELECT E'\\x41' AS x"));
  EXPECT_TRUE(refused("SELECT /* a /* b */ c */ 1 AS x"));
  EXPECT_TRUE(refused("SELECT 1 AS " + std::string(64, 'n')));
  EXPECT_TRUE(refused("SELECT v AS x FROM app.t ORDER BY x + 1"));
  EXPECT_TRUE(refused("SELECT v IN (1, 2) FROM app.t"));
}

TEST_F(Engine, UnknownNames) {
  EXPECT_EQ(error("SELECT id FROM nosuch.t"),
            "Table not found: Error during planning: table 'kalam.nosuch.t' not found");
  EXPECT_EQ(error("SELECT x.id FROM app.t"),
            "Invalid operation: Schema error: No field named x.id. Valid fields are app.t.id, app.t.v, app.t.name, "
            "app.t.de, app.t.ts, app.t._seq, app.t._deleted.");
  EXPECT_EQ(error("SELECT localtimestamp"), "Invalid operation: Schema error: No field named localtimestamp.");
}

TEST_F(Engine, StatementsOfTransactions) {
  EXPECT_EQ(error("START TRANSACTION"), "Invalid operation: BEGIN requires a request-scoped execution context");
  EXPECT_EQ(error("CREATE INDEX i ON app.t (id)"),
            "Invalid SQL: Unsupported statement type: CREATE INDEX i ON app.t(id)");
}

TEST_F(Engine, LengthOfStatements) {
  std::string sql = "SELECT '" + std::string(1048000, 'x') + "' AS a";
  EXPECT_EQ(ok(sql).rows.rows.size(), 1U);
  std::string longer = "SELECT '" + std::string(1048600, 'x') + "' AS a";
  EXPECT_EQ(error(longer), "Invalid SQL: SQL query too long: 1048614 bytes (maximum 1048576 bytes)");
}

TEST_F(Engine, DeepStatementsAreRefused) {
  EXPECT_TRUE(refused("SELECT " + std::string(5000, '(') + "1" + std::string(5000, ')')));
  std::string sum = "SELECT 1";
  for (int i = 0; i < 1500; i++) sum += " + 1";
  EXPECT_TRUE(refused(sum));
  std::string nots = "SELECT ";
  for (int i = 0; i < 3000; i++) nots += "NOT ";
  EXPECT_TRUE(refused(nots + "true"));
}

TEST_F(Engine, InsertIsAtomicAndTyped) {
  EXPECT_NE(error("INSERT INTO app.t (id, v) VALUES (1, 1), (1, 2)").find("appears multiple times in the insert batch"),
            std::string::npos);
  EXPECT_EQ(rows("SELECT count(*) AS n FROM app.t"), "[[0]]");
  ok("INSERT INTO app.t (id, v, name) VALUES (-5, 1 + 1, 'x' || 'y')");
  EXPECT_EQ(rows("SELECT id, v, name FROM app.t"), R"([[-5,2,"xy"]])");
  ok("UPDATE app.t SET v = v * 10, name = upper(name) WHERE name LIKE 'x%'");
  EXPECT_EQ(rows("SELECT v, name FROM app.t"), R"([[20,"XY"]])");
  EXPECT_NE(
      error("INSERT INTO app.t (id, v) VALUES (2, 'abc')").find("Cannot cast string 'abc' to value of Int32 type"),
      std::string::npos);
}

TEST_F(Engine, SnowflakesCountFrom1970) {
  SqlOutcome outcome = ok("SELECT SNOWFLAKE_ID() AS s");
  int64_t id = std::get<int64_t>(outcome.rows.rows.at(0).at(0).data);
  EXPECT_GT(id >> 22, kSnowflakeEpochMs);
}

}  // namespace
}  // namespace kalam::stub::test
