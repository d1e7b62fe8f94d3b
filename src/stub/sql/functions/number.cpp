// Functions on numbers.
#include <cmath>
#include <limits>
#include <numeric>

#include "stub/arrow/cast.h"
#include "stub/sql/functions/functions.h"
#include "stub/sql/functions/types.h"

namespace kalam::stub::sql {

namespace {

// f(double): integers become doubles, a float stays one.
void add_unary(FunctionTable* table, const char* name, double (*wide)(double)) {
  (*table)[name] = {name, 1, 1, [wide](const FunctionCall& call) -> std::optional<Scalar> {
                      const DataType& type = call.type(0);
                      if (type.id != TypeId::float64 && !is_integer(type)) return std::nullopt;
                      Scalar scalar;
                      scalar.arguments = {type_of(TypeId::float64)};
                      scalar.result = type_of(TypeId::float64);
                      scalar.body = [wide](const Row& row) { return Value{wide(std::get<double>(row[0].data))}; };
                      return scalar;
                    }};
}

void add_binary(FunctionTable* table, const char* name, double (*body)(double, double)) {
  (*table)[name] = {name, 2, 2, [body](const FunctionCall& call) -> std::optional<Scalar> {
                      for (size_t i = 0; i < 2; i++) {
                        if (call.type(i).id != TypeId::float64 && !is_integer(call.type(i))) return std::nullopt;
                      }
                      Scalar scalar;
                      scalar.arguments = {type_of(TypeId::float64), type_of(TypeId::float64)};
                      scalar.result = type_of(TypeId::float64);
                      scalar.body = [body](const Row& row) {
                        return Value{body(std::get<double>(row[0].data), std::get<double>(row[1].data))};
                      };
                      return scalar;
                    }};
}

// round and trunc: to a number of decimal places, in doubles.
void add_places(FunctionTable* table, const char* name, double (*whole)(double)) {
  (*table)[name] = {name, 1, 2, [whole](const FunctionCall& call) -> std::optional<Scalar> {
                      if (call.type(0).id != TypeId::float64) return std::nullopt;
                      if (call.count() == 2 && !is_integer(call.type(1))) return std::nullopt;
                      Scalar scalar;
                      scalar.arguments = {type_of(TypeId::float64)};
                      if (call.count() == 2) scalar.arguments.push_back(type_of(TypeId::int64));
                      scalar.result = type_of(TypeId::float64);
                      scalar.body = [whole](const Row& row) {
                        double number = std::get<double>(row[0].data);
                        if (row.size() == 1) return Value{whole(number)};
                        double factor = std::pow(10.0, static_cast<double>(as_int64(row[1])));
                        return Value{whole(number * factor) / factor};
                      };
                      return scalar;
                    }};
}

Scalar integers(size_t count, std::function<Value(const Row&)> body) {
  Scalar scalar;
  scalar.arguments.assign(count, type_of(TypeId::int64));
  scalar.result = type_of(TypeId::int64);
  scalar.body = std::move(body);
  return scalar;
}

std::optional<Scalar> plan_abs(const FunctionCall& call) {
  DataType type = call.type(0);
  if (!is_signed_integer(type) && type.id != TypeId::float64 && !is_decimal(type)) return std::nullopt;
  Scalar scalar;
  scalar.arguments = {type};
  scalar.result = type;
  scalar.body = [type](const Row& row) -> Value {
    if (type.id == TypeId::float64) return {std::fabs(std::get<double>(row[0].data))};
    Int128 number = as_int128(row[0]);
    if (number < 0) number = -number;
    if (is_decimal(type)) return {number};
    if (as_int64(wrapped_value(number, type)) != static_cast<int64_t>(number) || number > INT64_MAX)
      refuse("abs of the least integer");
    return {static_cast<int64_t>(number)};
  };
  return scalar;
}

std::optional<Scalar> plan_isnan(const FunctionCall& call) {
  if (call.type(0).id != TypeId::float64) return std::nullopt;
  Scalar scalar;
  scalar.arguments = {type_of(TypeId::float64)};
  scalar.result = type_of(TypeId::boolean);
  scalar.body = [](const Row& row) { return Value{std::isnan(std::get<double>(row[0].data))}; };
  return scalar;
}

double signum(double number) {
  if (std::isnan(number)) return number;
  return number > 0 ? 1 : number < 0 ? -1 : 0;
}

// Exact for cubes: the C library's result can be one unit off.
double cube_root(double number) {
  double root = std::cbrt(number);
  double whole = std::round(root);
  return whole * whole * whole == number ? whole : root;
}

double to_degrees(double radians) {
  return radians * (180.0 / M_PI);
}
double to_radians(double degrees) {
  return degrees * (M_PI / 180.0);
}
double power(double base, double exponent) {
  return std::pow(base, exponent);
}
double nan_or(double first, double second) {
  return std::isnan(first) ? second : first;
}

}  // namespace

void add_number_functions(FunctionTable* table) {
  add_unary(table, "ceil", std::ceil);
  add_unary(table, "floor", std::floor);
  add_unary(table, "sqrt", std::sqrt);
  add_unary(table, "cbrt", cube_root);
  add_unary(table, "exp", std::exp);
  add_unary(table, "ln", std::log);
  add_unary(table, "log10", std::log10);
  add_unary(table, "log2", std::log2);
  add_unary(table, "sin", std::sin);
  add_unary(table, "cos", std::cos);
  add_unary(table, "tan", std::tan);
  add_unary(table, "asin", std::asin);
  add_unary(table, "acos", std::acos);
  add_unary(table, "atan", std::atan);
  add_unary(table, "degrees", to_degrees);
  add_unary(table, "radians", to_radians);
  add_unary(table, "signum", signum);
  add_binary(table, "power", power);
  (*table)["pow"] = (*table)["power"];
  add_binary(table, "atan2", std::atan2);
  add_binary(table, "nanvl", nan_or);
  add_places(table, "round", std::round);
  add_places(table, "trunc", std::trunc);
  (*table)["abs"] = {"abs", 1, 1, plan_abs};
  (*table)["isnan"] = {"isnan", 1, 1, plan_isnan};
  // log(x) is to base 10, log(b, x) to base b.
  (*table)["log"] = {"log", 1, 2, [](const FunctionCall& call) -> std::optional<Scalar> {
                       Scalar scalar;
                       for (size_t i = 0; i < call.count(); i++) {
                         if (call.type(i).id != TypeId::float64) return std::nullopt;
                         scalar.arguments.push_back(type_of(TypeId::float64));
                       }
                       scalar.result = type_of(TypeId::float64);
                       scalar.body = [](const Row& row) {
                         double first = std::get<double>(row[0].data);
                         if (row.size() == 1) return Value{std::log10(first)};
                         return Value{std::log(std::get<double>(row[1].data)) / std::log(first)};
                       };
                       return scalar;
                     }};
  (*table)["pi"] = {"pi", 0, 0, [](const FunctionCall&) -> std::optional<Scalar> {
                      Scalar scalar;
                      scalar.result = type_of(TypeId::float64);
                      scalar.body = [](const Row&) { return Value{M_PI}; };
                      return scalar;
                    }};
  (*table)["gcd"] = {"gcd", 2, 2, [](const FunctionCall& call) -> std::optional<Scalar> {
                       if (call.type(0).id != TypeId::int64 || call.type(1).id != TypeId::int64) return std::nullopt;
                       return integers(2, [](const Row& row) -> Value {
                         int64_t a = as_int64(row[0]);
                         int64_t b = as_int64(row[1]);
                         if (a == INT64_MIN || b == INT64_MIN) refuse("gcd of the least integer");
                         return {std::gcd(a, b)};
                       });
                     }};
  (*table)["factorial"] = {"factorial", 1, 1, [](const FunctionCall& call) -> std::optional<Scalar> {
                             if (call.type(0).id != TypeId::int64) return std::nullopt;
                             return integers(1, [](const Row& row) -> Value {
                               int64_t n = as_int64(row[0]);
                               if (n < 0 || n > 20) refuse("factorial of this number");
                               int64_t result = 1;
                               for (int64_t i = 2; i <= n; i++) result *= i;
                               return {result};
                             });
                           }};
}

}  // namespace kalam::stub::sql
