#include "work.h"

#include <cstdio>
#include <cstdlib>

namespace kalam::bench {

WideRow make_wide_row(int64_t id) {
  WideRow row;
  row.id = id;
  row.has_n = id % 5 != 0;
  row.n = id * 7919;
  row.f = static_cast<double>(id) / 3;
  row.has_t = id % 5 != 1;
  char number[24];
  snprintf(number, sizeof number, "%08lld", static_cast<long long>(id % 100000000));
  row.t = std::string("text of row ") + number;
  row.ts = 1704067200000000 + id * 1000003;
  return row;
}

void die(const std::string& what) {
  fprintf(stderr, "kalam-bench: %s\n", what.c_str());
  exit(1);
}

}  // namespace kalam::bench
