// SELECT: clauses in the order SQL evaluates them.
#include <algorithm>
#include <charconv>

#include "stub/arrow/cast.h"
#include "stub/sql/bind/binder.h"
#include "stub/sql/parse/error.h"

namespace kalam::stub::sql {

Binder::Binder(Store& store, const SqlContext& context, Runtime& runtime, const Tree& tree)
    : store_(store), context_(context), runtime_(runtime), tree_(tree) {}

BoundQuery Binder::bind_statement(const Node& select) {
  BoundQuery query = bind_query(select, nullptr);
  query.has_limit = query.has_limit || saw_limit_;
  query.first_table = first_table_;
  query.first_is_catalog = first_is_catalog_;
  query.sql = with_indexes(std::move(query.sql));
  return query;
}

void Binder::bind_ctes(const Node& with) {
  if (bool_member(with, "recursive")) refuse("WITH RECURSIVE");
  for (const Node& entry : member(with, "ctes")) {
    const Node& body = node_body(entry);
    const Node& query = member(body, "ctequery");
    if (node_kind(query) != "SelectStmt") refuse("a WITH that is not a SELECT");
    Cte cte;
    cte.name = text_member(body, "ctename");
    // Bound on its own: what it reads counts when it is used.
    auto first = first_table_;
    bool first_is_catalog = first_is_catalog_;
    bool saw_relation = saw_relation_;
    bool saw_limit = saw_limit_;
    first_table_ = nullptr;
    first_is_catalog_ = saw_relation_ = saw_limit_ = false;
    cte.query = bind_query(node_body(query), nullptr);
    cte.query.has_limit |= saw_limit_;
    cte.query.first_table = first_table_;
    cte.query.first_is_catalog = first_is_catalog_;
    first_table_ = first;
    first_is_catalog_ = first_is_catalog;
    saw_relation_ = saw_relation;
    saw_limit_ = saw_limit;
    cte.names = strings_of(member(body, "aliascolnames"));
    if (!cte.names.empty() && cte.names.size() != cte.query.columns.size()) refuse("WITH names of another number");
    for (const Expr& column : cte.query.columns) {
      if (column.is_volatile) refuse("WITH of a volatile expression");
    }
    ctes_.push_back(std::move(cte));
  }
}

BoundQuery Binder::bind_query(const Node& select, const Scope* outer) {
  if (++depth_ > 100) refuse("queries nested this deeply");
  size_t ctes = ctes_.size();
  if (!member(select, "withClause").is_null()) bind_ctes(select["withClause"]);
  // FOR UPDATE is accepted and without effect there.
  for (const char* clause : {"windowClause", "intoClause"}) {
    if (!member(select, clause).is_null()) refuse(std::string("this clause: ") + clause);
  }
  std::string op = text_member(select, "op");
  BoundQuery query = member(select, "valuesLists").is_array() ? bind_values(select)
                     : op.empty() || op == "SETOP_NONE"       ? bind_select(select, outer)
                                                              : bind_set_operation(select, outer);
  ctes_.resize(ctes);
  depth_--;
  saw_limit_ |= query.has_limit;
  return query;
}

BoundQuery Binder::bind_values(const Node& select) {
  if (!member(select, "sortClause").is_null() || !member(select, "limitCount").is_null())
    refuse("VALUES with ORDER BY or LIMIT");
  std::vector<std::vector<Expr>> rows;
  std::vector<DataType> types;
  for (const Node& list : member(select, "valuesLists")) {
    const Node& items = member(node_body(list), "items");
    std::vector<Expr> row;
    for (const Node& item : items) row.push_back(bind(item, Place{}));
    if (types.empty()) types.resize(row.size());
    if (row.size() != types.size()) refuse("VALUES of different length");
    for (size_t i = 0; i < row.size(); i++) {
      auto common = common_type(types[i], row[i].type);
      if (!common) refuse("VALUES of different types");
      types[i] = *common;
    }
    rows.push_back(std::move(row));
  }
  std::string values;
  for (std::vector<Expr>& row : rows) {
    values += values.empty() ? "VALUES (" : ", (";
    for (size_t i = 0; i < row.size(); i++) {
      values += (i > 0 ? ", " : "") + cast_to(std::move(row[i]), types[i]).sql;
    }
    values += ")";
  }
  BoundQuery query;
  query.sql = "SELECT ";
  for (size_t i = 0; i < types.size(); i++) {
    query.sql += (i > 0 ? ", column" : "column") + std::to_string(i + 1) + " AS o" + std::to_string(i);
    Expr column;
    column.type = types[i];
    column.name = column.output_name = "column" + std::to_string(i + 1);
    query.columns.push_back(std::move(column));
  }
  query.sql += " FROM (" + values + ")";
  return query;
}

void Binder::expand_star(const Node& fields, const Place& place, std::vector<Item>* items) {
  static const Scope nothing;
  const Scope& scope = place.scope == nullptr ? nothing : *place.scope;
  std::string qualifier;
  for (size_t i = 0; i + 1 < fields.size(); i++) qualifier += (qualifier.empty() ? "" : ".") + string_of(fields[i]);
  bool any = false;
  for (const ScopeColumn& column : scope.columns) {
    bool wanted = qualifier.empty() ? !column.hidden : column.qualifier == qualifier || column.table == qualifier;
    if (!wanted) continue;
    any = true;
    items->push_back({column.expr, ""});
  }
  if (!any && qualifier.empty()) {
    fail("Execution error: Error during planning: SELECT * with no tables specified is not valid");
  }
  if (!any) refuse("* of an unknown relation");
}

std::vector<Binder::Item> Binder::bind_targets(const Node& targets, const Place& place) {
  std::vector<Item> items;
  for (const Node& target : targets) {
    const Node& body = node_body(target);
    const Node& value = member(body, "val");
    const Node& fields = member(node_body(value), "fields");
    if (node_kind(value) == "ColumnRef" && fields.is_array() && node_kind(fields.back()) == "A_Star") {
      expand_star(fields, place, &items);
      continue;
    }
    if (auto item = bind_grouping_item(target, place)) {
      items.push_back(std::move(*item));
      continue;
    }
    Item item;
    item.expr = bind(value, place);
    item.alias = text_member(body, "name");
    items.push_back(std::move(item));
  }
  for (size_t i = 0; i < items.size(); i++) {
    for (size_t j = 0; j < i; j++) {
      const std::string& a = items[j].alias.empty() ? items[j].expr.name : items[j].alias;
      const std::string& b = items[i].alias.empty() ? items[i].expr.name : items[i].alias;
      if (a.empty() || a != b) continue;
      fail("Execution error: Error during planning: Projections require unique expression names but the expression \"" +
           a + "\" at position " + std::to_string(j) + " and \"" + b + "\" at position " + std::to_string(i) +
           " have the same name. Consider aliasing (\"AS\") one of them.");
    }
  }
  for (Item& item : items) {
    if (!item.alias.empty()) item.expr.output_name = item.alias;
    if (item.expr.output_name.empty()) refuse("an output column whose name is not known here (give it an alias)");
  }
  return items;
}

// An expression that may name output columns, which DataFusion finds and this does not.
Expr Binder::bind_over_aliases(const Node& node, const Place& place) {
  try {
    return bind(node, place);
  } catch (const SqlError& error) {
    if (error.text.starts_with("Invalid operation: Schema error: No field named")) {
      refuse("a name that is not in the input, in ORDER BY, GROUP BY or HAVING");
    }
    throw;
  }
}

// ORDER BY: a position, the name of an output column, or an expression over the input.
std::vector<Binder::SortKey> Binder::bind_sort(const Node& sort, const std::vector<Item>& items, const Place& place) {
  std::vector<SortKey> keys;
  if (!sort.is_array()) return keys;
  for (const Node& entry : sort) {
    const Node& body = node_body(entry);
    const Node& value = member(body, "node");
    std::string direction = text_member(body, "sortby_dir");
    std::string nulls = text_member(body, "sortby_nulls");
    if (direction == "SORTBY_USING") refuse("ORDER BY USING");
    bool down = direction == "SORTBY_DESC";
    bool first = nulls == "SORTBY_NULLS_FIRST" || (nulls != "SORTBY_NULLS_LAST" && down);
    SortKey key;
    key.tail = std::string(down ? " DESC" : " ASC") + (first ? " NULLS FIRST" : " NULLS LAST");
    std::optional<size_t> position;
    if (node_kind(value) == "A_Const") {
      Expr constant = bind_constant(node_body(value));
      if (constant.type.id != TypeId::int64) refuse("ORDER BY a constant");
      int64_t wanted = as_int64(*constant.constant);
      if (wanted < 1 || wanted > static_cast<int64_t>(items.size())) {
        fail("Execution error: Error during planning: Order by column out of bounds, specified: " +
             std::to_string(wanted) + ", max: " + std::to_string(items.size()));
      }
      position = static_cast<size_t>(wanted - 1);
    }
    const Node& fields = member(node_body(value), "fields");
    if (!position && node_kind(value) == "ColumnRef" && fields.size() == 1) {
      std::string name = string_of(fields[0]);
      for (size_t i = 0; i < items.size(); i++) {
        if (items[i].expr.output_name != name) continue;
        if (position && items[*position].expr.sql != items[i].expr.sql)
          refuse("an ORDER BY name that two columns have");
        if (!position) position = i;
      }
    }
    if (!position) {
      Expr expr = bind_over_aliases(value, place);
      if (expr.constant) refuse("ORDER BY a constant");
      key.sql = expr.sql;
      for (size_t i = 0; i < items.size() && !position; i++) {
        if (items[i].expr.sql == expr.sql) position = i;
      }
      // Every column it reads must be in the output, or the plan gets a projection on top of the sort.
      key.in_output =
          position.has_value() || std::all_of(expr.columns.begin(), expr.columns.end(), [&](const std::string& column) {
            return std::any_of(items.begin(), items.end(), [&](const Item& item) { return item.expr.sql == column; });
          });
      if (!position && (expr.aggregate || place.keys != nullptr)) key.in_output = false;
    }
    if (position) {
      const Expr& target = items[*position].expr;
      if (target.type.id == TypeId::list || target.type.id == TypeId::fixed_size_list ||
          target.type.id == TypeId::interval_month_day_nano) {
        refuse("ORDER BY of " + arrow_name(target.type));
      }
      key.sql = "o" + std::to_string(*position);
      key.ordinal = true;
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

std::string Binder::limit_sql(const Node& select, BoundQuery* query) {
  std::string option = text_member(select, "limitOption");
  if (option == "LIMIT_OPTION_WITH_TIES") refuse("WITH TIES");
  auto number = [&](const char* clause) -> std::optional<int64_t> {
    const Node& node = member(select, clause);
    if (node.is_null()) return std::nullopt;
    Expr expr = bind(node, Place{});
    if (!expr.constant || (expr.type.id != TypeId::int64 && expr.type.id != TypeId::null))
      refuse("LIMIT or OFFSET that is not an integer");
    if (expr.constant->is_null()) return std::nullopt;
    int64_t value = as_int64(*expr.constant);
    if (value < 0) refuse("a negative LIMIT or OFFSET");
    return value;
  };
  auto limit = number("limitCount");
  auto offset = number("limitOffset");
  if (!limit && !offset) return "";
  query->has_limit = true;
  return " LIMIT " + std::to_string(limit.value_or(-1)) + " OFFSET " + std::to_string(offset.value_or(0));
}

namespace {

// `_deleted = true`, the one form that shows deleted rows.
bool asks_for_deleted(const Node& where, bool top, bool* elsewhere) {
  const Node& body = node_body(where);
  if (node_kind(where) == "BoolExpr") {
    bool conjunction = text_member(body, "boolop") == "AND_EXPR";
    bool found = false;
    for (const Node& arg : member(body, "args")) found |= asks_for_deleted(arg, top && conjunction, elsewhere);
    return found;
  }
  if (node_kind(where) != "A_Expr" || text_member(body, "kind") != "AEXPR_OP") return false;
  const Node& left = member(body, "lexpr");
  const Node& right = member(body, "rexpr");
  const Node& fields = member(node_body(left), "fields");
  if (node_kind(left) != "ColumnRef" || fields.empty() || string_of(fields.back()) != "_deleted") return false;
  if (string_of(member(body, "name")[0]) != "=") return false;
  const Node& constant = node_body(right);
  if (node_kind(right) != "A_Const" || !constant.contains("boolval") || !bool_member(constant["boolval"], "boolval")) {
    return false;
  }
  if (!top) *elsewhere = true;
  return top;
}

// `_seq > N` (R2: `_version > N`), alone or in a conjunction: the server skips the versions up to N before it counts
// those it reads.
int64_t version_to_start_behind(const Node& where) {
  const Node& body = node_body(where);
  int64_t after = 0;
  if (node_kind(where) == "BoolExpr" && text_member(body, "boolop") == "AND_EXPR") {
    for (const Node& arg : member(body, "args")) after = std::max(after, version_to_start_behind(arg));
    return after;
  }
  if (node_kind(where) != "A_Expr" || text_member(body, "kind") != "AEXPR_OP") return 0;
  const Node& left = member(body, "lexpr");
  const Node& right = member(body, "rexpr");
  const Node& fields = member(node_body(left), "fields");
  if (node_kind(left) != "ColumnRef" || fields.empty()) return 0;
  if (string_of(fields.back()) != "_seq" && string_of(fields.back()) != "_version") return 0;
  if (string_of(member(body, "name")[0]) != ">" || node_kind(right) != "A_Const") return 0;
  const Node& constant = node_body(right);
  // Only a number beyond 32 bits can be a version.
  if (!constant.contains("fval")) return 0;
  const std::string text = text_member(constant["fval"], "fval");
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), after);
  return error == std::errc() && end == text.data() + text.size() ? after : 0;
}

}  // namespace

ScanRules Binder::scan_rules(const Node& select) const {
  ScanRules rules;
  bool elsewhere = false;
  const Node& where = member(select, "whereClause");
  if (!where.is_null()) rules.with_deleted = asks_for_deleted(where, true, &elsewhere);
  if (!where.is_null()) rules.after = version_to_start_behind(where);
  if (elsewhere) refuse("_deleted = true inside OR or NOT");
  const Node& targets = member(select, "targetList");
  const Node& from = member(select, "fromClause");
  if (!from.is_array() || from.size() != 1 || node_kind(from[0]) != "RangeVar") rules.after = 0;
  if (rules.with_deleted && from.is_array() && (from.size() != 1 || node_kind(from[0]) != "RangeVar")) {
    refuse("_deleted = true over several relations");
  }
  if (where.is_null() && member(select, "groupClause").is_null() && targets.is_array() && targets.size() == 1 &&
      from.is_array() && from.size() == 1 && node_kind(from[0]) == "RangeVar") {
    const Node& value = member(node_body(targets[0]), "val");
    const Node& call = node_body(value);
    rules.bare_count =
        node_kind(value) == "FuncCall" && strings_of(member(call, "funcname")) == std::vector<std::string>{"count"} &&
        bool_member(call, "agg_star") && member(call, "agg_filter").is_null() && member(call, "over").is_null();
  }
  return rules;
}

Binder::Grouping Binder::bind_group(const Node& group, const std::vector<Node>& targets, const Scope& scope) {
  Grouping grouping;
  Place place;
  place.scope = &scope;
  auto key_index = [&](const Node& node) -> size_t {
    const Node* wanted = &node;
    if (node_kind(node) == "A_Const") {
      Expr constant = bind_constant(node_body(node));
      int64_t position = constant.type.id == TypeId::int64 ? as_int64(*constant.constant) : 0;
      if (position < 1 || position > static_cast<int64_t>(targets.size())) refuse("GROUP BY a constant");
      wanted = &member(node_body(targets[static_cast<size_t>(position - 1)]), "val");
    } else if (node_kind(node) == "ColumnRef" && member(node_body(node), "fields").size() == 1) {
      // An output name, unless the input has a column of that name.
      std::string name = string_of(member(node_body(node), "fields")[0]);
      bool input = std::any_of(scope.columns.begin(), scope.columns.end(),
                               [&](const ScopeColumn& column) { return column.name == name; });
      for (const Node& target : targets) {
        if (!input && text_member(node_body(target), "name") == name) wanted = &member(node_body(target), "val");
      }
    }
    Expr key = bind_over_aliases(*wanted, place);
    if (key.constant) refuse("GROUP BY a constant");
    if (key.type.id == TypeId::list || key.type.id == TypeId::fixed_size_list)
      refuse("GROUP BY of " + arrow_name(key.type));
    for (size_t i = 0; i < grouping.keys.size(); i++) {
      if (grouping.keys[i].sql == key.sql) return i;
    }
    grouping.keys.push_back(std::move(key));
    return grouping.keys.size() - 1;
  };
  if (!group.is_array()) return grouping;
  for (const Node& node : group) {
    if (node_kind(node) != "GroupingSet") {
      key_index(node);
      continue;
    }
    if (group.size() != 1) refuse("GROUPING SETS beside other keys");
    const Node& body = node_body(node);
    std::string kind = text_member(body, "kind");
    const Node& content = member(body, "content");
    if (kind == "GROUPING_SET_ROLLUP") {
      std::vector<size_t> keys;
      for (const Node& part : content) keys.push_back(key_index(part));
      for (size_t n = keys.size() + 1; n-- > 0;)
        grouping.sets.emplace_back(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(n));
    } else if (kind == "GROUPING_SET_CUBE") {
      std::vector<size_t> keys;
      for (const Node& part : content) keys.push_back(key_index(part));
      if (keys.size() > 6) refuse("CUBE of this many keys");
      for (size_t mask = (size_t{1} << keys.size()); mask-- > 0;) {
        std::vector<size_t> set;
        for (size_t i = 0; i < keys.size(); i++) {
          if ((mask >> i) & 1) set.push_back(keys[i]);
        }
        grouping.sets.push_back(std::move(set));
      }
    } else {
      refuse("GROUPING SETS in this form");
    }
  }
  return grouping;
}

}  // namespace kalam::stub::sql
