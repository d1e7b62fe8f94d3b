#include "stub/store/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stub/store/fields.h"
#include "stub/store/store.h"

namespace kalam::stub {

namespace {

using nlohmann::ordered_json;

// Sizes are invented: what Parquet needs around the rows, and a little for each.
constexpr int64_t kEmptyFile = 1800;
constexpr int64_t kRowSize = 24;

ordered_json segment_json(const TableDef& table, const Segment& segment, size_t number) {
  std::string file = "batch-" + std::to_string(number) + ".parquet";
  ordered_json statistics = ordered_json::object();
  const ColumnDef* key = table.key();
  if (segment.keys && key != nullptr) {
    statistics[std::to_string(key->catalog_id)] = {{"min", {{"Int64", std::to_string(segment.keys->first)}}},
                                                   {"max", {{"Int64", std::to_string(segment.keys->second)}}},
                                                   {"null_count", 0}};
  }
  return {{"min_seq", segment.min_seq},
          {"max_seq", segment.max_seq},
          {"row_count", segment.rows},
          {"size_bytes", kEmptyFile + kRowSize * segment.rows},
          {"created_at", segment.created_ms},
          {"id", file},
          {"path", file},
          {"column_stats", std::move(statistics)},
          {"schema_version", table.version},
          {"status", "committed"}};
}

std::string manifest_json(const TableDef& table, const std::string& user, const ManifestScope& scope) {
  ordered_json segments = ordered_json::array();
  for (const Segment& segment : scope.segments) segments.push_back(segment_json(table, segment, segments.size()));
  ordered_json document = {{"table_id", table.name_space + "." + table.name},
                           {"user_id", table.per_user() ? ordered_json(user) : ordered_json(nullptr)},
                           {"version", scope.version},
                           {"created_at", scope.created_ms},
                           {"updated_at", scope.updated_ms},
                           {"segments", std::move(segments)},
                           {"last_sequence_number", 0},
                           {"files", nullptr},
                           {"vector_indexes", ordered_json::object()}};
  return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

int64_t ManifestScope::cold() const {
  int64_t rows = 0;
  for (const Segment& segment : segments) rows += segment.rows;
  return rows;
}

ManifestScope& Manifest::wrote(int64_t table, const std::string& user, int64_t versions, int64_t now_ms) {
  ManifestScope& scope = tables_[table][user];
  if (!scope.listed()) scope.created_ms = now_ms;
  if (scope.hot == 0) scope.updated_ms = now_ms;
  scope.hot += versions;
  return scope;
}

void Manifest::flushed(int64_t table, const std::string& user, int64_t versions, const Segment& segment) {
  ManifestScope& scope = tables_[table][user];
  scope.hot -= versions;
  scope.version++;
  scope.updated_ms = segment.created_ms;
  scope.segments.push_back(segment);
}

const std::map<std::string, ManifestScope>& Manifest::scopes(int64_t table) const {
  static const std::map<std::string, ManifestScope> none;
  auto found = tables_.find(table);
  return found == tables_.end() ? none : found->second;
}

const ManifestScope& Manifest::scope(int64_t table, const std::string& user) const {
  static const ManifestScope none;
  const auto& all = scopes(table);
  auto found = all.find(user);
  return found == all.end() ? none : found->second;
}

uint64_t Manifest::hot(int64_t table) const {
  int64_t versions = 0;
  for (const auto& [user, scope] : scopes(table)) versions += scope.hot;
  return static_cast<uint64_t>(std::max<int64_t>(versions, 0));
}

std::optional<ResultSet> Store::manifest_relation() const {
  if (manifest_override_.hidden) return std::nullopt;
  ResultSet result;
  result.fields = {system_field("cache_key", TypeId::utf8, false, true),
                   system_field("namespace_id", TypeId::utf8),
                   system_field("table_name", TypeId::utf8),
                   system_field("scope", TypeId::utf8),
                   system_field("etag", TypeId::utf8, true),
                   system_field("last_refreshed", TypeId::timestamp),
                   system_field("last_accessed", TypeId::timestamp),
                   system_field("in_memory", TypeId::boolean),
                   system_field("sync_state", TypeId::utf8),
                   system_field("manifest_json", TypeId::utf8)};
  for (const auto& table : tables()) {
    if (table->kind == TableKind::stream) continue;
    std::string name = table->name_space + "." + table->name;
    auto said = manifest_override_.tables.find(name);
    for (const auto& [user, scope] : manifest_.scopes(table->id)) {
      if (!scope.listed()) continue;
      std::map<std::string, std::string> row = {
          {"scope", table->per_user() ? user : "shared"},
          {"sync_state", scope.hot == 0 ? "in_sync" : "pending_write"},
          {"manifest_json", manifest_json(*table, user, scope)},
      };
      if (said != manifest_override_.tables.end()) {
        if (said->second.contains("missing")) continue;
        for (const auto& [column, text] : said->second) row[column] = text;
      }
      result.rows.push_back({Value{table->name_space + ":" + table->name + ":" + row["scope"]},
                             Value{table->name_space},
                             Value{table->name},
                             Value{row["scope"]},
                             {},
                             Value{scope.updated_ms * 1000},
                             Value{scope.updated_ms * 1000},
                             Value{true},
                             Value{row["sync_state"]},
                             Value{row["manifest_json"]}});
    }
  }
  return result;
}

}  // namespace kalam::stub
