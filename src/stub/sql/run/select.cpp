// SELECT as a statement: row caps, the final sort, the answer (specification 9.2 to 9.4).
#include <algorithm>

#include "stub/sql/bind/binder.h"
#include "stub/sql/parse/error.h"
#include "stub/sql/run/statements.h"

namespace kalam::stub::sql {

namespace {

// A STREAM table without a key is sorted by its version column.
std::string sort_key(const TableDef& table) {
  if (const ColumnDef* key = table.key()) return key->name;
  for (const ColumnDef& column : table.columns) {
    if (column.system_column && column.name != "_deleted") return column.name;
  }
  return "";
}

// The output column that the server sorts the whole answer by: the one named like the key of the first table.
std::optional<size_t> resort_column(const BoundQuery& query) {
  if (!query.first_table || query.first_is_catalog || query.sorted_top) return std::nullopt;
  std::string name = sort_key(*query.first_table);
  for (size_t i = 0; i < query.columns.size(); i++) {
    if (query.columns[i].output_name == name) return i;
  }
  return std::nullopt;
}

}  // namespace

SqlOutcome run_select(Store& store, const SqlContext& context, std::string_view sql) {
  Tree tree = parse_statement(sql);
  if (node_kind(tree.statement) != "SelectStmt") refuse("this statement");
  Runtime runtime(store);
  Binder binder(store, context, runtime, tree);
  BoundQuery query = binder.bind_statement(node_body(tree.statement));

  uint64_t cap = query.has_limit ? context.max_query_limit : context.default_query_limit;
  std::string text = "SELECT * FROM (" + query.sql + ")";
  if (auto column = resort_column(query)) text += " ORDER BY o" + std::to_string(*column) + " ASC NULLS LAST";
  text += " LIMIT " + std::to_string(cap);

  SqlOutcome outcome;
  outcome.has_rows = true;
  std::vector<DataType> types;
  for (Expr& column : query.columns) {
    Field field;
    field.name = column.output_name;
    field.type = column.type;
    field.nullable = column.nullable;
    field.metadata = column.metadata;
    types.push_back(column.type);
    outcome.rows.fields.push_back(std::move(field));
  }
  outcome.rows.rows = runtime.query(text, types);
  outcome.affected = outcome.rows.rows.size();
  return outcome;
}

}  // namespace kalam::stub::sql
