// The runner's own parts: what it takes for equal, and what it does not.
#include <gtest/gtest.h>

#include "arrow_values.h"
#include "compare.h"
#include "payloads.h"
#include "placeholders.h"

namespace kalam::conformance {
namespace {

using nlohmann::json;

TEST(Placeholders, AnIdIsBoundWhereItIsFirstSeen) {
  Placeholders placeholders;
  std::string id = make_uuid_v7(), other = make_uuid_v7();
  EXPECT_TRUE(placeholders.matches(json("<uuid1>"), json(id)));
  EXPECT_TRUE(placeholders.matches(json("<uuid1>"), json(other)));  // nothing is bound by looking
  placeholders.bind("<uuid1>", id);
  EXPECT_TRUE(
      placeholders.matches(json("transaction '<uuid1>' not found"), json("transaction '" + id + "' not found")));
  EXPECT_FALSE(
      placeholders.matches(json("transaction '<uuid1>' not found"), json("transaction '" + other + "' not found")));
  EXPECT_FALSE(placeholders.matches(json("<uuid2>"), json(id)));  // two placeholders are two ids
  EXPECT_TRUE(placeholders.matches(json("<uuid2>"), json(other)));
  EXPECT_EQ(placeholders.fill_in(" <uuid1> "), " " + id + " ");
}

TEST(Placeholders, AnIdIsAUuidOfVersion7) {
  Placeholders placeholders;
  EXPECT_FALSE(placeholders.matches(json("<uuid1>"), json("pg-1")));
  EXPECT_FALSE(placeholders.matches(json("<uuid1>"), json("00000000-0000-4000-8000-000000000000")));
  EXPECT_FALSE(placeholders.matches(json("<uuid1>"), json(make_uuid_v7() + "x")));
}

TEST(Placeholders, AnIdThatTheServerNeverGaveIsMadeOnce) {
  Placeholders placeholders;
  std::string made = placeholders.fill_in("<uuid9>");
  EXPECT_EQ(placeholders.fill_in("<uuid9>"), made);
  EXPECT_FALSE(placeholders.matches(json("<uuid9>"), json(make_uuid_v7())));
}

TEST(Placeholders, SessionsBelongToTheirCase) {
  Placeholders placeholders;
  placeholders.set_session("session", "a");
  placeholders.set_session("session2", "b");
  EXPECT_EQ(placeholders.fill_in("<session><session2>"), "ab");
  placeholders.start_case();
  EXPECT_EQ(placeholders.fill_in("<session>"), "");
}

TEST(Placeholders, OpenValuesHaveTheirType) {
  Placeholders placeholders;
  EXPECT_TRUE(placeholders.matches(json("<seq>"), json(382985377654243328)));
  EXPECT_FALSE(placeholders.matches(json("<seq>"), json(0)));  // a recorded 0 is written as 0
  EXPECT_FALSE(placeholders.matches(json("<seq>"), json(nullptr)));
  EXPECT_TRUE(placeholders.matches(json("<age_ms>"), json(0)));
  EXPECT_TRUE(placeholders.matches(json("job: <job>"), json("job: CL-0123abcd")));
  EXPECT_FALSE(placeholders.matches(json("job: <job>"), json("job: FL-0123abcd")));
  EXPECT_FALSE(placeholders.matches(json("<now + 1800 s>"), json(1800000)));
}

TEST(Placeholders, OtherTextsInAnglesAreTheServersOwn) {
  Placeholders placeholders;
  EXPECT_TRUE(placeholders.matches(json("expected pg-<pid>-<config_hash>"), json("expected pg-<pid>-<config_hash>")));
  EXPECT_FALSE(placeholders.matches(json("expected pg-<pid>"), json("expected pg-7")));
}

TEST(Values, DecimalsAreComparedAsNumbers) {
  EXPECT_EQ(normalize_decimal("-1E-10"), normalize_decimal("-0.0000000001"));
  EXPECT_EQ(normalize_decimal("2.50"), normalize_decimal("2.5"));
  EXPECT_EQ(normalize_decimal("0.00"), normalize_decimal("0"));
  EXPECT_NE(normalize_decimal("25"), normalize_decimal("2.5"));
  EXPECT_EQ(normalize_decimal("not a number"), "not a number");
}

TEST(Values, AreRenderedAsTheTranscriptsDo) {
  EXPECT_EQ(render_timestamp(1709168523456789, 1000000), "2024-02-29T01:02:03.456789");
  EXPECT_EQ(render_timestamp(-1, 1000000), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(render_timestamp(-62135596800000000, 1000000), "0001-01-01T00:00:00");
  EXPECT_EQ(render_date(2932896), "9999-12-31");
  EXPECT_EQ(render_time(86400000000), "24:00:00");
  EXPECT_EQ(render_float(-0.0), json("-0.0"));
  EXPECT_NE(render_float(0.0), json("-0.0"));
}

TEST(Compare, OnlyAnOrderAtTheTopCounts) {
  EXPECT_TRUE(is_ordered("SELECT a FROM t ORDER  BY a LIMIT 1"));
  EXPECT_FALSE(is_ordered("SELECT row_number() OVER (ORDER BY a) FROM t"));
  EXPECT_FALSE(is_ordered("SELECT ' order by a' FROM t"));
}

TEST(Compare, ErrorsNeedTheSameCodeAndText) {
  json step = {{"rpc", "Ping"}, {"request", json::object()}, {"code", "INTERNAL"}, {"message", "no"}};
  Placeholders placeholders;
  Answer answer;
  answer.code = "INTERNAL";
  answer.message = "no";
  EXPECT_EQ(compare_answer(step, {}, answer, false, &placeholders), "");
  answer.message = "No";
  EXPECT_NE(compare_answer(step, {}, answer, false, &placeholders), "");
  answer.message = "no";
  answer.code = "NOT_FOUND";
  EXPECT_NE(compare_answer(step, {}, answer, false, &placeholders), "");
  answer.code = "OK";
  EXPECT_NE(compare_answer(step, {}, answer, false, &placeholders), "");
}

TEST(Compare, NoEntryIsNoRowsForAQueryButNotForAScan) {
  json entry = {{"fields", {{{"name", "a"}, {"type", "int64"}, {"nullable", true}}}}, {"rows", json::array()}};
  json step = {{"rpc", "ExecuteQuery"},
               {"request", {{"sql", "SELECT a FROM t"}}},
               {"code", "OK"},
               {"response", {{"success", true}, {"message", "0 row(s)"}, {"entries", {entry}}}}};
  Answer answer;
  answer.code = "OK";
  answer.has_streams = true;
  answer.response = {{"success", true}, {"message", "0 row(s)"}};
  Placeholders placeholders;
  EXPECT_EQ(compare_answer(step, {}, answer, false, &placeholders), "");
  step["rpc"] = "Scan";
  EXPECT_NE(compare_answer(step, {}, answer, false, &placeholders), "");
}

TEST(Payloads, HaveTheRecordedSize) {
  json request = {{"rows_json", {"<3 rows, 3145857 bytes>"}}};
  fill_in_payload("insert", "request_too_large", 1, &request);
  EXPECT_EQ(request["rows_json"].size(), 3u);
  request = {{"rows_json", {"<3 rows, 1 bytes>"}}};
  EXPECT_THROW(fill_in_payload("insert", "request_too_large", 1, &request), std::runtime_error);
}

}  // namespace
}  // namespace kalam::conformance
