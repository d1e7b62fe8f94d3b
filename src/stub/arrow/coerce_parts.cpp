#include "stub/arrow/coerce_parts.h"

#include <nlohmann/json.hpp>

namespace kalam::stub {

namespace {

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

unsigned hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

// Length in bytes of the UTF-8 character that starts with c.
size_t character_length(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

}  // namespace

std::optional<Value> uuid_from(const TypedValue& from, const std::string& column, std::string& reason) {
  if (from.type.id == TypeId::fixed_size_binary || from.type.id == TypeId::binary) {
    const std::string& bytes = std::get<std::string>(from.value.data);
    if (bytes.size() == 16) return from.value;
    reason = "UUID binary literal must be 16 bytes for column '" + column + "', got " + std::to_string(bytes.size());
    return std::nullopt;
  }
  if (from.type.id != TypeId::utf8) return std::nullopt;
  const std::string& original = std::get<std::string>(from.value.data);
  auto refuse = [&](const std::string& why) {
    reason = "Invalid UUID literal '" + original + "' for column '" + column + "': " + why;
    return std::nullopt;
  };
  std::string_view text = original;
  if (text.starts_with("urn:uuid:")) text.remove_prefix(9);
  if (text.size() > 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
  std::string bytes;
  size_t digits = 0;
  size_t groups = 1;
  unsigned high = 0;
  size_t character = 1;
  for (size_t i = 0; i < text.size(); character++) {
    char c = text[i];
    if (c == '-') {
      groups++;
      i++;
      continue;
    }
    if (!is_hex(c)) {
      return refuse("invalid character: found `" + std::string(text.substr(i, character_length(c))) + "` at " +
                    std::to_string(character));
    }
    if (digits % 2 == 0) {
      high = hex_digit(c);
    } else {
      bytes += static_cast<char>(high << 4 | hex_digit(c));
    }
    digits++;
    i++;
  }
  if (groups != 1 && groups != 5) return refuse("invalid group count: expected 5, found " + std::to_string(groups));
  bool hyphens_fit =
      groups == 1 || (text.size() == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-');
  if (digits != 32) {
    return refuse("invalid length: expected length 32 for simple format, found " + std::to_string(digits));
  }
  if (!hyphens_fit)
    return refuse("invalid group length in group 0: expected 8, found " + std::to_string(text.find('-')));
  return Value{bytes};
}

std::optional<Value> embedding_from_text(const std::string& text, int dimension, const std::string& column,
                                         std::string& reason) {
  auto invalid = [&](const std::string& why) {
    reason = "Invalid embedding JSON for column '" + column + "': " + why;
    return std::nullopt;
  };
  nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded()) return invalid("expected value at line 1 column 1");
  if (!document.is_array()) return invalid("expected a JSON array");
  List list;
  for (const auto& element : document) {
    if (!element.is_number()) return invalid("expected f32");
    list.push_back({static_cast<float>(element.get<double>())});
  }
  if (static_cast<int>(list.size()) != dimension) {
    reason = "Embedding dimension mismatch for column '" + column + "': expected " + std::to_string(dimension) +
             ", got " + std::to_string(list.size());
    return std::nullopt;
  }
  return Value{std::move(list)};
}

}  // namespace kalam::stub
