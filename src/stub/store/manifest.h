// What system.manifest tells: for each table and user that was written, whether all of it is flushed, and the files
// that the flushes made. Also where unflushed versions are counted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kalam::stub {

// A file of a flush.
struct Segment {
  int64_t min_seq = 0;
  int64_t max_seq = 0;
  int64_t rows = 0;  // the newest version of each key, deleted ones too
  int64_t created_ms = 0;
  std::optional<std::pair<int64_t, int64_t>> keys = std::nullopt;  // the lowest and the highest, of integers
};

// A SHARED table, or the rows of one user.
struct ManifestScope {
  int64_t hot = 0;  // versions that are not flushed
  int64_t version = 1;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::vector<Segment> segments;

  int64_t cold() const;
  // A write that was undone leaves no trace of a table that had none before.
  bool listed() const { return hot > 0 || !segments.empty(); }
};

class Manifest {
 public:
  // Versions of a table (by its id) that were appended for this user; '' for SHARED. The scope stays where it is until
  // forget().
  ManifestScope& wrote(int64_t table, const std::string& user, int64_t versions, int64_t now_ms);
  void flushed(int64_t table, const std::string& user, int64_t versions, const Segment& segment);
  void forget(int64_t table) { tables_.erase(table); }

  const std::map<std::string, ManifestScope>& scopes(int64_t table) const;
  const ManifestScope& scope(int64_t table, const std::string& user) const;
  uint64_t hot(int64_t table) const;

 private:
  std::map<int64_t, std::map<std::string, ManifestScope>> tables_;
};

// What a test wants system.manifest to say in place of the truth.
struct ManifestOverride {
  bool hidden = false;  // there is no such relation
  // By "ns.table": columns by name (scope, sync_state, manifest_json). "missing": there is no row.
  std::map<std::string, std::map<std::string, std::string>> tables;
};

}  // namespace kalam::stub
