// The parse tree of a query, from libpg_query, and what must be known of the text beyond it: PostgreSQL's grammar is
// not DataFusion's.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "stub/sql/parse/lexer.h"

namespace kalam::stub::sql {

using Node = nlohmann::json;

struct SemiJoin {
  size_t offset = 0;  // of the word SEMI or ANTI, which the parser does not see
  bool anti = false;
};

struct Tree {
  std::string text;  // as parsed
  std::vector<Token> tokens;
  std::vector<SemiJoin> semi_joins;
  Node statement;  // {"SelectStmt": {…}}
};

// Parses one statement. Texts that DataFusion's parser refuses fail with its words where they are known, else (and
// where the two parsers read a text differently) the statement is refused.
Tree parse_statement(std::string_view sql);

// The only key of a node: "ColumnRef".
const std::string& node_kind(const Node& node);
const Node& node_body(const Node& node);

// A member, or a null node / "" / 0 / false when it is not there.
const Node& member(const Node& body, const char* name);
std::string text_member(const Node& body, const char* name);
int64_t int_member(const Node& body, const char* name);
bool bool_member(const Node& body, const char* name);

// {"String": {"sval": …}}
std::string string_of(const Node& node);
std::vector<std::string> strings_of(const Node& list);

// The smallest and the largest "location" below a node; -1: none.
int64_t first_location(const Node& node);
int64_t last_location(const Node& node);

}  // namespace kalam::stub::sql
