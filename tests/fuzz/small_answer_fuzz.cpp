// Answers without rows: each of them as every message that the client reads whole.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "client/session/requests.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const grpc::Slice slice(data, size);
  auto answer = [&] { return grpc::ByteBuffer(&slice, 1); };
  grpc::ByteBuffer buffer = answer();
  kalam::OpenedSession session;
  if (kalam::read_open_session(&buffer, &session)) {
    // What goes back as a header.
    for (char c : session.token) {
      if (c < 0x20 || c > 0x7E) std::abort();
    }
  }
  std::string text;
  uint64_t rows = 0;
  buffer = answer();
  kalam::read_begin(&buffer, &text);
  buffer = answer();
  kalam::read_end(&buffer, text);
  buffer = answer();
  kalam::read_affected_rows(&buffer, &rows);
  buffer = answer();
  kalam::read_sql_message(&buffer, &text);
  buffer = answer();
  kalam::read_ping(&buffer);
  return 0;
}
