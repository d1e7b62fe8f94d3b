#include "stub/ddl/column_parser.h"

#include <vector>

#include "stub/arrow/types.h"

namespace kalam::stub::ddl {

namespace {

struct Alias {
  const char* name;
  const char* sql_type;
};

constexpr Alias kAliases[] = {{"SMALLINT", "SMALLINT"},
                              {"INT2", "SMALLINT"},
                              {"INT", "INT"},
                              {"INTEGER", "INT"},
                              {"INT4", "INT"},
                              {"MEDIUMINT", "INT"},
                              {"BIGINT", "BIGINT"},
                              {"INT8", "BIGINT"},
                              {"INT64", "BIGINT"},
                              {"REAL", "FLOAT"},
                              {"FLOAT", "FLOAT"},
                              {"FLOAT4", "FLOAT"},
                              {"DOUBLE", "DOUBLE"},
                              {"FLOAT8", "DOUBLE"},
                              {"FLOAT64", "DOUBLE"},
                              {"BOOL", "BOOLEAN"},
                              {"BOOLEAN", "BOOLEAN"},
                              {"TEXT", "TEXT"},
                              {"STRING", "TEXT"},
                              {"CHAR", "TEXT"},
                              {"CHARACTER", "TEXT"},
                              {"VARCHAR", "TEXT"},
                              {"NVARCHAR", "TEXT"},
                              {"CLOB", "TEXT"},
                              {"ENUM", "TEXT"},
                              {"JSON", "JSON"},
                              {"JSONB", "JSON"},
                              {"BYTES", "BYTES"},
                              {"BYTEA", "BYTES"},
                              {"BLOB", "BYTES"},
                              {"VARBINARY", "BYTES"},
                              {"BINARY", "BYTES"},
                              {"DATE", "DATE"},
                              {"TIME", "TIME"},
                              {"TIMETZ", "TIME"},
                              {"TIMESTAMP", "TIMESTAMP"},
                              {"TIMESTAMPTZ", "TIMESTAMP"},
                              {"DATETIME", "DATETIME"},
                              {"UUID", "UUID"},
                              {"FILE", "FILE"}};

constexpr Alias kSerials[] = {{"SERIAL", "INT"},     {"SERIAL4", "INT"},          {"BIGSERIAL", "BIGINT"},
                              {"SERIAL8", "BIGINT"}, {"SMALLSERIAL", "SMALLINT"}, {"SERIAL2", "SMALLINT"}};

// The texts between the parentheses that start here; empty when there are none.
std::vector<std::string> parse_arguments(Cursor& cursor) {
  std::vector<std::string> arguments;
  if (!cursor.accept("(")) return arguments;
  while (!cursor.at_end() && !cursor.is(")")) {
    Token token = cursor.next();
    if (token.value != ",") arguments.push_back(token.value);
  }
  cursor.accept(")");
  return arguments;
}

std::optional<ParsedType> decimal_from(const std::vector<std::string>& arguments, std::string& error) {
  int64_t precision = 38;
  int64_t scale = 10;
  if (!arguments.empty()) {
    precision = std::atoll(arguments[0].c_str());
    scale = arguments.size() > 1 ? std::atoll(arguments[1].c_str()) : 0;
  }
  if (precision < 1 || precision > 38) {
    error = "DECIMAL precision must be between 1 and 38, got " + std::to_string(precision);
    return std::nullopt;
  }
  if (scale > precision) {
    error = "DECIMAL scale (" + std::to_string(scale) + ") cannot exceed precision (" + std::to_string(precision) + ")";
    return std::nullopt;
  }
  return ParsedType{"DECIMAL(" + std::to_string(precision) + ", " + std::to_string(scale) + ")"};
}

std::optional<ParsedType> embedding_from(const std::vector<std::string>& arguments, std::string& error) {
  if (arguments.size() != 1) {
    error = "EMBEDDING type requires exactly one dimension parameter, e.g., EMBEDDING(384)";
    return std::nullopt;
  }
  int64_t dimension = std::atoll(arguments[0].c_str());
  if (dimension < 1) {
    error = "EMBEDDING dimension must be at least 1";
    return std::nullopt;
  }
  if (dimension > 8192) {
    error = "EMBEDDING dimension must be at most 8192 (found " + std::to_string(dimension) + ")";
    return std::nullopt;
  }
  return ParsedType{"EMBEDDING(" + std::to_string(dimension) + ")"};
}

std::string numeric_error(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return "Unsupported data type: Numeric(None)";
  if (arguments.size() == 1) return "Unsupported data type: Numeric(Precision(" + arguments[0] + "))";
  return "Unsupported data type: Numeric(PrecisionAndScale(" + arguments[0] + ", " + arguments[1] + "))";
}

// Ends an expression at depth 0.
bool ends_default(const Cursor& cursor) {
  if (cursor.is(",") || cursor.is(")") || cursor.is(";")) return true;
  for (const char* keyword : {"NOT", "NULL", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "CONSTRAINT", "COMMENT",
                              "GENERATED", "AUTO_INCREMENT", "DEFAULT"}) {
    if (cursor.is(keyword)) return true;
  }
  return false;
}

bool is_operator(const Token& token) {
  return token.kind == TokenKind::op && token.value != "(" && token.value != ")" && token.value != "," &&
         token.value != "." && token.value != ":" && token.value != "::";
}

// The expression as the server's parser prints it: blanks around binary operators.
std::string print_expression(const std::vector<Token>& tokens) {
  std::string text;
  for (size_t i = 0; i < tokens.size(); i++) {
    const Token& token = tokens[i];
    const std::string& shown = token.text;
    bool unary = is_operator(token) && (i == 0 || is_operator(tokens[i - 1]) || tokens[i - 1].value == "(");
    if (is_operator(token) && !unary) {
      text += " " + shown + " ";
    } else if (token.value == ",") {
      text += ", ";
    } else {
      bool words_touch = !text.empty() && i > 0 && token.kind != TokenKind::op && tokens[i - 1].kind != TokenKind::op &&
                         text.back() != ' ';
      text += (words_touch ? " " : "") + shown;
    }
  }
  return text;
}

}  // namespace

std::optional<ParsedType> parse_type(Cursor& cursor, std::string& error) {
  Token name = cursor.next();
  if (name.kind != TokenKind::word && name.kind != TokenKind::quoted_name) {
    error = expected("a data type name", name);
    return std::nullopt;
  }
  std::string upper = to_upper(name.value);
  if (upper == "DOUBLE") cursor.accept("PRECISION");
  if (upper == "CHARACTER" || upper == "CHAR") cursor.accept("VARYING");
  std::vector<std::string> arguments = parse_arguments(cursor);
  if (upper == "TIME" || upper == "TIMESTAMP") {
    if ((cursor.is("WITH") || cursor.is("WITHOUT")) && cursor.is("TIME", 1)) {
      cursor.next();
      cursor.next();
      cursor.accept("ZONE");
    }
  }
  if (cursor.is("UNSIGNED")) {
    static const Alias unsigned_names[] = {{"BIGINT", "BigIntUnsigned"},
                                           {"INT", "IntUnsigned"},
                                           {"INTEGER", "IntegerUnsigned"},
                                           {"SMALLINT", "SmallIntUnsigned"},
                                           {"TINYINT", "TinyIntUnsigned"}};
    for (const Alias& alias : unsigned_names) {
      if (upper == alias.name) {
        error = std::string("Unsupported data type: ") + alias.sql_type + "(None)";
        return std::nullopt;
      }
    }
  }
  if (cursor.is("[")) {
    while (cursor.accept("[")) {
      while (!cursor.at_end() && !cursor.accept("]")) cursor.next();
    }
    return ParsedType{"TEXT"};
  }
  if (upper == "DECIMAL" || upper == "DEC") return decimal_from(arguments, error);
  if (upper == "EMBEDDING") return embedding_from(arguments, error);
  if (upper == "NUMERIC") {
    error = numeric_error(arguments);
    return std::nullopt;
  }
  if (upper == "TINYINT" || upper == "INTERVAL") {
    error = std::string("Unsupported Arrow type: ") + (upper == "TINYINT" ? "Int8" : "Interval(MonthDayNano)");
    return std::nullopt;
  }
  for (const Alias& alias : kAliases) {
    if (upper == alias.name) return ParsedType{alias.sql_type};
  }
  for (const Alias& alias : kSerials) {
    if (upper == alias.name) return ParsedType{alias.sql_type, true};
  }
  if (upper.ends_with("TEXT") || upper.ends_with("STRING")) return ParsedType{"TEXT"};
  error = "Unsupported custom data type '" + to_lower(name.value) + "'";
  return std::nullopt;
}

void parse_default(Cursor& cursor, ColumnDef& column, std::string& shown) {
  std::vector<Token> tokens;
  int depth = 0;
  // NULL as the whole expression is a value, behind one it is a column option.
  if (cursor.is("NULL")) tokens.push_back(cursor.next());
  while (tokens.empty() || tokens[0].upper != "NULL") {
    if (cursor.at_end() || (depth == 0 && ends_default(cursor))) break;
    if (cursor.is("(")) depth++;
    if (cursor.is(")")) depth--;
    tokens.push_back(cursor.next());
  }
  shown = print_expression(tokens);
  column.default_kind = DefaultKind::text;
  column.default_value = shown;
  if (tokens.size() == 1) {
    const Token& token = tokens[0];
    if (token.kind == TokenKind::text) column.default_value = token.value;
    if (token.kind == TokenKind::number) {
      column.default_kind = DefaultKind::number;
    } else if (token.upper == "NULL") {
      column.default_kind = DefaultKind::null;
      column.default_value.clear();
    } else if (token.upper == "TRUE" || token.upper == "FALSE") {
      column.default_kind = DefaultKind::boolean;
      column.default_value = to_lower(token.value);
    }
  }
  bool call = tokens.size() == 3 && tokens[1].value == "(" && tokens[2].value == ")";
  if ((tokens.size() == 1 || call) && tokens[0].kind == TokenKind::word) {
    std::string name = tokens[0].upper;
    // The server rewrites CURRENT_USER before it parses a statement.
    if (name.starts_with("KDB_")) name = name.substr(4);
    for (const char* function : {"NOW", "SNOWFLAKE_ID", "UUID_V7", "ULID"}) {
      if (call && name == function) column.default_kind = DefaultKind::function;
    }
    if (name == "CURRENT_TIMESTAMP" || name == "CURRENT_USER") column.default_kind = DefaultKind::function;
    if (column.default_kind == DefaultKind::function) column.default_value = name;
  }
}

bool parse_column_body(Cursor& cursor, ColumnDef& column, std::string& error) {
  auto type = parse_type(cursor, error);
  if (!type) return false;
  column.sql_type = type->sql_type;
  column.type = *type_of_sql_name(column.sql_type);
  auto generate = [&] {
    column.default_kind = DefaultKind::function;
    column.default_value = "SNOWFLAKE_ID";
  };
  if (type->serial) generate();
  while (!cursor.at_end() && !cursor.is(",") && !cursor.is(")") && !cursor.is(";")) {
    if (cursor.accept("NOT")) {
      if (!cursor.accept("NULL")) {
        error = expected("NULL", cursor.peek());
        return false;
      }
      column.nullable = false;
    } else if (cursor.accept("NULL")) {
      column.nullable = true;
    } else if (cursor.accept("DEFAULT")) {
      std::string shown;
      parse_default(cursor, column, shown);
    } else if (cursor.accept("PRIMARY")) {
      if (!cursor.accept("KEY")) {
        error = expected("KEY", cursor.peek());
        return false;
      }
      column.primary_key = true;
    } else if (cursor.accept("UNIQUE")) {
      continue;
    } else if (cursor.accept("AUTO_INCREMENT")) {
      generate();
    } else if (cursor.accept("GENERATED")) {
      while (!cursor.at_end() && !cursor.accept("IDENTITY")) cursor.next();
      if (cursor.is("(")) cursor.skip_group();
      generate();
    } else if (cursor.accept("CHECK")) {
      if (!cursor.is("(")) {
        error = expected("(", cursor.peek());
        return false;
      }
      cursor.skip_group();
    } else if (cursor.accept("REFERENCES")) {
      cursor.next();
      while (cursor.accept(".")) cursor.next();
      if (cursor.is("(")) cursor.skip_group();
      while (cursor.accept("ON")) {
        cursor.next();
        if (cursor.accept("SET") || cursor.accept("NO")) {
          cursor.next();
        } else {
          cursor.next();
        }
      }
    } else if (cursor.accept("CONSTRAINT") || cursor.accept("COMMENT") || cursor.accept("COLLATE")) {
      cursor.next();
    } else {
      error = expected("',' or ')' after column definition", cursor.peek());
      return false;
    }
  }
  if (column.primary_key) column.nullable = false;
  return true;
}

}  // namespace kalam::stub::ddl
