// manifest_json of system.manifest: what a real server sent, and everything that must not be believed.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "client/api.h"

namespace kalam {
namespace {

using nlohmann::json;

const char* const kSegment =
    R"({"min_seq":10,"max_seq":20,"row_count":5,"size_bytes":1,"column_stats":{"1":{"min":{"Int64":"0"}}},"status":"committed"})";

// A document about ns.t whose segments are this text.
std::string document(const std::string& segments, const std::string& more = "") {
  return R"({"table_id":"ns.t","user_id":null,"version":2,"created_at":100,"updated_at":200,"segments":)" + segments +
         more + "}";
}

bool parses(const std::string& text, const char* user = nullptr, Manifest* manifest = nullptr) {
  Manifest own;
  return parse_manifest(text.data(), text.size(), "ns.t", user, manifest != nullptr ? manifest : &own);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

const std::string kGood = document(std::string("[") + kSegment + "]");

TEST(ManifestTest, ReadsWhatARealServerSent) {
  const json recorded = json::parse(std::ifstream(MANIFEST_ANSWERS));
  int read = 0;
  for (const json& answer : recorded["answers"]) {
    for (const json& row : answer["rows"]) {
      const std::string table = row[1].get<std::string>() + "." + row[2].get<std::string>();
      const std::string scope = row[3];
      const std::string text = row[9];
      Manifest manifest;
      ASSERT_TRUE(parse_manifest(text.data(), text.size(), table.c_str(), scope == "shared" ? nullptr : scope.c_str(),
                                 &manifest))
          << text;
      const json expected = json::parse(text);
      int64_t rows = 0;
      int64_t highest = -1;
      for (const json& segment : expected["segments"]) {
        rows += segment["row_count"].get<int64_t>();
        highest = std::max(highest, segment["max_seq"].get<int64_t>());
      }
      EXPECT_EQ(manifest.segment_count, expected["segments"].size());
      EXPECT_EQ(manifest.row_count, rows);
      EXPECT_EQ(manifest.max_seq, highest);
      EXPECT_EQ(manifest.version, expected["version"].get<int64_t>());
      EXPECT_EQ(manifest.updated_at_ms, expected["updated_at"].get<int64_t>());
      read++;
    }
  }
  EXPECT_EQ(read, 5);
}

TEST(ManifestTest, AddsSegmentsUp) {
  Manifest manifest;
  ASSERT_TRUE(
      parses(document(std::string("[") + kSegment + "," + replaced(kSegment, "20", "30") + "]"), nullptr, &manifest));
  EXPECT_EQ(manifest.segment_count, 2U);
  EXPECT_EQ(manifest.row_count, 10);
  EXPECT_EQ(manifest.max_seq, 30);
  ASSERT_TRUE(parses(document("[]"), nullptr, &manifest));
  EXPECT_EQ(manifest.segment_count, 0U);
  EXPECT_EQ(manifest.max_seq, -1);
}

TEST(ManifestTest, IsAboutTheTableAndTheUserThatWereAskedFor) {
  const std::string users = replaced(kGood, "\"user_id\":null", R"("user_id":"b\u00f6b \ud83d\ude00")");
  EXPECT_TRUE(parses(kGood));
  EXPECT_FALSE(parses(kGood, "shared"));
  EXPECT_TRUE(parses(users,
                     "b\xc3\xb6"
                     "b \xf0\x9f\x98\x80"));
  EXPECT_FALSE(parses(users, "bob"));
  EXPECT_FALSE(parses(users,
                      "b\xc3\xb6"
                      "b \xf0\x9f\x98\x80 "));
  EXPECT_FALSE(parses(users,
                      "b\xc3\xb6"
                      "b"));
  EXPECT_FALSE(parses(users));
  EXPECT_FALSE(parses(replaced(kGood, "ns.t", "ns.u")));
  EXPECT_FALSE(parses(replaced(kGood, "\"ns.t\"", "null")));
}

TEST(ManifestTest, RefusesWhatIsMissingTwiceOrOutOfRange) {
  for (const char* member : {"\"table_id\":\"ns.t\",", "\"user_id\":null,", "\"version\":2,", "\"created_at\":100,",
                             "\"updated_at\":200,", "\"min_seq\":10,", "\"max_seq\":20,", "\"row_count\":5,"}) {
    EXPECT_FALSE(parses(replaced(kGood, member, ""))) << member;
    EXPECT_FALSE(parses(replaced(kGood, member, std::string(member) + member))) << member;
  }
  EXPECT_FALSE(parses(replaced(kGood, ",\"status\":\"committed\"", "")));
  EXPECT_FALSE(parses(document("[]", ",\"segments\":[]")));
  for (const char* number :
       {"-1", "1.0", "1e2", "9223372036854775808", "\"5\"", "05", "0x5", "", "+5", "NaN", "null"}) {
    EXPECT_FALSE(parses(replaced(kGood, "\"row_count\":5", std::string("\"row_count\":") + number))) << number;
    EXPECT_FALSE(parses(replaced(kGood, "\"version\":2", std::string("\"version\":") + number))) << number;
  }
  EXPECT_FALSE(parses(replaced(kGood, "\"min_seq\":10", "\"min_seq\":21")));
  for (const char* word : {"committed ", "Committed", "pending", "", "commit\\u0074ed"}) {
    EXPECT_EQ(parses(replaced(kGood, "committed", word)), std::string(word) == "commit\\u0074ed") << word;
  }
}

TEST(ManifestTest, RefusesRowCountsThatOverflow) {
  const std::string large = replaced(kSegment, "\"row_count\":5", "\"row_count\":9223372036854775807");
  EXPECT_TRUE(parses(document("[" + large + "]")));
  EXPECT_FALSE(parses(document("[" + large + "," + kSegment + "]")));
}

TEST(ManifestTest, RefusesWhatIsNotJson) {
  for (size_t size = 0; size < kGood.size(); size++) EXPECT_FALSE(parses(kGood.substr(0, size))) << size;
  EXPECT_TRUE(parses(" \t\r\n" + kGood + "\n"));
  EXPECT_FALSE(parses(kGood + "x"));
  EXPECT_FALSE(parses(kGood + kGood));
  for (const char* value : {"tru",
                            "True",
                            "{,}",
                            "[1,]",
                            "[1 2]",
                            "{\"a\"}",
                            "{\"a\":}",
                            "{1:2}",
                            "\"\\x\"",
                            "\"\\u12\"",
                            "\"\\ud800\"",
                            "\"\\udc00\\ud800\"",
                            "\"\x01\"",
                            "\"\xc0\x80\"",
                            "\"\xed\xa0\x80\"",
                            "\"\xf4\x90\x80\x80\"",
                            "\"\xe2\x82\"",
                            "1.",
                            ".5",
                            "1e",
                            "-",
                            "01",
                            "}",
                            "[}",
                            "{]",
                            "\"",
                            "'a'"}) {
    EXPECT_FALSE(parses(document("[]", std::string(",\"more\":") + value))) << value;
  }
  for (const char* value :
       {"true", "false", "null", "{}", "[]", "[[],{}]", "{\"a\":[1,{\"b\":-0.5e+3}],\"c\":\"\\\\\"}",
        "\"\\u0000\\ud83d\\ude00\xf4\x8f\xbf\xbf\"", " [ 1 , 2 ] ", "0", "-0"}) {
    EXPECT_TRUE(parses(document("[]", std::string(",\"more\":") + value))) << value;
  }
}

TEST(ManifestTest, BoundsDepthSizeAndSegments) {
  auto nested = [](int depth) {
    return document("[]", ",\"more\":" + std::string(depth, '[') + std::string(depth, ']'));
  };
  EXPECT_TRUE(parses(nested(31)));
  EXPECT_FALSE(parses(nested(32)));
  EXPECT_FALSE(parses(document("[]", ",\"more\":" + std::string(1000000, '['))));
  EXPECT_FALSE(parses(kGood + std::string(16 * 1024 * 1024, ' ')));

  const std::string small = R"({"min_seq":1,"max_seq":1,"row_count":1,"status":"committed"})";
  std::string segments = "[" + small;
  for (int i = 1; i < 100000; i++) segments += "," + small;
  EXPECT_TRUE(parses(document(segments + "]")));
  EXPECT_FALSE(parses(document(segments + "," + small + "]")));
}

}  // namespace
}  // namespace kalam
