// Framing of one Arrow IPC stream: the sequence of encapsulated messages in one entry of an answer.
#pragma once

#include "client/wall.h"

#include <cstdint>
#include <vector>

#include "arrow_ipc_generated.h"
#include "client/arrow/message.h"

namespace kalam::arrow {

class IpcStream {
 public:
  void open(const Message* message, Range entry);

  // Goes to the next message: its metadata is copied and verified, its body stays where it is. False at the end, which
  // is a marker or the end of the bytes. Both framings are read, with the continuation marker 0xFFFFFFFF and without.
  // Throws DecodeError.
  bool next();

  // Remembers the current message's metadata: next() verifies and copies equal ones no more. Entries repeat the schema.
  void remember();
  bool is_remembered() const { return header_ != nullptr && is_remembered_; }
  void forget() { remembered_.clear(); }

  // Of the current message; valid until the next call of next().
  const ipc::Message& metadata() const { return *header_; }
  uint64_t metadata_size() const { return metadata_size_; }
  Range body() const { return body_; }

  // Where reading of the entry stands: everything before it belongs to messages already handed out.
  uint64_t position() const { return position_; }
  Range entry() const { return entry_; }

 private:
  uint32_t read_u32();

  const Message* message_ = nullptr;
  Range entry_;
  uint64_t position_ = 0;
  size_t hint_ = 0;
  std::vector<uint64_t> copy_;  // of the metadata, aligned as FlatBuffers needs it
  uint64_t metadata_size_ = 0;
  std::vector<uint64_t> remembered_;
  uint64_t remembered_size_ = 0;
  bool is_remembered_ = false;
  const ipc::Message* header_ = nullptr;
  Range body_;
};

}  // namespace kalam::arrow
