#include "stub/ddl/words.h"

namespace kalam::stub::ddl {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

}  // namespace

std::vector<std::string> split_words(std::string_view sql) {
  std::vector<std::string> words;
  std::string word;
  for (char c : sql) {
    if (!is_space(c)) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  // A trailing semicolon ends the statement, it is no part of a name.
  if (!words.empty() && words.back().ends_with(';')) {
    words.back().pop_back();
    if (words.back().empty()) words.pop_back();
  }
  return words;
}

std::string expected(const std::string& what, const Token& found) {
  return "sql parser error: Expected: " + what + ", found: " + found_text(found);
}

}  // namespace kalam::stub::ddl
