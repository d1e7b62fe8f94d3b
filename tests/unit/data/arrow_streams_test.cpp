// Streams that Apache Arrow's own writer made (make_arrow_streams.py): every type that the decoder knows, every
// framing.
#include <gtest/gtest.h>

#include <fstream>

#include "support.h"

namespace kalam::test {
namespace {

using nlohmann::json;

const json& streams() {
  static const json all = json::parse(std::ifstream(ARROW_STREAMS));
  return all;
}

void expect_case(const json& one, size_t slice_size, uint32_t max_rows) {
  SCOPED_TRACE(one["name"].get<std::string>() + ", slices of " + std::to_string(slice_size) + ", windows of " +
               std::to_string(max_rows));
  const std::string answer = scan_answer({base64_decode(one["stream"].get<std::string>())});
  Status status;
  const auto reader = open_scan(answer, slice_size, &status);
  json rows;
  if (reader != nullptr) rows = read_rows(reader.get(), max_rows, &status);
  if (one["error"].is_string()) {
    EXPECT_EQ(status.error, ErrorClass::protocol);
    EXPECT_NE(std::string(status.detail).find(one["error"].get<std::string>()), std::string::npos) << status.detail;
    return;
  }
  ASSERT_EQ(status.error, ErrorClass::none) << status.detail;
  Window schema;
  ASSERT_TRUE(reader->schema(&schema, &status));
  json types = json::array();
  for (uint32_t i = 0; i < schema.column_count; i++) types.push_back(schema.columns[i].type_name);
  EXPECT_EQ(types, one["types"]);
  EXPECT_EQ(rows, one["rows"]);
}

TEST(ArrowStreams, EveryTypeAndFramingIsReadAsWritten) {
  ASSERT_GT(streams().size(), 150u);
  for (const json& one : streams()) expect_case(one, 0, 4096);
}

TEST(ArrowStreams, WindowsAndSlicesMayBeCutAnywhere) {
  for (const json& one : streams()) {
    for (const size_t slice_size : {1, 2, 5, 13, 64}) {
      for (const uint32_t max_rows : {1, 2, 3}) expect_case(one, slice_size, max_rows);
    }
  }
}

TEST(ArrowStreams, SeveralEntriesAreReadOneAfterTheOther) {
  for (const json& one : streams()) {
    if (one["error"].is_string()) continue;
    SCOPED_TRACE(one["name"].get<std::string>());
    const std::string entry = base64_decode(one["stream"].get<std::string>());
    Status status;
    const auto reader = open_scan(scan_answer({entry, entry, entry}), 7, &status);
    ASSERT_NE(reader, nullptr) << status.detail;
    json expected = json::array();
    for (int i = 0; i < 3; i++) expected.insert(expected.end(), one["rows"].begin(), one["rows"].end());
    EXPECT_EQ(read_rows(reader.get(), 100, &status), expected);
    EXPECT_EQ(status.error, ErrorClass::none) << status.detail;
  }
}

// Whatever a damaged stream says, reading it ends with rows or an error; the sanitizers watch the rest.
TEST(ArrowStreams, EveryByteMayBeDamaged) {
  for (const json& one : streams()) {
    const std::string entry = base64_decode(one["stream"].get<std::string>());
    for (size_t at = 0; at < entry.size(); at++) {
      for (const int change : {0x01, 0x80, 0xFF}) {
        std::string damaged = entry;
        damaged[at] = static_cast<char>(damaged[at] ^ change);
        drain(scan_answer({damaged}), at % 3 == 0 ? 5 : 0, 1000);
      }
    }
  }
}

TEST(ArrowStreams, EveryLengthMayBeCutOff) {
  for (const json& one : streams()) {
    const std::string entry = base64_decode(one["stream"].get<std::string>());
    for (size_t size = 0; size < entry.size(); size++) drain(scan_answer({entry.substr(0, size)}), 0, 1000);
  }
}

}  // namespace
}  // namespace kalam::test
