#include "client/rows/json_text.h"

#include "client/base/status.h"

namespace kalam {
namespace {

void append_escape(unsigned char byte, std::string* out) {
  switch (byte) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default: {
      constexpr char kHex[] = "0123456789abcdef";
      *out += "\\u00";
      *out += kHex[byte >> 4];
      *out += kHex[byte & 15];
    }
  }
}

}  // namespace

bool append_json_string(std::string_view text, std::string* out) {
  *out += '"';
  size_t plain = 0;  // start of the run not yet copied
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x80) {
      const size_t size = utf8_character_size(text.substr(i));
      if (size == 0) return false;
      i += size;
    } else if (byte < 0x20 || byte == '"' || byte == '\\') {
      out->append(text.substr(plain, i - plain));
      append_escape(byte, out);
      plain = ++i;
    } else {
      i++;
    }
  }
  out->append(text.substr(plain));
  *out += '"';
  return true;
}

}  // namespace kalam
