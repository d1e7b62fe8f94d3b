// What statements of the DDL share beyond tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stub/base/text.h"
#include "stub/sql/parse/lexer.h"

namespace kalam::stub::ddl {

using sql::Cursor;
using sql::Token;
using sql::tokenize;
using sql::TokenKind;

// The words between blanks, as statements about whole names see them (`u1,` is one).
std::vector<std::string> split_words(std::string_view sql);

// "Expected: (, found: TEXT at Line: 1, Column: 56".
std::string expected(const std::string& what, const Token& found);

}  // namespace kalam::stub::ddl
