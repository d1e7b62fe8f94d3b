#include "client/arrow/ipc_stream.h"

#include <cstring>

#include "client/arrow/decode_error.h"

namespace kalam::arrow {
namespace {

constexpr uint32_t kContinuation = 0xFFFFFFFF;

// A schema has some four tables a column; the limits keep a small hostile buffer from standing for a huge tree.
constexpr size_t kMaxDepth = 96;
constexpr size_t kMaxTables = 200'000;

}  // namespace

void IpcStream::open(const Message* message, Range entry) {
  message_ = message;
  entry_ = entry;
  position_ = entry.begin;
  hint_ = 0;
  header_ = nullptr;
  body_ = {};
}

void IpcStream::remember() {
  remembered_ = copy_;
  remembered_size_ = metadata_size_;
}

uint32_t IpcStream::read_u32() {
  if (entry_.end() - position_ < 4) throw DecodeError("An Arrow stream ends inside a message's length.");
  uint8_t bytes[4];
  message_->copy(position_, 4, bytes, &hint_);
  position_ += 4;
  return static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
         static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

bool IpcStream::next() {
  header_ = nullptr;
  if (position_ == entry_.end()) return false;
  uint32_t length = read_u32();
  if (length == kContinuation) length = read_u32();
  if (length == 0) return false;  // the end marker; bytes behind it mean nothing
  if (length > entry_.end() - position_) throw DecodeError("An Arrow stream ends inside a message's metadata.");

  metadata_size_ = length;
  copy_.resize((length + 7) / 8);
  message_->copy(position_, length, copy_.data(), &hint_);
  position_ += length;
  is_remembered_ =
      !remembered_.empty() && length == remembered_size_ && std::memcmp(copy_.data(), remembered_.data(), length) == 0;
  if (!is_remembered_) {
    flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(copy_.data()), length, kMaxDepth, kMaxTables);
    if (length < 8 || !ipc::VerifyMessageBuffer(verifier)) {
      throw DecodeError("The metadata of an Arrow message is damaged.");
    }
  }
  const ipc::Message* header = ipc::GetMessage(copy_.data());
  if (header->version() != ipc::MetadataVersion::V4 && header->version() != ipc::MetadataVersion::V5) {
    throw DecodeError("The Arrow stream has a metadata version other than V4 and V5.");
  }
  if (header->header() == nullptr) throw DecodeError("An Arrow message has no header.");
  const int64_t body_length = header->body_length();
  if (body_length < 0 || static_cast<uint64_t>(body_length) > entry_.end() - position_) {
    throw DecodeError("An Arrow stream ends inside a message's body.");
  }
  body_ = Range{position_, static_cast<uint64_t>(body_length)};
  position_ += body_.size;
  header_ = header;
  return true;
}

}  // namespace kalam::arrow
