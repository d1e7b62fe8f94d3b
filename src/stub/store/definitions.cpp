// Namespaces and table definitions: in memory, and as JSON in the storage file.
#include <sqlite3.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "stub/arrow/coerce.h"
#include "stub/arrow/types.h"
#include "stub/store/codec.h"
#include "stub/store/store.h"

namespace kalam::stub {

namespace {

using nlohmann::json;

json column_to_json(const ColumnDef& column) {
  return {{"id", column.id},
          {"catalog_id", column.catalog_id},
          {"name", column.name},
          {"sql_type", column.sql_type},
          {"nullable", column.nullable},
          {"primary_key", column.primary_key},
          {"default_kind", static_cast<int>(column.default_kind)},
          {"default_value", column.default_value},
          {"system_column", column.system_column}};
}

ColumnDef column_from_json(const json& document) {
  ColumnDef column;
  column.id = document.at("id");
  column.catalog_id = document.at("catalog_id");
  column.name = document.at("name");
  column.sql_type = document.at("sql_type");
  column.type = type_of_sql_name(column.sql_type).value();
  column.nullable = document.at("nullable");
  column.primary_key = document.at("primary_key");
  column.default_kind = static_cast<DefaultKind>(document.at("default_kind").get<int>());
  column.default_value = document.at("default_value");
  column.system_column = document.at("system_column");
  return column;
}

json table_to_json(const TableDef& table) {
  json columns = json::array();
  for (const ColumnDef& column : table.columns) columns.push_back(column_to_json(column));
  return {{"id", table.id},
          {"namespace", table.name_space},
          {"name", table.name},
          {"kind", static_cast<int>(table.kind)},
          {"columns", columns},
          {"version", table.version},
          {"next_column_id", table.next_column_id},
          {"next_catalog_id", table.next_catalog_id},
          {"options", table.options_json},
          {"access_level", table.access_level},
          {"storage_id", table.storage_id},
          {"ttl_seconds", table.ttl_seconds},
          {"flush_rows", table.flush_rows},
          {"flush_interval", table.flush_interval},
          {"use_user_storage", table.use_user_storage},
          {"compression", table.compression},
          {"eviction_strategy", table.eviction_strategy},
          {"max_stream_size_bytes", table.max_stream_size_bytes},
          {"created_us", table.created_us},
          {"updated_us", table.updated_us},
          {"key_hidden", table.key_hidden},
          {"stored_columns", table.stored_columns},
          {"stored_types", table.stored_types}};
}

TableDef table_from_json(const json& document) {
  TableDef table;
  table.id = document.at("id");
  table.name_space = document.at("namespace");
  table.name = document.at("name");
  table.kind = static_cast<TableKind>(document.at("kind").get<int>());
  for (const json& column : document.at("columns")) table.columns.push_back(column_from_json(column));
  table.version = document.at("version");
  table.next_column_id = document.at("next_column_id");
  table.next_catalog_id = document.at("next_catalog_id");
  table.options_json = document.at("options");
  table.access_level = document.at("access_level");
  table.storage_id = document.at("storage_id");
  table.ttl_seconds = document.at("ttl_seconds");
  table.flush_rows = document.at("flush_rows");
  table.flush_interval = document.at("flush_interval");
  table.use_user_storage = document.at("use_user_storage");
  table.compression = document.at("compression");
  table.eviction_strategy = document.at("eviction_strategy");
  table.max_stream_size_bytes = document.at("max_stream_size_bytes");
  table.created_us = document.at("created_us");
  table.updated_us = document.at("updated_us");
  table.key_hidden = document.at("key_hidden");
  table.stored_columns = document.at("stored_columns").get<std::map<std::string, int>>();
  table.stored_types = document.at("stored_types").get<std::map<std::string, std::string>>();
  return table;
}

std::string debug_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
      case '\\':
        quoted += '\\';
        quoted += c;
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\t':
        quoted += "\\t";
        break;
      case '\r':
        quoted += "\\r";
        break;
      default:
        quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace

std::string ColumnDef::default_rendering() const {
  switch (default_kind) {
    case DefaultKind::none:
      return "";
    case DefaultKind::null:
      return "Null";
    case DefaultKind::boolean:
      return "Bool(" + default_value + ")";
    case DefaultKind::number:
      return "Number(" + default_value + ")";
    case DefaultKind::text:
      return "String(" + debug_quoted(default_value) + ")";
    case DefaultKind::function:
      return default_value + "()";
  }
  return "";
}

void Store::load() {
  execute(
      "CREATE TABLE IF NOT EXISTS definitions (kind TEXT, name_space TEXT, name TEXT, body TEXT,"
      " PRIMARY KEY (kind, name_space, name))");
  sqlite3_stmt* statement = prepare("SELECT kind, name_space, body FROM definitions");
  auto text = [&](int index) {
    auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
    return std::string(bytes == nullptr ? "" : bytes);
  };
  while (sqlite3_step(statement) == SQLITE_ROW) {
    std::string kind = text(0);
    json body = json::parse(text(2));
    if (kind == "namespace") {
      namespaces_[text(1)] = {text(1), body.at("created_ms")};
      continue;
    }
    auto table = std::make_shared<const TableDef>(table_from_json(body));
    next_table_id_ = std::max(next_table_id_, table->id + 1);
    (kind == "table" ? tables_ : dropped_streams_)[{table->name_space, table->name}] = table;
  }
  sqlite3_reset(statement);
  for (auto& [name, table] : tables_) load_versions(*table);
}

// Several files of a scope are one now.
void Store::load_versions(const TableDef& table) {
  sqlite3_stmt* count = prepare(
      "SELECT v_user, sum(v_cold = 0), max(v_seq), count(DISTINCT v_key) FILTER (WHERE v_cold), "
      "min(v_seq) FILTER (WHERE v_cold), max(v_seq) FILTER (WHERE v_cold) FROM t" +
      std::to_string(table.id) + " GROUP BY v_user");
  while (sqlite3_step(count) == SQLITE_ROW) {
    std::string user(reinterpret_cast<const char*>(sqlite3_column_text(count, 0)),
                     static_cast<size_t>(sqlite3_column_bytes(count, 0)));
    manifest_.wrote(table.id, user, sqlite3_column_int64(count, 1), table.created_us / 1000);
    last_seq_ = std::max(last_seq_, static_cast<int64_t>(sqlite3_column_int64(count, 2)));
    if (sqlite3_column_int64(count, 3) == 0) continue;
    manifest_.flushed(table.id, user, 0,
                      {.min_seq = sqlite3_column_int64(count, 4),
                       .max_seq = sqlite3_column_int64(count, 5),
                       .rows = sqlite3_column_int64(count, 3),
                       .created_ms = clock_.now_ms()});
  }
  sqlite3_reset(count);
}

namespace {

void save_definition(Store& store, const char* kind, const std::string& name_space, const std::string& name,
                     const std::string& body) {
  store.execute("INSERT OR REPLACE INTO definitions VALUES (" + sql_text_literal(kind) + ", " +
                sql_text_literal(name_space) + ", " + sql_text_literal(name) + ", " + sql_text_literal(body) + ")");
}

void erase_definition(Store& store, const char* kind, const std::string& name_space, const std::string& name) {
  store.execute("DELETE FROM definitions WHERE kind = " + sql_text_literal(kind) +
                " AND name_space = " + sql_text_literal(name_space) + " AND name = " + sql_text_literal(name));
}

}  // namespace

void Store::save_table(const TableDef& table) {
  save_definition(*this, "table", table.name_space, table.name, table_to_json(table).dump());
}

void Store::create_namespace(const std::string& name) {
  NamespaceDef name_space{name, clock_.now_ms()};
  namespaces_[name] = name_space;
  save_definition(*this, "namespace", name, "", json{{"created_ms", name_space.created_ms}}.dump());
}

void Store::drop_namespace(const std::string& name) {
  for (const auto& table : tables()) {
    if (table->name_space == name) drop_table(name, table->name);
  }
  namespaces_.erase(name);
  erase_definition(*this, "namespace", name, "");
}

std::shared_ptr<const TableDef> Store::find_table(const std::string& name_space, const std::string& name) const {
  auto found = tables_.find({name_space, name});
  return found == tables_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const TableDef>> Store::tables() const {
  std::vector<std::shared_ptr<const TableDef>> all;
  all.reserve(tables_.size());
  for (const auto& [name, table] : tables_) all.push_back(table);
  return all;
}

// Gives every column without storage the SQLite column of its name, adding new ones to the SQLite table.
void Store::make_storage(TableDef& table) {
  for (ColumnDef& column : table.columns) {
    if (column.catalog_id == 0) column.catalog_id = table.next_catalog_id++;
    if (column.id != 0) continue;
    auto known = table.stored_columns.find(column.name);
    if (known != table.stored_columns.end()) {
      column.id = known->second;
      continue;
    }
    column.id = table.next_column_id++;
    table.stored_columns[column.name] = column.id;
    table.stored_types[column.name] = column.sql_type;
    if (!column.system_column) {
      execute("ALTER TABLE t" + std::to_string(table.id) + " ADD COLUMN c" + std::to_string(column.id));
    }
  }
  forget_statements();
}

void Store::create_table(TableDef table) {
  std::pair<std::string, std::string> name{table.name_space, table.name};
  auto dropped = dropped_streams_.find(name);
  bool inherits_rows = table.kind == TableKind::stream && dropped != dropped_streams_.end();
  if (inherits_rows) {
    const TableDef& old = *dropped->second;
    table.id = old.id;
    table.next_column_id = old.next_column_id;
    for (const ColumnDef& column : table.columns) {
      auto known = old.stored_columns.find(column.name);
      if (known == old.stored_columns.end()) continue;
      // Values of another type are not readable as this one.
      const ColumnDef* before = old.find_column(column.name);
      if (before != nullptr && before->type == column.type) {
        table.stored_columns.insert(*known);
        table.stored_types[column.name] = column.sql_type;
      }
    }
  } else {
    table.id = next_table_id_++;
    std::string storage = "t" + std::to_string(table.id);
    execute("CREATE TABLE " + storage +
            " (v_seq INTEGER PRIMARY KEY, v_user TEXT, v_key, v_deleted INTEGER, v_cold INTEGER DEFAULT 0,"
            " v_latest INTEGER DEFAULT 1, v_expires INTEGER)");
    execute("CREATE INDEX i" + std::to_string(table.id) + " ON " + storage + " (v_user, v_key, v_seq)");
  }
  if (dropped != dropped_streams_.end()) {
    erase_definition(*this, "dropped", table.name_space, table.name);
    dropped_streams_.erase(dropped);
  }
  make_storage(table);
  table.created_us = table.updated_us = clock_.now_us();
  save_table(table);
  tables_[name] = std::make_shared<const TableDef>(std::move(table));
}

void Store::drop_table(const std::string& name_space, const std::string& name) {
  auto found = tables_.find({name_space, name});
  if (found == tables_.end()) return;
  std::shared_ptr<const TableDef> table = found->second;
  forget_statements();
  if (table->kind == TableKind::stream) {
    dropped_streams_[{name_space, name}] = table;
    save_definition(*this, "dropped", name_space, name, table_to_json(*table).dump());
  } else {
    execute("DROP TABLE t" + std::to_string(table->id));
    manifest_.forget(table->id);
  }
  erase_definition(*this, "table", name_space, name);
  tables_.erase(found);
}

void Store::replace_table(TableDef table) {
  make_storage(table);
  table.updated_us = clock_.now_us();
  save_table(table);
  std::pair<std::string, std::string> name{table.name_space, table.name};
  tables_[name] = std::make_shared<const TableDef>(std::move(table));
}

void Store::fill_column(const TableDef& table, const ColumnDef& column, const Value& value) {
  std::string name = "c" + std::to_string(column.id);
  execute("UPDATE t" + std::to_string(table.id) + " SET " + name + " = " + sql_literal(value, column.type) + " WHERE " +
          name + " IS NULL");
}

void Store::convert_column(const TableDef& table, int old_storage, const DataType& old_type, const ColumnDef& column) {
  if (old_storage == column.id) return;
  std::string name = "t" + std::to_string(table.id);
  sqlite3_stmt* read = prepare("SELECT v_seq, c" + std::to_string(old_storage) + " FROM " + name);
  std::vector<std::pair<int64_t, Value>> values;
  while (sqlite3_step(read) == SQLITE_ROW) {
    std::string error;
    auto value = coerce({old_type, read_column(read, 1, old_type)}, column.type, column.name, error);
    values.emplace_back(sqlite3_column_int64(read, 0), value.value_or(Value{}));
  }
  sqlite3_reset(read);
  for (const auto& [seq, value] : values) {
    sqlite3_stmt* write = prepare("UPDATE " + name + " SET c" + std::to_string(column.id) + " = ?1 WHERE v_seq = ?2");
    bind_value(write, 1, value, column.type);
    sqlite3_bind_int64(write, 2, seq);
    sqlite3_step(write);
    sqlite3_reset(write);
  }
}

}  // namespace kalam::stub
