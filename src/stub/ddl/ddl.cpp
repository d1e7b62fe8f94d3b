#include "stub/ddl/ddl.h"

#include "stub/ddl/names.h"
#include "stub/ddl/statements.h"
#include "stub/ddl/words.h"

namespace kalam::stub {

namespace ddl {

std::pair<std::string, std::string> split_table_name(const std::string& text) {
  std::string name = to_lower(text);
  size_t dot = name.find('.');
  if (dot == std::string::npos) return {"default", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

std::string table_not_found(const std::string& name_space, const std::string& name) {
  return "Not found: Table '" + name + "' not found in namespace '" + name_space + "'";
}

namespace {

std::string drop_key(const std::string& name_space, const std::string& name) {
  return "drop-" + name_space + "-" + name;
}

SqlOutcome idempotent_conflict(const std::string& key) {
  return SqlOutcome::failure("Idempotent conflict: Job with idempotency key '" + key +
                             "' is already running or queued");
}

bool word_is(const std::vector<std::string>& words, size_t index, const char* keyword) {
  return index < words.size() && to_upper(words[index]) == keyword;
}

SqlOutcome create_namespace(Store& store, const std::vector<std::string>& words) {
  size_t at = 2;
  bool if_not_exists = word_is(words, at, "IF") && word_is(words, at + 1, "NOT") && word_is(words, at + 2, "EXISTS");
  if (if_not_exists) at += 3;
  std::string name = at < words.size() ? to_lower(words[at]) : "";
  if (auto error = check_namespace_name(name)) return SqlOutcome::failure(*error);
  std::lock_guard lock(store.mutex());
  if (store.has_namespace(name)) {
    if (if_not_exists) return SqlOutcome::done("Namespace '" + name + "' already exists");
    return SqlOutcome::failure("Already exists: Namespace '" + name + "' already exists");
  }
  store.create_namespace(name);
  return SqlOutcome::done("Namespace '" + name + "' created successfully");
}

SqlOutcome drop_namespace(Store& store, const std::vector<std::string>& words) {
  size_t at = 2;
  bool if_exists = word_is(words, at, "IF") && word_is(words, at + 1, "EXISTS");
  if (if_exists) at += 2;
  std::string name = at < words.size() ? to_lower(words[at]) : "";
  std::lock_guard lock(store.mutex());
  if (!store.has_namespace(name)) {
    if (if_exists) return SqlOutcome::done("Namespace '" + name + "' does not exist");
    return SqlOutcome::failure("Not found: Namespace '" + name + "' not found");
  }
  Jobs& jobs = store.jobs();
  for (const auto& table : store.tables()) {
    if (table->name_space != name) continue;
    std::string key = drop_key(name, table->name);
    if (jobs.running(key) != nullptr) return idempotent_conflict(key);
    jobs.start("CL", "cleanup", key, jobs.cleanup_duration_us(), "Cleaned up table " + name + "." + table->name);
  }
  store.drop_namespace(name);
  return SqlOutcome::done("Namespace '" + name + "' dropped successfully");
}

// A statement that KalamDB's parser knows and its executor does not, as the parser prints it.
SqlOutcome unsupported_statement(const std::vector<Token>& tokens) {
  std::string printed;
  for (size_t i = 0; tokens[i].kind != TokenKind::end && !tokens[i].is_op(";"); i++) {
    bool glued = printed.empty() || tokens[i].value == "(" || tokens[i].value == ")" || tokens[i].value == "," ||
                 tokens[i].value == "." || tokens[i - 1].value == "(" || tokens[i - 1].value == ".";
    printed += (glued ? "" : " ") + tokens[i].value;
  }
  return SqlOutcome::failure("Invalid SQL: Unsupported statement type: " + printed);
}

SqlOutcome show_namespaces(Store& store) {
  SqlOutcome outcome;
  std::lock_guard lock(store.mutex());
  outcome.has_rows = true;
  outcome.rows = *store.catalog_relation("system", "namespaces");
  outcome.affected = outcome.rows.rows.size();
  return outcome;
}

SqlOutcome use_namespace(Store& store, const std::string& text) {
  std::string name = to_lower(text);
  std::lock_guard lock(store.mutex());
  if (name != "default" && !store.has_namespace(name)) {
    return SqlOutcome::failure("Not found: Namespace '" + name + "' not found");
  }
  return SqlOutcome::done("Namespace switched to '" + name + "'");
}

}  // namespace

SqlOutcome drop_table(Store& store, std::string_view sql) {
  std::vector<std::string> words = split_words(sql);
  size_t at = word_is(words, 1, "TABLE") ? 2 : 3;
  bool if_exists = word_is(words, at, "IF") && word_is(words, at + 1, "EXISTS");
  if (if_exists) at += 2;
  auto [name_space, name] = split_table_name(at < words.size() ? words[at] : "");
  std::lock_guard lock(store.mutex());
  if (store.find_table(name_space, name) == nullptr) {
    if (if_exists) return SqlOutcome::done("Table " + name_space + "." + name + " does not exist (skipped)");
    return SqlOutcome::failure(table_not_found(name_space, name));
  }
  std::string key = drop_key(name_space, name);
  Jobs& jobs = store.jobs();
  if (jobs.running(key) != nullptr) return idempotent_conflict(key);
  std::string job =
      jobs.start("CL", "cleanup", key, jobs.cleanup_duration_us(), "Cleaned up table " + name_space + "." + name).id;
  store.drop_table(name_space, name);
  return SqlOutcome::done("Table " + name_space + "." + name + " dropped successfully. Cleanup job: " + job);
}

SqlOutcome flush_table(Store& store, std::string_view sql) {
  std::vector<std::string> words = split_words(sql);
  auto [name_space, name] = split_table_name(words.size() > 3 ? words[3] : "");
  std::lock_guard lock(store.mutex());
  auto table = store.find_table(name_space, name);
  if (table == nullptr) return SqlOutcome::failure(table_not_found(name_space, name));
  if (table->kind == TableKind::stream) {
    return SqlOutcome::failure("Invalid operation: Cannot flush STREAM table '" + name_space + "." + name + "'");
  }
  std::string key = "flush-" + name_space + "-" + name;
  Jobs& jobs = store.jobs();
  if (jobs.running(key) != nullptr) return idempotent_conflict(key);
  // Scans are complete long before the job says so.
  uint64_t rows = store.flush_table(*table);
  std::string job = jobs.start("FL", "flush", key, jobs.flush_duration_us(),
                               "Flushed " + std::to_string(rows) + " rows from table " + name_space + "." + name)
                        .id;
  return SqlOutcome::done("Storage flush started for table '" + name_space + "." + name + "'. Job ID: " + job);
}

}  // namespace ddl

std::optional<SqlOutcome> try_ddl(Store& store, SqlContext& context, std::string_view sql) {
  using namespace ddl;
  std::vector<Token> tokens = tokenize(sql);
  auto is = [&](size_t index, const char* keyword) {
    return index < tokens.size() && tokens[index].kind == TokenKind::word && tokens[index].upper == keyword;
  };
  auto is_kind = [&](size_t index) { return is(index, "USER") || is(index, "SHARED") || is(index, "STREAM"); };
  std::string_view text = sql;
  if (is(0, "CREATE")) {
    if (is(1, "NAMESPACE")) return create_namespace(store, split_words(text));
    if (is(1, "TABLE") || (is_kind(1) && is(2, "TABLE"))) return create_table(store, context, text);
    if (is(1, "INDEX")) return unsupported_statement(tokens);
    return std::nullopt;
  }
  if (is(0, "DROP")) {
    if (is(1, "NAMESPACE")) return drop_namespace(store, split_words(text));
    if (is(1, "TABLE") || (is_kind(1) && is(2, "TABLE"))) return drop_table(store, text);
    return std::nullopt;
  }
  if (is(0, "ALTER")) {
    if (is(1, "NAMESPACE")) {
      if (!(is(3, "SET") && is(4, "OPTIONS"))) return SqlOutcome::failure("Invalid SQL: Expected SET OPTIONS clause");
      return SqlOutcome::failure("kalam-stub does not evaluate: ALTER NAMESPACE … SET OPTIONS");
    }
    if (is(1, "TABLE") || (is_kind(1) && is(2, "TABLE"))) return alter_table(store, context, text);
    return std::nullopt;
  }
  if (is(0, "SHOW") && is(1, "NAMESPACES")) return show_namespaces(store);
  if (is(0, "USE")) {
    size_t at = is(1, "NAMESPACE") ? 2 : 1;
    return use_namespace(store, at < tokens.size() ? tokens[at].value : "");
  }
  if (is(0, "SET") && is(1, "NAMESPACE")) return use_namespace(store, tokens.size() > 2 ? tokens[2].value : "");
  if (is(0, "STORAGE")) {
    if (is(1, "FLUSH") && is(2, "TABLE")) return flush_table(store, text);
    return SqlOutcome::failure("kalam-stub does not evaluate: " + std::string(sql));
  }
  return std::nullopt;
}

}  // namespace kalam::stub
