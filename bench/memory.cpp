#include "memory.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "client_side.h"

namespace kalam::bench {
namespace {

// Kilobytes, from /proc/self/status.
double status_value(const std::string& name) {
  std::ifstream in("/proc/self/status");
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1));
  }
  die("no " + name + " in /proc/self/status");
}

}  // namespace

void measure_scan_memory(const Server& server, size_t rows) {
  ClientSide side(server, false);
  side.prepare();
  double before = status_value("VmRSS");
  side.scan(rows);
  double peak = status_value("VmHWM"), response = static_cast<double>(side.last_response_bytes()) / 1024;
  printf(
      "\nMemory of one scan of %zu rows: response %.1f MiB, peak (VmHWM) %.1f MiB, %.1f MiB more than before it\n"
      "  = response x %.2f\n",
      rows, response / 1024, peak / 1024, (peak - before) / 1024, (peak - before) / response);
}

}  // namespace kalam::bench
