// Tables and row versions of the stub, kept in SQLite (in memory or in a file).
//
// Every KalamDB table is one SQLite table of row VERSIONS, never overwritten: KalamDB's defects (the version cap of
// scans, snapshots of transactions, deleted rows that come back) are about versions. Its columns:
//   v_user    TEXT     subject; '' for a SHARED table
//   v_seq     INTEGER  version number (snowflake since 2024-01-01), rising in commit order
//   v_deleted INTEGER  1: tombstone
//   v_cold    INTEGER  1: flushed
//   v_latest  INTEGER  1: the newest version of its key
//   v_expires INTEGER  STREAM: Unix milliseconds, else NULL
//   c<N>               one a column, N = ColumnDef::id, encoded as value.h says
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "stub/value.h"

struct sqlite3;

namespace kalam::stub {

enum class TableKind : uint8_t { shared, user, stream, system };

struct ColumnDef {
  int id = 0;            // names the SQLite column; never reused, so that a dropped column's values stay
  std::string name;      // lower case
  std::string sql_type;  // as system.columns spells it: "DECIMAL(10, 2)"
  DataType type;
  bool nullable = true;
  bool primary_key = false;
  std::string default_text;    // system.columns.default_value (10.3); empty: none
  bool system_column = false;  // _seq / _version, _deleted
};

struct TableDef {
  int64_t id = 0;  // names the SQLite table: "t<id>"
  std::string name_space;
  std::string name;
  TableKind kind = TableKind::shared;
  std::vector<ColumnDef> columns;  // in the order of an all-columns Scan (system columns included)
  int64_t version = 1;
  std::string options_json;
  std::string access_level;
  int64_t ttl_seconds = 0;

  const ColumnDef* find_column(const std::string& column_name) const;
  const ColumnDef* key() const;  // nullptr: a STREAM table without a key
};

class Store {
 public:
  sqlite3* db();

  // nullptr when there is none. Names in lower case.
  std::shared_ptr<const TableDef> find_table(const std::string& name_space, const std::string& name) const;

  // A parenthesised SELECT in SQLite's SQL that yields the rows a query of `user` sees, with the columns named c<N>
  // and, for the system columns, v_seq and v_deleted. Applies the version cap (oldest `cap` hot versions and everything
  // cold, 0: no cap), hides expired rows and, unless with_deleted, tombstones. snapshot 0: now; else versions up to it.
  std::string visible_rows_sql(const TableDef& table, const std::string& user, uint64_t cap, bool with_deleted,
                               int64_t snapshot) const;

  // system.* and information_schema.* as a result; nullopt when there is no such relation. Names in lower case.
  std::optional<ResultSet> catalog_relation(const std::string& name_space, const std::string& name);
};

}  // namespace kalam::stub
