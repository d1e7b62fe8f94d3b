// Rows of one call after another: small answers share a reader that knows their schema, large ones do not.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "stub/arrow/writer.h"
#include "unit/client/client_fixture.h"

namespace kalam::test {
namespace {

using ::testing::ElementsAre;

stub::ResultSet table(const std::vector<std::pair<std::string, stub::TypeId>>& columns) {
  stub::ResultSet result;
  for (const auto& [name, type] : columns) {
    stub::Field field;
    field.name = name;
    field.type.id = type;
    result.fields.push_back(field);
  }
  return result;
}

std::string stream(const stub::ResultSet& result) {
  return stub::write_ipc_stream(result, 0, result.rows.size());
}

// A text and a number.
std::string pair_of(const std::string& text, int64_t number) {
  auto result = table({{"t", stub::TypeId::utf8}, {"n", stub::TypeId::int64}});
  result.rows.push_back({stub::Value{text}, stub::Value{number}});
  return stream(result);
}

class ResultsTest : public ClientTest {
 protected:
  CallPtr finished_scan(const std::vector<std::string>& batches) {
    server_.batches = batches;
    CallPtr call = start_scan(connection_);
    EXPECT_EQ(finish(call).error, ErrorClass::none);
    return call;
  }

  // Every value as text, row by row.
  std::vector<std::string> rows(const CallPtr& call) {
    std::vector<std::string> found;
    Window window{};
    while (call_result_next(call.get(), 1000, &window, &status_)) {
      for (uint32_t row = 0; row < window.rows; row++) {
        std::string line;
        for (uint32_t i = 0; i < window.column_count; i++) {
          const ColumnView& column = window.columns[i];
          line += std::string(i == 0 ? "" : " ") + column.name + "=";
          if (column.nulls != nullptr && column.nulls[row] != 0) {
            line += "NULL";
          } else if (column.kind == ColumnKind::utf8) {
            const Slice& slice = static_cast<const Slice*>(column.values)[row];
            line.append(slice.data, slice.size);
          } else {
            line += std::to_string(static_cast<const int64_t*>(column.values)[row]);
          }
        }
        found.push_back(line);
      }
    }
    return found;
  }

  std::vector<std::string> scanned(const std::vector<std::string>& batches) { return rows(finished_scan(batches)); }

  FakeServer server_;
  Connection* connection_ = connect(server_);
  Status status_{};
};

TEST_F(ResultsTest, EqualSchemas) {
  EXPECT_THAT(scanned({pair_of("a", 1)}), ElementsAre("t=a n=1"));
  EXPECT_THAT(scanned({pair_of("b", 2), pair_of("c", 3)}), ElementsAre("t=b n=2", "t=c n=3"));
  EXPECT_THAT(scanned({}), ElementsAre());
  EXPECT_THAT(scanned({pair_of("d", 4)}), ElementsAre("t=d n=4"));
}

TEST_F(ResultsTest, OtherSchemas) {
  auto other = table({{"t", stub::TypeId::int64}});
  other.rows.push_back({stub::Value{int64_t{7}}});
  other.rows.push_back({stub::Value{}});
  EXPECT_THAT(scanned({pair_of("a", 1)}), ElementsAre("t=a n=1"));
  EXPECT_THAT(scanned({stream(other)}), ElementsAre("t=7", "t=NULL"));
  EXPECT_THAT(scanned({pair_of("b", 2)}), ElementsAre("t=b n=2"));
  EXPECT_THAT(scanned({pair_of("b", 2), stream(other)}), ElementsAre("t=b n=2"));
  EXPECT_EQ(status_.error, ErrorClass::protocol) << "the streams of one answer must agree";
  EXPECT_THAT(scanned({stream(other)}), ElementsAre("t=7", "t=NULL"));
}

TEST_F(ResultsTest, SchemaOfAnAnswerWithoutRows) {
  Window window{};
  const CallPtr none = finished_scan({});
  EXPECT_FALSE(call_result_schema(none.get(), &window, &status_));
  EXPECT_EQ(status_.error, ErrorClass::none);
  EXPECT_THAT(scanned({pair_of("a", 1)}), ElementsAre("t=a n=1"));
  const CallPtr again = finished_scan({});
  EXPECT_FALSE(call_result_schema(again.get(), &window, &status_)) << "the schema of the call before";
  const CallPtr some = finished_scan({pair_of("a", 1)});
  ASSERT_TRUE(call_result_schema(some.get(), &window, &status_));
  EXPECT_EQ(window.column_count, 2U);
}

TEST_F(ResultsTest, SeveralCallsAtOnce) {
  const CallPtr first = finished_scan({pair_of("a", 1), pair_of("b", 2)});
  Window window{};
  ASSERT_TRUE(call_result_next(first.get(), 1, &window, &status_));
  const CallPtr second = finished_scan({pair_of("c", 3)});
  EXPECT_THAT(rows(second), ElementsAre("t=c n=3"));
  EXPECT_THAT(rows(first), ElementsAre("t=b n=2"));
}

TEST_F(ResultsTest, DamagedAnswersHurtNobodyElse) {
  const std::string good = pair_of("a", 1);
  for (size_t size = 0; size < good.size(); size += 7) {
    scanned({good.substr(0, size)});
    EXPECT_THAT(scanned({good}), ElementsAre("t=a n=1")) << "after " << size << " bytes of " << good.size();
    // A reader that knows the schema meets the same bytes.
    scanned({good.substr(0, size)});
  }
}

TEST_F(ResultsTest, AnswersOfManyWindows) {
  auto large = table({{"t", stub::TypeId::utf8}, {"n", stub::TypeId::int64}});
  for (int64_t i = 0; i < 20'000; i++) large.rows.push_back({stub::Value{"text " + std::to_string(i)}, stub::Value{i}});
  EXPECT_THAT(scanned({pair_of("a", 1)}), ElementsAre("t=a n=1"));
  const std::vector<std::string> found = scanned({stream(large)});
  ASSERT_EQ(found.size(), 20'000U);
  EXPECT_EQ(found.back(), "t=text 19999 n=19999");
  EXPECT_THAT(scanned({pair_of("b", 2)}), ElementsAre("t=b n=2"));
}

TEST_F(ResultsTest, KeptAnswersAreReadAgain) {
  scanned({pair_of("a", 1)});
  const CallPtr call = finished_scan({pair_of("b", 2)});
  call_result_keep(call.get());
  EXPECT_THAT(rows(call), ElementsAre("t=b n=2"));
  ASSERT_TRUE(call_result_rewind(call.get(), true, &status_));
  EXPECT_THAT(rows(call), ElementsAre("t=b n=2"));
  ASSERT_TRUE(call_result_rewind(call.get(), false, &status_));
  EXPECT_THAT(rows(call), ElementsAre("t=b n=2"));
  EXPECT_FALSE(call_result_rewind(call.get(), false, &status_));
}

// Values of a column in a window that only counts, or has that column alone.
uint64_t values_of(const CallPtr& call, uint32_t column, uint32_t* rows) {
  Status status{};
  Window window{};
  EXPECT_TRUE(call_result_next(call.get(), 10, &window, &status));
  *rows = window.rows;
  EXPECT_EQ(window.column_count, 2U);
  return window.columns[column].rows;
}

TEST_F(ResultsTest, SelectedColumnsAreDecodedUntilTheRewind) {
  auto two = table({{"t", stub::TypeId::utf8}, {"n", stub::TypeId::int64}});
  two.rows.push_back({stub::Value{std::string("a")}, stub::Value{int64_t{1}}});
  two.rows.push_back({stub::Value{std::string("b")}, stub::Value{int64_t{2}}});
  const CallPtr call = finished_scan({stream(two), stream(two)});
  uint32_t rows_found = 0;
  call_result_keep(call.get());

  const std::vector<uint32_t> second = {1, 7};
  call_result_select(call.get(), second.data(), second.size());
  Window window{};
  for (int batch = 0; batch < 2; batch++) {
    ASSERT_TRUE(call_result_next(call.get(), 10, &window, &status_));
    EXPECT_EQ(window.rows, 2U);
    EXPECT_EQ(window.columns[0].rows, 0U) << "it was not asked for";
    EXPECT_EQ(static_cast<const int64_t*>(window.columns[1].values)[1], 2);
  }
  EXPECT_FALSE(call_result_next(call.get(), 10, &window, &status_));
  EXPECT_EQ(status_.error, ErrorClass::none);

  ASSERT_TRUE(call_result_rewind(call.get(), true, &status_));
  call_result_select(call.get(), nullptr, 0);
  EXPECT_EQ(values_of(call, 1, &rows_found), 0U);
  EXPECT_EQ(rows_found, 2U);

  ASSERT_TRUE(call_result_rewind(call.get(), false, &status_));
  EXPECT_THAT(rows(call), ElementsAre("t=a n=1", "t=b n=2", "t=a n=1", "t=b n=2"));
}

TEST_F(ResultsTest, ASelectionEndsWithItsCall) {
  scanned({pair_of("a", 1)});
  CallPtr call = finished_scan({pair_of("b", 2)});
  uint32_t rows_found = 0;
  call_result_select(call.get(), nullptr, 0);
  EXPECT_EQ(values_of(call, 0, &rows_found), 0U);
  EXPECT_EQ(rows_found, 1U);
  call.reset();
  EXPECT_THAT(scanned({pair_of("c", 3)}), ElementsAre("t=c n=3")) << "its reader is used again";
}

TEST_F(ResultsTest, CallsOutliveTheirConnection) {
  CallPtr call = finished_scan({pair_of("a", 1)});
  release(connection_);
  EXPECT_THAT(rows(call), ElementsAre("t=a n=1"));
}

}  // namespace
}  // namespace kalam::test
