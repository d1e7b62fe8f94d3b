#include "stub/sql/parse/tree.h"

#include <pg_query.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "stub/sql/parse/error.h"

namespace kalam::stub::sql {

namespace {

const Node kNull;

// ---- what the tokens alone tell

[[noreturn]] void parser_error(const std::string& text) {
  fail("Execution error: SQL error: ParserError(\"" + text + "\")");
}

void check_operator(const std::vector<Token>& tokens, size_t i) {
  const Token& token = tokens[i];
  if (token.is_op("#")) parser_error("No infix parser for token Sharp" + position_text(token));
  if (token.is_op("!")) {
    bool prefix = i == 0 || tokens[i - 1].is("SELECT") || tokens[i - 1].is_op("(") || tokens[i - 1].is_op(",");
    if (prefix) parser_error("Expected: an expression, found: !" + position_text(token));
    refuse("the operator !");
  }
  static const std::set<std::string> unknown = {"#>", "#>>", "@>", "<@", "&&", "**", "==", "<=>",
                                                "@",  "`",   "{",  "}",  "\\", ":",  "%%", "?|"};
  if (token.kind == TokenKind::op && unknown.contains(token.text)) refuse("the operator " + token.text);
}

bool is_string(const Token& token) {
  return token.kind == TokenKind::text || token.kind == TokenKind::escaped_text || token.kind == TokenKind::hex_text ||
         token.kind == TokenKind::dollar_text || token.kind == TokenKind::unicode_text;
}

// What one of the two parsers reads as something else.
void check_lexemes(const Token& token, const Token& next) {
  bool name = token.kind == TokenKind::word || token.kind == TokenKind::quoted_name;
  if (name && token.length > 63) refuse("a name this long");  // PostgreSQL's lexer would cut it
  bool adjacent = token.offset + token.length == next.offset;
  if (token.kind == TokenKind::number && next.kind == TokenKind::word && adjacent) refuse("this number");
  if (token.kind != TokenKind::escaped_text) return;
  for (size_t i = 2; i + 1 < token.text.size(); i++) {
    if (token.text[i] != '\\') continue;
    if (std::string_view("nrtbf\\'").find(token.text[++i]) == std::string_view::npos) refuse("this escape in a text");
  }
}

void check_tokens(const std::vector<Token>& tokens) {
  for (size_t i = 0; i + 1 < tokens.size(); i++) {
    const Token& token = tokens[i];
    const Token& next = tokens[i + 1];
    check_operator(tokens, i);
    check_lexemes(token, next);
    if (token.kind == TokenKind::bit_text) refuse("the literal " + token.text);
    if (is_string(token) && is_string(next)) refuse("two text literals side by side");
    if ((token.is("LIKE") || token.is("ILIKE")) && next.is("ANY")) {
      fail("Execution error: This feature is not implemented: ANY in LIKE expression");
    }
    if (token.is("FETCH")) fail("Execution error: This feature is not implemented: FETCH clause is not supported yet");
    if (token.is("ESCAPE")) {
      fail("Execution error: Execution error: LIKE does not support escape_char other than the backslash (\\)");
    }
    if (token.is("ISNULL") || token.is("NOTNULL") || token.is("SYMMETRIC") || token.is("ASYMMETRIC") ||
        token.is("ONLY") || token.is("TABLESAMPLE") || token.is("LATERAL") || token.is("RECURSIVE") ||
        token.is("MATERIALIZED") || token.is("WINDOW") || token.is("OVERLAPS") || token.is("TREAT") ||
        token.is("NORMALIZED") || token.is("DOCUMENT") || token.is("XMLSERIALIZE") || token.is("SHARE")) {
      refuse("the word " + token.upper);
    }
  }
}

// LEFT SEMI JOIN and LEFT ANTI JOIN: the parser gets LEFT JOIN.
std::vector<SemiJoin> take_semi_joins(std::string& text, const std::vector<Token>& tokens) {
  std::vector<SemiJoin> joins;
  for (size_t i = 0; i + 2 < tokens.size(); i++) {
    bool anti = tokens[i + 1].is("ANTI");
    if (tokens[i].is("LEFT") && (anti || tokens[i + 1].is("SEMI")) && tokens[i + 2].is("JOIN")) {
      joins.push_back({tokens[i + 1].offset, anti});
      std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(tokens[i + 1].offset), 4, ' ');
    } else if ((tokens[i].is("RIGHT") || tokens[i].is("FULL")) && (anti || tokens[i + 1].is("SEMI"))) {
      refuse("this kind of join");
    }
  }
  return joins;
}

// ---- operators that bind differently in the two grammars

struct Binding {
  int postgres;
  int datafusion;
};

// Larger binds tighter. 0: not an infix operator we know.
Binding binding_of(const Node& expression) {
  static const std::map<std::string, Binding> operators = {
      {"*", {8, 40}},   {"/", {8, 40}},  {"%", {8, 40}}, {"+", {7, 30}},  {"-", {7, 30}},  {"^", {9, 22}},
      {"||", {6, 40}},  {"&", {6, 23}},  {"|", {6, 21}}, {"<<", {6, 22}}, {">>", {6, 22}}, {"->", {6, 50}},
      {"->>", {6, 50}}, {"?", {6, 50}},  {"~", {6, 20}}, {"~*", {6, 20}}, {"!~", {6, 20}}, {"!~*", {6, 20}},
      {"=", {4, 20}},   {"<>", {4, 20}}, {"<", {4, 20}}, {"<=", {4, 20}}, {">", {4, 20}},  {">=", {4, 20}}};
  std::string kind = text_member(expression, "kind");
  if (kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE" || kind == "AEXPR_SIMILAR") return {5, 19};
  if (kind == "AEXPR_BETWEEN" || kind == "AEXPR_NOT_BETWEEN" || kind == "AEXPR_IN") return {5, 20};
  if (kind != "AEXPR_OP") return {0, 0};
  auto found = operators.find(string_of(member(expression, "name").back()));
  return found == operators.end() ? Binding{0, 0} : found->second;
}

class BindingCheck {
 public:
  explicit BindingCheck(const std::vector<Token>& tokens) : tokens_(tokens) {}

  void walk(const Node& node) {
    if (node.is_array()) {
      for (const Node& element : node) walk(element);
    } else if (node.is_object()) {
      auto found = node.find("A_Expr");
      if (found != node.end()) check(*found);
      for (const auto& [name, child] : node.items()) walk(child);
    }
  }

 private:
  void check(const Node& parent) {
    compare(parent, member(parent, "lexpr"), true);
    compare(parent, member(parent, "rexpr"), false);
  }

  void compare(const Node& parent, const Node& side, bool left) {
    if (!side.is_object() || !side.contains("A_Expr")) return;
    const Node& child = side["A_Expr"];
    Binding outer = binding_of(parent);
    Binding inner = binding_of(child);
    if (outer.postgres == 0 || inner.postgres == 0 || member(child, "lexpr").is_null()) return;
    const Token& outer_token = tokens_[token_at(tokens_, static_cast<size_t>(int_member(parent, "location")))];
    const Token& inner_token = tokens_[token_at(tokens_, static_cast<size_t>(int_member(child, "location")))];
    if (outer_token.depth != inner_token.depth) return;  // in parentheses
    bool same = left ? inner.datafusion >= outer.datafusion : inner.datafusion > outer.datafusion;
    if (!same) {
      refuse("operators without parentheses that bind differently there (" + outer_token.text + ", " +
             inner_token.text + ")");
    }
  }

  const std::vector<Token>& tokens_;
};

constexpr size_t kDeepest = 300;

// Recursion below is bounded by this.
void check_depth(const Node& node, size_t depth) {
  if (depth > kDeepest * 3) refuse("a query nested this deeply");
  if (node.is_structured()) {
    for (const auto& child : node) check_depth(child, depth + 1);
  }
}

// The same before the parser, which recurses too: over parentheses, over chains of operators, and over queries and
// tables that are put together one behind the other.
void check_nesting(const std::vector<Token>& tokens) {
  size_t chain = 0;
  size_t joined = 0;
  for (const Token& token : tokens) {
    if (static_cast<size_t>(token.depth) > kDeepest) refuse("a query nested this deeply");
    for (const char* word : {"UNION", "EXCEPT", "INTERSECT", "JOIN", "CASE"}) joined += token.is(word) ? 1 : 0;
    if (joined > kDeepest) refuse("a query of this many parts");
    chain = token.is_op(",") ? 0 : chain + (token.kind == TokenKind::op || token.is("NOT") ? 1 : 0);
    if (chain > 2000) refuse("an expression this long");
  }
}

Node parse_text(const std::string& text) {
  std::unique_ptr<PgQueryParseResult, void (*)(PgQueryParseResult*)> result(
      new PgQueryParseResult(pg_query_parse(text.c_str())), [](PgQueryParseResult* parsed) {
        pg_query_free_parse_result(*parsed);
        delete parsed;
      });
  if (result->error != nullptr) {
    refuse(std::string("a text that PostgreSQL's parser does not take (") + result->error->message + ")");
  }
  Node parsed = Node::parse(result->parse_tree, nullptr, false);
  if (parsed.is_discarded()) refuse("a text whose parse tree is not readable");
  return parsed;
}

}  // namespace

const std::string& node_kind(const Node& node) {
  static const std::string none;
  if (!node.is_object() || node.empty()) return none;
  return node.begin().key();
}

const Node& node_body(const Node& node) {
  return node.is_object() && !node.empty() ? *node.begin() : kNull;
}

const Node& member(const Node& body, const char* name) {
  if (!body.is_object()) return kNull;
  auto found = body.find(name);
  return found == body.end() ? kNull : *found;
}

std::string text_member(const Node& body, const char* name) {
  const Node& node = member(body, name);
  return node.is_string() ? node.get<std::string>() : "";
}

int64_t int_member(const Node& body, const char* name) {
  const Node& node = member(body, name);
  return node.is_number_integer() ? node.get<int64_t>() : 0;
}

bool bool_member(const Node& body, const char* name) {
  const Node& node = member(body, name);
  return node.is_boolean() && node.get<bool>();
}

std::string string_of(const Node& node) {
  return text_member(member(node, "String"), "sval");
}

std::vector<std::string> strings_of(const Node& list) {
  std::vector<std::string> strings;
  if (list.is_array()) {
    for (const Node& node : list) strings.push_back(string_of(node));
  }
  return strings;
}

int64_t first_location(const Node& node) {
  int64_t first = -1;
  if (node.is_object()) {
    for (const auto& [name, child] : node.items()) {
      int64_t here = name == "location" && child.is_number_integer() ? child.get<int64_t>() : first_location(child);
      if (here >= 0 && (first < 0 || here < first)) first = here;
    }
  } else if (node.is_array()) {
    for (const Node& child : node) {
      int64_t here = first_location(child);
      if (here >= 0 && (first < 0 || here < first)) first = here;
    }
  }
  return first;
}

int64_t last_location(const Node& node) {
  int64_t last = -1;
  if (node.is_object()) {
    for (const auto& [name, child] : node.items()) {
      last =
          std::max(last, name == "location" && child.is_number_integer() ? child.get<int64_t>() : last_location(child));
    }
  } else if (node.is_array()) {
    for (const Node& child : node) last = std::max(last, last_location(child));
  }
  return last;
}

Tree parse_statement(std::string_view sql) {
  Tree tree;
  tree.text = std::string(sql);
  if (tree.text.find('\0') != std::string::npos) refuse("a statement with U+0000");
  tree.tokens = tokenize(tree.text);
  check_nesting(tree.tokens);
  check_tokens(tree.tokens);
  tree.semi_joins = take_semi_joins(tree.text, tree.tokens);
  Node parsed = parse_text(tree.text);
  const Node& statements = member(parsed, "stmts");
  if (!statements.is_array() || statements.size() != 1) refuse("a text that is not one statement");
  const Node& statement = member(statements[0], "stmt");
  // Before it is copied, which recurses as well.
  check_depth(statement, 0);
  tree.statement = statement;
  BindingCheck(tree.tokens).walk(tree.statement);
  return tree;
}

}  // namespace kalam::stub::sql
