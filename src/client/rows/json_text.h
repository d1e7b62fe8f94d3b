// The two pieces of JSON that are easily written wrong: strings and numbers.
#pragma once

#include "client/wall.h"

#include <charconv>
#include <string>
#include <string_view>

namespace kalam {

// Appends `text` as a JSON string with its quotes. False when it is not valid UTF-8; `out` then ends somewhere in it.
bool append_json_string(std::string_view text, std::string* out);

// Appends an integer, or the shortest text of a finite float or double that reads back as the same value.
template <class Number>
void append_number(Number number, std::string* out) {
  char buffer[40];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), number);
  (void)error;  // 40 bytes hold every number
  out->append(buffer, end);
}

}  // namespace kalam
