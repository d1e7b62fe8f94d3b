// One SELECT put together, and UNION, INTERSECT, EXCEPT.
#include <algorithm>

#include "stub/sql/bind/binder.h"

namespace kalam::stub::sql {

namespace {

std::string select_list(const std::vector<std::string>& columns) {
  std::string sql;
  for (size_t i = 0; i < columns.size(); i++) {
    sql += (i > 0 ? ", " : "") + columns[i] + " AS o" + std::to_string(i);
  }
  return sql;
}

}  // namespace

std::string Binder::order_sql(const std::vector<SortKey>& keys) const {
  std::string sql;
  for (const SortKey& key : keys) sql += (sql.empty() ? " ORDER BY " : ", ") + key.sql + key.tail;
  return sql;
}

// grouping(key): 1 in the rows where the key is not grouped by.
std::optional<Binder::Item> Binder::bind_grouping_item(const Node& target, const Place& place) {
  const Node& value = member(node_body(target), "val");
  if (node_kind(value) != "GroupingFunc") return std::nullopt;
  const Node& args = member(node_body(value), "args");
  if (place.keys == nullptr || !args.is_array() || args.size() != 1) refuse("this use of grouping()");
  Expr argument = bind(args[0], place);
  Item item;
  item.alias = text_member(node_body(target), "name");
  for (size_t i = 0; i < place.keys->size(); i++) {
    if ((*place.keys)[i].sql == argument.sql) item.grouping_of = static_cast<int>(i);
  }
  if (item.grouping_of < 0) refuse("grouping() of something that is no key");
  item.expr.type = type_of(TypeId::int32);
  item.expr.nullable = false;
  item.expr.sql = "0";
  item.expr.name = item.expr.output_name = argument.name.empty() ? "" : "grouping(" + argument.name + ")";
  return item;
}

// SQLite has no grouping sets: one SELECT for each.
std::string Binder::grouping_sets_sql(const Grouping& grouping, const std::vector<Item>& items,
                                      const std::string& tail) const {
  std::string sql;
  for (const std::vector<size_t>& set : grouping.sets) {
    std::vector<std::string> columns;
    auto in_set = [&](size_t key) { return std::find(set.begin(), set.end(), key) != set.end(); };
    for (const Item& item : items) {
      if (item.grouping_of >= 0) {
        columns.emplace_back(in_set(static_cast<size_t>(item.grouping_of)) ? "0" : "1");
        continue;
      }
      auto key = std::find_if(grouping.keys.begin(), grouping.keys.end(),
                              [&](const Expr& candidate) { return candidate.sql == item.expr.sql; });
      if (key == grouping.keys.end()) {
        if (!item.expr.aggregate || item.expr.uses_key) refuse("an expression over keys of GROUPING SETS");
        columns.push_back(item.expr.sql);
      } else {
        columns.emplace_back(in_set(static_cast<size_t>(key - grouping.keys.begin())) ? item.expr.sql : "NULL");
      }
    }
    std::string keys;
    for (size_t key : set) keys += (keys.empty() ? " GROUP BY " : ", ") + grouping.keys[key].sql;
    // Without a key there is one group only if there are rows to group; an aggregate alone gives a row in any case.
    if (set.empty()) keys = " HAVING count(*) > 0";
    sql += (sql.empty() ? "SELECT " : " UNION ALL SELECT ") + select_list(columns) + tail + keys;
  }
  return sql;
}

BoundQuery Binder::bind_select(const Node& select, const Scope* outer) {
  BoundQuery query;
  ScanRules outer_rules = rules_;
  rules_ = scan_rules(select);
  Source source = bind_from(member(select, "fromClause"), outer);
  rules_ = outer_rules;
  Scope scope;
  scope.columns = std::move(source.columns);
  scope.outer = outer;

  Place place;
  place.scope = &scope;
  std::string where;
  const Node& condition = member(select, "whereClause");
  if (!condition.is_null()) {
    Place where_place = place;
    where_place.in_where = true;
    where = as_boolean(bind(condition, where_place), "WHERE").sql;
  }
  for (const std::string& semi : source.conditions) where += (where.empty() ? "" : " AND ") + semi;

  std::vector<Node> targets;
  for (const Node& target : member(select, "targetList")) targets.push_back(target);
  Scope group_scope = scope;
  group_scope.allow_outer = false;
  const Node& group = member(select, "groupClause");
  Grouping grouping = bind_group(group, targets, group_scope);
  place.scope = &group_scope;
  place.aggregates = true;
  place.windows = true;
  if (!group.is_null()) place.keys = &grouping.keys;
  std::vector<Item> items = bind_targets(member(select, "targetList"), place);
  std::string having;
  const Node& having_node = member(select, "havingClause");
  Expr having_expr;
  if (!having_node.is_null()) {
    Place having_place = place;
    having_place.windows = false;
    having_expr = as_boolean(bind_over_aliases(having_node, having_place), "HAVING");
    having = having_expr.sql;
  }
  std::vector<SortKey> order = bind_sort(member(select, "sortClause"), items, place);

  bool aggregated = !group.is_null() || !having_node.is_null();
  for (const Item& item : items) aggregated |= item.expr.aggregate;
  if (aggregated) {
    bool bare = !having_expr.columns.empty();
    for (const Item& item : items) bare |= !item.expr.columns.empty();
    if (bare) refuse("a column that is neither grouped by nor inside an aggregate");
    if (group.is_null() && !having_node.is_null()) refuse("HAVING without GROUP BY");
  }

  std::string tail;
  if (!source.sql.empty()) tail += " FROM " + source.sql;
  if (!where.empty()) tail += " WHERE " + where;
  const Node& distinct = member(select, "distinctClause");
  bool distinct_rows = distinct.is_array();
  if (distinct_rows && (distinct.size() != 1 || !distinct[0].empty())) refuse("DISTINCT ON");
  for (const SortKey& key : order) {
    if (distinct_rows && !key.ordinal) refuse("SELECT DISTINCT with an ORDER BY that is not in its list");
    if (!grouping.sets.empty() && !key.ordinal) refuse("ORDER BY of GROUPING SETS that is not in the list");
  }
  if (!grouping.sets.empty()) {
    if (distinct_rows || !having.empty()) refuse("GROUPING SETS with DISTINCT or HAVING");
    query.sql = grouping_sets_sql(grouping, items, tail);
    for (Item& item : items) {
      for (const Expr& key : grouping.keys) item.expr.nullable |= key.sql == item.expr.sql;
    }
  } else {
    std::vector<std::string> columns;
    for (const Item& item : items) columns.push_back(item.expr.sql);
    query.sql = std::string("SELECT ") + (distinct_rows ? "DISTINCT " : "") + select_list(columns) + tail;
    std::string keys;
    for (const Expr& key : grouping.keys) keys += (keys.empty() ? " GROUP BY " : ", ") + key.sql;
    query.sql += keys;
    if (!having.empty()) query.sql += " HAVING " + having;
  }
  query.sql += order_sql(order) + limit_sql(select, &query);
  query.aggregated = aggregated;
  query.ordered = !order.empty();
  query.sorted_top = query.ordered && !query.has_limit &&
                     std::all_of(order.begin(), order.end(), [](const SortKey& key) { return key.in_output; });
  for (Item& item : items) {
    item.expr.window = item.expr.aggregate = false;
    query.columns.push_back(std::move(item.expr));
  }
  return query;
}

BoundQuery Binder::bind_set_operation(const Node& select, const Scope* outer) {
  if (outer != nullptr) refuse("a correlated UNION");
  BoundQuery left = bind_query(member(select, "larg"), nullptr);
  BoundQuery right = bind_query(member(select, "rarg"), nullptr);
  std::string op = text_member(select, "op");
  bool all = bool_member(select, "all");
  if (left.columns.size() != right.columns.size()) refuse("a UNION of queries with different numbers of columns");
  bool is_union = op == "SETOP_UNION";
  if (!is_union && all) refuse("INTERSECT ALL or EXCEPT ALL");
  BoundQuery query;
  std::vector<std::string> left_columns;
  std::vector<std::string> right_columns;
  std::vector<Item> items;
  Scope scope;
  for (size_t i = 0; i < left.columns.size(); i++) {
    auto type = common_type(left.columns[i].type, right.columns[i].type);
    if (!type) refuse("a UNION of " + arrow_name(left.columns[i].type) + " and " + arrow_name(right.columns[i].type));
    for (auto [side, columns] : {std::pair{&left, &left_columns}, std::pair{&right, &right_columns}}) {
      Expr column = side->columns[i];
      column.sql = "o" + std::to_string(i);
      column.constant.reset();
      columns->push_back(cast_to(std::move(column), *type).sql);
    }
    Expr column;
    column.type = *type;
    column.nullable = left.columns[i].nullable || (is_union && right.columns[i].nullable);
    column.metadata = left.columns[i].metadata;
    column.output_name = left.columns[i].output_name;
    column.name = column.output_name;
    column.sql = "o" + std::to_string(i);
    column.columns = {column.sql};
    scope.columns.push_back({"", "", column.output_name, column, false});
    Item item;
    item.expr = column;
    items.push_back(std::move(item));
    query.columns.push_back(std::move(column));
  }
  const char* word = !is_union ? (op == "SETOP_EXCEPT" ? " EXCEPT " : " INTERSECT ") : all ? " UNION ALL " : " UNION ";
  query.sql = "SELECT " + select_list(left_columns) + " FROM (" + left.sql + ")" + word + "SELECT " +
              select_list(right_columns) + " FROM (" + right.sql + ")";
  Place place;
  place.scope = &scope;
  std::vector<SortKey> order = bind_sort(member(select, "sortClause"), items, place);
  for (const SortKey& key : order) {
    if (!key.ordinal) refuse("ORDER BY of an expression over a UNION");
  }
  query.sql += order_sql(order) + limit_sql(select, &query);
  query.ordered = !order.empty();
  query.sorted_top = query.ordered && !query.has_limit;
  return query;
}

}  // namespace kalam::stub::sql
