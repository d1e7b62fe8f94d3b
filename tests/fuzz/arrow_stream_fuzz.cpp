// One Arrow stream in an otherwise sound answer. The last two bytes choose how it is cut into slices and windows, so
// that what comes before them is a stream as it is on the wire.
#include <string>

#include "read_answer.h"

static void append_varint(size_t value, std::string* out) {
  while (value >= 0x80) {
    *out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out += static_cast<char>(value);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t slice_size = data[size - 1];
  const uint32_t max_rows = data[size - 2];
  std::string message = "\x0a";
  append_varint(size - 2, &message);
  message.append(reinterpret_cast<const char*>(data), size - 2);
  kalam::fuzz::read_answer(message, slice_size, max_rows, kalam::ResultReader::Answer::scan);
  return 0;
}
