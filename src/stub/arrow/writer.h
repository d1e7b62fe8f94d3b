// Arrow IPC streams as KalamDB writes them (specification 4.5): schema message, one record batch, end-of-stream marker;
// metadata V5, bodies padded to 64 bytes, no dictionaries, no compression.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "stub/arrow/value.h"

namespace kalam::stub {

// One complete IPC stream with rows [first, first + count) in one record batch.
std::string write_ipc_stream(const ResultSet& result, size_t first, size_t count);

// The whole result, cut into streams of at most rows_per_stream rows (0: one stream). An empty result gives one stream
// without rows.
std::vector<std::string> write_ipc_streams(const ResultSet& result, size_t rows_per_stream);

}  // namespace kalam::stub
