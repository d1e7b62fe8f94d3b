// EXPLAIN, DESCRIBE and SHOW (specification 12).
#include <algorithm>

#include "stub/sql/bind/binder.h"
#include "stub/sql/parse/error.h"
#include "stub/sql/run/statements.h"
#include "stub/store/fields.h"

namespace kalam::stub::sql {

namespace {

Value text(std::string value) {
  return {std::move(value)};
}

SqlOutcome rows_outcome(ResultSet rows) {
  SqlOutcome outcome;
  outcome.has_rows = true;
  outcome.affected = rows.rows.size();
  outcome.rows = std::move(rows);
  return outcome;
}

std::string name_text(const Token& token) {
  if (token.kind != TokenKind::word) refuse("this name");
  std::string name = token.text;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

// ns.t from token `at` to the end.
std::pair<std::string, std::string> table_name(const std::vector<Token>& tokens, size_t at) {
  if (tokens.size() == at + 2) return {"default", name_text(tokens[at])};
  if (tokens.size() != at + 4 || !tokens[at + 1].is_op(".")) refuse("this statement");
  return {name_text(tokens[at]), name_text(tokens[at + 2])};
}

std::shared_ptr<const TableDef> described_table(Store& store, const std::vector<Token>& tokens, size_t at) {
  auto [name_space, name] = table_name(tokens, at);
  auto table = store.find_table(name_space, name);
  if (!table) {
    if (name_space == "system" || name_space == "information_schema") refuse("describing a catalog relation");
    fail("Not found: Table '" + name + "' not found in namespace '" + name_space + "'");
  }
  return table;
}

// As SQL, unlike in system.columns.
Value default_text(const ColumnDef& column) {
  std::string value = column.default_value;
  switch (column.default_kind) {
    case DefaultKind::none:
      return {};
    case DefaultKind::null:
      return text("NULL");
    case DefaultKind::boolean:
      return text(value == "true" ? "TRUE" : "FALSE");
    case DefaultKind::number:
      return text(value);
    case DefaultKind::function:
      return text(value + "()");
    case DefaultKind::text: {
      std::string quoted = "'";
      for (char c : value) quoted += c == '\'' ? "''" : std::string(1, c);
      return text(quoted + "'");
    }
  }
  return {};
}

}  // namespace

SqlOutcome run_describe(Store& store, const std::vector<Token>& tokens) {
  if (tokens.size() < 3 || !tokens[1].is("TABLE")) refuse("this form of DESCRIBE");
  auto table = described_table(store, tokens, 2);
  ResultSet rows;
  rows.fields = {system_field("column_name", TypeId::utf8),          system_field("ordinal_position", TypeId::int32),
                 system_field("column_id", TypeId::int64),           system_field("data_type", TypeId::utf8),
                 system_field("is_nullable", TypeId::boolean),       system_field("is_primary_key", TypeId::boolean),
                 system_field("column_default", TypeId::utf8, true), system_field("column_comment", TypeId::utf8, true),
                 system_field("schema_version", TypeId::int32)};
  int64_t ordinal = 0;
  for (const ColumnDef& column : table->columns) {
    Value comment;
    if (column.system_column) {
      comment = text(column.name == "_deleted" ? "Soft delete flag" : "Version ID (MVCC) with embedded timestamp");
    }
    rows.rows.push_back({text(column.name),
                         {++ordinal},
                         {int64_t{column.catalog_id}},
                         text(column.sql_type),
                         {column.nullable},
                         {column.primary_key},
                         default_text(column),
                         comment,
                         {table->version}});
  }
  return rows_outcome(std::move(rows));
}

SqlOutcome run_show(Store& store, const std::vector<Token>& tokens) {
  if (tokens.size() >= 4 && tokens[1].is("TABLES") && (tokens[2].is("IN") || tokens[2].is("FROM"))) {
    fail("Arrow error: Invalid argument error: number of columns(8) must match number of fields(14) in schema");
  }
  bool stats = tokens.size() >= 6 && tokens[1].is("STATS") && tokens[2].is("FOR") && tokens[3].is("TABLE");
  if (!stats) refuse("this form of SHOW");
  auto table = described_table(store, tokens, 4);
  ResultSet rows;
  rows.fields = {plain_field("table_name", TypeId::utf8), plain_field("namespace", TypeId::utf8)};
  Row row = {text(table->name), text(table->name_space)};
  for (const char* name : {"schema_version", "logical_rows", "flushed_segments", "active_streams", "memory_bytes"}) {
    rows.fields.push_back(plain_field(name, TypeId::uint64));
    // The counts are placeholders there too.
    row.push_back({std::string(name) == "schema_version" ? static_cast<uint64_t>(table->version) : uint64_t{0}});
  }
  rows.rows.push_back(std::move(row));
  return rows_outcome(std::move(rows));
}

// The plan is known for one shape: all columns of a SHARED table, found by one comparison.
SqlOutcome run_explain(Store& store, const SqlContext& context, std::string_view sql,
                       const std::vector<Token>& tokens) {
  if (tokens.size() < 2 || !tokens[1].is("SELECT")) refuse("this form of EXPLAIN");
  Tree tree = parse_statement(sql.substr(tokens[1].offset));
  const Node& select = node_body(tree.statement);
  const Node& from = member(select, "fromClause");
  const Node& targets = member(select, "targetList");
  const Node& where = member(select, "whereClause");
  bool star = targets.size() == 1 && node_kind(member(node_body(targets[0]), "val")) == "ColumnRef" &&
              node_kind(member(node_body(member(node_body(targets[0]), "val")), "fields").back()) == "A_Star";
  bool plain = star && from.size() == 1 && node_kind(from[0]) == "RangeVar" && node_kind(where) == "A_Expr" &&
               text_member(node_body(where), "kind") == "AEXPR_OP" &&
               string_of(member(node_body(where), "name")[0]) == "=";
  for (const char* clause :
       {"groupClause", "sortClause", "limitCount", "limitOffset", "distinctClause", "withClause"}) {
    plain = plain && member(select, clause).is_null();
  }
  if (!plain) refuse("EXPLAIN of this query");
  const Node& range = node_body(from[0]);
  auto table = store.find_table(text_member(range, "schemaname"), text_member(range, "relname"));
  if (!table || table->kind != TableKind::shared || !member(range, "alias").is_null()) refuse("EXPLAIN of this query");
  Runtime runtime(store);
  Binder binder(store, context, runtime, tree);
  Source source = binder.bind_table(table->name_space, table->name, {});
  Expr condition = binder.bind_in(where, source.columns);
  if (condition.name.empty() || condition.constant) refuse("EXPLAIN of this query");
  std::string columns;
  for (const ScopeColumn& column : source.columns) columns += (columns.empty() ? "" : ", ") + column.name;
  ResultSet rows;
  rows.fields = {plain_field("plan_type", TypeId::utf8), plain_field("plan", TypeId::utf8)};
  rows.rows.push_back(
      {text("logical_plan"), text("TableScan: " + table->name_space + "." + table->name + " projection=[" + columns +
                                  "], full_filters=[" + condition.name + "]")});
  rows.rows.push_back(
      {text("physical_plan"), text("CooperativeExec\n  DeferredBatchExec: source=shared_table_scan\n")});
  return rows_outcome(std::move(rows));
}

}  // namespace kalam::stub::sql
