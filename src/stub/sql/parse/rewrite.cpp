#include "stub/sql/parse/rewrite.h"

#include <array>
#include <cctype>

namespace kalam::stub::sql {

namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0;
}

bool equals(std::string_view text, std::string_view upper) {
  if (text.size() != upper.size()) return false;
  for (size_t i = 0; i < text.size(); i++) {
    if (std::toupper(static_cast<unsigned char>(text[i])) != upper[i]) return false;
  }
  return true;
}

// Length of "()" with blanks behind a word, or 0.
size_t call_length(std::string_view text) {
  size_t i = 0;
  while (i < text.size() && std::isspace(static_cast<unsigned char>(text[i]))) i++;
  if (i >= text.size() || text[i] != '(') return 0;
  i++;
  while (i < text.size() && std::isspace(static_cast<unsigned char>(text[i]))) i++;
  return i < text.size() && text[i] == ')' ? i + 1 : 0;
}

struct Word {
  std::string_view name;
  std::string_view replacement;
  bool needs_call;
};

constexpr std::array<Word, 3> kWords = {{{"CURRENT_USER", "KDB_CURRENT_USER()", false},
                                         {"CURRENT_USER_ID", "KDB_CURRENT_USER_ID()", true},
                                         {"CURRENT_ROLE", "KDB_CURRENT_ROLE()", false}}};

}  // namespace

std::string rewrite_current_user(std::string_view sql) {
  std::string result;
  for (size_t i = 0; i < sql.size();) {
    if (!is_word(sql[i])) {
      result += sql[i++];
      continue;
    }
    size_t end = i;
    while (end < sql.size() && is_word(sql[end])) end++;
    std::string_view word = sql.substr(i, end - i);
    bool replaced = false;
    for (const Word& candidate : kWords) {
      if (!equals(word, candidate.name)) continue;
      size_t call = call_length(sql.substr(end));
      if (candidate.needs_call && call == 0) break;
      result += candidate.replacement;
      i = end + call;
      replaced = true;
      break;
    }
    if (!replaced) {
      result += word;
      i = end;
    }
  }
  return result;
}

}  // namespace kalam::stub::sql
