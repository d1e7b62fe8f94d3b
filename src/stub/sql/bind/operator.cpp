// Infix operators: comparisons, arithmetic, lists and ranges.
#include <cmath>
#include <limits>

#include "stub/arrow/cast.h"
#include "stub/arrow/text_forms.h"
#include "stub/sql/bind/binder.h"
#include "stub/sql/functions/json_path.h"
#include "stub/sql/functions/patterns.h"

namespace kalam::stub::sql {

namespace {

bool is_comparison(const std::string& op) {
  return op == "=" || op == "<>" || op == "<" || op == "<=" || op == ">" || op == ">=";
}

std::string infix_name(const Expr& left, const std::string& op, const Expr& right) {
  return left.name.empty() || right.name.empty() ? "" : left.name + " " + op + " " + right.name;
}

bool is_row(const Node& node) {
  return node_kind(node) == "RowExpr";
}

}  // namespace

Expr Binder::bind_operator(const Node& body, const Place& place) {
  std::string kind = text_member(body, "kind");
  if (kind == "AEXPR_IN") return bind_in_list(body, place);
  if (kind == "AEXPR_BETWEEN" || kind == "AEXPR_NOT_BETWEEN") return bind_between(body, place);
  if (kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE" || kind == "AEXPR_SIMILAR") return bind_like(body, place);
  const Node& name = member(body, "name");
  std::string op = name.is_array() && name.size() == 1 ? string_of(name[0]) : "";
  if (op == "!=") op = "<>";
  const Node& left_node = member(body, "lexpr");
  const Node& right_node = member(body, "rexpr");
  if (kind == "AEXPR_NULLIF") {
    Expr left = bind(left_node, place);
    Expr right = bind(right_node, place);
    auto type = common_type(left.type, right.type);
    if (!type) refuse("nullif of " + arrow_name(left.type) + " and " + arrow_name(right.type));
    std::string full = joined_names({&left, &right}, ",");
    Expr expr;
    expr.type = *type;
    inherit(&expr, {&left, &right});
    bool constant = left.constant && right.constant;
    expr.sql = "nullif(" + cast_to(std::move(left), *type).sql + ", " + cast_to(std::move(right), *type).sql + ")";
    if (!full.empty()) expr.name = expr.output_name = "nullif(" + full + ")";
    return constant ? fold(std::move(expr)) : expr;
  }
  if (kind == "AEXPR_DISTINCT" || kind == "AEXPR_NOT_DISTINCT") {
    return compare(kind == "AEXPR_DISTINCT" ? "IS DISTINCT FROM" : "IS NOT DISTINCT FROM", bind(left_node, place),
                   bind(right_node, place));
  }
  if (kind == "AEXPR_OP_ANY") {
    if (op != "=" || node_kind(right_node) != "A_ArrayExpr") refuse("this form of ANY");
    return bind_list(bind(left_node, place), member(node_body(right_node), "elements"), false, place);
  }
  if (kind != "AEXPR_OP") refuse("this operator: " + kind);
  if (is_row(left_node) && is_row(right_node)) return bind_rows(op, left_node, right_node, place);
  if (left_node.is_null()) {
    if (op == "~") fail("Execution error: This feature is not implemented: Unsupported SQL unary operator BitwiseNot");
    Expr operand = bind(right_node, place);
    if (op == "-") return negate(std::move(operand));
    if (op == "+" && is_numeric(operand.type)) {
      operand.name = operand.output_name = "";
      return operand;
    }
    refuse("the prefix operator " + op);
  }
  Expr left = bind(left_node, place);
  Expr right = bind(right_node, place);
  if (is_comparison(op)) return compare(op, std::move(left), std::move(right));
  if (op == "||") return concat_operator(std::move(left), std::move(right));
  if (op == "->" || op == "->>") return json_operator(op, std::move(left), std::move(right));
  if (op == "~" || op == "~*" || op == "!~" || op == "!~*")
    return regex_operator(op, std::move(left), std::move(right));
  if (op == "&" || op == "|" || op == "^" || op == "<<" || op == ">>") {
    return bit_operator(op, std::move(left), std::move(right));
  }
  if (op == "+" || op == "-" || op == "*" || op == "/" || op == "%") {
    return arithmetic(op, std::move(left), std::move(right));
  }
  refuse("the operator " + op);
}

Expr Binder::compare(const std::string& op, Expr left, Expr right) {
  std::string name = infix_name(left, op == "<>" ? "!=" : op, right);
  auto type = comparison_type(left.type, right.type);
  if (!type) {
    fail(
        "Execution error: type_coercion\ncaused by\nError during planning: Cannot infer common argument type for "
        "comparison operation " +
        arrow_name(left.type) + " " + (op == "<>" ? "!=" : op) + " " + arrow_name(right.type));
  }
  if (type->id == TypeId::list || type->id == TypeId::fixed_size_list || type->id == TypeId::interval_month_day_nano) {
    refuse("comparing values of type " + arrow_name(*type));
  }
  if (type->id == TypeId::timestamp && type->unit == Unit::nanosecond) type = narrower_instants(&left, &right, *type);
  bool nullable = left.nullable || right.nullable;
  Expr l = cast_to(std::move(left), *type);
  Expr r = cast_to(std::move(right), *type);
  std::string symbol = op;
  if (op == "IS DISTINCT FROM") symbol = "IS NOT";
  if (op == "IS NOT DISTINCT FROM") symbol = "IS";
  if (symbol != op) nullable = false;
  if (symbol == "=" || symbol == "IS") note_equality(l, r);
  return boolean("(" + l.sql + " " + symbol + " " + r.sql + ")", nullable, name, {&l, &r});
}

// A microsecond column against a nanosecond literal: DataFusion moves the cast to the literal when nothing is lost, so
// that columns outside the nanoseconds' years still compare.
DataType Binder::narrower_instants(Expr* left, Expr* right, const DataType& type) {
  for (auto [column, literal] : {std::pair{left, right}, std::pair{right, left}}) {
    if (column->type.id != TypeId::timestamp || column->type.unit != Unit::microsecond || column->constant) continue;
    if (!literal->constant) refuse("timestamps of different units");
    Expr instant = cast_to(*literal, timestamp_of(Unit::nanosecond, type.utc));
    if (instant.constant->is_null() || as_int64(*instant.constant) % 1000 == 0) {
      DataType narrow = timestamp_of(Unit::microsecond, type.utc);
      *literal = cast_to(std::move(instant), narrow);
      return narrow;
    }
    refuse("a microsecond timestamp against finer ones");
  }
  return type;
}

Expr Binder::negate(Expr operand) {
  std::string name = operand.name.empty() ? "" : "(- " + operand.name + ")";
  DataType type = operand.type;
  if (!is_signed_integer(type) && !is_float(type) && !is_decimal(type)) refuse("the negative of " + arrow_name(type));
  Scalar scalar;
  scalar.arguments = {type};
  scalar.result = type;
  scalar.body = [type](const Row& row) -> Value {
    if (type.id == TypeId::float64) return {-std::get<double>(row[0].data)};
    if (type.id == TypeId::float32) return {-std::get<float>(row[0].data)};
    if (is_decimal(type)) return {-as_int128(row[0])};
    return wrapped_value(-as_int128(row[0]), type);
  };
  bool nullable = operand.nullable;
  return call(std::move(scalar), {operand}, name, nullable);
}

namespace {

Int128 checked(Int128 number, const DataType& type) {
  Int128 limit = power_of_ten(type.precision);
  if (number >= limit || number <= -limit) refuse("a decimal result that does not fit " + arrow_name(type));
  return number;
}

Value decimal_result(char op, Int128 l, Int128 r, const DataType& left, const DataType& right, const DataType& result) {
  int scale = std::max(left.scale, right.scale);
  auto scaled = [](Int128 number, int places) {
    if (places > 0 && (number > power_of_ten(38 - places) || number < -power_of_ten(38 - places))) {
      refuse("a decimal operation of more than 38 digits");
    }
    return number * power_of_ten(places);
  };
  switch (op) {
    case '+':
      return {checked(scaled(l, scale - left.scale) + scaled(r, scale - right.scale), result)};
    case '-':
      return {checked(scaled(l, scale - left.scale) - scaled(r, scale - right.scale), result)};
    case '*': {
      double size = std::fabs(static_cast<double>(l)) * std::fabs(static_cast<double>(r));
      if (size > 1e38) refuse("a decimal operation of more than 38 digits");
      return {checked(l * r, result)};
    }
    case '/':
      if (r == 0) throw ArrowError{"Divide by zero error"};
      return {checked(scaled(l, result.scale - left.scale + right.scale) / r, result)};
    default:
      if (r == 0) throw ArrowError{"Divide by zero error"};
      return {checked(scaled(l, scale - left.scale) % scaled(r, scale - right.scale), result)};
  }
}

Value integer_result(char op, Int128 l, Int128 r, const DataType& type) {
  switch (op) {
    case '+':
      return wrapped_value(l + r, type);
    case '-':
      return wrapped_value(l - r, type);
    case '*':
      return wrapped_value(l * r, type);
    default:
      if (r == 0) throw ArrowError{"Divide by zero error"};
      // The one quotient that its type does not hold is checked there, unlike sums and products.
      if (r == -1 && l < 0 && as_int128(wrapped_value(-l, type)) == l) refuse("the smallest integer by -1");
      return wrapped_value(op == '/' ? l / r : l % r, type);
  }
}

template <class Number>
Number float_result(char op, Number l, Number r) {
  switch (op) {
    case '+':
      return l + r;
    case '-':
      return l - r;
    case '*':
      return l * r;
    case '/':
      return l / r;
    default:
      return std::fmod(l, r);
  }
}

}  // namespace

Expr Binder::arithmetic(const std::string& op, Expr left, Expr right) {
  std::string name = infix_name(left, op, right);
  bool nullable = left.nullable || right.nullable;
  if (left.type.id == TypeId::null && is_numeric(right.type)) left = cast_to(std::move(left), right.type);
  if (right.type.id == TypeId::null && is_numeric(left.type)) right = cast_to(std::move(right), left.type);
  char symbol = op[0];
  auto types = arithmetic_types(symbol, left.type, right.type);
  if (!types) {
    Expr result = date_arithmetic(op, std::move(left), std::move(right));
    result.name = result.output_name = name;
    return result;
  }
  DataType type = types->result;
  DataType l = types->left;
  DataType r = types->right;
  Scalar scalar;
  scalar.arguments = {l, r};
  scalar.result = type;
  scalar.body = [symbol, type, l, r](const Row& row) -> Value {
    if (type.id == TypeId::float64) {
      return {float_result(symbol, std::get<double>(row[0].data), std::get<double>(row[1].data))};
    }
    if (type.id == TypeId::float32) {
      return {float_result(symbol, std::get<float>(row[0].data), std::get<float>(row[1].data))};
    }
    if (is_decimal(type)) return decimal_result(symbol, as_int128(row[0]), as_int128(row[1]), l, r, type);
    return integer_result(symbol, as_int128(row[0]), as_int128(row[1]), type);
  };
  return call(std::move(scalar), {cast_to(std::move(left), l), cast_to(std::move(right), r)}, name, nullable);
}

Expr Binder::date_arithmetic(const std::string& op, Expr left, Expr right) {
  bool nullable = left.nullable || right.nullable;
  bool minus = op == "-";
  if (op != "+" && !minus) refuse("arithmetic on " + arrow_name(left.type) + " and " + arrow_name(right.type));
  bool swapped = !minus && left.type.id == TypeId::interval_month_day_nano;
  if (swapped) std::swap(left, right);
  DataType from = left.type;
  Scalar scalar;
  scalar.arguments = {left.type, right.type};
  if (from.id == TypeId::date32 && right.type.id == TypeId::date32 && minus) {
    scalar.result = type_of(TypeId::int64);
    scalar.body = [](const Row& row) { return Value{as_int64(row[0]) - as_int64(row[1])}; };
  } else if (from.id == TypeId::date32 && is_integer(right.type)) {
    scalar.result = from;
    scalar.body = [minus](const Row& row) {
      return integer_value(as_int128(row[0]) + (minus ? -1 : 1) * as_int128(row[1]), type_of(TypeId::date32));
    };
  } else if (from.id == TypeId::timestamp && right.type == from && minus) {
    scalar.result = duration_of(from.unit);
    scalar.body = [](const Row& row) {
      return integer_value(as_int128(row[0]) - as_int128(row[1]), type_of(TypeId::int64));
    };
  } else if ((from.id == TypeId::date32 || from.id == TypeId::timestamp) &&
             right.type.id == TypeId::interval_month_day_nano) {
    scalar.result = from;
    scalar.body = [minus, from](const Row& row) -> Value {
      auto interval = std::get<MonthDayNano>(row[1].data);
      int64_t sign = minus ? -1 : 1;
      int64_t scale = from.id == TypeId::timestamp ? per_second(from.unit) : 0;
      int64_t value = as_int64(row[0]);
      int64_t days = scale == 0 ? value : floor_div(value, 86400 * scale);
      int64_t rest = scale == 0 ? 0 : floor_mod(value, 86400 * scale);
      if (std::abs(days) > 100000000) refuse("dates this far away");
      days = add_months(days, sign * interval.months) + sign * interval.days;
      if (scale == 0) {
        if (interval.nanoseconds % 86400000000000 != 0) refuse("a date and an interval with a time");
        return {days + sign * (interval.nanoseconds / 86400000000000)};
      }
      Int128 total =
          static_cast<Int128>(days) * 86400 * scale + rest + sign * (interval.nanoseconds / (1000000000 / scale));
      return integer_value(total, type_of(TypeId::int64));
    };
  } else {
    refuse("arithmetic on " + arrow_name(from) + " and " + arrow_name(right.type));
  }
  return call(std::move(scalar), {left, right}, "", nullable);
}

Expr Binder::concat_operator(Expr left, Expr right) {
  std::string name = infix_name(left, "||", right);
  bool nullable = left.nullable || right.nullable;
  DataType type = type_of(TypeId::utf8);
  for (Expr* side : {&left, &right}) {
    if (side->type.id == TypeId::utf8_view || side->type.id == TypeId::large_utf8) type = side->type;
    if (!is_text(side->type) && !is_numeric(side->type) && side->type.id != TypeId::null) {
      refuse("|| of " + arrow_name(side->type));
    }
  }
  if (!is_text(left.type) && !is_text(right.type) && (left.type.id != TypeId::null || right.type.id != TypeId::null)) {
    refuse("|| without a text");
  }
  left = cast_to(std::move(left), type);
  right = cast_to(std::move(right), type);
  Scalar scalar;
  scalar.arguments = {type, type};
  scalar.result = type;
  scalar.body = [](const Row& row) { return Value{as_text(row[0]) + as_text(row[1])}; };
  return call(std::move(scalar), {left, right}, name, nullable);
}

Expr Binder::bit_operator(const std::string& op, Expr left, Expr right) {
  std::string name = infix_name(left, op == "^" ? "BIT_XOR" : op, right);
  if (op == "^") name.clear();
  auto types = arithmetic_types('+', left.type, right.type);
  if (!types || !is_integer(types->result))
    refuse(op + " of " + arrow_name(left.type) + " and " + arrow_name(right.type));
  DataType type = types->result;
  bool nullable = left.nullable || right.nullable;
  Scalar scalar;
  scalar.arguments = {type, type};
  scalar.result = type;
  scalar.body = [op, type](const Row& row) -> Value {
    Int128 l = as_int128(row[0]);
    Int128 r = as_int128(row[1]);
    if (op == "&") return wrapped_value(l & r, type);
    if (op == "|") return wrapped_value(l | r, type);
    if (op == "^") return wrapped_value(l ^ r, type);
    if (r < 0 || r > 31) refuse("a shift by this much");
    return wrapped_value(op == "<<" ? l << static_cast<int>(r) : l >> static_cast<int>(r), type);
  };
  return call(std::move(scalar), {cast_to(std::move(left), type), cast_to(std::move(right), type)}, name, nullable);
}

Expr Binder::bind_in_list(const Node& body, const Place& place) {
  const Node& name = member(body, "name");
  bool negated = name.is_array() && !name.empty() && string_of(name[0]) == "<>";
  const Node& items = member(node_body(member(body, "rexpr")), "items");
  if (!items.is_array() || items.empty()) refuse("an empty list");
  const Node& left = member(body, "lexpr");
  if (is_row(left)) {
    Expr any;
    for (size_t i = 0; i < items.size(); i++) {
      if (!is_row(items[i])) refuse("a row among other things");
      Expr equal = bind_rows("=", left, items[i], place);
      any = i == 0
                ? equal
                : boolean("(" + any.sql + " OR " + equal.sql + ")", any.nullable || equal.nullable, "", {&any, &equal});
    }
    return negated ? boolean("(NOT " + any.sql + ")", any.nullable, "", {&any}) : any;
  }
  return bind_list(bind(left, place), items, negated, place);
}

// All members meet in one type, as DataFusion's InList does.
Expr Binder::bind_list(Expr left, const Node& items, bool negated, const Place& place) {
  if (!items.is_array() || items.empty()) refuse("an empty list");
  std::vector<Expr> members;
  DataType type = left.type;
  for (const Node& item : items) {
    members.push_back(bind(item, place));
    auto common = comparison_type(type, members.back().type);
    if (!common) {
      if (members.back().type.id == TypeId::null) continue;
      refuse("a list of " + arrow_name(members.back().type) + " for " + arrow_name(left.type));
    }
    type = *common;
  }
  bool nullable = left.nullable;
  std::vector<const Expr*> parts = {&left};
  for (Expr& item : members) {
    nullable |= item.nullable;
    item = cast_to(std::move(item), type);
    parts.push_back(&item);
  }
  left = cast_to(std::move(left), type);
  std::string sql = "(" + left.sql + (negated ? " NOT IN (" : " IN (");
  for (size_t i = 0; i < members.size(); i++) sql += (i > 0 ? ", " : "") + members[i].sql;
  return boolean(sql + "))", nullable, "", parts);
}

Expr Binder::bind_between(const Node& body, const Place& place) {
  bool negated = text_member(body, "kind") == "AEXPR_NOT_BETWEEN";
  const Node& bounds = member(node_body(member(body, "rexpr")), "items");
  if (!bounds.is_array() || bounds.size() != 2) refuse("this BETWEEN");
  Expr value = bind(member(body, "lexpr"), place);
  Expr low = bind(bounds[0], place);
  Expr high = bind(bounds[1], place);
  std::string name;
  if (!value.name.empty() && !low.name.empty() && !high.name.empty()) {
    name = value.name + (negated ? " NOT BETWEEN " : " BETWEEN ") + low.name + " AND " + high.name;
  }
  auto type = comparison_type(value.type, low.type);
  if (type) type = comparison_type(*type, high.type);
  if (!type) refuse("BETWEEN of these types");
  Expr from = compare(negated ? "<" : ">=", value, cast_to(std::move(low), *type));
  Expr to = compare(negated ? ">" : "<=", cast_to(value, *type), cast_to(std::move(high), *type));
  return boolean("(" + from.sql + (negated ? " OR " : " AND ") + to.sql + ")", from.nullable || to.nullable, name,
                 {&from, &to});
}

Expr Binder::bind_rows(const std::string& op, const Node& left, const Node& right, const Place& place) {
  const Node& l = member(node_body(left), "args");
  const Node& r = member(node_body(right), "args");
  if (!l.is_array() || !r.is_array() || l.size() != r.size() || l.empty()) refuse("rows of different length");
  if (op != "=") refuse("the operator " + op + " on rows");
  Expr all;
  for (size_t i = 0; i < l.size(); i++) {
    Expr equal = compare("=", bind(l[i], place), bind(r[i], place));
    if (equal.nullable) refuse("rows with NULLs");
    all = i == 0 ? equal : boolean("(" + all.sql + " AND " + equal.sql + ")", false, "", {&all, &equal});
  }
  all.name = all.output_name = "";
  return all;
}

Expr Binder::bind_like(const Node& body, const Place& place) {
  std::string kind = text_member(body, "kind");
  const Node& name_list = member(body, "name");
  std::string op = name_list.is_array() && !name_list.empty() ? string_of(name_list[0]) : "";
  bool negated = !op.empty() && op[0] == '!';
  Expr text = bind(member(body, "lexpr"), place);
  const Node& pattern_node = member(body, "rexpr");
  bool similar = kind == "AEXPR_SIMILAR";
  // PostgreSQL wraps the pattern of SIMILAR TO in a call; DataFusion takes it as a regular expression.
  Expr pattern = similar && node_kind(pattern_node) == "FuncCall"
                     ? bind(member(node_body(pattern_node), "args")[0], place)
                     : bind(pattern_node, place);
  if (similar) return regex_operator(negated ? "!~" : "~", std::move(text), std::move(pattern));
  std::string word = std::string(negated ? "NOT " : "") + (kind == "AEXPR_ILIKE" ? "ILIKE" : "LIKE");
  std::string name = infix_name(text, word, pattern);
  if (!is_text(text.type) && text.type.id != TypeId::null) refuse("LIKE on " + arrow_name(text.type));
  if (!is_text(pattern.type) && pattern.type.id != TypeId::null)
    refuse("LIKE with a pattern of " + arrow_name(pattern.type));
  bool nullable = text.nullable || pattern.nullable;
  bool fold_case = kind == "AEXPR_ILIKE";
  DataType type = type_of(TypeId::utf8);
  Scalar scalar;
  scalar.arguments = {type, type};
  scalar.result = type_of(TypeId::boolean);
  scalar.body = [negated, fold_case](const Row& row) {
    return Value{like_matches(as_text(row[0]), as_text(row[1]), fold_case) != negated};
  };
  return call(std::move(scalar), {cast_to(std::move(text), type), cast_to(std::move(pattern), type)}, name, nullable);
}

Expr Binder::regex_operator(const std::string& op, Expr text, Expr pattern) {
  std::string name = infix_name(text, op, pattern);
  if (!is_text(text.type) || !is_text(pattern.type)) refuse("the operator " + op + " on these types");
  if (!pattern.constant || pattern.constant->is_null()) refuse("a regular expression that is not a literal");
  bool negated = op[0] == '!';
  auto regex = std::make_shared<Regex>(as_text(*pattern.constant), op.back() == '*' ? "i" : "");
  Scalar scalar;
  scalar.arguments = {type_of(TypeId::utf8)};
  scalar.result = type_of(TypeId::boolean);
  scalar.body = [regex, negated](const Row& row) { return Value{regex->found_in(as_text(row[0])) != negated}; };
  bool nullable = text.nullable;
  return call(std::move(scalar), {text}, name, nullable);
}

Expr Binder::json_operator(const std::string& op, Expr left, Expr right) {
  if (!is_text(left.type) || !is_text(right.type)) refuse(op + " of these types");
  bool as_json = op == "->";
  Scalar scalar;
  scalar.arguments = {type_of(TypeId::utf8), type_of(TypeId::utf8)};
  scalar.result = type_of(TypeId::utf8);
  scalar.body = [as_json](const Row& row) -> Value {
    auto found = json_get(as_text(row[0]), as_text(row[1]), as_json);
    if (!found) return {};
    return {*found};
  };
  Expr expr = call(std::move(scalar), {left, right}, "");
  if (as_json) expr.metadata = {{"ARROW:extension:name", "arrow.json"}};
  return expr;
}

}  // namespace kalam::stub::sql
