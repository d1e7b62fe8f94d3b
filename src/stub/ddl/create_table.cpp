#include <algorithm>

#include "stub/arrow/types.h"
#include "stub/ddl/column_parser.h"
#include "stub/ddl/names.h"
#include "stub/ddl/statements.h"
#include "stub/sql/parse/error.h"

namespace kalam::stub::ddl {

namespace {

constexpr const char* kInvalid = "Invalid SQL: Invalid CREATE TABLE statement: ";

struct Parser {
  Cursor cursor;
  TableDef table;
  bool if_not_exists = false;
  bool has_kind = false;  // by keyword
  std::string error;      // behind kInvalid
  std::string storage_id;
  bool has_ttl = false;
  bool r2 = false;

  bool fail(std::string text) {
    if (error.empty()) error = std::move(text);
    return false;
  }

  bool parse();
  bool parse_name();
  bool parse_elements();
  bool parse_constraint(std::vector<std::string>& key_columns, int& definitions);
  bool parse_options();
  bool apply_option(const std::string& name, const std::string& value);
  bool apply_r2_option(const std::string& name, const std::string& value);
  bool only_for(const std::string& name, std::initializer_list<TableKind> kinds, const char* text);
  bool parse_flush_policy(const std::string& value);
};

bool Parser::parse_name() {
  const Token first = cursor.peek();
  std::vector<Token> parts;
  parts.push_back(cursor.next());
  while (cursor.accept(".")) parts.push_back(cursor.next());
  for (const Token& part : parts) {
    if (part.kind == TokenKind::quoted_name) {
      return fail("Invalid table name '\"" + to_lower(part.value) +
                  "\"'. Only alphanumeric characters and underscores are allowed (line " + std::to_string(first.line) +
                  ", col " + std::to_string(first.column + (has_kind ? 7 : 0)) + ").");
    }
    if (part.kind != TokenKind::word) return fail(expected("identifier", part));
  }
  table.name = to_lower(parts.back().value);
  table.name_space = parts.size() > 1 ? to_lower(parts[parts.size() - 2].value) : "default";
  return true;
}

// Behind an optional CONSTRAINT name.
bool Parser::parse_constraint(std::vector<std::string>& key_columns, int& definitions) {
  if (cursor.accept("CONSTRAINT")) cursor.next();
  if (cursor.accept("PRIMARY")) {
    if (!cursor.accept("KEY")) return fail(expected("KEY", cursor.peek()));
    if (!cursor.accept("(")) return fail(expected("(", cursor.peek()));
    definitions++;
    while (!cursor.at_end() && !cursor.is(")")) {
      Token token = cursor.next();
      if (token.value != ",") key_columns.push_back(to_lower(token.value));
    }
    if (!cursor.accept(")")) return fail(expected(")", cursor.peek()));
    return true;
  }
  if (cursor.accept("FOREIGN")) {
    if (!cursor.accept("KEY")) return fail(expected("KEY", cursor.peek()));
  } else {
    cursor.next();  // UNIQUE, CHECK
  }
  if (!cursor.is("(")) return fail(expected("(", cursor.peek()));
  cursor.skip_group();
  while (!cursor.at_end() && !cursor.is(",") && !cursor.is(")")) {
    if (cursor.is("(")) {
      cursor.skip_group();
    } else {
      cursor.next();
    }
  }
  return true;
}

bool Parser::parse_elements() {
  if (!cursor.accept("(")) return fail(expected("(", cursor.peek()));
  std::vector<std::string> key_columns;
  int definitions = 0;
  do {
    const Token& head = cursor.peek();
    if (head.kind != TokenKind::word && head.kind != TokenKind::quoted_name) {
      return fail(expected("column name or constraint definition", head));
    }
    bool constraint = false;
    for (const char* keyword : {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}) {
      constraint = constraint || (head.kind == TokenKind::word && head.upper == keyword);
    }
    if (constraint) {
      if (!parse_constraint(key_columns, definitions)) return false;
      continue;
    }
    Token name = cursor.next();
    if (!plain_characters(name.value)) {
      return fail("Invalid column name '" + name.value +
                  "'. Only alphanumeric characters and underscores are allowed.");
    }
    ColumnDef column;
    column.name = to_lower(name.value);
    if (!parse_column_body(cursor, column, error)) return false;
    if (table.find_column(column.name) != nullptr) {
      return fail("Duplicate column name '" + name.value + "'. Column names are case-insensitive.");
    }
    if (column.primary_key) definitions++;
    table.columns.push_back(std::move(column));
  } while (cursor.accept(","));
  if (!cursor.accept(")")) return fail(expected("',' or ')' after column definition", cursor.peek()));
  if (definitions > 1) return fail("Multiple PRIMARY KEY definitions found");
  if (key_columns.size() > 1) return fail("Composite PRIMARY KEYs are not supported yet");
  if (key_columns.size() == 1) {
    auto column = std::find_if(table.columns.begin(), table.columns.end(),
                               [&](const ColumnDef& candidate) { return candidate.name == key_columns[0]; });
    if (column == table.columns.end()) return fail("PRIMARY KEY column '" + key_columns[0] + "' not found in columns");
    column->primary_key = true;
    column->nullable = false;
  }
  return true;
}

bool Parser::parse_flush_policy(const std::string& value) {
  size_t at = 0;
  while (at <= value.size()) {
    size_t comma = std::min(value.find(',', at), value.size());
    std::string part = value.substr(at, comma - at);
    at = comma + 1;
    size_t colon = part.find(':');
    if (colon == std::string::npos) {
      return fail("Invalid FLUSH_POLICY format '" + part + "'. Expected 'key:value'");
    }
    std::string key = to_lower(part.substr(0, colon));
    key.erase(0, key.find_first_not_of(' '));
    long long number = std::atoll(part.substr(colon + 1).c_str());
    if (key == "rows") {
      if (number <= 0 || number >= 1000000) return fail("FLUSH_POLICY rows must be between 1 and 999999");
      table.flush_rows = number;
    } else if (key == "interval") {
      if (number <= 0 || number >= 86400) return fail("FLUSH_POLICY interval must be between 1 and 86399 seconds");
      table.flush_interval = number;
    } else {
      return fail("Unknown FLUSH_POLICY key '" + key + "'. Expected 'rows' or 'interval'");
    }
  }
  return true;
}

bool Parser::only_for(const std::string& name, std::initializer_list<TableKind> kinds, const char* text) {
  if (std::find(kinds.begin(), kinds.end(), table.kind) != kinds.end()) return true;
  return fail(name + " is only supported for " + text + " tables");
}

// What is said of other values and kinds is not known.
bool Parser::apply_r2_option(const std::string& name, const std::string& value) {
  std::string word = to_lower(value);
  auto is_one_of = [&](std::initializer_list<const char*> words) {
    return std::find(words.begin(), words.end(), word) != words.end() || (sql::refuse(name + " = " + value), false);
  };
  if (name == "COMPRESSION") {
    table.compression = word;
    return is_one_of({"none", "snappy", "zstd"}) &&
           only_for(name, {TableKind::user, TableKind::shared}, "USER and SHARED");
  }
  if (name == "EVICTION_STRATEGY") {
    table.eviction_strategy = word;
    return is_one_of({"time_based", "size_based", "hybrid"}) && only_for(name, {TableKind::stream}, "STREAM");
  }
  if (name == "MAX_STREAM_SIZE_BYTES") {
    table.max_stream_size_bytes = std::atoll(value.c_str());
    return only_for(name, {TableKind::stream}, "STREAM");
  }
  return fail("Unknown table option '" + name + "'");
}

bool Parser::apply_option(const std::string& name, const std::string& value) {
  if (name == "TYPE") return true;  // read before the others
  if (name == "STORAGE_ID") {
    storage_id = value;
    return only_for(name, {TableKind::user, TableKind::shared}, "USER and SHARED");
  }
  if (name == "USE_USER_STORAGE") {
    table.use_user_storage = to_upper(value) == "TRUE";
    return only_for(name, {TableKind::user}, "USER");
  }
  if (name == "FLUSH_POLICY") {
    return only_for(name, {TableKind::user, TableKind::shared}, "USER and SHARED") && parse_flush_policy(value);
  }
  if (name == "DELETED_RETENTION_HOURS") return only_for(name, {TableKind::user, TableKind::shared}, "USER and SHARED");
  if (name == "TTL_SECONDS") {
    has_ttl = true;
    // Up to some 30,000 years; what is said of other values is not known.
    bool digits = !value.empty() && value.size() <= 12 && value.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) sql::refuse("TTL_SECONDS = " + value);
    table.ttl_seconds = std::atoll(value.c_str());
    return only_for(name, {TableKind::stream}, "STREAM");
  }
  if (name == "ACCESS_LEVEL") {
    table.access_level = to_lower(value);
    for (const char* level : {"public", "private", "restricted", "dba"}) {
      if (table.access_level == level) return only_for(name, {TableKind::shared}, "SHARED");
    }
    return fail("Invalid ACCESS_LEVEL '" + value + "'. Supported: PUBLIC, PRIVATE, RESTRICTED, DBA");
  }
  return r2 ? apply_r2_option(name, value) : fail("Unknown table option '" + name + "'");
}

bool Parser::parse_options() {
  if (!cursor.accept("WITH")) return true;
  if (!cursor.accept("(")) return fail(expected("(", cursor.peek()));
  std::vector<std::pair<std::string, std::string>> options;
  while (!cursor.at_end() && !cursor.is(")")) {
    Token name = cursor.next();
    if (!cursor.accept("=")) return fail(expected("=", cursor.peek()));
    Token value = cursor.next();
    options.emplace_back(to_upper(name.value), value.value);
    if (!cursor.accept(",") && !cursor.is(")")) return fail(expected(")", cursor.peek()));
  }
  if (!cursor.accept(")")) return fail(expected(")", cursor.peek()));
  for (const auto& [name, value] : options) {
    if (name != "TYPE") continue;
    std::string kind = to_upper(value);
    TableKind named = kind == "USER" ? TableKind::user : kind == "STREAM" ? TableKind::stream : TableKind::shared;
    if (kind != "USER" && kind != "STREAM" && kind != "SHARED") {
      return fail("Invalid TYPE option '" + value + "'. Supported: USER, SHARED, STREAM");
    }
    if (has_kind && named != table.kind) {
      return fail("Conflicting table type definitions: CREATE " + capitalized(kind_name(table.kind)) +
                  " TABLE vs TYPE option " + capitalized(kind_name(named)));
    }
    table.kind = named;
  }
  for (const auto& [name, value] : options) {
    if (!apply_option(name, value)) return false;
  }
  return true;
}

bool Parser::parse() {
  cursor.accept("CREATE");
  cursor.accept("TABLE");
  if (cursor.accept("IF")) {
    if (!cursor.accept("NOT")) return fail(expected("NOT", cursor.peek()));
    if (!cursor.accept("EXISTS")) return fail(expected("EXISTS", cursor.peek()));
    if_not_exists = true;
  }
  if (!parse_name() || !parse_elements()) return false;
  if (cursor.accept("USING")) cursor.next();
  if (!parse_options()) return false;
  cursor.accept(";");
  if (!cursor.at_end()) return fail(expected("end of statement", cursor.peek()));
  if (table.kind == TableKind::stream && !has_ttl) return fail("STREAM tables must specify 'TTL_SECONDS'");
  return true;
}

void add_system_columns(TableDef& table, bool r2) {
  ColumnDef version;
  version.name = r2 ? "_version" : "_seq";
  version.sql_type = "BIGINT";
  version.type = type_of(TypeId::int64);
  version.nullable = false;
  version.system_column = true;
  ColumnDef deleted;
  deleted.name = "_deleted";
  deleted.sql_type = "BOOLEAN";
  deleted.type = type_of(TypeId::boolean);
  deleted.nullable = false;
  deleted.system_column = true;
  deleted.default_kind = DefaultKind::boolean;
  deleted.default_value = "false";
  table.columns.push_back(std::move(version));
  table.columns.push_back(std::move(deleted));
}

}  // namespace

std::string capitalized(const std::string& text) {
  std::string result = to_lower(text);
  if (!result.empty()) result[0] = to_upper(result.substr(0, 1))[0];
  return result;
}

std::string options_json(const TableDef& table) {
  if (table.kind == TableKind::stream) {
    return R"({"table_type":"STREAM","ttl_seconds":)" + std::to_string(table.ttl_seconds) +
           R"(,"eviction_strategy":")" + table.eviction_strategy + R"(","max_stream_size_bytes":)" +
           std::to_string(table.max_stream_size_bytes) + R"(,"compression":")" + table.compression + R"("})";
  }
  std::string policy = "null";
  std::string rows = std::to_string(table.flush_rows);
  std::string interval = std::to_string(table.flush_interval);
  if (table.flush_rows != 0 && table.flush_interval != 0) {
    policy = R"({"type":"combined","row_limit":)" + rows + R"(,"interval_seconds":)" + interval + "}";
  } else if (table.flush_rows != 0) {
    policy = R"({"type":"row_limit","row_limit":)" + rows + "}";
  } else if (table.flush_interval != 0) {
    policy = R"({"type":"time_interval","interval_seconds":)" + interval + "}";
  }
  std::string specific = table.kind == TableKind::user
                             ? std::string(R"("use_user_storage":)") + (table.use_user_storage ? "true" : "false")
                             : R"("access_level":")" + capitalized(table.access_level) + "\"";
  return R"({"table_type":")" + to_upper(kind_name(table.kind)) + R"(","storage_id":")" + table.storage_id + "\"," +
         specific + R"(,"flush_policy":)" + policy + R"(,"compression":")" + table.compression + R"("})";
}

SqlOutcome create_table(Store& store, SqlContext& context, std::string_view sql) {
  std::vector<Token> tokens = tokenize(sql);
  Parser parser{Cursor({}), {}, false, false, {}, {}, false, context.r2};
  if (tokens.size() > 1 && tokens[1].upper != "TABLE") {
    // The server takes the kind out of the text before it parses: positions in its errors miss those letters.
    parser.has_kind = true;
    parser.table.kind = tokens[1].upper == "USER"     ? TableKind::user
                        : tokens[1].upper == "STREAM" ? TableKind::stream
                                                      : TableKind::shared;
    int cut = static_cast<int>(tokens[1].length) + 1;
    for (size_t i = 2; i < tokens.size(); i++) {
      if (tokens[i].line == tokens[1].line && tokens[i].column > cut) tokens[i].column -= cut;
    }
    tokens.erase(tokens.begin() + 1);
  }
  parser.cursor = Cursor(std::move(tokens));
  if (!parser.parse()) return SqlOutcome::failure(kInvalid + parser.error);

  TableDef& table = parser.table;
  std::lock_guard lock(store.mutex());
  if (auto error = check_name(table.name)) return SqlOutcome::failure("Invalid operation: " + *error);
  for (const ColumnDef& column : table.columns) {
    if (auto error = check_column_name(column.name)) {
      return SqlOutcome::failure("Invalid operation: Invalid column name '" + column.name + "': " + *error);
    }
  }
  if (table.name_space != "default" && !store.has_namespace(table.name_space)) {
    return SqlOutcome::failure("Invalid operation: Namespace '" + table.name_space +
                               "' does not exist. Create it first with CREATE NAMESPACE " + table.name_space);
  }
  std::string created = std::string("CREATE TABLE via Raft consensus: ") + kind_name(table.kind) + " table " +
                        table.name_space + "." + table.name + " created successfully";
  if (store.find_table(table.name_space, table.name) != nullptr) {
    if (parser.if_not_exists) return SqlOutcome::done(created);
    return SqlOutcome::failure("Already exists: Table " + table.name_space + "." + table.name + " already exists");
  }
  if (table.kind != TableKind::stream && table.key() == nullptr) {
    return SqlOutcome::failure("Invalid operation: " + capitalized(kind_name(table.kind)) +
                               " tables require a PRIMARY KEY column");
  }
  if (!parser.storage_id.empty()) {
    if (parser.storage_id != "local") {
      return SqlOutcome::failure("Invalid operation: Storage '" + parser.storage_id + "' does not exist");
    }
    table.storage_id = parser.storage_id;
  }
  add_system_columns(table, context.r2);
  table.options_json = options_json(table);
  store.create_table(std::move(table));
  return SqlOutcome::done(created);
}

}  // namespace kalam::stub::ddl
