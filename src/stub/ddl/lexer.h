// Tokens of KalamDB's own statements, with positions for error texts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "stub/base/text.h"

namespace kalam::stub::ddl {

struct Token {
  enum Kind { word, quoted, string, number, symbol, end };
  Kind kind = end;
  std::string text;   // as written; quoted and string without their quotes
  std::string upper;  // of words and symbols
  size_t column = 0;  // from 1
  size_t line = 1;
};

std::vector<Token> tokenize(std::string_view sql);

// The words between blanks, as statements about whole names see them (`u1,` is one).
std::vector<std::string> split_words(std::string_view sql);

// Reads tokens one after the other; at the end it stays at an `end` token.
class Cursor {
 public:
  explicit Cursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& peek(size_t ahead = 0) const;
  Token next();
  // Takes the token when it is this keyword or symbol.
  bool accept(std::string_view keyword);
  bool is(std::string_view keyword, size_t ahead = 0) const;
  bool at_end() const { return peek().kind == Token::end; }
  // Skips a parenthesised group that starts here.
  void skip_group();

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

// "Expected: (, found: TEXT at Line: 1, Column: 56".
std::string expected(const std::string& what, const Token& found);

}  // namespace kalam::stub::ddl
