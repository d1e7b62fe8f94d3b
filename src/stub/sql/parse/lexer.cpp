#include "stub/sql/parse/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "stub/sql/parse/error.h"

namespace kalam::stub::sql {

namespace {

bool is_word_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0;
}
bool is_word_part(char c) {
  return is_word_start(c) || std::isdigit(static_cast<unsigned char>(c)) || c == '$';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Cutter {
 public:
  explicit Cutter(std::string_view sql) : sql_(sql) {}

  std::vector<Token> run() {
    while (true) {
      skip_blanks();
      if (at_ >= sql_.size()) break;
      next();
    }
    Token end;
    end.offset = sql_.size();
    end.line = line_;
    end.column = column_;
    end.depth = depth_;
    tokens_.push_back(end);
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  void advance(size_t count) {
    for (size_t i = 0; i < count && at_ < sql_.size(); i++, at_++) {
      if (sql_[at_] == '\n') {
        line_++;
        column_ = 1;
      } else if ((sql_[at_] & 0xc0) != 0x80) {
        column_++;
      }
    }
  }

  void skip_blanks() {
    while (at_ < sql_.size()) {
      if (std::isspace(static_cast<unsigned char>(peek()))) {
        advance(1);
      } else if (peek() == '-' && peek(1) == '-') {
        while (at_ < sql_.size() && peek() != '\n') advance(1);
      } else if (peek() == '/' && peek(1) == '*') {
        skip_comment();
      } else {
        return;
      }
    }
  }

  void skip_comment() {
    int nested = 0;
    do {
      if (peek() == '/' && peek(1) == '*') {
        if (++nested > 1) refuse("a comment inside a comment");
        advance(2);
      } else if (peek() == '*' && peek(1) == '/') {
        nested--;
        advance(2);
      } else {
        advance(1);
      }
    } while (nested > 0 && at_ < sql_.size());
    if (nested > 0) fail("Invalid SQL: sql parser error: Unexpected EOF while in a multi-line comment");
  }

  void emit(TokenKind kind, size_t length) {
    Token token;
    token.kind = kind;
    token.offset = at_;
    token.length = length;
    token.line = line_;
    token.column = column_;
    token.text = std::string(sql_.substr(at_, length));
    if (kind == TokenKind::word) {
      token.upper = token.text;
      std::transform(token.upper.begin(), token.upper.end(), token.upper.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    }
    token.value = kind == TokenKind::text || kind == TokenKind::quoted_name ? unquoted(token.text) : token.text;
    nest(token);
    tokens_.push_back(std::move(token));
    advance(length);
  }

  static std::string unquoted(const std::string& text) {
    std::string value;
    for (size_t i = 1; i + 1 < text.size(); i++) {
      value += text[i];
      if (text[i] == text[0]) i++;
    }
    return value;
  }

  // A closing token has the depth of its opening one.
  void nest(Token& token) {
    bool opens = token.is_op("(") || token.is_op("[") || token.is("CASE");
    bool closes = token.is_op(")") || token.is_op("]") || token.is("END");
    if (closes) depth_ = std::max(0, depth_ - 1);
    token.depth = depth_;
    if (opens) depth_++;
  }

  size_t quoted_length(size_t prefix, char quote, bool backslash) const {
    size_t i = at_ + prefix + 1;
    while (i < sql_.size()) {
      if (backslash && sql_[i] == '\\') {
        i += 2;
      } else if (sql_[i] == quote) {
        if (i + 1 < sql_.size() && sql_[i + 1] == quote) {
          i += 2;
        } else {
          return i + 1 - at_;
        }
      } else {
        i++;
      }
    }
    fail("Invalid SQL: sql parser error: Unterminated string literal at Line: " + std::to_string(line_) +
         ", Column: " + std::to_string(column_));
  }

  size_t dollar_length() const {
    size_t tag_end = sql_.find('$', at_ + 1);
    if (tag_end == std::string_view::npos) return 0;
    for (size_t i = at_ + 1; i < tag_end; i++) {
      if (!is_word_part(sql_[i])) return 0;
    }
    if (tag_end > at_ + 1 && is_digit(sql_[at_ + 1])) return 0;
    std::string_view tag = sql_.substr(at_, tag_end + 1 - at_);
    size_t close = sql_.find(tag, tag_end + 1);
    if (close == std::string_view::npos) refuse("an unterminated dollar-quoted text");
    return close + tag.size() - at_;
  }

  size_t number_length() const {
    size_t i = at_;
    while (i < sql_.size() && is_digit(sql_[i])) i++;
    if (i < sql_.size() && sql_[i] == '.') {
      i++;
      while (i < sql_.size() && is_digit(sql_[i])) i++;
    }
    if (i < sql_.size() && (sql_[i] == 'e' || sql_[i] == 'E')) {
      size_t j = i + 1;
      if (j < sql_.size() && (sql_[j] == '+' || sql_[j] == '-')) j++;
      if (j < sql_.size() && is_digit(sql_[j])) {
        while (j < sql_.size() && is_digit(sql_[j])) j++;
        i = j;
      }
    }
    return i - at_;
  }

  size_t operator_length() const {
    static constexpr std::array<std::string_view, 25> kLong = {"!~~*", "->>", "!~*", "!~~", "#>>", "<=>", "~~*",
                                                               "->",   "::",  "<=",  ">=",  "<>",  "!=",  "||",
                                                               "<<",   ">>",  "~*",  "!~",  "#>",  "@>",  "<@",
                                                               "&&",   "**",  "~~",  "=="};
    for (std::string_view symbol : kLong) {
      if (sql_.substr(at_, symbol.size()) == symbol) return symbol.size();
    }
    return 1;
  }

  void next() {
    char c = peek();
    char quote = peek(1);
    if ((c == 'E' || c == 'e') && quote == '\'') return emit(TokenKind::escaped_text, quoted_length(1, '\'', true));
    if ((c == 'X' || c == 'x') && quote == '\'') return emit(TokenKind::hex_text, quoted_length(1, '\'', false));
    if ((c == 'B' || c == 'b') && quote == '\'') return emit(TokenKind::bit_text, quoted_length(1, '\'', false));
    if ((c == 'N' || c == 'n') && quote == '\'') return emit(TokenKind::bit_text, quoted_length(1, '\'', false));
    if ((c == 'U' || c == 'u') && quote == '&' && peek(2) == '\'') {
      return emit(TokenKind::unicode_text, quoted_length(2, '\'', false));
    }
    if (c == '\'') return emit(TokenKind::text, quoted_length(0, '\'', false));
    if (c == '"') return emit(TokenKind::quoted_name, quoted_length(0, '"', false));
    if (c == '$') {
      if (size_t length = dollar_length()) return emit(TokenKind::dollar_text, length);
    }
    if (is_digit(c) || (c == '.' && is_digit(quote) && !after_name())) return emit(TokenKind::number, number_length());
    if (is_word_start(c)) {
      size_t length = 1;
      while (at_ + length < sql_.size() && is_word_part(sql_[at_ + length])) length++;
      return emit(TokenKind::word, length);
    }
    emit(TokenKind::op, operator_length());
  }

  bool after_name() const {
    return !tokens_.empty() && tokens_.back().offset + tokens_.back().length == at_ &&
           (tokens_.back().kind == TokenKind::word || tokens_.back().kind == TokenKind::quoted_name);
  }

  std::string_view sql_;
  size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
  int depth_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view sql) {
  return Cutter(sql).run();
}

std::string position_text(const Token& token) {
  return " at Line: " + std::to_string(token.line) + ", Column: " + std::to_string(token.column);
}

std::string found_text(const Token& token) {
  if (token.kind == TokenKind::end) return "EOF";
  return token.text + position_text(token);
}

std::string print_tokens(const std::vector<Token>& tokens) {
  std::string printed;
  for (size_t i = 0; i < tokens.size() && tokens[i].kind != TokenKind::end; i++) {
    const Token& token = tokens[i];
    bool glue_left = token.is_op(",") || token.is_op(")") || token.is_op(".") || token.is_op("]");
    bool after_glue = i > 0 && (tokens[i - 1].is_op("(") || tokens[i - 1].is_op(".") || tokens[i - 1].is_op("["));
    if (i > 0 && !glue_left && !after_glue) printed += ' ';
    printed += token.text;
  }
  return printed;
}

Token Cursor::next() {
  Token token = peek();
  if (!at_end()) at_++;
  return token;
}

bool Cursor::is(std::string_view keyword, size_t ahead) const {
  return peek(ahead).is(keyword) || peek(ahead).is_op(keyword);
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

size_t token_at(const std::vector<Token>& tokens, size_t offset) {
  auto found = std::lower_bound(tokens.begin(), tokens.end(), offset,
                                [](const Token& token, size_t wanted) { return token.offset < wanted; });
  if (found == tokens.end() || found->offset != offset) return tokens.size() - 1;
  return static_cast<size_t>(found - tokens.begin());
}

}  // namespace kalam::stub::sql
