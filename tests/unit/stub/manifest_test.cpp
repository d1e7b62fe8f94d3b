#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "stub/arrow/types.h"
#include "stub/rpc/control.h"
#include "stub_fixture.h"

namespace kalam::stub {
namespace {

using nlohmann::ordered_json;

// Numbers and texts that no two servers share.
ordered_json without_times(ordered_json manifest) {
  for (const char* name : {"created_at", "updated_at"}) manifest[name] = 0;
  for (auto& segment : manifest["segments"]) {
    int64_t versions = segment["max_seq"].get<int64_t>() - segment["min_seq"].get<int64_t>() + 1;
    EXPECT_EQ(versions, segment["row_count"].get<int64_t>());
    for (const char* name : {"min_seq", "max_seq", "size_bytes", "created_at"}) segment[name] = 0;
  }
  return manifest;
}

class ManifestTest : public ServerTest {
 protected:
  void SetUp() override { ddl("CREATE NAMESPACE ns"); }

  void make(const std::string& name, const char* kind = "SHARED") {
    ddl(std::string("CREATE ") + kind + " TABLE ns." + name + " (id BIGINT PRIMARY KEY, a INT)");
  }
  void write(const std::string& table, int first, int count, const std::string& user = "") {
    pb::InsertRequest request = target<pb::InsertRequest>(table, user);
    request.set_namespace_("ns");
    for (int i = first; i < first + count; i++) request.add_rows_json("{\"id\":" + std::to_string(i) + ",\"a\":1}");
    pb::InsertResponse response;
    status_ = server_.insert(context_, request, response);
  }
  void change(const std::string& table, const std::string& key) {
    pb::UpdateRequest request = target<pb::UpdateRequest>(table, "");
    request.set_namespace_("ns");
    request.set_pk_value(key);
    request.set_updates_json(R"({"a":{"Int32":2}})");
    pb::UpdateResponse response;
    ASSERT_TRUE(server_.update(context_, request, response).ok());
  }
  void flush(const std::string& table) { ddl("STORAGE FLUSH TABLE ns." + table); }

  std::vector<Row> rows(const std::string& table) {
    auto relation = server_.store().catalog_relation("system", "manifest");
    std::vector<Row> found;
    if (!relation) return found;
    for (Row& row : relation->rows) {
      if (std::get<std::string>(row[2].data) == table) found.push_back(std::move(row));
    }
    return found;
  }
  static std::string text(const Row& row, size_t column) { return std::get<std::string>(row[column].data); }
  // "alice pending_write, bob in_sync"
  std::string states(const std::string& table) {
    std::string all;
    for (const Row& row : rows(table)) all += (all.empty() ? "" : ", ") + text(row, 3) + " " + text(row, 8);
    return all;
  }
};

// What a running server answered; the file is never edited.
TEST_F(ManifestTest, AnswersAsTheRecordedServer) {
  make("never");
  make("pend");
  write("pend", 1, 3);
  make("sync");
  write("sync", 0, 4);
  flush("sync");
  make("both");
  write("both", 0, 5);
  flush("both");
  write("both", 5, 1);
  change("both", "0");
  make("u", "USER");
  write("u", 1, 2, "alice");
  write("u", 5, 1, "bob");
  flush("u");
  write("u", 3, 1, "alice");

  ordered_json recorded = ordered_json::parse(std::ifstream(MANIFEST_ANSWERS));
  auto relation = server_.store().catalog_relation("system", "manifest").value();
  for (const ordered_json& answer : recorded["answers"]) {
    std::string sql = answer["sql"];
    size_t quote = sql.find("table_name = '") + 14;
    std::string table = sql.substr(quote, sql.find('\'', quote) - quote);
    SCOPED_TRACE(table);
    ASSERT_EQ(relation.fields.size(), answer["fields"].size());
    for (size_t i = 0; i < relation.fields.size(); i++) {
      EXPECT_EQ(relation.fields[i].name, answer["fields"][i]["name"]);
      EXPECT_EQ(relation.fields[i].nullable, answer["fields"][i]["nullable"]);
      std::string type = answer["fields"][i]["type"];
      TypeId id = relation.fields[i].type.id;
      EXPECT_EQ(id, type == "string" ? TypeId::utf8 : type == "bool" ? TypeId::boolean : TypeId::timestamp);
    }
    std::vector<Row> seen = rows(table);
    ASSERT_EQ(seen.size(), answer["rows"].size());
    for (size_t i = 0; i < seen.size(); i++) {
      for (size_t column : {0, 1, 2, 3, 8}) EXPECT_EQ(text(seen[i], column), answer["rows"][i][column]);
      EXPECT_EQ(without_times(ordered_json::parse(text(seen[i], 9))).dump(),
                without_times(ordered_json::parse(answer["rows"][i][9].get<std::string>())).dump());
    }
  }
}

TEST_F(ManifestTest, AWriteThatFailsLeavesATableInSync) {
  make("t");
  write("t", 1, 2);
  flush("t");
  EXPECT_EQ(states("t"), "shared in_sync");
  write("t", 0, 2);
  EXPECT_FALSE(status_.ok()) << "key 1 is there";
  EXPECT_EQ(states("t"), "shared in_sync");
  make("other");
  write("other", 1, 1);
  EXPECT_EQ(states("other"), "shared pending_write");
}

TEST_F(ManifestTest, AWriteThatFailsIsNotTheFirst) {
  make("t");
  pb::InsertRequest request = target<pb::InsertRequest>("t", "");
  request.set_namespace_("ns");
  request.add_rows_json(R"({"id":1})");
  request.add_rows_json(R"({"id":1})");
  pb::InsertResponse response;
  EXPECT_FALSE(server_.insert(context_, request, response).ok());
  EXPECT_EQ(states("t"), "");
}

TEST_F(ManifestTest, ATableThatIsMadeAgainHasNoFiles) {
  make("t");
  write("t", 1, 2);
  flush("t");
  ddl("DROP TABLE ns.t");
  EXPECT_EQ(states("t"), "");
  make("t");
  EXPECT_EQ(states("t"), "");
}

TEST_F(ManifestTest, EachFlushMakesAFileAndAPartialOneLeavesTheRestPending) {
  make("t");
  write("t", 1, 2);
  flush("t");
  write("t", 3, 4);
  auto table = server_.store().find_table("ns", "t");
  EXPECT_EQ(server_.store().flush_table(*table, 3), 3U);
  EXPECT_EQ(states("t"), "shared pending_write");
  EXPECT_EQ(server_.store().hot_versions(*table), 1U);
  auto manifest = ordered_json::parse(text(rows("t")[0], 9));
  ASSERT_EQ(manifest["segments"].size(), 2U);
  EXPECT_EQ(manifest["segments"][1]["row_count"], 3);
  EXPECT_EQ(manifest["segments"][1]["path"], "batch-1.parquet");
}

TEST_F(ManifestTest, AFlushedDeletionIsNotShown) {
  make("t");
  write("t", 1, 2);
  pb::DeleteRequest request = target<pb::DeleteRequest>("t", "");
  request.set_namespace_("ns");
  request.set_pk_value("1");
  pb::DeleteResponse response;
  ASSERT_TRUE(server_.erase(context_, request, response).ok());
  auto deleted = [&](const char* column, const char* value) {
    pb::ScanRequest scan = target<pb::ScanRequest>("t", "");
    scan.set_namespace_("ns");
    auto add = [&](const char* name, const char* text) {
      auto* filter = scan.add_filters();
      filter->set_column(name);
      filter->set_op("eq");
      filter->set_value(text);
    };
    add("_deleted", "true");
    if (column != nullptr) add(column, value);
    pb::ScanResponse answer;
    uint64_t count = 0;
    EXPECT_TRUE(server_.scan(context_, scan, answer, count).ok());
    return count;
  };
  EXPECT_EQ(deleted(nullptr, nullptr), 1U);
  EXPECT_EQ(deleted("id", "1"), 1U);
  flush("t");
  EXPECT_EQ(deleted(nullptr, nullptr), 0U);
  EXPECT_EQ(deleted("id", "1"), 0U);
}

TEST_F(ManifestTest, ATestCanMakeItSaySomethingElse) {
  Faults faults;
  RpcLog log("");
  Control control(server_, faults, log, nullptr, [] {});
  std::string result;
  make("t");
  write("t", 1, 2);
  EXPECT_TRUE(control.execute("manifest", R"(ns.t {"sync_state": "in_sync", "scope": "alice"})", result).ok());
  EXPECT_EQ(states("t"), "alice in_sync");
  EXPECT_TRUE(control.execute("manifest", R"(ns.t {"missing": true})", result).ok());
  EXPECT_EQ(states("t"), "");
  EXPECT_TRUE(control.execute("manifest", "", result).ok());
  EXPECT_EQ(states("t"), "shared pending_write");
  EXPECT_TRUE(control.execute("manifest", "hidden", result).ok());
  EXPECT_FALSE(server_.store().catalog_relation("system", "manifest"));
  EXPECT_EQ(control.execute("manifest", "ns.t", result).message, "manifest wants NAMESPACE.TABLE and a JSON object");
  EXPECT_EQ(control.execute("manifest", R"(ns.t {"state": 1})", result).message, "unknown member \"state\"");
}

}  // namespace
}  // namespace kalam::stub
