#include "stub/base/ids.h"

#include <algorithm>

namespace kalam::stub {

namespace {

void put_time_and_random(unsigned char (&bytes)[16], int64_t now_ms, uint64_t a, uint64_t b) {
  for (int i = 0; i < 6; i++) bytes[i] = static_cast<unsigned char>(now_ms >> (40 - 8 * i));
  for (int i = 0; i < 8; i++) bytes[6 + i] = static_cast<unsigned char>(a >> (8 * i));
  bytes[14] = static_cast<unsigned char>(b);
  bytes[15] = static_cast<unsigned char>(b >> 8);
}

}  // namespace

std::string format_uuid(const unsigned char* bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string IdSource::uuid_v7(int64_t now_ms) {
  std::lock_guard lock(mutex_);
  unsigned char bytes[16];
  put_time_and_random(bytes, now_ms, random_(), random_());
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x70);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  return format_uuid(bytes);
}

std::string IdSource::uuid_v4() {
  std::lock_guard lock(mutex_);
  unsigned char bytes[16];
  put_time_and_random(bytes, static_cast<int64_t>(random_() >> 1), random_(), random_());
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  return format_uuid(bytes);
}

std::string IdSource::ulid(int64_t now_ms) {
  static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::lock_guard lock(mutex_);
  std::string text;
  for (int i = 9; i >= 0; i--) text += digits[(now_ms >> (5 * i)) & 31];
  for (int i = 0; i < 16; i++) text += digits[random_() & 31];
  return text;
}

int64_t IdSource::snowflake(int64_t now_ms, int64_t epoch_ms) {
  std::lock_guard lock(mutex_);
  now_ms = std::max(now_ms, last_snowflake_ms_);
  if (now_ms == last_snowflake_ms_) {
    if (++counter_ == 4096) {
      counter_ = 0;
      now_ms++;
    }
  } else {
    counter_ = 0;
  }
  last_snowflake_ms_ = now_ms;
  return ((now_ms - epoch_ms) << 22) | (int64_t{1} << 12) | counter_;
}

std::string IdSource::hex(int digits) {
  std::lock_guard lock(mutex_);
  std::string text;
  for (int i = 0; i < digits; i++) text += "0123456789abcdef"[random_() & 15];
  return text;
}

uint64_t IdSource::number() {
  std::lock_guard lock(mutex_);
  return random_();
}

}  // namespace kalam::stub
