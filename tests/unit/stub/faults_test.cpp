#include "stub/rpc/faults.h"

#include <gtest/gtest.h>

#include "stub/rpc/control.h"
#include "stub/rpc/rpc_log.h"

namespace kalam::stub {
namespace {

void order(Faults& faults, const std::string& json) {
  std::string error;
  auto fault = Faults::parse(json, error);
  ASSERT_TRUE(fault) << error;
  faults.add(*fault);
}

TEST(Faults, HitTheNamedCallOnly) {
  Faults faults;
  order(faults, R"({"method":"Insert","call":2,"code":"UNAVAILABLE"})");
  EXPECT_FALSE(faults.take("Insert"));
  EXPECT_FALSE(faults.take("Scan"));
  auto hit = faults.take("Insert");
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->code, kUnavailable);
  EXPECT_FALSE(faults.take("Insert"));
}

TEST(Faults, WithoutANumberTheyHitEveryCall) {
  Faults faults;
  order(faults, R"({"black_hole":true})");
  for (int i = 0; i < 3; i++) EXPECT_TRUE(faults.take("Scan"));
  faults.clear();
  EXPECT_FALSE(faults.take("Scan"));
}

TEST(Faults, TimesCountsFromTheNamedCall) {
  Faults faults;
  order(faults, R"({"method":"Scan","call":2,"times":2,"delay_ms":1})");
  int hits = 0;
  for (int i = 0; i < 5; i++) hits += faults.take("Scan") ? 1 : 0;
  EXPECT_EQ(hits, 2);
}

TEST(Faults, MatchLooksIntoTheRequest) {
  Faults faults;
  order(faults, R"({"method":"ExecuteQuery","match":" app.","call":2,"code":"INTERNAL"})");
  EXPECT_FALSE(faults.take("ExecuteQuery", "SELECT 1 FROM app.t"));
  EXPECT_FALSE(faults.take("ExecuteQuery", "SELECT 1 FROM system.cluster"));
  EXPECT_FALSE(faults.take("Scan", "SELECT 1 FROM app.t"));
  EXPECT_TRUE(faults.take("ExecuteQuery", "SELECT 2 FROM app.t"));
}

TEST(Faults, MistakesInAFaultAreErrors) {
  for (const char* wrong : {"", "[]", R"({"metod":"Scan"})", R"({"code":"NO_SUCH"})", R"({"cut":"now"})",
                            R"({"call":"x"})", R"({"truncate":"half"})"}) {
    std::string error;
    EXPECT_FALSE(Faults::parse(wrong, error)) << wrong;
    EXPECT_FALSE(error.empty()) << wrong;
  }
}

TEST(RpcLog, SecretsAreMasked) {
  RpcLog log("");
  CallRecord record;
  record.method = "OpenSession";
  record.headers = {{"authorization", "Bearer secret-1"}, {"x-kalam-session-token", "secret-2"}, {"x-other", "seen"}};
  log.add(record);
  std::string text = log.dump();
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_NE(text.find("Bearer ***"), std::string::npos);
  EXPECT_NE(text.find("seen"), std::string::npos);
  log.clear();
  EXPECT_EQ(log.dump(), "[]");
}

TEST(Control, Durations) {
  EXPECT_EQ(parse_duration("7s"), 7000000);
  EXPECT_EQ(parse_duration("500ms"), 500000);
  EXPECT_EQ(parse_duration("2m"), 120000000);
  EXPECT_EQ(parse_duration("1.5"), 1500000);
  EXPECT_EQ(parse_duration("x"), std::nullopt);
  EXPECT_EQ(parse_duration("3 parsecs"), std::nullopt);
}

}  // namespace
}  // namespace kalam::stub
