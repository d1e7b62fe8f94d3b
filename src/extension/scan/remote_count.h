// Runs a node that counts the rows of a table (plan/remote_count.h): the server counts them where its answer can be
// checked, and the plan below the node where it cannot.
#pragma once

#include "extension/base/compat.h"
#include "extension/plan/remote_count.h"
#include "extension/scan/scan.h"

struct KalamRemoteCount {
  KalamScanState* scan;  // of the table, below the aggregate
  bool is_decided;       // as long as the node lives
  bool by_server;
  int64 count;
  bool is_returned;
};

void kalam_begin_remote_count(ForeignScanState* node);
TupleTableSlot* kalam_iterate_remote_count(ForeignScanState* node);
void kalam_rescan_remote_count(ForeignScanState* node);
