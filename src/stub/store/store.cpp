// Row versions. Definitions are in definitions.cpp.
#include "stub/store/store.h"

#include <sqlite3.h>

#include <algorithm>
#include <stdexcept>

#include "stub/base/status.h"
#include "stub/store/codec.h"

namespace kalam::stub {

namespace {

std::string table_name(const TableDef& table) {
  return "t" + std::to_string(table.id);
}

const DataType& key_type(const TableDef& table) {
  static const DataType untyped;
  const ColumnDef* key = table.key();
  return key == nullptr ? untyped : key->type;
}

}  // namespace

const char* kind_name(TableKind kind) {
  switch (kind) {
    case TableKind::shared:
      return "shared";
    case TableKind::user:
      return "user";
    case TableKind::stream:
      return "stream";
    default:
      return "system";
  }
}

const ColumnDef* TableDef::find_column(const std::string& column_name) const {
  for (const ColumnDef& column : columns) {
    if (column.name == column_name) return &column;
  }
  return nullptr;
}

const ColumnDef* TableDef::key() const {
  for (const ColumnDef& column : columns) {
    if (column.primary_key) return &column;
  }
  return nullptr;
}

Store::Store(const std::string& path, Clock& clock, IdSource& ids) : clock_(clock), ids_(ids), jobs_(clock, ids) {
  if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr) !=
      SQLITE_OK) {
    std::string text = db_ != nullptr ? sqlite3_errmsg(db_) : "out of memory";
    sqlite3_close_v2(db_);
    throw std::runtime_error("could not open storage \"" + path + "\": " + text);
  }
  try {
    // Never in the middle of a write: SQLite would undo the whole transaction around it.
    auto stop = [](void* self) {
      const auto* store = static_cast<const Store*>(self);
      return store->reading_ > 0 && store->cancelled_ != nullptr && *store->cancelled_ ? 1 : 0;
    };
    sqlite3_progress_handler(db_, 10000, stop, this);
    execute("PRAGMA synchronous = OFF");
    execute("PRAGMA temp_store = MEMORY");
    load();
  } catch (...) {
    forget_statements();
    sqlite3_close_v2(db_);
    throw;
  }
}

Store::~Store() {
  forget_statements();
  sqlite3_close_v2(db_);
}

void Store::forget_statements() const {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
}

void Store::execute(const std::string& sql) const {
  char* message = nullptr;
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &message) != SQLITE_OK) {
    std::string text = message != nullptr ? message : "unknown error";
    sqlite3_free(message);
    throw std::runtime_error("SQLite: " + text + " in: " + sql);
  }
}

sqlite3_stmt* Store::prepare(const std::string& sql) const {
  auto found = statements_.find(sql);
  if (found != statements_.end()) {
    sqlite3_reset(found->second);
    sqlite3_clear_bindings(found->second);
    return found->second;
  }
  // Texts with user ids in them would pile up; everything used in loops is prepared again in no time.
  if (statements_.size() > 500) forget_statements();
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error("SQLite: " + std::string(sqlite3_errmsg(db_)) + " in: " + sql);
  }
  statements_[sql] = statement;
  return statement;
}

Store::Savepoint::Savepoint(Store& store) : store_(store), appended_before_(store.appended_.size()) {
  store_.execute("SAVEPOINT s" + std::to_string(store_.savepoint_depth_++));
}

Store::Savepoint::~Savepoint() {
  std::string name = "s" + std::to_string(--store_.savepoint_depth_);
  if (released_) {
    sqlite3_exec(store_.db_, ("RELEASE " + name).c_str(), nullptr, nullptr, nullptr);
  } else {
    sqlite3_exec(store_.db_, ("ROLLBACK TO " + name + "; RELEASE " + name).c_str(), nullptr, nullptr, nullptr);
    for (size_t i = appended_before_; i < store_.appended_.size(); i++) store_.appended_[i]->hot--;
    store_.appended_.resize(appended_before_);
  }
  if (store_.savepoint_depth_ == 0) store_.appended_.clear();
}

void Store::Savepoint::release() {
  released_ = true;
}

int64_t Store::next_seq() {
  int64_t seq = ids_.snowflake(clock_.now_ms(), kSnowflakeEpochMs);
  // A clock that was set back, or one before 2024, still gives rising numbers.
  last_seq_ = std::max(seq, last_seq_ + 1);
  return last_seq_;
}

std::string Store::row_columns(const TableDef& table) const {
  std::string columns = "v_seq, v_deleted";
  for (const ColumnDef& column : table.columns) {
    if (!column.system_column) columns += ", c" + std::to_string(column.id);
  }
  return columns;
}

RowVersion Store::read_version(sqlite3_stmt* statement, const TableDef& table) const {
  RowVersion row;
  row.seq = sqlite3_column_int64(statement, 0);
  row.deleted = sqlite3_column_int(statement, 1) != 0;
  int index = 2;
  row.values.reserve(table.columns.size());
  for (const ColumnDef& column : table.columns) {
    if (!column.system_column) {
      row.values.push_back(read_column(statement, index++, column.type));
    } else if (column.type.id == TypeId::boolean) {
      row.values.push_back({row.deleted});
    } else {
      row.values.push_back({row.seq});
    }
  }
  return row;
}

std::string Store::visible_rows_sql(const TableDef& table, const std::string& user, uint64_t cap, bool with_deleted,
                                    int64_t snapshot, int64_t after) const {
  std::string name = table_name(table);
  std::string where = "v_seq > " + std::to_string(after);
  if (table.per_user()) where += " AND v_user = " + sql_text_literal(user);
  if (snapshot != 0) where += " AND v_seq <= " + std::to_string(snapshot);
  bool cut = false;
  if (cap != 0 && hot_versions(table) > cap) {
    // The last hot version that a scan reaches.
    std::string query = "SELECT v_seq FROM " + name + " WHERE v_cold = 0 AND v_seq > " + std::to_string(after) +
                        (table.per_user() ? " AND v_user = " + sql_text_literal(user) : "") +
                        " ORDER BY v_seq LIMIT 1 OFFSET " + std::to_string(cap - 1);
    sqlite3_stmt* statement = prepare(query);
    if (sqlite3_step(statement) == SQLITE_ROW) {
      where += " AND (v_cold = 1 OR v_seq <= " + std::to_string(sqlite3_column_int64(statement, 0)) + ")";
      cut = true;
    }
    sqlite3_reset(statement);
  }
  std::string columns = row_columns(table);
  // A flush leaves no deleted row to be seen.
  std::string hide = with_deleted ? " AND (v_deleted = 0 OR v_cold = 0)" : " AND v_deleted = 0";
  if (table.kind == TableKind::stream) {
    return "(SELECT " + columns + " FROM " + name + " WHERE " + where + " AND v_expires > " +
           std::to_string(clock_.now_ms()) + hide + ")";
  }
  if (!cut && snapshot == 0) {
    return "(SELECT " + columns + " FROM " + name + " WHERE " + where + " AND v_latest = 1" + hide + ")";
  }
  return "(SELECT " + columns + " FROM " + name + " WHERE v_seq IN (SELECT max(v_seq) FROM " + name + " WHERE " +
         where + " GROUP BY v_user, v_key)" + hide + ")";
}

std::vector<RowVersion> Store::visible_rows(const TableDef& table, const std::string& user, uint64_t cap,
                                            bool with_deleted, int64_t snapshot) const {
  std::vector<RowVersion> rows;
  Reading reading(*this);
  // The subquery's own text names the same columns in the same order.
  std::string sql = visible_rows_sql(table, user, cap, with_deleted, snapshot);
  sqlite3_stmt* statement = prepare("SELECT " + row_columns(table) + " FROM " + sql);
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) rows.push_back(read_version(statement, table));
  sqlite3_reset(statement);
  check_end(code);
  return rows;
}

// What ended a loop over rows.
void Store::check_end(int code) const {
  if (code == SQLITE_DONE) return;
  if (code == SQLITE_INTERRUPT) throw CallCancelled();
  throw std::runtime_error("SQLite: " + std::string(sqlite3_errmsg(db_)));
}

std::optional<RowVersion> Store::find_row(const TableDef& table, const std::string& user, const Value& key,
                                          int64_t snapshot) const {
  std::string sql = "SELECT " + row_columns(table) + " FROM " + table_name(table) +
                    " WHERE v_user = ?1 AND v_key = ?2 AND v_seq <= ?3 AND coalesce(v_expires > ?4, 1)"
                    " ORDER BY v_seq DESC LIMIT 1";
  sqlite3_stmt* statement = prepare(sql);
  std::string owner = table.per_user() ? user : "";
  sqlite3_bind_text64(statement, 1, owner.data(), owner.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  bind_value(statement, 2, key, key_type(table));
  sqlite3_bind_int64(statement, 3, snapshot != 0 ? snapshot : INT64_MAX);
  sqlite3_bind_int64(statement, 4, clock_.now_ms());
  std::optional<RowVersion> row;
  if (sqlite3_step(statement) == SQLITE_ROW) row = read_version(statement, table);
  sqlite3_reset(statement);
  return row;
}

int64_t Store::append(const TableDef& table, const std::string& user, const Value& key, const Row& values, bool deleted,
                      bool first) {
  std::string owner = table.per_user() ? user : "";
  bool stream = table.kind == TableKind::stream;
  std::string name = table_name(table);
  if (!stream && !first) {
    sqlite3_stmt* statement =
        prepare("UPDATE " + name + " SET v_latest = 0 WHERE v_user = ?1 AND v_key = ?2 AND v_latest");
    sqlite3_bind_text64(statement, 1, owner.data(), owner.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    bind_value(statement, 2, key, key_type(table));
    sqlite3_step(statement);
    sqlite3_reset(statement);
  }
  std::string columns = "v_seq, v_user, v_key, v_deleted, v_expires";
  std::string marks = "?, ?, ?, ?, ?";
  for (const ColumnDef& column : table.columns) {
    if (column.system_column) continue;
    columns += ", c" + std::to_string(column.id);
    marks += ", ?";
  }
  sqlite3_stmt* statement = prepare("INSERT INTO " + name + " (" + columns + ") VALUES (" + marks + ")");
  int64_t seq = next_seq();
  sqlite3_bind_int64(statement, 1, seq);
  sqlite3_bind_text64(statement, 2, owner.data(), owner.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  bind_value(statement, 3, key, key_type(table));
  sqlite3_bind_int64(statement, 4, deleted ? 1 : 0);
  if (stream) sqlite3_bind_int64(statement, 5, clock_.now_ms() + table.ttl_seconds * 1000);
  int index = 6;
  for (size_t i = 0; i < table.columns.size(); i++) {
    if (!table.columns[i].system_column) bind_value(statement, index++, values[i], table.columns[i].type);
  }
  int result = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (result != SQLITE_DONE) throw std::runtime_error("SQLite: " + std::string(sqlite3_errmsg(db_)));
  ManifestScope& scope = manifest_.wrote(table.id, owner, 1, clock_.now_ms());
  if (savepoint_depth_ > 0) appended_.push_back(&scope);
  return seq;
}

std::string Store::fill(const TableDef& table, int64_t rows) {
  if (table.kind != TableKind::shared) return "only a SHARED table can be filled";
  std::string name = table_name(table);
  sqlite3_stmt* any = prepare("SELECT EXISTS (SELECT 1 FROM " + name + ")");
  bool empty = sqlite3_step(any) == SQLITE_ROW && sqlite3_column_int(any, 0) == 0;
  sqlite3_reset(any);
  if (!empty) return "the table is not empty";
  int64_t before = next_seq();
  std::string columns = "v_seq, v_user, v_key, v_deleted";
  std::string key;
  std::string values;
  for (const ColumnDef& column : table.columns) {
    if (column.system_column) continue;
    std::string value;
    switch (column.type.id) {
      case TypeId::int16:
      case TypeId::int32:
      case TypeId::int64:
        value = column.primary_key ? "i" : "i % 1000";
        break;
      case TypeId::utf8:
        value = "'row ' || i";
        break;
      default:
        if (!column.nullable) return "a column that cannot be filled: " + column.name;
        value = "NULL";
    }
    if (column.primary_key) key = value;
    columns += ", c" + std::to_string(column.id);
    values += ", " + value;
  }
  execute("INSERT INTO " + name + " (" + columns +
          ") WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(rows) +
          ") SELECT " + std::to_string(before) + " + i, '', " + key + ", 0" + values + " FROM n");
  last_seq_ = before + rows;
  manifest_.wrote(table.id, "", rows, clock_.now_ms());
  return "";
}

int64_t Store::erase_stream_rows(const TableDef& table, const std::string& user, const Value& key) {
  sqlite3_stmt* statement = prepare("DELETE FROM " + table_name(table) + " WHERE v_user = ?1 AND v_key = ?2");
  sqlite3_bind_text64(statement, 1, user.data(), user.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  bind_value(statement, 2, key, key_type(table));
  sqlite3_step(statement);
  sqlite3_reset(statement);
  return sqlite3_changes64(db_);
}

bool Store::is_cold(const TableDef& table, int64_t seq) const {
  sqlite3_stmt* statement = prepare("SELECT v_cold FROM " + table_name(table) + " WHERE v_seq = ?1");
  sqlite3_bind_int64(statement, 1, seq);
  bool cold = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
  sqlite3_reset(statement);
  return cold;
}

uint64_t Store::flush_table(const TableDef& table, int64_t most) {
  std::string name = table_name(table);
  std::string flushed = "v_cold = 0";
  if (most >= 0) {
    flushed += " AND v_seq IN (SELECT v_seq FROM " + name + " WHERE v_cold = 0 ORDER BY v_seq LIMIT " +
               std::to_string(most) + ")";
  }
  // Of each key the newest version, each user's rows into a file of their own.
  sqlite3_stmt* statement = prepare(
      "SELECT v_user, sum(versions), count(*), min(newest), max(newest), min(key), max(key) FROM (SELECT v_user, v_key "
      "AS "
      "key, max(v_seq) AS newest, count(*) AS versions FROM " +
      name + " WHERE " + flushed + " GROUP BY v_user, v_key) GROUP BY v_user");
  bool integers = key_type(table).id == TypeId::int64;
  uint64_t all = 0;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    std::string user(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)),
                     static_cast<size_t>(sqlite3_column_bytes(statement, 0)));
    int64_t versions = sqlite3_column_int64(statement, 1);
    Segment segment{.min_seq = sqlite3_column_int64(statement, 3),
                    .max_seq = sqlite3_column_int64(statement, 4),
                    .rows = sqlite3_column_int64(statement, 2),
                    .created_ms = clock_.now_ms()};
    if (integers) segment.keys = {sqlite3_column_int64(statement, 5), sqlite3_column_int64(statement, 6)};
    manifest_.flushed(table.id, user, versions, segment);
    all += static_cast<uint64_t>(versions);
  }
  sqlite3_reset(statement);
  execute("UPDATE " + name + " SET v_cold = 1 WHERE " + flushed);
  return all;
}

}  // namespace kalam::stub
