// One buffer of a record batch: windows of it in contiguous, aligned memory, and single values.
#pragma once

#include "client/wall.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "client/arrow/message.h"

namespace kalam::arrow {

// Memory that is reused from window to window; aligned for every type. Its content does not survive reserve().
class Scratch {
 public:
  void* reserve(size_t bytes);
  template <class T>
  T* array(size_t count) {
    return static_cast<T*>(reserve(count * sizeof(T)));
  }

 private:
  std::unique_ptr<std::byte[]> memory_;
  size_t capacity_ = 0;
};

class BufferCursor {
 public:
  BufferCursor() = default;
  BufferCursor(Message* message, Range range) : message_(message), range_(range), hold_(message, range) {}

  uint64_t size() const { return range_.size; }

  // The bytes [offset, offset + size), which must lie in the buffer: in place if one slice holds them so aligned, else
  // copied into `scratch`. They live until let_go() after passed(), or until the next use of the scratch.
  const void* window(uint64_t offset, uint64_t size, size_t alignment, Scratch* scratch);

  // In place, or nullptr when the bytes lie across slices.
  const void* direct(uint64_t offset, uint64_t size);

  void read(uint64_t offset, uint64_t size, void* to);

  template <class T>
  T value(uint64_t index) {
    T value;
    read(index * sizeof(T), sizeof(T), &value);
    return value;
  }

  // No later window needs what is before `offset`. let_go() makes it so; between the two the current window lives.
  void passed(uint64_t offset) {
    if (offset > passed_) passed_ = offset;
  }
  void let_go() { hold_.advance(range_.begin + passed_); }

 private:
  void check(uint64_t offset, uint64_t size) const;

  Message* message_ = nullptr;
  Range range_;
  uint64_t passed_ = 0;
  size_t hint_ = 0;
  Hold hold_;
};

}  // namespace kalam::arrow
