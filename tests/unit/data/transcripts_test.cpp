// What a real server was recorded to send, decoded and compared with what the recording says it means.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "support.h"

namespace kalam::test {
namespace {

using nlohmann::json;

std::string iso_time(int64_t micros) {
  char text[64];
  const int64_t seconds = micros / 1'000'000 % 86'400;
  std::snprintf(text, sizeof(text), "%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  std::string result = text;
  if (micros % 1'000'000 != 0) {
    std::snprintf(text, sizeof(text), ".%06d", static_cast<int>(micros % 1'000'000));
    result += text;
  }
  return result;
}

std::string iso_date(int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

// The recording's form of a decoded value.
json recorded_form(const ColumnView& column, uint64_t row) {
  const json value = value_json(column, row);
  if (value.is_null()) return value;
  switch (column.kind) {
    case ColumnKind::date_days:
      return iso_date(value.get<int64_t>());
    case ColumnKind::time_of_day:
      return iso_time(value.get<int64_t>());
    case ColumnKind::timestamp: {
      int64_t micros = value.get<int64_t>();
      if (column.unit == TimeUnit::nanosecond) micros /= 1'000;
      const int64_t days = (micros < 0 ? micros - 86'399'999'999 : micros) / 86'400'000'000;
      return iso_date(days) + "T" + iso_time(micros - days * 86'400'000'000) + (column.has_timezone ? "+00:00" : "");
    }
    default:
      return value;
  }
}

bool same(const json& recorded, const json& decoded, ColumnKind kind) {
  if (recorded.is_string()) {
    const std::string text = recorded;
    if (text.starts_with('<') && text.ends_with('>') && (text.find('_') != text.npos || text == "<seq>")) return true;
    if (text.starts_with("<uuid")) return true;
    if (kind == ColumnKind::decimal) return std::stold(text) == std::stold(decoded.get<std::string>());
  }
  return recorded == decoded;
}

struct Counts {
  int answers = 0;
  int values = 0;
};

void compare(const json& response, const std::string& where, size_t slice_size, uint32_t max_rows, Counts* counts) {
  std::vector<std::string> entries;
  for (const json& entry : response["ipc_base64"]) entries.push_back(base64_decode(entry.get<std::string>()));
  Status status;
  const auto reader = open_scan(scan_answer(entries), slice_size, &status);
  ASSERT_NE(reader, nullptr) << where << ": " << status.detail;
  Window schema;
  ASSERT_EQ(reader->schema(&schema, &status), !entries.empty()) << where;
  json recorded_rows = json::array();
  for (const json& entry : response["entries"]) {
    const json& fields = entry["fields"];
    ASSERT_EQ(fields.size(), schema.column_count) << where;
    for (size_t i = 0; i < fields.size(); i++) {
      EXPECT_EQ(fields[i]["name"], schema.columns[i].name) << where;
      EXPECT_EQ(fields[i]["nullable"], schema.columns[i].nullable) << where;
      EXPECT_EQ(fields[i]["type"], transcript_type(schema.columns[i])) << where;
    }
    for (const json& row : entry["rows"]) recorded_rows.push_back(row);
    // Of a large entry only the first rows were recorded, and their number.
    const size_t missing = entry.value("row_count", entry["rows"].size()) - entry["rows"].size();
    for (size_t i = 0; i < missing; i++) recorded_rows.push_back(nullptr);
  }
  Window window;
  size_t row = 0;
  while (reader->next(max_rows, &window, &status)) {
    for (uint32_t i = 0; i < window.rows; i++, row++) {
      ASSERT_LT(row, recorded_rows.size()) << where;
      if (recorded_rows[row].is_null()) continue;
      for (uint32_t column = 0; column < window.column_count; column++) {
        const json decoded = recorded_form(window.columns[column], i);
        const json& recorded = recorded_rows[row][column];
        EXPECT_TRUE(same(recorded, decoded, window.columns[column].kind))
            << where << " row " << row << " column " << column << ": " << recorded << " but decoded " << decoded;
        counts->values++;
      }
    }
  }
  EXPECT_EQ(status.error, ErrorClass::none) << where << ": " << status.detail;
  EXPECT_EQ(row, recorded_rows.size()) << where;
  counts->answers++;
}

Counts compare_all(size_t slice_size, uint32_t max_rows) {
  Counts counts;
  for (const auto& file : std::filesystem::directory_iterator(TRANSCRIPTS)) {
    const json topic = json::parse(std::ifstream(file.path()));
    for (const json& one : topic["cases"]) {
      for (size_t step = 0; step < one["steps"].size(); step++) {
        const json& call = one["steps"][step];
        if (!call.contains("response") || !call["response"].contains("ipc_base64")) continue;
        const std::string where = topic["topic"].get<std::string>() + "/" + one["case"].get<std::string>() + " step " +
                                  std::to_string(step + 1);
        compare(call["response"], where, slice_size, max_rows, &counts);
      }
    }
  }
  return counts;
}

TEST(Transcripts, EveryRecordedAnswerIsDecodedAsRecorded) {
  const Counts counts = compare_all(0, 4096);
  EXPECT_GT(counts.answers, 600);
  EXPECT_GT(counts.values, 2500);
}

TEST(Transcripts, ThePlaceOfSliceBoundariesDoesNotMatter) {
  for (const size_t slice_size : {1, 3, 7, 61, 256}) compare_all(slice_size, 2);
}

}  // namespace
}  // namespace kalam::test
