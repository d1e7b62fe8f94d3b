// Expressions: names, literals, logic, CASE and its kin. Operators and functions have files of their own.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "stub/arrow/cast.h"
#include "stub/sql/bind/binder.h"
#include "stub/sql/functions/names.h"

namespace kalam::stub::sql {

Expr Binder::bind(const Node& node, const Place& place) {
  Expr expr = bind_node(node, place);
  if (place.keys != nullptr) {
    for (const Expr& key : *place.keys) {
      if (key.sql != expr.sql) continue;
      expr.columns.clear();
      expr.uses_key = true;
    }
  }
  return expr;
}

Expr Binder::bind_node(const Node& node, const Place& place) {
  if (++depth_ > 400) refuse("an expression nested this deeply");
  struct Leave {
    int& depth;
    ~Leave() { depth--; }
  } leave{depth_};
  const std::string& kind = node_kind(node);
  const Node& body = node_body(node);
  if (kind == "ColumnRef") return bind_column(body, place);
  if (kind == "A_Const") return bind_constant(body);
  if (kind == "A_Expr") return bind_operator(body, place);
  if (kind == "BoolExpr") return bind_bool(body, place);
  if (kind == "NullTest") return bind_test(body, place, true);
  if (kind == "BooleanTest") return bind_test(body, place, false);
  if (kind == "TypeCast") return bind_cast(body, place);
  if (kind == "FuncCall") return bind_function(body, place);
  if (kind == "CaseExpr") return bind_case(body, place);
  if (kind == "CoalesceExpr") return bind_coalesce(member(body, "args"), place);
  if (kind == "MinMaxExpr") return bind_min_max(body, place);
  if (kind == "SubLink") return bind_sublink(body, place);
  if (kind == "SQLValueFunction") return bind_value_function(body, place);
  if (kind == "A_ArrayExpr") return bind_array(body, place);
  if (kind == "GroupingFunc") refuse("grouping() outside GROUPING SETS");
  refuse("this expression: " + kind);
}

Expr Binder::bind_in(const Node& expression, const std::vector<ScopeColumn>& columns) {
  Scope scope;
  scope.columns = columns;
  Place place;
  place.scope = &scope;
  place.in_where = true;
  return bind(expression, place);
}

namespace {

bool matches(const ScopeColumn& column, const std::vector<std::string>& parts) {
  if (column.name != parts.back()) return false;
  if (parts.size() == 1) return !column.hidden;
  std::string qualifier = parts[0];
  for (size_t i = 1; i + 1 < parts.size(); i++) qualifier += "." + parts[i];
  return qualifier == column.qualifier || (!column.table.empty() && qualifier == column.table) ||
         (!column.table.empty() && qualifier == "kalam." + column.qualifier);
}

}  // namespace

Expr Binder::bind_column(const Node& body, const Place& place) {
  const Node& fields = member(body, "fields");
  std::vector<std::string> parts;
  for (const Node& field : fields) {
    if (node_kind(field) != "String") refuse("* in an expression");
    parts.push_back(string_of(field));
  }
  return find_column(parts, place);
}

Expr Binder::find_column(const std::vector<std::string>& parts, const Place& place) {
  bool outer = false;
  for (const Scope* scope = place.scope; scope != nullptr; scope = scope->outer) {
    const ScopeColumn* found = nullptr;
    for (const ScopeColumn& column : scope->columns) {
      if (!matches(column, parts)) continue;
      if (found != nullptr && parts.size() == 1) {
        fail("Invalid operation: Schema error: Ambiguous reference to unqualified field " + parts.back() + ".");
      }
      if (found != nullptr) refuse("a name that two relations share");
      found = &column;
    }
    if (found != nullptr) {
      Expr expr = found->expr;
      if (outer) {
        expr.correlated = true;
        outer_references_++;
        expr.columns.clear();
      }
      return expr;
    }
    if (scope->outer == nullptr) break;
    if (!scope->allow_outer) refuse("a reference to an outer query here");
    outer = true;
  }
  std::vector<std::string> valid;
  if (place.scope != nullptr) {
    for (const ScopeColumn& column : place.scope->columns) {
      valid.push_back(column.qualifier.empty() ? column.name : column.qualifier + "." + column.name);
    }
  }
  std::string written;
  for (const std::string& part : parts) written += (written.empty() ? "" : ".") + quoted_name(part);
  fail("Invalid operation: Schema error: " + unknown_field_text(written, parts.back(), valid));
}

// The parse tree drops negative integers, so integers are read from the text.
Expr Binder::bind_constant(const Node& body) {
  if (bool_member(body, "isnull")) return literal({}, type_of(TypeId::null), "NULL");
  size_t at = token_at(tree_.tokens, static_cast<size_t>(int_member(body, "location")));
  const Token& token = tree_.tokens[at];
  if (body.contains("boolval")) {
    bool value = bool_member(body["boolval"], "boolval");
    return literal({value}, type_of(TypeId::boolean), std::string("Boolean(") + (value ? "true" : "false") + ")");
  }
  if (body.contains("sval")) {
    std::string text = text_member(body["sval"], "sval");
    if (token.kind == TokenKind::unicode_text) {
      fail("Execution error: Error during planning: Unsupported Value 'UnicodeStringLiteral(\"" + text + "\")'");
    }
    return literal({text}, type_of(TypeId::utf8), "Utf8(\"" + text + "\")");
  }
  if (body.contains("bsval")) return binary_literal(text_member(body["bsval"], "bsval"));
  if (!body.contains("ival") && !body.contains("fval")) refuse("this literal");

  bool negative = false;
  bool plain = true;  // no sign but one directly in front
  size_t i = at;
  for (; i < tree_.tokens.size() && tree_.tokens[i].kind == TokenKind::op; i++) {
    if (tree_.tokens[i].is_op("-")) {
      negative = !negative;
      plain = plain && i == at;
    } else if (tree_.tokens[i].is_op("(")) {
      plain = false;
    } else {
      refuse("this number");
    }
  }
  const Token& number = tree_.tokens[i];
  if (number.kind != TokenKind::number) refuse("this number");
  return number_literal((negative ? "-" : "") + number.text, plain);
}

Expr Binder::number_literal(const std::string& text, bool named) {
  if (text.find_first_of(".eE") == std::string::npos) {
    int64_t whole = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc() && end == text.data() + text.size()) {
      return literal({whole}, type_of(TypeId::int64), named ? "Int64(" + std::to_string(whole) + ")" : "");
    }
    uint64_t large = 0;
    auto [large_end, large_error] = std::from_chars(text.data(), text.data() + text.size(), large);
    if (large_error == std::errc() && large_end == text.data() + text.size()) {
      return literal({large}, type_of(TypeId::uint64), named ? "UInt64(" + std::to_string(large) + ")" : "");
    }
  }
  double number = std::strtod(text.c_str(), nullptr);
  return literal({number}, type_of(TypeId::float64), named ? "Float64(" + plain_double(number) + ")" : "");
}

// X'0aff' arrives as a bit string "x0aff".
Expr Binder::binary_literal(const std::string& digits) {
  if (digits.empty() || digits[0] != 'x' || digits.size() % 2 == 0) refuse("this binary literal");
  std::string bytes;
  std::string name;
  for (size_t i = 1; i + 1 < digits.size(); i += 2) {
    unsigned value = 0;
    auto [end, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
    if (error != std::errc() || end != digits.data() + i + 2) refuse("this binary literal");
    bytes += static_cast<char>(value);
    name += (name.empty() ? "" : ",") + std::to_string(value);
  }
  return literal({bytes}, type_of(TypeId::binary), "Binary(\"" + name + "\")");
}

Expr Binder::bind_bool(const Node& body, const Place& place) {
  std::string op = text_member(body, "boolop");
  const Node& args = member(body, "args");
  if (op == "NOT_EXPR") {
    Expr operand = as_boolean(bind(args[0], place), "NOT of something");
    std::string name = operand.name.empty() ? "" : "NOT " + operand.name;
    return boolean("(NOT " + operand.sql + ")", operand.nullable, name, {&operand});
  }
  const char* word = op == "AND_EXPR" ? " AND " : " OR ";
  bool absorbing = op == "OR_EXPR";
  Expr result;
  for (size_t i = 0; i < args.size(); i++) {
    Expr operand = as_boolean(bind(args[i], place), "AND or OR of something");
    if (i == 0) {
      result = std::move(operand);
      continue;
    }
    // As the simplifier: a constant that decides stands for the whole, a neutral one goes.
    auto flag = [](const Expr& e) {
      return e.constant && !e.constant->is_null() ? std::get_if<bool>(&e.constant->data) : nullptr;
    };
    std::string name = joined_names({&result, &operand}, word);
    const bool* left = flag(result);
    const bool* right = flag(operand);
    if (left != nullptr || right != nullptr) {
      bool first = left != nullptr;
      bool decides = (first ? *left : *right) == absorbing;
      if (decides != first) result = std::move(operand);
      result.name = result.output_name = name;
      continue;
    }
    result = boolean("(" + result.sql + word + operand.sql + ")", result.nullable || operand.nullable, name,
                     {&result, &operand});
  }
  return result;
}

Expr Binder::bind_test(const Node& body, const Place& place, bool null_test) {
  Expr operand = bind(member(body, "arg"), place);
  std::string type = text_member(body, null_test ? "nulltesttype" : "booltesttype");
  struct Form {
    const char* kind;
    const char* sql;
    const char* name;
  };
  static constexpr std::array<Form, 8> kForms = {{{"IS_NULL", " IS NULL", " IS NULL"},
                                                  {"IS_NOT_NULL", " IS NOT NULL", " IS NOT NULL"},
                                                  {"IS_TRUE", " IS 1", " IS TRUE"},
                                                  {"IS_NOT_TRUE", " IS NOT 1", " IS NOT TRUE"},
                                                  {"IS_FALSE", " IS 0", " IS FALSE"},
                                                  {"IS_NOT_FALSE", " IS NOT 0", " IS NOT FALSE"},
                                                  {"IS_UNKNOWN", " IS NULL", " IS UNKNOWN"},
                                                  {"IS_NOT_UNKNOWN", " IS NOT NULL", " IS NOT UNKNOWN"}}};
  for (const Form& form : kForms) {
    if (type != form.kind) continue;
    if (!null_test) operand = as_boolean(std::move(operand), "IS TRUE or its kin of something");
    return boolean("(" + operand.sql + form.sql + ")", false, operand.name.empty() ? "" : operand.name + form.name,
                   {&operand});
  }
  refuse("this test");
}

Expr Binder::bind_case(const Node& body, const Place& place) {
  std::optional<Expr> subject;
  std::string name = "CASE ";
  bool named = true;
  auto add_name = [&](const char* word, const Expr& part) {
    named = named && !part.name.empty();
    name += std::string(word) + part.name + " ";
  };
  if (!member(body, "arg").is_null()) {
    subject = bind(body["arg"], place);
    add_name("", *subject);
  }
  std::vector<Expr> conditions;
  std::vector<Expr> results;
  for (const Node& when : member(body, "args")) {
    const Node& branch = node_body(when);
    Expr condition = bind(member(branch, "expr"), place);
    Expr result = bind(member(branch, "result"), place);
    add_name("WHEN ", condition);
    add_name("THEN ", result);
    conditions.push_back(subject ? compare("=", *subject, std::move(condition))
                                 : as_boolean(std::move(condition), "a WHEN of something"));
    results.push_back(std::move(result));
  }
  bool has_else = !member(body, "defresult").is_null();
  if (has_else) {
    results.push_back(bind(body["defresult"], place));
    add_name("ELSE ", results.back());
  }
  DataType type = results[0].type;
  for (const Expr& result : results) {
    auto common = common_type(type, result.type);
    if (!common) refuse("CASE with results of " + arrow_name(type) + " and " + arrow_name(result.type));
    type = *common;
  }
  Expr expr;
  expr.type = type;
  expr.nullable = !has_else;
  expr.sql = "CASE";
  bool constant = true;
  for (size_t i = 0; i < results.size(); i++) {
    results[i] = cast_to(std::move(results[i]), type);
    expr.nullable |= results[i].nullable;
    constant = constant && results[i].constant;
    inherit(&expr, {&results[i]});
    if (i < conditions.size()) {
      constant = constant && conditions[i].constant;
      inherit(&expr, {&conditions[i]});
      expr.sql += " WHEN " + conditions[i].sql + " THEN " + results[i].sql;
    } else {
      expr.sql += " ELSE " + results[i].sql;
    }
  }
  expr.sql += " END";
  if (named) expr.name = expr.output_name = name + "END";
  return constant ? fold(std::move(expr)) : expr;
}

Expr Binder::bind_coalesce(const Node& args, const Place& place) {
  std::vector<Expr> parts;
  std::vector<const Expr*> pointers;
  DataType type;
  for (const Node& arg : args) {
    parts.push_back(bind(arg, place));
    auto common = common_type(type, parts.back().type);
    if (!common) refuse("coalesce of " + arrow_name(type) + " and " + arrow_name(parts.back().type));
    type = *common;
  }
  for (const Expr& part : parts) pointers.push_back(&part);
  std::string name = joined_names(pointers, ",");
  Expr expr;
  expr.type = type;
  expr.sql = "coalesce(";
  bool constant = true;
  for (size_t i = 0; i < parts.size(); i++) {
    parts[i] = cast_to(std::move(parts[i]), type);
    expr.nullable = expr.nullable && parts[i].nullable;
    constant = constant && parts[i].constant;
    expr.sql += (i > 0 ? ", " : "") + parts[i].sql;
  }
  inherit(&expr, pointers);
  expr.sql = parts.size() == 1 ? parts[0].sql : expr.sql + ")";
  if (!name.empty()) expr.name = expr.output_name = "coalesce(" + name + ")";
  return constant ? fold(std::move(expr)) : expr;
}

// GREATEST and LEAST skip NULL.
Expr Binder::bind_min_max(const Node& body, const Place& place) {
  bool greatest = text_member(body, "op") != "IS_LEAST";
  std::vector<Expr> parts;
  std::vector<const Expr*> pointers;
  DataType type;
  for (const Node& arg : member(body, "args")) {
    parts.push_back(bind(arg, place));
    auto common = common_type(type, parts.back().type);
    if (!common) refuse("greatest or least of " + arrow_name(type) + " and " + arrow_name(parts.back().type));
    type = *common;
  }
  for (const Expr& part : parts) pointers.push_back(&part);
  std::string name = joined_names(pointers, ",");
  Expr result = cast_to(parts[0], type);
  for (size_t i = 1; i < parts.size(); i++) {
    Expr next = cast_to(parts[i], type);
    // SQLite's two-argument max() and min() order as the encodings do, but give NULL for NULL.
    std::string pick = greatest ? "max(" : "min(";
    result.sql = "coalesce(" + pick + result.sql + ", " + next.sql + "), " + result.sql + ", " + next.sql + ")";
    result.nullable = result.nullable && next.nullable;
    if (!next.constant) result.constant.reset();
  }
  bool constant = std::all_of(parts.begin(), parts.end(), [](const Expr& part) { return part.constant.has_value(); });
  Expr expr;
  expr.type = type;
  expr.nullable = result.nullable;
  expr.sql = result.sql;
  inherit(&expr, pointers);
  if (!name.empty()) expr.name = expr.output_name = (greatest ? "greatest(" : "least(") + name + ")";
  return constant ? fold(std::move(expr)) : expr;
}

Expr Binder::bind_array(const Node& body, const Place& place) {
  std::vector<Expr> parts;
  DataType type;
  const Node& elements = member(body, "elements");
  if (!elements.is_array() || elements.empty()) refuse("an empty array");
  for (const Node& element : elements) {
    parts.push_back(bind(element, place));
    auto common = common_type(type, parts.back().type);
    if (!common) refuse("an array of different types");
    type = *common;
  }
  std::vector<const Expr*> pointers;
  for (Expr& part : parts) {
    part = cast_to(std::move(part), type);
    pointers.push_back(&part);
  }
  Scalar scalar;
  scalar.arguments.assign(parts.size(), type);
  scalar.result = list_of(type);
  scalar.strict = false;
  scalar.body = [](const Row& row) { return Value{List(row.begin(), row.end())}; };
  std::string name = joined_names(pointers, ",");
  return call(std::move(scalar), parts, name.empty() ? "" : "make_array(" + name + ")");
}

}  // namespace kalam::stub::sql
