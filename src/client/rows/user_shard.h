// Which shard of user data holds a user's rows: SipHash-1-3 with a key of zeros over the user id and a byte 0xff,
// modulo the number of shards. It gives the shards of all seven user ids that were recorded on a server with twelve
// (spec 8.3).
#pragma once

#include "client/wall.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kalam {

class UserIdHash {
 public:
  static constexpr uint64_t of(std::string_view user_id) {
    UserIdHash hash;
    size_t size = user_id.size() + 1;
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++) {
      uint64_t byte = i < user_id.size() ? static_cast<unsigned char>(user_id[i]) : 0xff;
      word |= byte << (8 * (i % 8));
      if (i % 8 < 7) continue;
      hash.add(word);
      word = 0;
    }
    hash.add(word | static_cast<uint64_t>(size) << 56);
    hash.c_ ^= 0xff;
    for (int i = 0; i < 3; i++) hash.round();
    return hash.a_ ^ hash.b_ ^ hash.c_ ^ hash.d_;
  }

 private:
  constexpr void add(uint64_t word) {
    d_ ^= word;
    round();
    a_ ^= word;
  }

  constexpr void round() {
    a_ += b_;
    b_ = std::rotl(b_, 13) ^ a_;
    a_ = std::rotl(a_, 32);
    c_ += d_;
    d_ = std::rotl(d_, 16) ^ c_;
    a_ += d_;
    d_ = std::rotl(d_, 21) ^ a_;
    c_ += b_;
    b_ = std::rotl(b_, 17) ^ c_;
    c_ = std::rotl(c_, 32);
  }

  // SipHash's initial state; the key is zero.
  uint64_t a_ = 0x736f6d6570736575, b_ = 0x646f72616e646f6d, c_ = 0x6c7967656e657261, d_ = 0x7465646279746573;
};

constexpr uint32_t user_shard(std::string_view user_id, uint32_t shard_count) {
  return static_cast<uint32_t>(UserIdHash::of(user_id) % shard_count);
}

}  // namespace kalam
