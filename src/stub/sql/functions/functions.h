// Scalar functions by name: argument types, result type and what they compute.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stub/sql/functions/expr.h"
#include "stub/sql/functions/runtime.h"
#include "stub/sql/parse/outcome.h"
#include "stub/store/store.h"

namespace kalam::stub::sql {

struct FunctionCall {
  Store& store;
  const SqlContext& context;
  const std::vector<Expr>& arguments;

  const DataType& type(size_t i) const { return arguments[i].type; }
  size_t count() const { return arguments.size(); }
  // The text of an argument that must be a literal; nullptr: it is none, or NULL.
  const std::string* literal_text(size_t i) const;
};

struct Function {
  const char* name;  // as DataFusion shows it; an alias shows the real name
  size_t fewest;
  size_t most;
  // The types that the arguments are cast to and the body; nullopt: not for these arguments.
  std::function<std::optional<Scalar>(const FunctionCall&)> plan;
  bool is_volatile = false;
};

using FunctionTable = std::map<std::string, Function>;

// nullptr: no function we know.
const Function* find_function(const std::string& name);

void add_text_functions(FunctionTable* table);
void add_number_functions(FunctionTable* table);
void add_time_functions(FunctionTable* table);
void add_other_functions(FunctionTable* table);

// The text that DataFusion answers for functions that it does not have; empty: it may have it.
std::string missing_function_text(const std::string& name);

}  // namespace kalam::stub::sql
