// FROM: tables, catalog relations, derived tables, joins.
#include <algorithm>

#include "stub/arrow/types.h"
#include "stub/sql/bind/binder.h"
#include "stub/store/codec.h"
#include "stub/store/fields.h"

namespace kalam::stub::sql {

std::string Binder::fresh_name(const char* prefix) {
  return prefix + std::to_string(names_++);
}

Source Binder::bind_from(const Node& from, const Scope* outer) {
  Source all;
  if (!from.is_array()) return all;
  for (const Node& item : from) {
    Source one = bind_from_item(item, outer);
    all.sql += (all.sql.empty() ? "" : " CROSS JOIN ") + one.sql;
    std::move(one.columns.begin(), one.columns.end(), std::back_inserter(all.columns));
    std::move(one.conditions.begin(), one.conditions.end(), std::back_inserter(all.conditions));
  }
  return all;
}

Source Binder::bind_from_item(const Node& item, const Scope* outer) {
  const std::string& kind = node_kind(item);
  const Node& body = node_body(item);
  if (kind == "RangeVar") return bind_range(body);
  if (kind == "RangeSubselect") return bind_derived(body);
  if (kind == "JoinExpr") return bind_join(body, outer);
  refuse("this FROM item: " + kind);
}

// An alias takes the place of the table's own name; a list of column names that of the columns'.
Source Binder::rename(Source source, const Node& alias) {
  if (alias.is_null()) return source;
  std::string name = text_member(alias, "aliasname");
  const Node& columns = member(alias, "colnames");
  std::vector<std::string> names = strings_of(columns);
  if (!names.empty() && names.size() != source.columns.size()) {
    fail("Execution error: Error during planning: Source table contains " + std::to_string(source.columns.size()) +
         " columns but only " + std::to_string(names.size()) + " names given as column alias");
  }
  for (size_t i = 0; i < source.columns.size(); i++) {
    ScopeColumn& column = source.columns[i];
    column.qualifier = name;
    column.table.clear();
    if (!names.empty()) column.name = names[i];
    column.expr.output_name = column.name;
    column.expr.name = name + "." + column.name;
  }
  return source;
}

Source Binder::bind_range(const Node& range) {
  std::string name_space = text_member(range, "schemaname");
  std::string name = text_member(range, "relname");
  std::string catalog = text_member(range, "catalogname");
  if (!catalog.empty() && catalog != "kalam") refuse("the catalog " + catalog);
  if (name_space.empty()) {
    for (auto cte = ctes_.rbegin(); cte != ctes_.rend(); ++cte) {
      if (cte->name != name) continue;
      std::string alias = fresh_name("w");
      Source source;
      source.sql = "(" + cte->query.sql + ") AS " + alias;
      for (size_t i = 0; i < cte->query.columns.size(); i++) {
        ScopeColumn column;
        column.qualifier = name;
        column.name = cte->names.empty() ? cte->query.columns[i].output_name : cte->names[i];
        column.expr.type = cte->query.columns[i].type;
        column.expr.nullable = cte->query.columns[i].nullable;
        column.expr.metadata = cte->query.columns[i].metadata;
        column.expr.sql = alias + ".o" + std::to_string(i);
        column.expr.columns = {column.expr.sql};
        column.expr.name = name + "." + column.name;
        column.expr.output_name = column.name;
        source.columns.push_back(std::move(column));
      }
      saw_limit_ |= cte->query.has_limit;
      if (!saw_relation_) {
        saw_relation_ = true;
        first_table_ = cte->query.first_table;
        first_is_catalog_ = cte->query.first_is_catalog;
      }
      return rename(std::move(source), member(range, "alias"));
    }
  }
  Source source = bind_table(name_space, name, rules_);
  if (!catalog.empty()) refuse("a name with a catalog");
  return rename(std::move(source), member(range, "alias"));
}

Source Binder::bind_table(const std::string& written_name_space, const std::string& name, const ScanRules& rules) {
  std::string name_space = written_name_space.empty() ? "default" : written_name_space;
  std::string qualifier = written_name_space.empty() ? name : written_name_space + "." + name;
  std::shared_ptr<const TableDef> table = store_.find_table(name_space, name);
  if (!table) {
    auto relation = store_.catalog_relation(name_space, name);
    if (!relation) {
      fail("Table not found: Error during planning: table 'kalam." + name_space + "." + name + "' not found");
    }
    if (context_.work != nullptr) {
      context_.work->add(Reads::catalog, 0, 0);
      context_.work->tables = store_.tables().size();
    }
    if (!saw_relation_) first_is_catalog_ = true;
    saw_relation_ = true;
    Source source = load_catalog(name_space, name, *relation);
    for (ScopeColumn& column : source.columns) {
      column.qualifier = qualifier;
      column.table = name;
      column.expr.name = qualifier + "." + column.name;
    }
    return source;
  }
  if (!saw_relation_) first_table_ = table;
  saw_relation_ = true;
  if (context_.work != nullptr) {
    const ManifestScope& scope = store_.scope(*table, context_.user);
    context_.work->add(rules.bare_count   ? Reads::count_all
                       : rules.after != 0 ? Reads::behind_last_version
                                          : Reads::table,
                       static_cast<uint64_t>(scope.hot), static_cast<uint64_t>(scope.cold()));
  }
  std::string alias = fresh_name("r");
  uint64_t cap = rules.bare_count ? context_.count_version_cap : context_.hot_version_cap;
  Source source;
  std::string rows =
      store_.visible_rows_sql(*table, table->per_user() ? context_.user : "", cap, rules.with_deleted, 0, rules.after);
  source.sql = rows + " AS " + alias;
  stored_[alias].rows = std::move(rows);
  for (const ColumnDef& definition : table->columns) {
    Field field = field_of(definition);
    ScopeColumn column;
    column.qualifier = qualifier;
    column.table = name;
    column.name = definition.name;
    column.expr.type = field.type;
    column.expr.nullable = field.nullable;
    column.expr.metadata = field.metadata;
    std::string stored = definition.system_column ? (definition.name == "_deleted" ? "v_deleted" : "v_seq")
                                                  : "c" + std::to_string(definition.id);
    column.expr.sql = alias + "." + stored;
    column.expr.columns = {column.expr.sql};
    column.expr.name = qualifier + "." + definition.name;
    column.expr.output_name = definition.name;
    source.columns.push_back(std::move(column));
  }
  return source;
}

// `a.x = b.y`: rows are found by x or y. Without an index SQLite would go through one table for each row of the other.
void Binder::note_equality(const Expr& left, const Expr& right) {
  auto reads_rows = [](const Expr& expr) { return !expr.columns.empty() || expr.correlated; };
  if (!reads_rows(left) || !reads_rows(right)) return;
  for (const Expr* side : {&left, &right}) {
    size_t dot = side->sql.find('.');
    auto stored = stored_.find(side->sql.substr(0, dot));
    if (dot == std::string::npos || stored == stored_.end()) continue;
    std::string column = side->sql.substr(dot + 1);
    if (column.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos) {
      stored->second.compared.insert(std::move(column));
    }
  }
}

// Puts the rows of tables that are joined by equality into tables with indexes.
std::string Binder::with_indexes(std::string sql) {
  for (const auto& [alias, stored] : stored_) {
    if (stored.compared.empty()) continue;
    const std::string before = stored.rows + " AS " + alias;
    std::string kept;
    for (size_t at = sql.find(before); at != std::string::npos; at = sql.find(before, at + 1)) {
      // "r1" is also how "r12" begins.
      size_t behind = at + before.size();
      if (behind < sql.size() && sql[behind] >= '0' && sql[behind] <= '9') continue;
      if (kept.empty()) kept = runtime_.keep("SELECT * FROM " + stored.rows, stored.compared);
      sql.replace(at, stored.rows.size(), kept);
    }
  }
  return sql;
}

// Catalog relations are small: their rows stand in the query as VALUES.
Source Binder::load_catalog(const std::string& /*name_space*/, const std::string& /*name*/, const ResultSet& relation) {
  Source source;
  std::string alias = fresh_name("s");
  std::string values;
  for (const Row& row : relation.rows) {
    values += values.empty() ? "VALUES (" : ", (";
    for (size_t i = 0; i < relation.fields.size(); i++) {
      if (i > 0) values += ", ";
      values += sql_literal(row[i], relation.fields[i].type);
    }
    values += ")";
  }
  if (relation.rows.empty()) {
    values = "SELECT ";
    for (size_t i = 0; i < relation.fields.size(); i++) {
      values += (i > 0 ? ", NULL AS column" : "NULL AS column") + std::to_string(i + 1);
    }
    values += " WHERE 0";
  }
  source.sql = "(" + values + ") AS " + alias;
  for (size_t i = 0; i < relation.fields.size(); i++) {
    ScopeColumn column;
    column.name = relation.fields[i].name;
    column.expr.type = relation.fields[i].type;
    column.expr.nullable = relation.fields[i].nullable;
    column.expr.metadata = relation.fields[i].metadata;
    column.expr.sql = alias + ".column" + std::to_string(i + 1);
    column.expr.columns = {column.expr.sql};
    column.expr.output_name = column.name;
    source.columns.push_back(std::move(column));
  }
  return source;
}

Source Binder::bind_derived(const Node& subselect) {
  const Node& select = node_body(member(subselect, "subquery"));
  bool values = member(select, "valuesLists").is_array();
  BoundQuery query = bind_query(select, nullptr);
  std::string alias = fresh_name("d");
  Source source;
  source.sql = "(" + query.sql + ") AS " + alias;
  for (size_t i = 0; i < query.columns.size(); i++) {
    ScopeColumn column;
    column.name = values ? "column" + std::to_string(i + 1) : query.columns[i].output_name;
    column.expr.type = query.columns[i].type;
    column.expr.nullable = query.columns[i].nullable;
    column.expr.metadata = query.columns[i].metadata;
    column.expr.sql = alias + ".o" + std::to_string(i);
    column.expr.columns = {column.expr.sql};
    column.expr.name = column.name;
    column.expr.output_name = column.name;
    source.columns.push_back(std::move(column));
  }
  return rename(std::move(source), member(subselect, "alias"));
}

Source Binder::bind_join(const Node& join, const Scope* outer) {
  std::string type = text_member(join, "jointype");
  if (!member(join, "alias").is_null()) refuse("an alias of a join");
  const SemiJoin* semi = nullptr;
  int64_t right_start = first_location(member(join, "rarg"));
  for (const SemiJoin& mark : tree_.semi_joins) {
    auto offset = static_cast<int64_t>(mark.offset);
    if (type == "JOIN_LEFT" && last_location(member(join, "larg")) < offset && offset < right_start) semi = &mark;
  }
  Source left = bind_from_item(member(join, "larg"), outer);
  Source right = bind_from_item(member(join, "rarg"), outer);
  bool plain = type == "JOIN_INNER" || semi != nullptr;
  if (!right.conditions.empty() || (!left.conditions.empty() && !plain)) refuse("a semi join inside another join");

  // USING and NATURAL: equal names on both sides; the unqualified name means the left one.
  std::vector<std::string> shared = strings_of(member(join, "usingClause"));
  if (bool_member(join, "isNatural")) {
    for (const ScopeColumn& column : left.columns) {
      bool both = std::any_of(right.columns.begin(), right.columns.end(),
                              [&](const ScopeColumn& other) { return other.name == column.name; });
      if (both && !column.hidden) shared.push_back(column.name);
    }
  }
  if (!shared.empty() && (semi != nullptr || (type != "JOIN_INNER" && type != "JOIN_LEFT"))) {
    refuse("USING or NATURAL in this kind of join");
  }

  Scope scope;
  scope.columns = left.columns;
  scope.columns.insert(scope.columns.end(), right.columns.begin(), right.columns.end());
  std::string condition;
  for (const std::string& name : shared) {
    auto find = [&](std::vector<ScopeColumn>& columns) -> ScopeColumn& {
      auto found = std::find_if(columns.begin(), columns.end(),
                                [&](const ScopeColumn& column) { return column.name == name && !column.hidden; });
      if (found == columns.end()) refuse("USING a column that one side does not have");
      return *found;
    };
    ScopeColumn& right_column = find(right.columns);
    Expr equal = compare("=", find(left.columns).expr, right_column.expr);
    right_column.hidden = true;
    condition += (condition.empty() ? "" : " AND ") + equal.sql;
  }
  const Node& quals = member(join, "quals");
  if (!quals.is_null()) {
    Place place;
    place.scope = &scope;
    condition = as_boolean(bind(quals, place), "a join condition").sql;
  }
  if (semi != nullptr) {
    if (condition.empty()) refuse("a semi join without a condition");
    left.conditions.push_back(std::string(semi->anti ? "NOT " : "") + "EXISTS (SELECT 1 FROM " + right.sql + " WHERE " +
                              condition + ")");
    return left;
  }

  bool left_optional = type == "JOIN_RIGHT" || type == "JOIN_FULL";
  bool right_optional = type == "JOIN_LEFT" || type == "JOIN_FULL";
  const char* word = type == "JOIN_LEFT"    ? " LEFT JOIN "
                     : type == "JOIN_RIGHT" ? " RIGHT JOIN "
                     : type == "JOIN_FULL"  ? " FULL JOIN "
                     : condition.empty()    ? " CROSS JOIN "
                                            : " JOIN ";
  Source source;
  source.sql = "(" + left.sql + word + right.sql + (condition.empty() ? "" : " ON " + condition) + ")";
  source.conditions = left.conditions;
  for (ScopeColumn& column : left.columns) column.expr.nullable |= left_optional;
  for (ScopeColumn& column : right.columns) column.expr.nullable |= right_optional;
  source.columns = std::move(left.columns);
  std::move(right.columns.begin(), right.columns.end(), std::back_inserter(source.columns));
  return source;
}

}  // namespace kalam::stub::sql
