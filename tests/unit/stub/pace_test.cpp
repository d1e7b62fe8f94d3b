#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "stub/rpc/pacer.h"
#include "stub_fixture.h"

namespace kalam::stub {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

Pace built_in() {
  std::string error;
  auto pace = Pace::load("0.4", error);
  EXPECT_EQ(error, "");
  return pace.value();
}

std::string error_of(const std::string& text) {
  std::string error;
  EXPECT_FALSE(Pace::parse(text, error)) << text;
  return error;
}

Work look_up(uint64_t hot, uint64_t cold) {
  return {.call = "Scan.key", .hot_rows = hot, .cold_rows = cold};
}

TEST(Pace, HasTheFiguresOfTheFile) {
  Pace pace = built_in();
  EXPECT_DOUBLE_EQ(pace.cost({.call = "Ping"}).alone_ms, 1);
  EXPECT_DOUBLE_EQ(pace.cost({.call = "staged.Update"}).serial_ms, 0.16);
  EXPECT_DOUBLE_EQ(pace.cost(look_up(50000, 0)).alone_ms, 4.5);
  EXPECT_DOUBLE_EQ(pace.cost(look_up(0, 50000)).serial_ms, 51.7);
}

TEST(Pace, AddsWhatEachRowAndEachTableCosts) {
  Pace pace = built_in();
  EXPECT_DOUBLE_EQ(pace.cost({.call = "Insert", .rows = 50000}).alone_ms, 1.8 + 1750);
  EXPECT_DOUBLE_EQ(pace.cost({.call = "CommitTransaction", .rows = 100}).serial_ms, 1 + 30);
  Work question{.call = "ExecuteQuery", .reads = Reads::catalog, .tables = 100};
  EXPECT_DOUBLE_EQ(pace.cost(question).alone_ms, 5 + 2);
}

TEST(Pace, InterpolatesBetweenPointsAndGoesOnBeyondTheLast) {
  Pace pace = built_in();
  EXPECT_DOUBLE_EQ(pace.cost(look_up(0, 30000)).alone_ms, (23.8 + 54.1) / 2);
  EXPECT_DOUBLE_EQ(pace.cost(look_up(0, 90000)).alone_ms, 54.1 + 30.3);
}

TEST(Pace, FallsBelowTheFirstPointWithTheRowsButNotBelowAPing) {
  Pace pace = built_in();
  Work scan{.call = "Scan.table"};
  EXPECT_DOUBLE_EQ(pace.cost(scan).alone_ms, 9 - 66.0 / 9);
  scan.cold_rows = 10;
  EXPECT_DOUBLE_EQ(pace.cost(scan).alone_ms, 1);
  scan.cold_rows = 5000;
  EXPECT_DOUBLE_EQ(pace.cost(scan).alone_ms, 79 / 2.0);
}

TEST(Pace, WeighsATableThatIsPartlyFlushed) {
  Pace pace = built_in();
  EXPECT_DOUBLE_EQ(pace.cost(look_up(12500, 37500)).alone_ms, 4.5 + 0.75 * (54.1 - 4.5));
}

TEST(Pace, TakesAnUnnamedCallForAPing) {
  EXPECT_DOUBLE_EQ(built_in().cost({.call = "CloseSession"}).alone_ms, 1);
}

TEST(Pace, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(error_of("{"), HasSubstr("parse error"));
  EXPECT_EQ(error_of("[]"), "a pace is a JSON object");
  EXPECT_EQ(error_of("{}"), "\"calls\" is missing or empty");
  EXPECT_EQ(error_of(R"({"call": {}})"), "unknown member \"call\"");
  EXPECT_EQ(error_of(R"({"calls": []})"), "\"calls\" is not an object");
  EXPECT_EQ(error_of(R"({"calls": {"Pong": {}}})"), "unknown call \"Pong\"");
  EXPECT_EQ(error_of(R"({"calls": {"Ping": 1}})"), "call \"Ping\" is not an object");
  EXPECT_EQ(error_of(R"({"calls": {"Ping": {"alone": 1}}})"), "unknown member \"alone\" of call \"Ping\"");
  EXPECT_EQ(error_of(R"({"calls": {"Ping": {"alone_ms": "1"}}})"), "call \"Ping\", \"alone_ms\" is not a number");
  EXPECT_EQ(error_of(R"({"calls": {"Ping": {"alone_ms": -1}}})"), "call \"Ping\", \"alone_ms\" is out of range");
  EXPECT_EQ(error_of(R"({"calls": {"Ping": {"alone_ms": 1e300}}})"), "call \"Ping\", \"alone_ms\" is out of range");
  const char* needs = "call \"Ping\" needs either \"alone_ms\" and \"serial_ms\" or \"hot\" and \"cold\"";
  EXPECT_EQ(error_of(R"({"calls": {"Ping": {"alone_ms": 1}}})"), needs);
  EXPECT_EQ(error_of(R"({"calls": {"Ping": {"alone_ms": 1, "serial_ms": 1, "hot": {"points": [[1, 1, 1]]}}}})"), needs);
  auto points = [](const std::string& list) {
    return error_of(R"({"calls": {"Scan.key": {"hot": {"points": )" + list + "}}}}");
  };
  EXPECT_EQ(points("[]"), "call \"Scan.key\", \"hot\" needs 1 to 64 points");
  EXPECT_EQ(points("[[1, 2]]"), "call \"Scan.key\", \"hot\": a point is [rows, alone_ms, serial_ms]");
  EXPECT_EQ(points("[[2, 1, 1], [2, 1, 1]]"), "call \"Scan.key\", \"hot\": rows do not rise");
  EXPECT_EQ(error_of(std::string(70000, ' ')), "is longer than 65536 bytes");
  std::string error;
  EXPECT_FALSE(Pace::load("/nowhere/pace.json", error));
  EXPECT_EQ(error, "could not read pace \"/nowhere/pace.json\"");
}

TEST(Pacer, LetsCallsInFlightHaveTheSerialResourceOneAfterTheOther) {
  Pacer pacer(built_in());
  auto now = Pacer::Clock::now();
  Work call = look_up(50000, 0);
  EXPECT_EQ(pacer.due(call, now) - now, std::chrono::microseconds(4500));
  EXPECT_EQ(pacer.due(call, now) - now, std::chrono::microseconds(5400));
  for (int i = 2; i < 63; i++) pacer.due(call, now);
  EXPECT_EQ(pacer.due(call, now) - now, std::chrono::microseconds(64 * 2700));
  // Once they are done, a call has only its own time.
  auto later = now + std::chrono::seconds(1);
  EXPECT_EQ(pacer.due(call, later) - later, std::chrono::microseconds(4500));
}

TEST(Pacer, SendsAnswersInTheOrderInWhichTheyAreDue) {
  Pacer pacer(built_in());
  std::atomic<bool> cancelled{false};
  std::promise<void> done;
  std::string order;
  int calls[2];
  auto now = Pacer::Clock::now();
  pacer.send(now + milliseconds(40), &calls[0], cancelled, [&] {
    order += "b";
    done.set_value();
  });
  pacer.send(now + milliseconds(20), &calls[1], cancelled, [&] { order += "a"; });
  done.get_future().wait();
  EXPECT_EQ(order, "ab");
  EXPECT_GE(Pacer::Clock::now(), now + milliseconds(40));
}

TEST(Pacer, LeavesACancelledCallToWhoCancelledIt) {
  std::atomic<bool> cancelled{false};
  int call = 0;
  int sent = 0;
  {
    Pacer pacer(built_in());
    pacer.send(Pacer::Clock::now() + std::chrono::hours(1), &call, cancelled, [&] { sent++; });
    EXPECT_TRUE(pacer.cancel(&call));
    EXPECT_FALSE(pacer.cancel(&call));
    // One that was cancelled before its answer is ready waits for nothing.
    cancelled = true;
    pacer.send(Pacer::Clock::now() + std::chrono::hours(1), &call, cancelled, [&] { sent += 10; });
    EXPECT_EQ(sent, 10);
    EXPECT_FALSE(pacer.cancel(&call));
  }
  EXPECT_EQ(sent, 10);
}

// What the server says of its work.
class WorkTest : public ServerTest {
 protected:
  void SetUp() override {
    context_.work = &work_;
    make_table();
    ASSERT_TRUE(insert("t", {row(1, 10), row(2, 20), row(3, 30)}).ok());
  }
  std::string did() {
    std::string text = pace_name(work_) + " " + std::to_string(work_.rows) + " rows, " +
                       std::to_string(work_.hot_rows) + " hot, " + std::to_string(work_.cold_rows) + " cold";
    work_ = {};
    return text;
  }
  std::string asked(const std::string& sql) {
    work_ = {.call = "ExecuteQuery"};
    pb::ExecuteQueryRequest request;
    pb::ExecuteQueryResponse response;
    uint64_t rows = 0;
    request.set_session_id(session_);
    request.set_sql(sql);
    EXPECT_EQ(server_.execute_query(context_, request, response, rows).message, "");
    return did();
  }
  Work work_;
};

TEST_F(WorkTest, IsToldOfWrites) {
  EXPECT_EQ(did(), "Insert 3 rows, 0 hot, 0 cold");
  ASSERT_TRUE(update("t", "1", R"({"a":{"Int32":11}})").ok());
  EXPECT_EQ(did(), "Update 0 rows, 0 hot, 0 cold");
  std::string id = begin();
  ASSERT_TRUE(insert("t", {row(4, 40), row(5, 50)}).ok());
  EXPECT_EQ(did(), "staged.Insert 2 rows, 0 hot, 0 cold");
  ASSERT_TRUE(erase("t", "2").ok());
  EXPECT_EQ(did(), "staged.Delete 0 rows, 0 hot, 0 cold");
  ASSERT_TRUE(commit(id).ok());
  EXPECT_EQ(did(), "CommitTransaction 3 rows, 0 hot, 0 cold");
}

TEST_F(WorkTest, IsToldOfReads) {
  did();
  EXPECT_EQ(scan("t"), 3);
  EXPECT_EQ(did(), "Scan.table 0 rows, 3 hot, 0 cold");
  EXPECT_EQ(ddl("STORAGE FLUSH TABLE app.t").substr(0, 21), "Storage flush started");
  ASSERT_TRUE(insert("t", {row(4, 40)}).ok());
  EXPECT_EQ(scan("t", "", "id", "4"), 1);
  EXPECT_EQ(did(), "Scan.key 0 rows, 1 hot, 3 cold");
  EXPECT_EQ(scan("t", "", "a", "40"), 1);
  EXPECT_EQ(did(), "Scan.table 0 rows, 1 hot, 3 cold");
  EXPECT_EQ(asked("SELECT 1"), "ExecuteQuery.no_table 0 rows, 0 hot, 0 cold");
  EXPECT_EQ(asked("SELECT table_name FROM system.tables LIMIT 1"), "ExecuteQuery.catalog 0 rows, 0 hot, 0 cold");
  EXPECT_EQ(asked("SELECT count(*) FROM app.t"), "ExecuteQuery.count_all 0 rows, 1 hot, 3 cold");
  EXPECT_EQ(asked("SELECT id FROM app.t WHERE _seq > 9000000000000000000 LIMIT 1"),
            "ExecuteQuery.behind_last_version 0 rows, 1 hot, 3 cold");
  EXPECT_EQ(asked("SELECT x.id FROM app.t x JOIN app.t y ON x.id = y.id"), "ExecuteQuery.table 0 rows, 2 hot, 6 cold");
}

}  // namespace
}  // namespace kalam::stub
