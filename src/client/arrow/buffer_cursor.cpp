#include "client/arrow/buffer_cursor.h"

#include "client/arrow/decode_error.h"

namespace kalam::arrow {

void* Scratch::reserve(size_t bytes) {
  constexpr size_t kKept = 1 << 20;  // one large value must not occupy its memory until the end
  if (memory_ == nullptr || bytes > capacity_ || (capacity_ > kKept && bytes < capacity_ / 4)) {
    memory_.reset();
    capacity_ = 0;
    const size_t capacity = bytes + bytes / 4 + 64;
    memory_ = std::make_unique_for_overwrite<std::byte[]>(capacity);
    capacity_ = capacity;
  }
  return memory_.get();
}

// The readers check a batch's buffers against its lengths when they are bound to it; this guards against a mistake
// there.
void BufferCursor::check(uint64_t offset, uint64_t size) const {
  if (offset > range_.size || size > range_.size - offset) {
    throw DecodeError("An Arrow record batch has values outside their buffer.");
  }
}

const void* BufferCursor::direct(uint64_t offset, uint64_t size) {
  check(offset, size);
  if (size == 0) return "";
  return message_->direct(range_.begin + offset, size, &hint_);
}

const void* BufferCursor::window(uint64_t offset, uint64_t size, size_t alignment, Scratch* scratch) {
  check(offset, size);
  if (size > 0) {
    const uint8_t* in_place = message_->direct(range_.begin + offset, size, &hint_);
    if (in_place != nullptr && reinterpret_cast<uintptr_t>(in_place) % alignment == 0) return in_place;
  }
  void* copy = scratch->reserve(size);
  read(offset, size, copy);
  return copy;
}

void BufferCursor::read(uint64_t offset, uint64_t size, void* to) {
  check(offset, size);
  if (size > 0) message_->copy(range_.begin + offset, size, to, &hint_);
}

}  // namespace kalam::arrow
