// The text of a failed RPC: the first byte chooses the method, the second the gRPC code.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "client/session/failure_texts.h"
#include "client/transport/tls_errors.h"

template <size_t N>
static void expect_text(const char (&field)[N]) {
  const size_t size = strnlen(field, N);
  if (size == N || !kalam::is_valid_utf8({field, size})) std::abort();
}

static void expect_sound(const kalam::Status& status) {
  expect_text(status.message);
  expect_text(status.detail);
  expect_text(status.hint);
  expect_text(status.column);
  expect_text(status.value);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int kMethods = 12;
  if (size < 2) return 0;
  static const kalam::Secrets secrets = [] {
    kalam::Secrets known;
    known.add("correct horse");
    return known;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  const auto method = static_cast<kalam::Method>(data[0] % kMethods);
  const int code = 1 + data[1] % 16;
  kalam::Status status{};
  kalam::classify_failure({method, code, text, "127.0.0.1:9188", data[1] >= 0x80}, secrets, &status);
  expect_sound(status);
  if (status.error == kalam::ErrorClass::none) std::abort();
  if (std::strstr(status.detail, "correct horse") != nullptr) std::abort();
  kalam::means_session_gone(method, code, text);
  kalam::means_not_leader(code, text);
  kalam::means_not_executed(code, text);
  kalam::classify_tls_failure(text, text, &status);
  expect_sound(status);
  return 0;
}
