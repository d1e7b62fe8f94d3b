#include "stub/sql/run/engine.h"

#include <string>

#include "stub/base/status.h"
#include "stub/ddl/ddl.h"
#include "stub/sql/parse/error.h"
#include "stub/sql/parse/lexer.h"
#include "stub/sql/parse/rewrite.h"
#include "stub/sql/run/statements.h"

namespace kalam::stub {

namespace sql {

namespace {

constexpr size_t kLongest = 1048576;

bool blank(std::string_view sql) {
  return sql.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

// One statement per call; a ; behind it is fine.
std::string_view single_statement(std::string_view sql, std::vector<Token>* tokens) {
  for (size_t i = 0; i + 1 < tokens->size(); i++) {
    if (!(*tokens)[i].is_op(";")) continue;
    for (size_t k = i; k + 1 < tokens->size(); k++) {
      if (!(*tokens)[k].is_op(";")) {
        fail(
            "Execution error: This feature is not implemented: The context currently only supports a single SQL "
            "statement");
      }
    }
    sql = sql.substr(0, (*tokens)[i].offset);
    Token end;
    end.offset = sql.size();
    end.line = (*tokens)[i].line;
    end.column = (*tokens)[i].column;
    tokens->resize(i);
    tokens->push_back(end);
    break;
  }
  return sql;
}

[[noreturn]] void expected_statement(const Token& token) {
  fail("Invalid SQL: sql parser error: Expected: an SQL statement, found: " + found_text(token));
}

// EXECUTE name arguments: no such prepared statements here, and AS USER is not KalamDB's syntax at this door.
[[noreturn]] void execute_error(const std::vector<Token>& tokens) {
  size_t i = 2;
  if (i < tokens.size() && !tokens[i].is_op("(")) i++;
  if (i >= tokens.size() || tokens[i].kind == TokenKind::end) refuse("EXECUTE");
  fail("Invalid SQL: sql parser error: Expected: end of statement, found: " + found_text(tokens[i]));
}

SqlOutcome dispatch(Store& store, SqlContext& context, std::string_view sql, const std::vector<Token>& tokens) {
  const Token& first = tokens[0];
  if (first.kind == TokenKind::end) fail("Invalid operation: No handler registered for statement type 'UNKNOWN'");
  auto transaction = [](const char* word) {
    fail(std::string("Invalid operation: ") + word + " requires a request-scoped execution context");
  };
  if (first.is("BEGIN") || first.is("START")) transaction("BEGIN");
  if (first.is("COMMIT")) transaction("COMMIT");
  if (first.is("ROLLBACK")) transaction("ROLLBACK");
  if (first.is_op("(")) refuse("a statement in parentheses");
  if (first.is("SELECT") || first.is("WITH")) return run_select(store, context, sql);
  if (first.is("INSERT")) return run_insert(store, context, sql);
  if (first.is("UPDATE")) return run_update(store, context, sql);
  if (first.is("DELETE")) return run_delete(store, context, sql);
  if (first.is("EXPLAIN")) return run_explain(store, context, sql, tokens);
  if (first.is("DESCRIBE") || first.is("DESC")) return run_describe(store, tokens);
  if (first.is("SHOW")) return run_show(store, tokens);
  if (first.is("EXECUTE")) execute_error(tokens);
  if (first.is("VALUES") || first.is("TRUNCATE")) {
    fail("Invalid SQL: Unsupported statement type: " + print_tokens(tokens));
  }
  if (first.is("CREATE") && tokens[1].is("SCHEMA") && tokens.size() == 4 && tokens[2].kind == TokenKind::word) {
    fail("Invalid SQL: Unsupported statement type: " + print_tokens(tokens));
  }
  static constexpr const char* kKnown[] = {
      "ALTER",   "ANALYZE", "BACKUP",    "CALL",    "CLUSTER",     "COMMENT", "COPY",   "CREATE",    "DEALLOCATE",
      "DECLARE", "DROP",    "EXPORT",    "FETCH",   "GRANT",       "INSTALL", "KILL",   "LISTEN",    "LOAD",
      "LOCK",    "MERGE",   "PRAGMA",    "PREPARE", "RELEASE",     "RESTORE", "REVOKE", "SAVEPOINT", "SET",
      "STORAGE", "TABLE",   "UNLISTEN",  "UNLOAD",  "USE",         "VACUUM",  "ASSERT", "ATTACH",    "CACHE",
      "CLOSE",   "DETACH",  "DISCARD",   "END",     "FLUSH",       "FROM",    "IF",     "KILL",      "LIST",
      "MSCK",    "NOTIFY",  "OPTIMIZE",  "PRINT",   "RAISE",       "REMOVE",  "RENAME", "REPLACE",   "REINDEX",
      "RESET",   "RETURN",  "SUBSCRIBE", "UNCACHE", "UNSUBSCRIBE", "CONSUME", "ACK",    "CASE",      "WHILE",
      "REFRESH", "EXECUTE"};
  for (const char* word : kKnown) {
    if (first.is(word)) refuse(std::string("the statement ") + word);
  }
  expected_statement(first);
}

SqlOutcome run(Store& store, SqlContext& context, std::string_view sql) {
  if (blank(sql)) return SqlOutcome::failure("sql must not be empty", kInvalidArgument);
  if (sql.size() > kLongest) {
    return SqlOutcome::failure("Invalid SQL: SQL query too long: " + std::to_string(sql.size()) + " bytes (maximum " +
                               std::to_string(kLongest) + " bytes)");
  }
  std::vector<Token> tokens = tokenize(sql);
  sql = single_statement(sql, &tokens);
  if (auto outcome = try_ddl(store, context, sql)) return *outcome;
  std::string rewritten = rewrite_current_user(sql);
  return dispatch(store, context, rewritten, tokenize(rewritten));
}

}  // namespace

}  // namespace sql

SqlOutcome execute_statement(Store& store, SqlContext& context, std::string_view sql) {
  std::lock_guard lock(store.mutex());
  try {
    return sql::run(store, context, sql);
  } catch (const sql::SqlError& error) {
    return SqlOutcome::failure(error.text, error.grpc_code);
  } catch (const ArrowError& error) {
    return SqlOutcome::failure("Execution error: Arrow error: " + error.text);
  } catch (const CallCancelled&) {
    throw;
  } catch (const std::exception& error) {
    return SqlOutcome::failure(std::string("kalam-stub does not evaluate: ") + error.what());
  }
}

}  // namespace kalam::stub
