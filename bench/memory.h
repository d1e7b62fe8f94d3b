// Peak memory of one scan.
#pragma once

#include "work.h"

namespace kalam::bench {

// Scans bench.wide once in this process and prints the response's size and by how much the process' peak memory
// (VmHWM) grew, in multiples of it.
void measure_scan_memory(const Server& server, size_t rows);

}  // namespace kalam::bench
