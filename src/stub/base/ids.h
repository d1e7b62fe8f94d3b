// Generated identifiers: UUIDs, ULIDs, snowflakes.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>

namespace kalam::stub {

// 2024-01-01T00:00:00Z in Unix ms: the epoch of _seq and of DEFAULT SNOWFLAKE_ID() (specification 5.3).
inline constexpr int64_t kSnowflakeEpochMs = 1704067200000;

class IdSource {
 public:
  explicit IdSource(uint64_t seed) : random_(seed) {}

  std::string uuid_v7(int64_t now_ms);
  std::string uuid_v4();
  std::string ulid(int64_t now_ms);
  // bits 22 and up: ms since epoch_ms; 10 bits worker (1), 12 bits counter. Rises strictly while the clock does not go
  // back.
  int64_t snowflake(int64_t now_ms, int64_t epoch_ms);
  std::string hex(int digits);
  uint64_t number();

 private:
  std::mutex mutex_;
  std::mt19937_64 random_;
  int64_t last_snowflake_ms_ = 0;
  int64_t counter_ = 0;
};

// 16 bytes as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.
std::string format_uuid(const unsigned char* bytes);

}  // namespace kalam::stub
