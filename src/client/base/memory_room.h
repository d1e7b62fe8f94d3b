// How much memory the process may still take. gRPC does not survive an allocation that fails while an answer is
// received: where the system bounds memory, what is received is bounded before.
#pragma once

#include "client/wall.h"

#include <cstdint>

namespace kalam {

constexpr uint64_t kNoMemoryBound = UINT64_MAX;

// Bytes that are left of the address space (RLIMIT_AS, "ulimit -v") and, where the kernel does not overcommit
// (vm.overcommit_memory = 2), of what it promises. kNoMemoryBound: neither is bounded, or it cannot be told.
uint64_t memory_room() noexcept;

// What one answer may take of that: half, as it is received in pieces that are bigger than it, beside a reserve. At
// most `wanted` (0: any size).
uint64_t bound_by_memory(uint64_t wanted) noexcept;

// Where memory is bounded: no arenas of the C library for each thread, which take 64 MB of address space each. Before
// any thread is started.
void save_address_space() noexcept;

// Too little is left even for a small answer.
bool is_memory_short() noexcept;

}  // namespace kalam
