// Scan: projection, filters, the limit's rules and the overlay of staged writes (specification 4, 8.4). The table was
// found and access was granted; the caller holds the store's mutex.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stub/base/status.h"
#include "stub/rows/transactions.h"
#include "stub/store/store.h"

namespace kalam::stub {

struct ScanFilter {
  std::string column;
  std::string op;
  std::string value;
};

struct ScanInput {
  std::string user;  // '' for SHARED
  std::vector<std::string> columns;
  std::optional<uint64_t> limit;
  std::vector<ScanFilter> filters;
  uint64_t version_cap = 0;
  const Transaction* transaction = nullptr;
  bool overlay_defects = true;
};

struct ScanOutcome {
  Status status;
  ResultSet rows;
  bool no_entry = false;  // a filtered scan with limit 0 has no Arrow stream at all
  bool filtered = false;
};

ScanOutcome scan_table(Store& store, const TableDef& table, const ScanInput& input);

}  // namespace kalam::stub
