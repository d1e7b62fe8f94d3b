// Column definitions of CREATE TABLE and ALTER TABLE: types (specification 5.2), DEFAULTs (10.3), options.
#pragma once

#include <optional>
#include <string>

#include "stub/ddl/words.h"
#include "stub/store/store.h"

namespace kalam::stub::ddl {

struct ParsedType {
  std::string sql_type;  // as the catalog spells it
  bool serial = false;
};

// nullopt: `error` is the text behind "Invalid SQL: Invalid CREATE TABLE statement: ".
std::optional<ParsedType> parse_type(Cursor& cursor, std::string& error);

// A DEFAULT's expression, up to the next column option; fills kind and value of the column. The expression as it was
// understood, printed, goes to `shown`.
void parse_default(Cursor& cursor, ColumnDef& column, std::string& shown);

// The whole definition behind a column's name, up to `,`, `)` or the end.
bool parse_column_body(Cursor& cursor, ColumnDef& column, std::string& error);

}  // namespace kalam::stub::ddl
