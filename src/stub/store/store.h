// Tables and row versions of the stub, kept in SQLite (in memory or in a file).
//
// Every KalamDB table is one SQLite table of row VERSIONS, never overwritten: KalamDB's defects (the version cap of
// scans, snapshots of transactions, deleted rows that come back) are about versions. Its columns:
//   v_seq     INTEGER PRIMARY KEY  version number (snowflake since 2024-01-01), rising in commit order
//   v_user    TEXT     subject; '' for a SHARED table
//   v_key              the key the version was written under, encoded like its column; NULL: STREAM without a key
//   v_deleted INTEGER  1: tombstone
//   v_cold    INTEGER  1: flushed
//   v_latest  INTEGER  1: the newest version of its key (STREAM: always 1, rows are appended and never merged)
//   v_expires INTEGER  STREAM: Unix milliseconds, else NULL
//   c<N>               one a column, N = ColumnDef::id, encoded as value.h says
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "stub/arrow/value.h"
#include "stub/base/clock.h"
#include "stub/base/ids.h"
#include "stub/store/jobs.h"
#include "stub/store/manifest.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kalam::stub {

enum class TableKind : uint8_t { shared, user, stream, system };

// A DEFAULT clause as the catalog keeps it (specification 10.3): only SQL INSERTs apply it.
enum class DefaultKind : uint8_t { none, null, boolean, number, text, function };

struct ColumnDef {
  int id = 0;            // names the SQLite column. Values belong to a NAME: see TableDef::stored_columns
  int catalog_id = 0;    // system.columns.column_id, never reused
  std::string name;      // lower case
  std::string sql_type;  // as system.columns spells it: "DECIMAL(10, 2)"
  DataType type;
  bool nullable = true;
  bool primary_key = false;
  DefaultKind default_kind = DefaultKind::none;
  std::string default_value;   // text: the text itself; boolean, number: as written; function: "NOW", "SNOWFLAKE_ID" …
  bool system_column = false;  // _seq / _version, _deleted

  // system.columns.default_value: `String("x")`, `Number(5)`, `Bool(true)`, `Null`, `NOW()`; empty: none.
  std::string default_rendering() const;
};

struct TableDef {
  int64_t id = 0;  // names the SQLite table: "t<id>"
  std::string name_space;
  std::string name;
  TableKind kind = TableKind::shared;
  std::vector<ColumnDef> columns;  // in the order of an all-columns Scan (system columns included)
  int64_t version = 1;
  int next_column_id = 1;  // storage
  int next_catalog_id = 1;
  std::string options_json;
  std::string access_level = "private";
  std::string storage_id = "local";
  int64_t ttl_seconds = 0;
  int64_t flush_rows = 0;      // FLUSH_POLICY; 0: none
  int64_t flush_interval = 0;  // seconds
  bool use_user_storage = false;
  std::string compression = "snappy";  // R2, as the next two
  std::string eviction_strategy = "time_based";
  int64_t max_stream_size_bytes = 0;
  int64_t created_us = 0;
  int64_t updated_us = 0;
  bool key_hidden = false;                          // DROP COLUMN of the key: the catalog loses it until the next ALTER
  std::map<std::string, int> stored_columns;        // every name that ever held values -> storage column
  std::map<std::string, std::string> stored_types;  // … -> the sql_type it was stored as

  const ColumnDef* find_column(const std::string& column_name) const;
  const ColumnDef* key() const;  // nullptr: a STREAM table without a key
  bool per_user() const { return kind == TableKind::user || kind == TableKind::stream; }
};

const char* kind_name(TableKind kind);  // "shared", "user", "stream", "system"

struct NamespaceDef {
  std::string name;
  int64_t created_ms = 0;
};

// One version of a row, values in the order of TableDef::columns (system columns filled in).
struct RowVersion {
  int64_t seq = 0;
  bool deleted = false;
  Row values;
};

// Errors of SQLite itself (disk full, damaged file) are std::runtime_error; everything a request can cause is checked
// by the callers. Callers hold mutex() for the length of a statement.
class Store {
 public:
  // path ":memory:" keeps nothing.
  Store(const std::string& path, Clock& clock, IdSource& ids);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::recursive_mutex& mutex() const { return mutex_; }
  sqlite3* db() const { return db_; }
  Clock& clock() const { return clock_; }
  IdSource& ids() const { return ids_; }
  Jobs& jobs() { return jobs_; }

  const std::map<std::string, NamespaceDef>& namespaces() const { return namespaces_; }
  bool has_namespace(const std::string& name) const { return namespaces_.contains(name); }
  void create_namespace(const std::string& name);
  void drop_namespace(const std::string& name);  // with its tables

  // nullptr when there is none. Names in lower case.
  std::shared_ptr<const TableDef> find_table(const std::string& name_space, const std::string& name) const;
  std::vector<std::shared_ptr<const TableDef>> tables() const;  // by namespace and name
  void create_table(TableDef table);                            // numbers it and its columns
  void drop_table(const std::string& name_space, const std::string& name);
  // A new definition of a table; columns with id 0 get their storage: the one their name had before, or a new one.
  void replace_table(TableDef table);
  // Fills one column of all stored versions (ADD COLUMN … NOT NULL shows zeros for old rows).
  void fill_column(const TableDef& table, const ColumnDef& column, const Value& value);

  // Copies the values of an old storage column, cast, to the column that took its place (MODIFY COLUMN). What cannot be
  // cast becomes NULL.
  void convert_column(const TableDef& table, int old_storage, const DataType& old_type, const ColumnDef& column);

  // A parenthesised SELECT in SQLite's SQL that yields the rows a query of `user` sees, with the columns named c<N>
  // and, for the system columns, v_seq and v_deleted. Applies the version cap (oldest `cap` hot versions and everything
  // cold, 0: no cap), hides expired rows and, unless with_deleted, tombstones. snapshot 0: now; else versions up to it.
  // Reading starts behind version `after`: the cap counts from there.
  std::string visible_rows_sql(const TableDef& table, const std::string& user, uint64_t cap, bool with_deleted,
                               int64_t snapshot, int64_t after = 0) const;

  // The rows of visible_rows_sql.
  std::vector<RowVersion> visible_rows(const TableDef& table, const std::string& user, uint64_t cap, bool with_deleted,
                                       int64_t snapshot) const;
  // The newest version of a key, tombstones included, whatever the cap. STREAM: the newest unexpired row.
  std::optional<RowVersion> find_row(const TableDef& table, const std::string& user, const Value& key,
                                     int64_t snapshot = 0) const;

  // Appends a version under `key` and gives its number. System columns among `values` are ignored. first: there is none
  // of this key yet, which saves a look.
  int64_t append(const TableDef& table, const std::string& user, const Value& key, const Row& values, bool deleted,
                 bool first = false);
  // Appends `rows` rows with the keys 1 to `rows` to an empty SHARED table, faster than inserts can: other integers are
  // the number modulo 1000, texts "row <number>", other columns NULL. The error; empty: done.
  std::string fill(const TableDef& table, int64_t rows);
  // Removes all rows of a key of a STREAM table; how many.
  int64_t erase_stream_rows(const TableDef& table, const std::string& user, const Value& key);
  // The number of the newest version: what a snapshot taken now would see.
  int64_t last_seq() const { return last_seq_; }

  uint64_t hot_versions(const TableDef& table) const { return manifest_.hot(table.id); }
  // What this user sees of a table: unflushed versions and files.
  const ManifestScope& scope(const TableDef& table, const std::string& user) const {
    return manifest_.scope(table.id, table.per_user() ? user : "");
  }
  // True: this version has been flushed.
  bool is_cold(const TableDef& table, int64_t seq) const;
  // Moves all hot versions, or the `most` oldest, to cold storage; how many.
  uint64_t flush_table(const TableDef& table, int64_t most = -1);

  // A statement that reads for long is left with CallCancelled once the flag of Cancellable is set.
  class Reading {
   public:
    explicit Reading(const Store& store) : store_(store) { store_.reading_++; }
    ~Reading() { store_.reading_--; }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    const Store& store_;
  };
  // The call that runs now; nullptr: it cannot be cancelled. The caller holds mutex().
  class Cancellable {
   public:
    Cancellable(Store& store, const std::atomic<bool>* cancelled) : store_(store) { store_.cancelled_ = cancelled; }
    ~Cancellable() { store_.cancelled_ = nullptr; }
    Cancellable(const Cancellable&) = delete;
    Cancellable& operator=(const Cancellable&) = delete;

   private:
    Store& store_;
  };

  // Groups writes: all or nothing. Nests.
  class Savepoint {
   public:
    explicit Savepoint(Store& store);
    ~Savepoint();  // undoes unless released
    void release();

   private:
    Store& store_;
    size_t appended_before_;
    bool released_ = false;
  };

  // system.* and information_schema.* as a result; nullopt when there is no such relation. Names in lower case.
  std::optional<ResultSet> catalog_relation(const std::string& name_space, const std::string& name);
  void set_manifest_override(ManifestOverride said) { manifest_override_ = std::move(said); }
  ManifestOverride manifest_override() const { return manifest_override_; }
  // Relations that live outside the store (sessions, transactions, settings …) come from here.
  using CatalogProvider = std::function<std::optional<ResultSet>(const std::string& name)>;
  void set_system_provider(CatalogProvider provider) { system_provider_ = std::move(provider); }

  // A prepared statement for this text, reset and without bindings; it belongs to the store.
  sqlite3_stmt* prepare(const std::string& sql) const;
  void execute(const std::string& sql) const;

 private:
  void load();
  void load_versions(const TableDef& table);
  std::optional<ResultSet> manifest_relation() const;
  void save_table(const TableDef& table);
  void make_storage(TableDef& table);
  int64_t next_seq();
  RowVersion read_version(sqlite3_stmt* statement, const TableDef& table) const;
  std::string row_columns(const TableDef& table) const;
  void forget_statements() const;
  void check_end(int code) const;

  mutable std::recursive_mutex mutex_;
  sqlite3* db_ = nullptr;
  Clock& clock_;
  IdSource& ids_;
  Jobs jobs_;
  int64_t last_seq_ = 0;
  int64_t next_table_id_ = 1;
  int savepoint_depth_ = 0;
  std::map<std::string, NamespaceDef> namespaces_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const TableDef>> tables_;
  // STREAM rows outlive DROP TABLE (specification 10.5): a dropped definition waits here for its name.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const TableDef>> dropped_streams_;
  Manifest manifest_;
  std::vector<ManifestScope*> appended_;  // one for each version that a savepoint may undo
  ManifestOverride manifest_override_;
  CatalogProvider system_provider_;
  const std::atomic<bool>* cancelled_ = nullptr;
  mutable int reading_ = 0;
  mutable std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace kalam::stub
