// The recorded answers that the SQL engine must give, also with other names.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "transcript.h"

namespace kalam::stub::test {
namespace {

struct Count {
  size_t good = 0;
  size_t all = 0;
};

// Steps whose recorded rows are luck, or that need more of a server than the engine.
const std::set<std::string>& not_compared() {
  static const std::set<std::string> steps = {
      "query_shapes 20",  // LIMIT without ORDER BY: any rows
      "query_shapes 33",
      "expressions 55",  // the suggestion varies
      "expressions 92",
      "dml 23",       // generated ids
      "large_sql 2",  // the text is left out
      "large_sql 3",
      "relations 8",  // this server's settings and nodes
      "relations 9",     "relations 10",
      "bytes 10",  // the position depends on the order of rows
  };
  return steps;
}

std::map<std::string, Count> check(Player& player, const std::string& topic, const std::vector<std::string>& cases) {
  std::map<std::string, Count> counts;
  for (const Played& step : player.play(topic, cases)) {
    if (not_compared().contains(step.step)) continue;
    Count& count = counts[step.step.substr(0, step.step.find(' '))];
    count.all++;
    count.good += step.difference.empty() ? 1 : 0;
    // A refusal is honest; an answer that differs never is.
    EXPECT_TRUE(step.difference.empty() || step.refused) << step.step << ": " << step.sql << "\n" << step.difference;
  }
  return counts;
}

class Transcripts : public testing::TestWithParam<const char*> {};

TEST_P(Transcripts, Dialect) {
  Player player(GetParam());
  auto counts = check(player, "dialect", {});
  EXPECT_EQ(counts["columns_against_literals"].good, counts["columns_against_literals"].all);
  EXPECT_EQ(counts["query_shapes"].good, counts["query_shapes"].all);
  EXPECT_GE(counts["expressions"].good + 1, counts["expressions"].all);
  EXPECT_EQ(counts["query_shapes"].all, 30U);
}

TEST_P(Transcripts, SqlAndCatalog) {
  Player player(GetParam());
  for (const char* topic : {"sql", "catalog"}) {
    for (const auto& [name, count] : check(player, topic, {})) EXPECT_EQ(count.good, count.all) << name;
  }
}

TEST_P(Transcripts, Types) {
  Player player(GetParam());
  auto counts = check(player, "types",
                      {"setup", "boolean", "smallint", "int", "bigint", "float", "double", "text", "json", "bytes",
                       "date", "time", "timestamp", "datetime", "uuid", "decimal_10_2", "decimal_38_10", "file"});
  for (const auto& [name, count] : counts) EXPECT_EQ(count.good, count.all) << name;
}

TEST_P(Transcripts, Defaults) {
  Player player(GetParam());
  std::set<std::string> generated = {"defaults 37", "defaults 41", "defaults 57",
                                     "defaults 61", "defaults 65", "defaults 69"};
  player.run(std::string("CREATE NAMESPACE ") + GetParam() + "ddl");
  for (const Played& step : player.play("ddl", {"types", "defaults"})) {
    if (generated.contains(step.step)) continue;
    EXPECT_EQ(step.difference, "") << step.step << ": " << step.sql;
  }
}

INSTANTIATE_TEST_SUITE_P(Names, Transcripts, testing::Values("cf_", "other_"));

}  // namespace
}  // namespace kalam::stub::test
