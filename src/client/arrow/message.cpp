#include "client/arrow/message.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kalam::arrow {

Message::Message(std::vector<grpc::Slice> slices) : slices_(std::move(slices)) {
  std::erase_if(slices_, [](const grpc::Slice& slice) { return slice.size() == 0; });
  begins_.reserve(slices_.size());
  ends_.reserve(slices_.size());
  uint64_t end = 0;
  for (const grpc::Slice& slice : slices_) {
    end += slice.size();
    begins_.push_back(slice.begin());
    ends_.push_back(end);
  }
  holds_.resize(slices_.size());
}

void Message::reset(std::string_view bytes) {
  slices_.clear();
  begins_.clear();
  ends_.clear();
  holds_.clear();
  finished_slices_ = 0;
  if (bytes.empty()) return;
  begins_.push_back(reinterpret_cast<const uint8_t*>(bytes.data()));
  ends_.push_back(bytes.size());
  holds_.push_back(0);
}

size_t Message::find(uint64_t position, size_t hint) const {
  for (size_t near = hint; near < ends_.size() && near < hint + 2; near++) {
    if (position < ends_[near] && position >= begin_of(near)) return near;
  }
  return static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), position) - ends_.begin());
}

const uint8_t* Message::direct(uint64_t begin, uint64_t size, size_t* hint) const {
  if (begin >= this->size()) return nullptr;
  const size_t slice = find(begin, *hint);
  *hint = slice;
  if (begin + size > ends_[slice]) return nullptr;
  return begins_[slice] + (begin - begin_of(slice));
}

void Message::copy(uint64_t begin, uint64_t size, void* to, size_t* hint) const {
  uint8_t* out = static_cast<uint8_t*>(to);
  if (size == 0) return;
  size_t slice = find(begin, *hint);
  while (true) {
    const uint64_t part = std::min(size, ends_[slice] - begin);
    std::memcpy(out, begins_[slice] + (begin - begin_of(slice)), part);
    size -= part;
    if (size == 0) break;
    out += part;
    begin += part;
    slice++;
  }
  *hint = slice;
}

void Message::free_slice(size_t slice) {
  if (!slices_.empty()) slices_[slice] = grpc::Slice();
}

void Message::finish(uint64_t position) {
  while (finished_slices_ < ends_.size() && ends_[finished_slices_] <= position) {
    if (holds_[finished_slices_] == 0) free_slice(finished_slices_);
    finished_slices_++;
  }
}

void Message::unhold(size_t slice) {
  if (--holds_[slice] == 0 && slice < finished_slices_) free_slice(slice);
}

Hold::Hold(Message* message, Range range) : message_(message), end_(range.end()) {
  if (range.size == 0) return;
  next_ = message->find(range.begin, 0);
  stop_ = message->find(range.end() - 1, next_) + 1;
  for (size_t slice = next_; slice < stop_; slice++) message->holds_[slice]++;
}

Hold& Hold::operator=(Hold&& other) noexcept {
  if (this == &other) return *this;
  release();
  message_ = std::exchange(other.message_, nullptr);
  end_ = other.end_;
  next_ = std::exchange(other.next_, 0);
  stop_ = std::exchange(other.stop_, 0);
  return *this;
}

void Hold::advance(uint64_t position) {
  while (next_ < stop_ && (message_->ends_[next_] <= position || position >= end_)) message_->unhold(next_++);
}

void Hold::release() {
  while (next_ < stop_) message_->unhold(next_++);
}

}  // namespace kalam::arrow
