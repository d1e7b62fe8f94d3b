// What each kind of call costs on a server, beside the figures of a pace.
#pragma once

#include <cstddef>
#include <string>

#include "work.h"

namespace kalam::bench {

// Makes namespace bench_pace with a table of `rows` rows that stay unflushed and one that is flushed, measures, drops
// it, and prints a table. `pace` is a name for kalam-stub's --pace.
void measure_pace(const Server& server, const std::string& pace, size_t rows, size_t runs);

}  // namespace kalam::bench
