#include "client/arrow/wire.h"

#include <algorithm>

#include "client/arrow/decode_error.h"

namespace kalam::arrow {
namespace {

constexpr uint64_t kLongestText = 1 << 20;  // the text of a query's answer is "3 row(s)"

class WireReader {
 public:
  explicit WireReader(const Message& message) : message_(message) {}

  bool at_end() const { return position_ == message_.size(); }

  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint64_t byte = next_byte();
      // The tenth byte holds the highest bit only.
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    throw DecodeError("A number in the response message is too long.");
  }

  Range skip(uint64_t size) {
    if (size > message_.size() - position_) throw DecodeError("The response message ends inside a field.");
    const Range range{position_, size};
    position_ += size;
    return range;
  }

  std::string text(Range range) {
    if (range.size > kLongestText) throw DecodeError("The text of the response is longer than 1 MiB.");
    std::string text(range.size, '\0');
    message_.copy(range.begin, range.size, text.data(), &hint_);
    return text;
  }

 private:
  uint8_t next_byte() {
    if (at_end()) throw DecodeError("The response message ends inside a number.");
    uint8_t byte = 0;
    message_.copy(position_++, 1, &byte, &hint_);
    return byte;
  }

  const Message& message_;
  uint64_t position_ = 0;
  size_t hint_ = 0;
};

}  // namespace

Answer walk_answer(const Message& message, uint32_t entries_field, uint32_t text_field) {
  enum WireType : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
  Answer answer;
  WireReader reader(message);
  while (!reader.at_end()) {
    const uint64_t tag = reader.varint();
    const uint64_t field = tag >> 3;
    if (field == 0 || field > 0x1FFFFFFF) throw DecodeError("The response message has a field with a wrong number.");
    switch (tag & 7) {
      case varint:
        reader.varint();
        break;
      case fixed64:
        reader.skip(8);
        break;
      case fixed32:
        reader.skip(4);
        break;
      case bytes: {
        const Range range = reader.skip(reader.varint());
        if (field == entries_field) {
          answer.entries.push_back(range);
        } else if (field == text_field) {
          answer.text = reader.text(range);
        }
        break;
      }
      default:
        throw DecodeError("The response message has a field of an unknown kind.");
    }
  }
  return answer;
}

}  // namespace kalam::arrow
