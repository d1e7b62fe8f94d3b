// A received message as a chain of slices, or as bytes in one piece: reading by position, and letting go of what was
// read.
#pragma once

#include "client/wall.h"

#include <grpcpp/support/slice.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kalam::arrow {

// Part of the message.
struct Range {
  uint64_t begin = 0;
  uint64_t size = 0;
  uint64_t end() const { return begin + size; }
};

// A slice is freed when reading has passed its end (finish) and no Hold lies on it.
class Message {
 public:
  explicit Message(std::vector<grpc::Slice> slices);
  // The caller's bytes, which outlive the message.
  explicit Message(std::string_view bytes) { reset(bytes); }
  // Another message of that kind. No Hold may lie on the old one.
  void reset(std::string_view bytes);

  uint64_t size() const { return ends_.empty() ? 0 : ends_.back(); }

  // The bytes [begin, begin + size) if they lie in one slice, else nullptr. They must be part of the message and not
  // freed. `hint` is the caller's: the slice it last touched, so that reading on needs no search.
  const uint8_t* direct(uint64_t begin, uint64_t size, size_t* hint) const;

  // Copies them wherever they lie.
  void copy(uint64_t begin, uint64_t size, void* to, size_t* hint) const;

  // Everything before `position` was read, but for what is held. Never goes back.
  void finish(uint64_t position);

 private:
  friend class Hold;

  size_t find(uint64_t position, size_t hint) const;
  uint64_t begin_of(size_t slice) const { return slice == 0 ? 0 : ends_[slice - 1]; }
  void unhold(size_t slice);
  void free_slice(size_t slice);

  std::vector<grpc::Slice> slices_;     // none for the caller's bytes
  std::vector<const uint8_t*> begins_;  // of each slice
  std::vector<uint64_t> ends_;          // position behind each slice
  std::vector<uint32_t> holds_;         // Holds on each slice
  size_t finished_slices_ = 0;          // slices whose end was passed
};

// Keeps the slices of a range alive, from a position on that moves forward.
class Hold {
 public:
  Hold() = default;
  Hold(Message* message, Range range);
  ~Hold() { release(); }
  Hold(Hold&& other) noexcept { *this = std::move(other); }
  Hold& operator=(Hold&& other) noexcept;
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  // Nothing of the range before `position` is needed any more.
  void advance(uint64_t position);
  void release();

 private:
  Message* message_ = nullptr;
  uint64_t end_ = 0;
  size_t next_ = 0;  // first slice still held
  size_t stop_ = 0;  // behind the last one
};

}  // namespace kalam::arrow
