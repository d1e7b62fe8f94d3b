// Tokens of a statement, as the SQL parser behind KalamDB (sqlparser-rs, generic dialect) cuts them: enough to classify
// a statement, to quote positions in error texts, and to see what PostgreSQL's parser would read differently.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
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
  std::string text;   // as written
  std::string value;  // of texts and quoted names without their quotes, else as written
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

// Reads tokens one after the other; at the end it stays at the `end` token.
class Cursor {
 public:
  // tokens: as tokenize() gives them.
  explicit Cursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {
    if (tokens_.empty()) tokens_.emplace_back();
  }

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  Token next();
  // Takes the token when it is this keyword or symbol.
  bool accept(std::string_view keyword);
  bool is(std::string_view keyword, size_t ahead = 0) const;
  bool at_end() const { return peek().kind == TokenKind::end; }
  // Skips a parenthesised group that starts here.
  void skip_group();

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

// The index of the token that starts at this byte, or tokens.size() - 1 (the end).
size_t token_at(const std::vector<Token>& tokens, size_t offset);

}  // namespace kalam::stub::sql
