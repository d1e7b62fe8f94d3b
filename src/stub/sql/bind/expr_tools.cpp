#include "stub/arrow/cast.h"
#include "stub/sql/bind/binder.h"
#include "stub/store/codec.h"

namespace kalam::stub::sql {

std::string joined_names(const std::vector<const Expr*>& exprs, const std::string& separator) {
  std::string joined;
  for (size_t i = 0; i < exprs.size(); i++) {
    if (exprs[i]->name.empty()) return "";
    if (i > 0) joined += separator;
    joined += exprs[i]->name;
  }
  return joined;
}

bool same_encoding(const DataType& a, const DataType& b) {
  if (a == b) return true;
  if (is_text(a) && is_text(b)) return true;
  if (is_signed_integer(a) && is_signed_integer(b)) return true;
  if (a.id == TypeId::fixed_size_binary && b.id == TypeId::binary) return true;
  return a.id == TypeId::timestamp && b.id == TypeId::timestamp && a.unit == b.unit;
}

Expr Binder::literal(Value value, const DataType& type, std::string name) {
  Expr expr;
  expr.type = type;
  expr.nullable = value.is_null();
  expr.sql = sql_literal(value, type);
  expr.name = std::move(name);
  expr.output_name = expr.name;
  expr.constant = std::move(value);
  expr.literal = true;
  return expr;
}

void Binder::inherit(Expr* expr, const std::vector<const Expr*>& parts) {
  for (const Expr* part : parts) {
    expr->columns.insert(expr->columns.end(), part->columns.begin(), part->columns.end());
    expr->is_volatile |= part->is_volatile;
    expr->aggregate |= part->aggregate;
    expr->window |= part->window;
    expr->correlated |= part->correlated;
    expr->uses_key |= part->uses_key;
  }
}

// Folds what DataFusion's simplifier folds: an expression of constants. Its value decides the nullability of the
// column.
Expr Binder::fold(Expr expr) {
  if (expr.is_volatile || expr.aggregate || expr.window || !expr.columns.empty() || expr.correlated) return expr;
  std::vector<Row> rows = runtime_.query("SELECT " + expr.sql, {expr.type});
  if (rows.size() != 1) return expr;
  expr.constant = rows[0][0];
  expr.nullable = rows[0][0].is_null();
  expr.sql = sql_literal(rows[0][0], expr.type);
  return expr;
}

namespace {

bool all_constant(const std::vector<const Expr*>& parts) {
  for (const Expr* part : parts) {
    if (!part->constant) return false;
  }
  return true;
}

}  // namespace

Expr Binder::boolean(const std::string& sql, bool nullable, std::string name, const std::vector<const Expr*>& parts) {
  Expr expr;
  expr.type = type_of(TypeId::boolean);
  expr.nullable = nullable;
  expr.sql = sql;
  expr.name = std::move(name);
  expr.output_name = expr.name;
  inherit(&expr, parts);
  return all_constant(parts) ? fold(std::move(expr)) : expr;
}

Expr Binder::call(Scalar scalar, const std::vector<Expr>& arguments, std::string name, bool nullable,
                  bool is_volatile) {
  Expr expr;
  expr.type = scalar.result;
  expr.nullable = nullable;
  expr.name = std::move(name);
  expr.output_name = expr.name;
  expr.is_volatile = is_volatile;
  std::string sql = "kalam_call(" + std::to_string(runtime_.add(std::move(scalar)));
  std::vector<const Expr*> parts;
  for (const Expr& argument : arguments) {
    sql += ", " + argument.sql;
    parts.push_back(&argument);
  }
  if (arguments.size() > 100) refuse("a call with more than 100 arguments");
  expr.sql = sql + ")";
  inherit(&expr, parts);
  if (is_volatile || !all_constant(parts)) return expr;
  try {
    return fold(expr);
  } catch (const SqlError&) {
    return expr;  // fails when it runs, as there
  }
}

// SQLite SQL of the expression's value in another type's encoding.
std::string Binder::raw_cast(const Expr& expr, const DataType& type) {
  if (same_encoding(expr.type, type)) return expr.sql;
  if (expr.type.id == TypeId::null) return "NULL";
  Scalar scalar;
  scalar.arguments = {expr.type};
  scalar.result = type;
  DataType from = expr.type;
  scalar.body = [from, type](const Row& row) { return cast_value(row[0], from, type); };
  return "kalam_call(" + std::to_string(runtime_.add(std::move(scalar))) + ", " + expr.sql + ")";
}

Expr Binder::cast_to(Expr expr, const DataType& type) {
  if (expr.type == type) return expr;
  if (!can_cast(expr.type, type)) {
    fail("Execution error: This feature is not implemented: Unsupported CAST from " + arrow_name(expr.type) + " to " +
         arrow_name(type));
  }
  if (expr.constant) {
    try {
      Value value = cast_value(*expr.constant, expr.type, type);
      expr.sql = sql_literal(value, type);
      expr.constant = std::move(value);
      expr.type = type;
      expr.literal = false;
      return expr;
    } catch (const ArrowError& error) {
      fail("Execution error: Optimizer rule 'simplify_expressions' failed\ncaused by\nArrow error: " + error.text);
    }
  }
  bool narrower = is_signed_integer(expr.type) && is_signed_integer(type) && expr.type.id > type.id;
  if (narrower) {
    Scalar scalar;
    scalar.arguments = {expr.type};
    scalar.result = type;
    scalar.body = [type](const Row& row) { return integer_value(as_int128(row[0]), type); };
    expr.sql = "kalam_call(" + std::to_string(runtime_.add(std::move(scalar))) + ", " + expr.sql + ")";
  } else {
    expr.sql = raw_cast(expr, type);
  }
  expr.type = type;
  return expr;
}

Expr Binder::as_boolean(Expr expr, const char* where) {
  if (expr.type.id == TypeId::null) return cast_to(std::move(expr), type_of(TypeId::boolean));
  if (expr.type.id != TypeId::boolean) {
    refuse(std::string(where) + " that is not a boolean but " + arrow_name(expr.type));
  }
  return expr;
}

}  // namespace kalam::stub::sql
