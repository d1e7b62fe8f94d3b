// The binder: from a parse tree to typed SQLite SQL. It knows a list of constructs and refuses everything else.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stub/sql/functions/expr.h"
#include "stub/sql/functions/runtime.h"
#include "stub/sql/functions/types.h"
#include "stub/sql/parse/outcome.h"
#include "stub/sql/parse/tree.h"
#include "stub/store/store.h"

namespace kalam::stub::sql {

// A column that names can find.
struct ScopeColumn {
  std::string qualifier;  // "ns.t", an alias, or empty
  std::string table;      // the bare table name of an unaliased table
  std::string name;
  Expr expr;
  bool hidden = false;  // the right side of USING: only by its qualifier
};

struct Scope {
  std::vector<ScopeColumn> columns;
  const Scope* outer = nullptr;
  bool allow_outer = true;  // may a name be looked up in the outer query
};

// What a FROM clause, or a part of it, brings.
struct Source {
  std::string sql;  // empty: no FROM
  std::vector<ScopeColumn> columns;
  std::vector<std::string> conditions;  // of semi joins: belong into WHERE
};

struct BoundQuery {
  std::string sql;  // its columns are named o0, o1, …
  std::vector<Expr> columns;
  bool has_limit = false;   // a LIMIT or OFFSET in it or in a derived table (specification 9.3)
  bool sorted_top = false;  // the top of the plan is its sort (9.4)
  bool ordered = false;
  bool aggregated = false;
  std::shared_ptr<const TableDef> first_table;
  bool first_is_catalog = false;
};

// The table whose tombstones a WHERE clause asks for (`_deleted = true`), and the like: what a scan must know before it
// is bound.
struct ScanRules {
  bool with_deleted = false;
  bool bare_count = false;
  int64_t after = 0;  // version behind which the scan starts
};

class Binder {
 public:
  Binder(Store& store, const SqlContext& context, Runtime& runtime, const Tree& tree);

  BoundQuery bind_statement(const Node& select);

  // ---- used by DML
  Source bind_table(const std::string& name_space, const std::string& name, const ScanRules& rules);
  Expr bind_in(const Node& expression, const std::vector<ScopeColumn>& columns);
  Expr cast_to(Expr expr, const DataType& type);

 private:
  // Where an expression stands decides what it may hold.
  struct Place {
    const Scope* scope = nullptr;
    bool aggregates = false;  // allowed here
    bool windows = false;
    bool in_where = false;                    // EXISTS and IN (SELECT …) are planned only there
    const std::vector<Expr>* keys = nullptr;  // of GROUP BY: what they compute is no column any more
  };

  struct Cte {
    std::string name;
    BoundQuery query;
    std::vector<std::string> names;  // w(a, b)
  };

  // query.cpp
  BoundQuery bind_query(const Node& select, const Scope* outer);
  BoundQuery bind_select(const Node& select, const Scope* outer);
  BoundQuery bind_set_operation(const Node& select, const Scope* outer);
  BoundQuery bind_values(const Node& select);
  void bind_ctes(const Node& with);
  struct Item {
    Expr expr;
    std::string alias;
    int grouping_of = -1;  // grouping(<key>)
  };
  std::vector<Item> bind_targets(const Node& targets, const Place& place);
  void expand_star(const Node& fields, const Place& place, std::vector<Item>* items);
  struct SortKey {
    std::string sql;
    std::string tail;  // " DESC NULLS FIRST"
    bool in_output = true;
    bool ordinal = false;
  };
  std::vector<SortKey> bind_sort(const Node& sort, const std::vector<Item>& items, const Place& place);
  Expr bind_over_aliases(const Node& node, const Place& place);
  std::string limit_sql(const Node& select, BoundQuery* query);
  struct Grouping {
    std::vector<Expr> keys;
    std::vector<std::vector<size_t>> sets;  // empty: plain GROUP BY of all keys
  };
  Grouping bind_group(const Node& group, const std::vector<Node>& targets, const Scope& scope);
  ScanRules scan_rules(const Node& select) const;
  std::string grouping_sets_sql(const Grouping& grouping, const std::vector<Item>& items,
                                const std::string& tail) const;
  std::optional<Item> bind_grouping_item(const Node& target, const Place& place);
  std::string order_sql(const std::vector<SortKey>& keys) const;

  // from.cpp
  Source bind_from(const Node& from, const Scope* outer);
  Source bind_from_item(const Node& item, const Scope* outer);
  Source bind_range(const Node& range);
  Source bind_derived(const Node& subselect);
  Source bind_join(const Node& join, const Scope* outer);
  Source load_catalog(const std::string& name_space, const std::string& name, const ResultSet& relation);
  Source rename(Source source, const Node& alias);
  std::string fresh_name(const char* prefix);
  void note_equality(const Expr& left, const Expr& right);
  std::string with_indexes(std::string sql);

  // expr.cpp
  Expr bind(const Node& node, const Place& place);
  Expr bind_node(const Node& node, const Place& place);
  Expr bind_column(const Node& body, const Place& place);
  Expr find_column(const std::vector<std::string>& parts, const Place& place);
  Expr bind_constant(const Node& body);
  Expr number_literal(const std::string& text, bool named);
  Expr binary_literal(const std::string& digits);
  Expr bind_bool(const Node& body, const Place& place);
  Expr bind_test(const Node& body, const Place& place, bool null_test);
  Expr bind_case(const Node& body, const Place& place);
  Expr bind_coalesce(const Node& args, const Place& place);
  Expr bind_min_max(const Node& body, const Place& place);
  Expr bind_sublink(const Node& body, const Place& place);
  Expr bind_membership(const Node& body, const BoundQuery& query, bool all, const Place& place);
  Expr bind_value_function(const Node& body, const Place& place);
  Expr bind_cast(const Node& body, const Place& place);
  DataType bind_type(const Node& type_name);
  Expr bind_array(const Node& body, const Place& place);

  // operator.cpp
  Expr bind_operator(const Node& body, const Place& place);
  Expr compare(const std::string& op, Expr left, Expr right);
  Expr arithmetic(const std::string& op, Expr left, Expr right);
  Expr date_arithmetic(const std::string& op, Expr left, Expr right);
  Expr concat_operator(Expr left, Expr right);
  Expr bit_operator(const std::string& op, Expr left, Expr right);
  Expr bind_in_list(const Node& body, const Place& place);
  Expr bind_between(const Node& body, const Place& place);
  Expr bind_like(const Node& body, const Place& place);
  Expr bind_rows(const std::string& op, const Node& left, const Node& right, const Place& place);
  Expr negate(Expr operand);
  Expr bind_list(Expr left, const Node& items, bool negated, const Place& place);
  DataType narrower_instants(Expr* left, Expr* right, const DataType& type);
  Expr regex_operator(const std::string& op, Expr text, Expr pattern);
  Expr json_operator(const std::string& op, Expr left, Expr right);

  // function.cpp
  Expr bind_function(const Node& body, const Place& place);
  Expr bind_arrow(const std::string& name, std::vector<Expr> arguments);
  [[noreturn]] Expr fail_unplanned(const std::string& name, const std::vector<Expr>& arguments, const Node& args);
  Expr bind_aggregate(const std::string& name, const Node& body, const Place& place);
  Expr bind_window(const std::string& name, const Node& body, const Place& place);

  // expr_tools.cpp
  Expr literal(Value value, const DataType& type, std::string name);
  Expr boolean(const std::string& sql, bool nullable, std::string name, const std::vector<const Expr*>& parts);
  Expr call(Scalar scalar, const std::vector<Expr>& arguments, std::string name, bool nullable = true,
            bool is_volatile = false);
  void inherit(Expr* expr, const std::vector<const Expr*>& parts);
  Expr fold(Expr expr);
  Expr as_boolean(Expr expr, const char* where);
  std::string raw_cast(const Expr& expr, const DataType& type);

  Store& store_;
  const SqlContext& context_;
  Runtime& runtime_;
  const Tree& tree_;
  std::vector<Cte> ctes_;
  // The tables of the query by alias: where they stand in it, and which of their columns are compared with others.
  struct Stored {
    std::string rows;
    std::set<std::string> compared;
  };
  std::map<std::string, Stored> stored_;
  ScanRules rules_;
  std::shared_ptr<const TableDef> first_table_;
  bool first_is_catalog_ = false;
  bool saw_relation_ = false;
  bool saw_limit_ = false;
  int names_ = 0;
  int depth_ = 0;
  int outer_references_ = 0;
};

// "a.b, c": of expressions' names; empty when one is not known.
std::string joined_names(const std::vector<const Expr*>& exprs, const std::string& separator);
bool same_encoding(const DataType& a, const DataType& b);

}  // namespace kalam::stub::sql
