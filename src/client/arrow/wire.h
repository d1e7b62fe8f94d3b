// The protobuf wire of the two answers that carry Arrow streams, walked without copying them.
#pragma once

#include "client/wall.h"

#include <cstdint>
#include <string>
#include <vector>

#include "client/arrow/message.h"

namespace kalam::arrow {

struct Answer {
  std::vector<Range> entries;  // of the message
  std::string text;
};

// `entries_field`: number of the repeated bytes field. `text_field`: number of a string field, 0: none. Unknown fields
// are skipped. Throws DecodeError.
Answer walk_answer(const Message& message, uint32_t entries_field, uint32_t text_field);

}  // namespace kalam::arrow
