// JSON as KalamDB's server reads it: its error texts, and its numbers, which are not always the nearest double
// (specification 6.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::stub {

struct JsonMember;

struct JsonValue {
  enum Kind { null, boolean, signed_integer, unsigned_integer, floating, string, array, object };
  Kind kind = null;
  bool flag = false;
  int64_t integer = 0;     // signed_integer: negative numbers
  uint64_t magnitude = 0;  // unsigned_integer
  double real = 0;
  std::string text;
  std::vector<JsonValue> elements;
  std::vector<JsonMember> members;  // in the order of the text, the last of equal names wins

  bool is_number() const { return kind == signed_integer || kind == unsigned_integer || kind == floating; }
  const JsonValue* find(std::string_view name) const;
  std::string dump() const;  // compact
};

// Not a std::pair, which asks for the complete type while JsonValue is still being defined.
struct JsonMember {
  std::string first;
  JsonValue second;
};

// nullopt: `error` is "EOF while parsing an object at line 1 column 1" and the like.
std::optional<JsonValue> read_json(std::string_view text, std::string& error);

}  // namespace kalam::stub
