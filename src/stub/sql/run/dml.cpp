// INSERT, UPDATE and DELETE as SQL statements (specification 10.6). They autocommit, as user context.user.
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

#include "stub/arrow/cast.h"
#include "stub/rows/write.h"
#include "stub/sql/bind/binder.h"
#include "stub/sql/parse/error.h"
#include "stub/sql/run/statements.h"

namespace kalam::stub::sql {

namespace {

struct Target {
  std::shared_ptr<const TableDef> table;
  std::string full_name;  // "ns.t"
  std::string user;
};

Target find_target(Store& store, const SqlContext& context, const Node& relation) {
  std::string name_space = text_member(relation, "schemaname");
  std::string name = text_member(relation, "relname");
  if (!text_member(relation, "catalogname").empty()) refuse("a name with a catalog");
  if (name_space.empty()) name_space = "default";
  Target target;
  target.table = store.find_table(name_space, name);
  if (!target.table) {
    if (name_space == "system" || name_space == "information_schema") refuse("writing to a catalog relation");
    fail("Table not found: Error during planning: table 'kalam." + name_space + "." + name + "' not found");
  }
  target.full_name = name_space + "." + name;
  target.user = target.table->per_user() ? context.user : "";
  return target;
}

const ColumnDef& column_of(const TableDef& table, const std::string& name) {
  const ColumnDef* column = table.find_column(name);
  if (column == nullptr) refuse("writing to a column that the table does not have");
  if (column->system_column) refuse("writing to a system column");
  return *column;
}

SqlOutcome affected(int64_t rows) {
  SqlOutcome outcome;
  outcome.affected = static_cast<uint64_t>(rows);
  return outcome;
}

// ---- INSERT

TypedValue number_default(const std::string& text) {
  if (text.find_first_of(".eE") == std::string::npos) {
    int64_t whole = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc() && end == text.data() + text.size()) return {type_of(TypeId::int64), {whole}};
  }
  return {type_of(TypeId::float64), {std::strtod(text.c_str(), nullptr)}};
}

TypedValue function_default(Store& store, const SqlContext& context, const std::string& name) {
  int64_t now_ms = store.clock().now_ms();
  if (name == "NOW" || name == "CURRENT_TIMESTAMP") return {timestamp_of(Unit::millisecond), {now_ms}};
  if (name == "SNOWFLAKE_ID") return {type_of(TypeId::int64), {store.ids().snowflake(now_ms, kSnowflakeEpochMs)}};
  if (name == "UUID_V7") return {type_of(TypeId::utf8), {store.ids().uuid_v7(now_ms)}};
  if (name == "ULID") return {type_of(TypeId::utf8), {store.ids().ulid(now_ms)}};
  if (name == "CURRENT_USER") return {type_of(TypeId::utf8), {context.user}};
  refuse("the default " + name);
}

// The value of a column that an INSERT leaves out.
std::optional<TypedValue> default_of(Store& store, const SqlContext& context, const ColumnDef& column) {
  switch (column.default_kind) {
    case DefaultKind::none:
      if (!column.nullable) refuse("an INSERT without a NOT NULL column that has no default");
      return std::nullopt;
    case DefaultKind::null:
      return TypedValue{type_of(TypeId::null), {}};
    case DefaultKind::boolean:
      return TypedValue{type_of(TypeId::boolean), {column.default_value == "true"}};
    case DefaultKind::number:
      return number_default(column.default_value);
    case DefaultKind::text:
      return TypedValue{type_of(TypeId::utf8), {column.default_value}};
    case DefaultKind::function:
      return function_default(store, context, column.default_value);
  }
  return std::nullopt;
}

// Views and large texts are texts when they are stored.
TypedValue stored_form(DataType type, Value value) {
  if (is_text(type)) type = type_of(TypeId::utf8);
  return {std::move(type), std::move(value)};
}

class Insert {
 public:
  Insert(Store& store, const SqlContext& context, const Target& target, std::vector<std::string> columns)
      : store_(store), context_(context), target_(target), columns_(std::move(columns)) {}

  void add(std::vector<std::optional<TypedValue>> values) {
    SentRow sent;
    for (size_t i = 0; i < columns_.size(); i++) {
      if (values[i]) sent[columns_[i]] = std::move(*values[i]);
    }
    for (const ColumnDef& column : target_.table->columns) {
      if (column.system_column || sent.contains(column.name)) continue;
      if (auto value = default_of(store_, context_, column)) sent[column.name] = std::move(*value);
    }
    std::string error;
    auto row = coerce_row(*target_.table, sent, error);
    if (!row) fail(error);
    rows_.push_back(std::move(*row));
  }

  SqlOutcome finish() {
    if (auto error = insert_rows(store_, *target_.table, target_.user, rows_)) {
      fail("Execution error: Raft error: Internal error: Provider error: Execution error: Failed to insert batch: " +
           *error);
    }
    return affected(static_cast<int64_t>(rows_.size()));
  }

 private:
  Store& store_;
  const SqlContext& context_;
  const Target& target_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

}  // namespace

SqlOutcome run_insert(Store& store, const SqlContext& context, std::string_view sql) {
  Tree tree = parse_statement(sql);
  if (node_kind(tree.statement) != "InsertStmt") refuse("this statement");
  const Node& body = node_body(tree.statement);
  Target target = find_target(store, context, member(body, "relation"));
  if (!member(body, "onConflictClause").is_null()) {
    fail("Execution error: Error during planning: Insert-on clause not supported");
  }
  // A list up to libpg_query 17, a clause of its own since.
  if (!member(body, "returningList").is_null() || !member(body, "returningClause").is_null()) {
    fail("Execution error: Error during planning: Insert-returning clause not supported");
  }
  if (!member(body, "withClause").is_null() || !member(member(body, "relation"), "alias").is_null() ||
      text_member(body, "override") != "OVERRIDING_NOT_SET") {
    refuse("this form of INSERT");
  }
  std::vector<std::string> columns;
  const Node& cols = member(body, "cols");
  if (!cols.is_array()) refuse("an INSERT without a list of columns");
  for (const Node& col : cols) {
    if (!member(node_body(col), "indirection").is_null()) refuse("writing to a part of a column");
    columns.push_back(column_of(*target.table, text_member(node_body(col), "name")).name);
  }
  if (std::set<std::string>(columns.begin(), columns.end()).size() != columns.size()) refuse("a column named twice");

  Runtime runtime(store);
  Binder binder(store, context, runtime, tree);
  Insert insert(store, context, target, columns);
  const Node& select = node_body(member(body, "selectStmt"));
  if (select.is_null()) refuse("DEFAULT VALUES");
  const Node& lists = member(select, "valuesLists");
  if (!lists.is_array()) {
    BoundQuery query = binder.bind_statement(select);
    if (query.columns.size() != columns.size()) refuse("an INSERT of another number of columns");
    std::vector<DataType> types;
    for (const Expr& column : query.columns) types.push_back(column.type);
    for (Row& row : runtime.query(query.sql, types)) {
      std::vector<std::optional<TypedValue>> values;
      for (size_t i = 0; i < row.size(); i++) values.push_back(stored_form(types[i], std::move(row[i])));
      insert.add(std::move(values));
    }
    return insert.finish();
  }
  for (const Node& list : lists) {
    const Node& items = member(node_body(list), "items");
    if (items.size() != columns.size()) refuse("an INSERT of another number of columns");
    std::vector<std::optional<TypedValue>> values;
    for (const Node& item : items) {
      if (node_kind(item) == "SetToDefault") {
        values.emplace_back();
        continue;
      }
      Expr expr = binder.bind_in(item, {});
      Value value = expr.constant ? *expr.constant : runtime.query("SELECT " + expr.sql, {expr.type}).at(0).at(0);
      values.push_back(stored_form(expr.type, std::move(value)));
    }
    insert.add(std::move(values));
  }
  return insert.finish();
}

// ---- UPDATE and DELETE

namespace {

// The WHERE clause, which must be there and must not come out constant.
Expr bind_condition(Binder& binder, const Node& body, const Target& target, const Source& source, const char* word) {
  auto missing = [&]() {
    fail(std::string("Execution error: ") + word + " operation on table '" + target.full_name +
         "'\ncaused by\nError during planning: " + word + " requires a WHERE clause");
  };
  const Node& where = member(body, "whereClause");
  if (where.is_null()) missing();
  Expr condition = binder.bind_in(where, source.columns);
  if (condition.type.id != TypeId::boolean) refuse("a WHERE that is not a boolean");
  if (condition.constant) {
    auto* flag = std::get_if<bool>(&condition.constant->data);
    if (flag != nullptr && *flag) missing();
    refuse(std::string(word) + " with a WHERE that is never true");
  }
  return condition;
}

const ColumnDef& key_of(const Target& target, const char* word) {
  const ColumnDef* key = target.table->key();
  if (key == nullptr || target.table->kind == TableKind::stream) refuse(std::string(word) + " on a STREAM table");
  return *key;
}

std::string key_sql(const Source& source, const ColumnDef& key) {
  for (const ScopeColumn& column : source.columns) {
    if (column.name == key.name) return column.expr.sql;
  }
  refuse("a table without its key");
}

}  // namespace

SqlOutcome run_update(Store& store, const SqlContext& context, std::string_view sql) {
  Tree tree = parse_statement(sql);
  if (node_kind(tree.statement) != "UpdateStmt") refuse("this statement");
  const Node& body = node_body(tree.statement);
  const Node& relation = member(body, "relation");
  Target target = find_target(store, context, relation);
  for (const char* clause : {"fromClause", "returningList", "returningClause", "withClause"}) {
    if (!member(body, clause).is_null()) refuse(std::string("this clause of UPDATE: ") + clause);
  }
  if (!member(relation, "alias").is_null()) refuse("UPDATE with an alias");
  Runtime runtime(store);
  Binder binder(store, context, runtime, tree);
  Source source = binder.bind_table(text_member(relation, "schemaname"), text_member(relation, "relname"), {});
  Expr condition = bind_condition(binder, body, target, source, "UPDATE");
  const ColumnDef& key = key_of(target, "UPDATE");

  std::vector<std::string> names;
  std::vector<DataType> types = {key.type};
  std::string text = "SELECT " + key_sql(source, key);
  for (const Node& assignment : member(body, "targetList")) {
    const Node& value = member(node_body(assignment), "val");
    std::string name = text_member(node_body(assignment), "name");
    if (!member(node_body(assignment), "indirection").is_null()) refuse("writing to a part of a column");
    if (name == key.name) {
      fail("Already exists: UPDATE operation on table '" + target.full_name +
           "'\ncaused by\nError during planning: UPDATE cannot modify primary key column '" + key.name + "'");
    }
    names.push_back(column_of(*target.table, name).name);
    if (node_kind(value) == "SetToDefault" || node_kind(value) == "MultiAssignRef") refuse("this assignment");
    Expr expr = binder.bind_in(value, source.columns);
    types.push_back(expr.type);
    text += ", " + expr.sql;
  }
  std::vector<Row> rows = runtime.query(text + " FROM " + source.sql + " WHERE " + condition.sql, types);
  Store::Savepoint savepoint(store);
  int64_t changed = 0;
  for (Row& row : rows) {
    SentRow sent;
    for (size_t i = 0; i < names.size(); i++) sent[names[i]] = stored_form(types[i + 1], std::move(row[i + 1]));
    WriteResult result = update_row(store, *target.table, target.user, key_text(row[0], key.type), sent);
    if (!result.error.empty()) {
      fail("Execution error: Raft error: Internal error: Provider error: Execution error: Failed to update row: " +
           result.error);
    }
    if (result.affected == 0) refuse("an UPDATE that leaves a row as it is");
    changed += result.affected;
  }
  savepoint.release();
  return affected(changed);
}

SqlOutcome run_delete(Store& store, const SqlContext& context, std::string_view sql) {
  Tree tree = parse_statement(sql);
  if (node_kind(tree.statement) != "DeleteStmt") refuse("this statement");
  const Node& body = node_body(tree.statement);
  const Node& relation = member(body, "relation");
  Target target = find_target(store, context, relation);
  for (const char* clause : {"usingClause", "returningList", "returningClause", "withClause"}) {
    if (!member(body, clause).is_null()) refuse(std::string("this clause of DELETE: ") + clause);
  }
  if (!member(relation, "alias").is_null()) refuse("DELETE with an alias");
  Runtime runtime(store);
  Binder binder(store, context, runtime, tree);
  Source source = binder.bind_table(text_member(relation, "schemaname"), text_member(relation, "relname"), {});
  Expr condition = bind_condition(binder, body, target, source, "DELETE");
  const ColumnDef& key = key_of(target, "DELETE");
  std::vector<Row> rows =
      runtime.query("SELECT " + key_sql(source, key) + " FROM " + source.sql + " WHERE " + condition.sql, {key.type});
  Store::Savepoint savepoint(store);
  int64_t gone = 0;
  for (const Row& row : rows) {
    WriteResult result = delete_row(store, *target.table, target.user, key_text(row[0], key.type));
    if (!result.error.empty()) {
      fail("Execution error: Raft error: Internal error: Provider error: Execution error: Failed to delete row: " +
           result.error);
    }
    gone += result.affected;
  }
  savepoint.release();
  return affected(gone);
}

}  // namespace kalam::stub::sql
