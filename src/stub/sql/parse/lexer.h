// Tokens of a statement, as the SQL parser behind KalamDB (sqlparser-rs, generic dialect) cuts them: enough to classify
// a statement, to quote positions in error texts, and to see what PostgreSQL's parser would read differently.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::stub::sql {

enum class TokenKind {
  word,
  quoted_name,
  text,
  escaped_text,
  dollar_text,
  hex_text,
  bit_text,
  unicode_text,
  number,
  op,
  end
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;   // as written; a word, operator or number
  std::string upper;  // a word in upper case, else empty
  size_t offset = 0;  // bytes
  size_t length = 0;
  int line = 1;
  int column = 1;
  int depth = 0;  // of parentheses, brackets and CASE … END around it
  bool is(std::string_view word) const { return kind == TokenKind::word && upper == word; }
  bool is_op(std::string_view symbol) const { return kind == TokenKind::op && text == symbol; }
};

// Cuts the text; the last token is `end`. An unterminated literal or comment fails.
std::vector<Token> tokenize(std::string_view sql);

// " at Line: 1, Column: 10"
std::string position_text(const Token& token);

// The token as error texts name it: "EOF" for the end.
std::string found_text(const Token& token);

// The tokens printed the way sqlparser prints simple statements: one blank between words, none inside parentheses.
std::string print_tokens(const std::vector<Token>& tokens);

// The index of the token that starts at this byte, or tokens.size() - 1 (the end).
size_t token_at(const std::vector<Token>& tokens, size_t offset);

}  // namespace kalam::stub::sql
