#include "stub/ddl/lexer.h"

namespace kalam::stub::ddl {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_word(char c) {
  return starts_word(c) || is_digit(c) || c == '$';
}

}  // namespace

std::vector<Token> tokenize(std::string_view sql) {
  std::vector<Token> tokens;
  size_t line = 1;
  size_t line_start = 0;
  for (size_t at = 0; at < sql.size();) {
    char c = sql[at];
    if (c == '\n') {
      line++;
      line_start = at + 1;
    }
    if (is_space(c)) {
      at++;
      continue;
    }
    if (c == '-' && at + 1 < sql.size() && sql[at + 1] == '-') {
      while (at < sql.size() && sql[at] != '\n') at++;
      continue;
    }
    Token token;
    token.line = line;
    token.column = at - line_start + 1;
    size_t start = at;
    if (starts_word(c)) {
      while (at < sql.size() && continues_word(sql[at])) at++;
      token.kind = Token::word;
      token.text = sql.substr(start, at - start);
    } else if (is_digit(c)) {
      while (at < sql.size() && (continues_word(sql[at]) || sql[at] == '.')) at++;
      token.kind = Token::number;
      token.text = sql.substr(start, at - start);
    } else if (c == '\'' || c == '"') {
      token.kind = c == '"' ? Token::quoted : Token::string;
      for (at++; at < sql.size(); at++) {
        if (sql[at] == c) {
          if (at + 1 >= sql.size() || sql[at + 1] != c) break;
          at++;
        }
        token.text += sql[at];
      }
      at++;
    } else {
      token.kind = Token::symbol;
      token.text = std::string(1, c);
      at++;
    }
    if (token.kind == Token::word || token.kind == Token::symbol) token.upper = to_upper(token.text);
    tokens.push_back(std::move(token));
  }
  return tokens;
}

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

const Token& Cursor::peek(size_t ahead) const {
  static const Token end;
  return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : end;
}

Token Cursor::next() {
  Token token = peek();
  if (at_ < tokens_.size()) at_++;
  return token;
}

bool Cursor::is(std::string_view keyword, size_t ahead) const {
  const Token& token = peek(ahead);
  return (token.kind == Token::word || token.kind == Token::symbol) && token.upper == keyword;
}

bool Cursor::accept(std::string_view keyword) {
  if (!is(keyword)) return false;
  at_++;
  return true;
}

void Cursor::skip_group() {
  int depth = 0;
  do {
    if (is("(")) depth++;
    if (is(")")) depth--;
    next();
  } while (depth > 0 && !at_end());
}

std::string expected(const std::string& what, const Token& found) {
  if (found.kind == Token::end) return "sql parser error: Expected: " + what + ", found: EOF";
  std::string text = found.text;
  if (found.kind == Token::string) text = "'" + text + "'";
  if (found.kind == Token::quoted) text = "\"" + text + "\"";
  return "sql parser error: Expected: " + what + ", found: " + text + " at Line: " + std::to_string(found.line) +
         ", Column: " + std::to_string(found.column);
}

}  // namespace kalam::stub::ddl
