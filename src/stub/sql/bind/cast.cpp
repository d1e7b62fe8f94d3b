// Casts, the names of types, subqueries in expressions, CURRENT_DATE and its kin.
#include <algorithm>
#include <array>
#include <map>

#include "stub/arrow/cast.h"
#include "stub/arrow/text_forms.h"
#include "stub/sql/bind/binder.h"

namespace kalam::stub::sql {

// The parse tree has PostgreSQL's internal names (FLOAT is float8 there); the word as written decides.
DataType Binder::bind_type(const Node& type_name_node) {
  int64_t location = int_member(type_name_node, "location");
  if (location < 0) location = 0;
  size_t at = token_at(tree_.tokens, static_cast<size_t>(location));
  const Token& token = tree_.tokens[at];
  if (member(type_name_node, "arrayBounds").is_array()) refuse("a cast to an array");
  std::vector<int64_t> modifiers;
  const Node& typmods = member(type_name_node, "typmods");
  const std::string& word = token.upper;
  bool has_modifiers = at + 1 < tree_.tokens.size() && tree_.tokens[at + 1].is_op("(");
  if (has_modifiers && typmods.is_array()) {
    for (size_t i = at + 2; i < tree_.tokens.size() && !tree_.tokens[i].is_op(")"); i++) {
      if (tree_.tokens[i].kind == TokenKind::number) modifiers.push_back(std::atoll(tree_.tokens[i].text.c_str()));
    }
  }
  static const std::map<std::string, TypeId> plain = {
      {"TINYINT", TypeId::int8},   {"SMALLINT", TypeId::int16}, {"INT2", TypeId::int16},
      {"INT", TypeId::int32},      {"INTEGER", TypeId::int32},  {"INT4", TypeId::int32},
      {"BIGINT", TypeId::int64},   {"INT8", TypeId::int64},     {"REAL", TypeId::float32},
      {"FLOAT4", TypeId::float32}, {"FLOAT", TypeId::float32},  {"DOUBLE", TypeId::float64},
      {"FLOAT8", TypeId::float64}, {"BOOL", TypeId::boolean},   {"BOOLEAN", TypeId::boolean},
      {"DATE", TypeId::date32},    {"BYTEA", TypeId::binary},   {"INTERVAL", TypeId::interval_month_day_nano}};
  if (auto found = plain.find(word); found != plain.end()) {
    if (has_modifiers) refuse("the type " + word + " with a modifier");
    return type_of(found->second);
  }
  if (word == "TEXT" || word == "STRING" || word == "VARCHAR" || word == "CHAR") {
    if (!modifiers.empty()) refuse("the type " + word + " with a length");
    return type_of(TypeId::utf8_view);
  }
  if (word == "TIMESTAMP" || word == "TIME") {
    if (has_modifiers || tree_.tokens[std::min(at + 1, tree_.tokens.size() - 1)].is("WITH")) {
      refuse("the type " + word + " with a modifier");
    }
    return word == "TIME" ? time_of(Unit::nanosecond) : timestamp_of(Unit::nanosecond);
  }
  if (word == "DECIMAL" || word == "NUMERIC") {
    if (modifiers.empty()) return decimal_of(38, 10);
    int precision = static_cast<int>(std::clamp<int64_t>(modifiers[0], -1000, 1000));
    int scale = modifiers.size() > 1 ? static_cast<int>(std::clamp<int64_t>(modifiers[1], -1000, 1000)) : 0;
    if (precision < 1 || precision > 38 || scale < 0 || scale > precision) refuse("this decimal type");
    return decimal_of(precision, scale);
  }
  if (word == "UUID") fail("Execution error: This feature is not implemented: Unsupported SQL type UUID");
  refuse("the type " + token.text);
}

Expr Binder::bind_cast(const Node& body, const Place& place) {
  const Node& type_node = member(body, "typeName");
  Expr operand = bind(member(body, "arg"), place);
  DataType type = bind_type(type_node);
  std::string name = operand.name;
  if (type.id == TypeId::interval_month_day_nano) {
    const Node& typmods = member(type_node, "typmods");
    if (typmods.is_array() && !typmods.empty()) refuse("an interval with a field name");
    if (!operand.constant) refuse("a cast to an interval");
  }
  Expr expr = cast_to(std::move(operand), type);
  // A cast shows the name of what it casts, with its qualifier.
  expr.name = expr.output_name = name;
  return expr;
}

Expr Binder::bind_value_function(const Node& body, const Place& place) {
  std::string op = text_member(body, "op");
  int64_t now = store_.clock().now_us();
  Expr expr;
  if (op == "SVFOP_CURRENT_DATE") {
    expr = literal({floor_div(now, int64_t{86400} * 1000000)}, type_of(TypeId::date32), "current_date()");
  } else if (op == "SVFOP_CURRENT_TIMESTAMP") {
    expr = literal({now * 1000}, timestamp_of(Unit::nanosecond), "now()");
  } else if (op == "SVFOP_CURRENT_TIME") {
    expr = literal({floor_mod(now, int64_t{86400} * 1000000) * 1000}, time_of(Unit::nanosecond), "current_time()");
  } else if (op == "SVFOP_LOCALTIMESTAMP") {
    return find_column({"localtimestamp"}, place);  // plain names there
  } else if (op == "SVFOP_CURRENT_SCHEMA") {
    return find_column({"current_schema"}, place);
  } else {
    refuse("this word of SQL: " + op);
  }
  expr.literal = false;
  return expr;
}

Expr Binder::bind_sublink(const Node& body, const Place& place) {
  std::string kind = text_member(body, "subLinkType");
  const Node& select = node_body(member(body, "subselect"));
  Scope outer;
  if (place.scope != nullptr) outer = *place.scope;
  outer.allow_outer = place.in_where || kind == "EXPR_SUBLINK";

  // What a subquery reads does not decide the order or the caps of the whole.
  auto first = first_table_;
  bool first_is_catalog = first_is_catalog_;
  bool saw_relation = saw_relation_;
  bool saw_limit = saw_limit_;
  saw_relation_ = true;
  int outer_references = outer_references_;
  BoundQuery query = bind_query(select, place.scope == nullptr ? nullptr : &outer);
  first_table_ = first;
  first_is_catalog_ = first_is_catalog;
  saw_relation_ = saw_relation;
  saw_limit_ = saw_limit;

  bool correlated = outer_references_ > outer_references;
  if (kind == "EXISTS_SUBLINK") {
    if (!place.in_where) {
      fail(
          "Execution error: This feature is not implemented: Physical plan does not support logical expression "
          "Exists(Exists { subquery: <subquery>, negated: false })");
    }
    Expr expr;
    expr.type = type_of(TypeId::boolean);
    expr.nullable = false;
    expr.sql = "EXISTS (" + query.sql + ")";
    expr.columns = {};
    expr.is_volatile = true;
    return expr;
  }
  if (query.columns.size() != 1) refuse("a subquery of several columns");
  if (kind == "ANY_SUBLINK" || kind == "ALL_SUBLINK") return bind_membership(body, query, kind == "ALL_SUBLINK", place);
  if (kind != "EXPR_SUBLINK") refuse("this kind of subquery");
  bool one_row = query.aggregated && member(select, "groupClause").is_null() && !query.has_limit;
  if (correlated && !one_row) refuse("a correlated scalar subquery that is no aggregate");
  // SQLite would take the first of several rows; an aggregate that counts sees them all.
  DataType type = query.columns[0].type;
  Aggregate one;
  one.arguments = {type};
  one.result = type;
  one.skip_null = false;
  struct Single : Accumulator {
    Value value;
    bool seen = false;
    void add(const Row& row) override {
      if (seen) refuse("a scalar subquery of several rows");
      seen = true;
      value = row[0];
    }
    Value result() override { return value; }
  };
  one.make = []() { return std::make_unique<Single>(); };
  Expr expr;
  expr.type = type;
  expr.nullable = query.columns[0].nullable;
  expr.sql =
      "(SELECT kalam_aggregate(" + std::to_string(runtime_.add(std::move(one))) + ", o0) FROM (" + query.sql + "))";
  expr.is_volatile = true;
  return expr;
}

// x IN (SELECT …), x = ANY (SELECT …), x > ALL (SELECT …).
Expr Binder::bind_membership(const Node& body, const BoundQuery& query, bool all, const Place& place) {
  if (!place.in_where) refuse("IN (SELECT …) outside WHERE");
  const Node& name = member(body, "operName");
  std::string op = name.is_array() && name.size() == 1 ? string_of(name[0]) : "=";
  if (all && op != "<" && op != "<=" && op != ">" && op != ">=") refuse("the operator " + op + " with ALL");
  if (!all && op != "=") refuse("the operator " + op + " with ANY");
  Expr left = bind(member(body, "testexpr"), place);
  Expr right = query.columns[0];
  right.sql = "o0";
  right.constant.reset();
  right.columns.clear();
  bool nullable = left.nullable || right.nullable;
  Expr expr;
  expr.type = type_of(TypeId::boolean);
  expr.nullable = nullable;
  expr.is_volatile = true;
  if (all) {
    // True unless a row fails; NULL when only a NULL stands in the way.
    Expr outside = left;
    Expr test = compare(op, std::move(outside), right);
    expr.sql =
        "(SELECT CASE WHEN count(*) FILTER (WHERE NOT t) > 0 THEN 0 WHEN count(*) FILTER (WHERE t IS NULL) > 0 "
        "THEN NULL ELSE 1 END FROM (SELECT " +
        test.sql + " AS t FROM (" + query.sql + ")))";
    inherit(&expr, {&left});
    return expr;
  }
  auto type = comparison_type(left.type, right.type);
  if (!type) refuse("IN (SELECT …) of another type");
  Expr test = cast_to(std::move(left), *type);
  expr.sql = "(" + test.sql + " IN (SELECT " + cast_to(std::move(right), *type).sql + " FROM (" + query.sql + ")))";
  inherit(&expr, {&test});
  return expr;
}

}  // namespace kalam::stub::sql
