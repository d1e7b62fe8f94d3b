// Calls: scalar functions, aggregates, window functions.
#include <algorithm>

#include "stub/arrow/cast.h"
#include "stub/sql/bind/binder.h"
#include "stub/sql/functions/aggregates.h"
#include "stub/sql/functions/functions.h"

namespace kalam::stub::sql {

namespace {

// A literal as Rust's Debug prints it inside an error text; empty: not a literal.
std::string debug_literal(const Expr& expr) {
  if (!expr.literal || !expr.constant) return "";
  if (auto* text = std::get_if<std::string>(&expr.constant->data); text != nullptr && is_text(expr.type)) {
    return "Literal(Utf8(\"" + *text + "\"), None)";
  }
  if (expr.type.id == TypeId::int64 && !expr.name.empty()) return "Literal(" + expr.name + ", None)";
  return "";
}

constexpr const char* kSubstring =
    "Execution error: This feature is not implemented: Substring could not be planned by registered expr planner. "
    "Hint: "
    "Please try with `unicode_expressions` DataFusion feature enabled";

}  // namespace

Expr Binder::bind_function(const Node& body, const Place& place) {
  std::vector<std::string> path = strings_of(member(body, "funcname"));
  if (path.empty() || path.size() > 2 || (path.size() == 2 && path[0] != "pg_catalog"))
    refuse("a function of a schema");
  std::string name = path.back();
  const Node& args = member(body, "args");
  if (bool_member(body, "func_variadic")) refuse("VARIADIC");
  if (name == "substring" || name == "substr") fail(kSubstring);
  if (!member(body, "over").is_null()) return bind_window(name, body, place);
  if (is_aggregate(name)) return bind_aggregate(name, body, place);
  for (const char* clause : {"agg_filter", "agg_order"}) {
    if (!member(body, clause).is_null()) refuse(std::string("this clause of a function: ") + clause);
  }
  if (bool_member(body, "agg_star") || bool_member(body, "agg_distinct")) refuse("* or DISTINCT in a function");

  std::vector<Expr> arguments;
  if (args.is_array()) {
    for (const Node& arg : args) arguments.push_back(bind(arg, place));
  }
  if (name == "position" || name == "extract") return fail_unplanned(name, arguments, args);
  if (std::string text = missing_function_text(name); !text.empty()) fail(text);
  if (name == "arrow_cast" || name == "arrow_typeof") return bind_arrow(name, std::move(arguments));
  const Function* function = find_function(name);
  if (function == nullptr) refuse("the function " + name);
  if (arguments.size() < function->fewest || arguments.size() > function->most)
    refuse("this number of arguments of " + name);
  auto scalar = function->plan(FunctionCall{store_, context_, arguments});
  if (!scalar) refuse("the function " + name + " of these arguments");

  std::vector<const Expr*> pointers;
  for (const Expr& argument : arguments) pointers.push_back(&argument);
  std::string names = joined_names(pointers, ",");
  std::string full;
  if (function->name[0] != '\0' && (arguments.empty() || !names.empty()))
    full = std::string(function->name) + "(" + names + ")";
  for (size_t i = 0; i < arguments.size(); i++) {
    arguments[i] = cast_to(std::move(arguments[i]), scalar->arguments[i]);
  }
  return call(std::move(*scalar), arguments, full, true, function->is_volatile);
}

// Syntax without a planner there: the text shows the arguments.
Expr Binder::fail_unplanned(const std::string& name, const std::vector<Expr>& arguments, const Node& args) {
  std::string shown;
  std::vector<std::string> parts;
  for (const Expr& argument : arguments) parts.push_back(debug_literal(argument));
  if (name == "position") {
    if (parts.size() == 2 && !parts[0].empty() && !parts[1].empty()) shown = parts[0] + ", " + parts[1];
    if (shown.empty()) refuse("the arguments of position");
    fail("Execution error: This feature is not implemented: Position not supported by ExprPlanner: [" + shown + "]");
  }
  const Node& source = args.size() == 2 ? args[1] : args;
  const Node& inner = member(node_body(source), "arg");
  std::string field = arguments.empty() || !arguments[0].constant ? "" : as_text(*arguments[0].constant);
  std::transform(field.begin(), field.end(), field.begin(), [](unsigned char c) { return std::toupper(c); });
  std::string literal = inner.is_null() ? "" : debug_literal(bind(inner, Place{}));
  if (node_kind(source) != "TypeCast" || literal.empty()) refuse("the arguments of extract");
  fail("Execution error: This feature is not implemented: Extract not supported by ExprPlanner: [Literal(Utf8(\"" +
       field + "\"), None), Cast(Cast { expr: " + literal + ", data_type: " + arrow_name(arguments[1].type) + " })]");
}

Expr Binder::bind_arrow(const std::string& name, std::vector<Expr> arguments) {
  if (name == "arrow_typeof") {
    if (arguments.size() != 1) refuse("this number of arguments of arrow_typeof");
    Expr& argument = arguments[0];
    Expr expr = literal({arrow_name(argument.type)}, type_of(TypeId::utf8),
                        argument.name.empty() ? "" : "arrow_typeof(" + argument.name + ")");
    if (argument.constant) return expr;
    expr.constant.reset();
    expr.literal = false;
    expr.nullable = true;
    inherit(&expr, {&argument});
    if (argument.aggregate) {
      // The argument must stay in the query: it makes it an aggregation.
      expr.sql = "iif(" + argument.sql + " IS NULL, " + expr.sql + ", " + expr.sql + ")";
    }
    return expr;
  }
  if (arguments.size() != 2 || !arguments[1].constant || !is_text(arguments[1].type))
    refuse("arrow_cast to no literal");
  auto type = parse_arrow_type(as_text(*arguments[1].constant));
  if (!type) refuse("arrow_cast to this type");
  std::string names = joined_names({&arguments[0], &arguments[1]}, ",");
  Expr expr = cast_to(std::move(arguments[0]), *type);
  expr.name = expr.output_name = names.empty() ? "" : "arrow_cast(" + names + ")";
  return expr;
}

Expr Binder::bind_aggregate(const std::string& written, const Node& body, const Place& place) {
  if (!place.aggregates) refuse("an aggregate here");
  std::string name = written == "mean" ? "avg" : written;
  if (!member(body, "agg_order").is_null() || bool_member(body, "agg_within_group")) refuse("ORDER BY in an aggregate");
  Place inside = place;
  inside.aggregates = inside.windows = false;
  inside.keys = nullptr;
  std::vector<Expr> arguments;
  const Node& args = member(body, "args");
  if (args.is_array()) {
    for (const Node& arg : args) arguments.push_back(bind(arg, inside));
  }
  for (const Expr& argument : arguments) {
    if (argument.correlated) refuse("an aggregate of an outer column");
  }
  bool distinct = bool_member(body, "agg_distinct");
  bool star = bool_member(body, "agg_star");
  std::vector<const Expr*> pointers;
  for (const Expr& argument : arguments) pointers.push_back(&argument);
  std::string names = star ? "*" : joined_names(pointers, ",");

  Expr expr;
  expr.aggregate = true;
  expr.nullable = true;
  if (name == "count") {
    if (!star && arguments.size() != 1) refuse("count of several arguments");
    expr.type = type_of(TypeId::int64);
    expr.nullable = false;
    expr.sql = star ? "count(*)" : std::string("count(") + (distinct ? "DISTINCT " : "") + arguments[0].sql + ")";
  } else if (name == "min" || name == "max") {
    if (arguments.size() != 1) refuse("this number of arguments of " + name);
    const DataType& type = arguments[0].type;
    if (type.id == TypeId::list || type.id == TypeId::fixed_size_list || type.id == TypeId::null ||
        type.id == TypeId::interval_month_day_nano) {
      refuse(name + " of " + arrow_name(type));
    }
    expr.type = type;
    expr.sql = name + "(" + arguments[0].sql + ")";
  } else {
    std::vector<DataType> types;
    for (const Expr& argument : arguments) types.push_back(argument.type);
    auto aggregate = plan_aggregate(name, types);
    if (!aggregate) refuse("the aggregate " + name + " of these arguments");
    aggregate->distinct = distinct;
    expr.type = aggregate->result;
    expr.sql = "kalam_aggregate(" + std::to_string(runtime_.add(std::move(*aggregate)));
    for (const Expr& argument : arguments) expr.sql += ", " + argument.sql;
    expr.sql += ")";
  }
  if (!names.empty()) expr.name = name + "(" + (distinct ? "DISTINCT " : "") + names + ")";
  const Node& filter = member(body, "agg_filter");
  if (!filter.is_null()) {
    Expr condition = as_boolean(bind(filter, inside), "FILTER");
    expr.sql += " FILTER (WHERE " + condition.sql + ")";
    expr.name = expr.name.empty() || condition.name.empty() ? "" : expr.name + " FILTER (WHERE " + condition.name + ")";
  }
  expr.output_name = expr.name;
  return expr;
}

Expr Binder::bind_window(const std::string& name, const Node& body, const Place& place) {
  constexpr int64_t kDefaultFrame = 1058;
  if (!place.windows) refuse("a window function here");
  if (!member(body, "agg_filter").is_null() || bool_member(body, "agg_distinct"))
    refuse("FILTER or DISTINCT of a window");
  const Node& window = member(body, "over");
  if (!text_member(window, "name").empty() || !text_member(window, "refname").empty()) refuse("a named window");
  if (int_member(window, "frameOptions") != kDefaultFrame) refuse("a window frame");
  Place inside = place;
  inside.windows = inside.aggregates = false;
  Expr expr;
  expr.window = true;
  expr.is_volatile = true;
  std::vector<Expr> arguments;
  const Node& args = member(body, "args");
  if (args.is_array()) {
    for (const Node& arg : args) arguments.push_back(bind(arg, inside));
  }
  for (const Expr& argument : arguments) inherit(&expr, {&argument});
  std::string over;
  const Node& partition = member(window, "partitionClause");
  if (partition.is_array()) {
    for (const Node& key : partition) {
      Expr bound = bind(key, inside);
      inherit(&expr, {&bound});
      over += (over.empty() ? "PARTITION BY " : ", ") + bound.sql;
    }
  }
  std::vector<SortKey> order = bind_sort(member(window, "orderClause"), {}, inside);
  over += order_sql(order);
  std::string call;
  bool unsigned_result = name == "row_number" || name == "rank" || name == "dense_rank";
  if (unsigned_result && arguments.empty()) {
    call = name + "()";
    expr.type = type_of(TypeId::uint64);
    expr.nullable = false;
  } else if (name == "count" && (bool_member(body, "agg_star") || arguments.size() == 1)) {
    call = bool_member(body, "agg_star") ? "count(*)" : "count(" + arguments[0].sql + ")";
    expr.type = type_of(TypeId::int64);
    expr.nullable = false;
  } else if ((name == "min" || name == "max" || name == "first_value" || name == "last_value" || name == "lag" ||
              name == "lead") &&
             arguments.size() == 1) {
    call = name + "(" + arguments[0].sql + ")";
    expr.type = arguments[0].type;
  } else if ((name == "sum" || name == "avg") && arguments.size() == 1) {
    auto aggregate = plan_aggregate(name, {arguments[0].type});
    if (!aggregate) refuse("the window function " + name + " of this type");
    expr.type = aggregate->result;
    call = "kalam_aggregate(" + std::to_string(runtime_.add(std::move(*aggregate))) + ", " + arguments[0].sql + ")";
  } else {
    refuse("the window function " + name);
  }
  expr.sql = call + " OVER (" + over + ")";
  if (unsigned_result) {
    Scalar scalar;
    scalar.arguments = {type_of(TypeId::int64)};
    scalar.result = expr.type;
    scalar.body = [](const Row& row) { return Value{static_cast<uint64_t>(as_int64(row[0]))}; };
    expr.sql = "kalam_call(" + std::to_string(runtime_.add(std::move(scalar))) + ", " + expr.sql + ")";
  }
  return expr;
}

}  // namespace kalam::stub::sql
