#include "client/base/memory_room.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <limits>

namespace kalam {
namespace {

// For gRPC itself, and for what the caller does meanwhile.
constexpr uint64_t kReserve = uint64_t{24} << 20;
constexpr uint64_t kLeast = uint64_t{4} << 20;

// A file of /proc, terminated. False: it cannot be read.
bool read_small_file(const char* path, char* text, size_t capacity) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t size = read(fd, text, capacity - 1);
  close(fd);
  text[std::max<ssize_t>(size, 0)] = '\0';
  return size > 0;
}

uint64_t room_of_address_space() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoMemoryBound;
  char text[128];
  uint64_t pages = 0;
  if (!read_small_file("/proc/self/statm", text, sizeof text) || std::sscanf(text, "%" SCNu64, &pages) != 1) {
    return kNoMemoryBound;
  }
  const uint64_t used = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

uint64_t kilobytes_of(const char* text, const char* name) {
  const char* line = std::strstr(text, name);
  uint64_t value = 0;
  return line != nullptr && std::sscanf(line + std::strlen(name), "%" SCNu64, &value) == 1 ? value : 0;
}

uint64_t room_of_promises() {
  // Does not change while a server runs, or hardly ever.
  static const bool is_strict = [] {
    char mode[16];
    return read_small_file("/proc/sys/vm/overcommit_memory", mode, sizeof mode) && mode[0] == '2';
  }();
  if (!is_strict) return kNoMemoryBound;
  char text[4096];
  if (!read_small_file("/proc/meminfo", text, sizeof text)) return kNoMemoryBound;
  const uint64_t limit = kilobytes_of(text, "CommitLimit:");
  const uint64_t used = kilobytes_of(text, "Committed_AS:");
  return limit > used ? (limit - used) << 10 : 0;
}

}  // namespace

uint64_t memory_room() noexcept {
  return std::min(room_of_address_space(), room_of_promises());
}

uint64_t bound_by_memory(uint64_t wanted) noexcept {
  const uint64_t room = memory_room();
  if (room == kNoMemoryBound) return wanted;
  const uint64_t most = std::max(kLeast, room > kReserve ? (room - kReserve) / 2 : 0);
  return wanted == 0 ? most : std::min(wanted, most);
}

void save_address_space() noexcept {
#ifdef __GLIBC__
  if (memory_room() != kNoMemoryBound) mallopt(M_ARENA_MAX, 1);
#endif
}

bool is_memory_short() noexcept {
  return memory_room() < kReserve;
}

}  // namespace kalam
