// What a call had to do, in the terms of a pace (rpc/pace.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace kalam::stub {

// What a statement of SQL reads; of several, the last of this list counts.
enum class Reads : uint8_t { no_table, catalog, behind_last_version, count_all, table };

struct Work {
  std::string call;               // "Insert", "staged.Insert", "Scan.key"
  Reads reads = Reads::no_table;  // of ExecuteSql and ExecuteQuery
  uint64_t rows = 0;              // sent, or committed
  uint64_t hot_rows = 0;          // of the tables that are read: unflushed versions
  uint64_t cold_rows = 0;         // … and flushed rows
  uint64_t tables = 0;            // of the server, for who reads its catalog

  void add(Reads what, uint64_t hot, uint64_t cold) {
    reads = std::max(reads, what);
    hot_rows += hot;
    cold_rows += cold;
  }
};

}  // namespace kalam::stub
