// The protobuf wire of an answer that carries Arrow streams.
#include "read_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  kalam::fuzz::read_answer(message, 0, 1000, kalam::ResultReader::Answer::query);
  kalam::fuzz::read_answer(message, 1 + size % 61, 3, kalam::ResultReader::Answer::scan);
  return 0;
}
