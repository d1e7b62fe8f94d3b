#include "stub/base/base64.h"

namespace kalam::stub {

namespace {

int symbol_value(char c, bool url_safe) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == (url_safe ? '-' : '+')) return 62;
  if (c == (url_safe ? '_' : '/')) return 63;
  return -1;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text, bool url_safe, std::string& error) {
  std::string_view body = text;
  if (!url_safe) {
    while (body.ends_with('=') && text.size() - body.size() < 2) body.remove_suffix(1);
  }
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (size_t i = 0; i < body.size(); i++) {
    int value = symbol_value(body[i], url_safe);
    if (value < 0) {
      error = "Invalid symbol " + std::to_string(static_cast<unsigned char>(body[i])) + ", offset " +
              std::to_string(i) + ".";
      return std::nullopt;
    }
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(static_cast<unsigned char>(bits >> count & 0xff));
    }
  }
  if (body.size() % 4 == 1) {
    error = "Invalid input length: " + std::to_string(body.size());
    return std::nullopt;
  }
  if ((bits & ((1U << count) - 1)) != 0) {
    error = "Invalid last symbol " + std::to_string(static_cast<unsigned char>(body.back())) + ", offset " +
            std::to_string(body.size() - 1) + ".";
    return std::nullopt;
  }
  if (!url_safe && text.size() % 4 != 0) {
    error = "Invalid padding";
    return std::nullopt;
  }
  return bytes;
}

}  // namespace kalam::stub
