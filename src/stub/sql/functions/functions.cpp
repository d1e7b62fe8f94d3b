#include "stub/sql/functions/functions.h"

#include <array>
#include <chrono>
#include <random>

#include "stub/arrow/cast.h"
#include "stub/sql/functions/json_path.h"
#include "stub/sql/functions/names.h"
#include "stub/sql/functions/patterns.h"
#include "stub/sql/functions/types.h"

namespace kalam::stub::sql {

const std::string* FunctionCall::literal_text(size_t i) const {
  if (i >= arguments.size() || !arguments[i].constant) return nullptr;
  return std::get_if<std::string>(&arguments[i].constant->data);
}

namespace {

const FunctionTable& table() {
  static const FunctionTable functions = [] {
    FunctionTable all;
    add_text_functions(&all);
    add_number_functions(&all);
    add_time_functions(&all);
    add_other_functions(&all);
    return all;
  }();
  return functions;
}

bool texts(const FunctionCall& call) {
  for (size_t i = 0; i < call.count(); i++) {
    if (!is_text(call.type(i))) return false;
  }
  return true;
}

Scalar scalar_of(size_t arguments, TypeId result, std::function<Value(const Row&)> body) {
  Scalar scalar;
  scalar.arguments.assign(arguments, type_of(TypeId::utf8));
  scalar.result = type_of(result);
  scalar.body = std::move(body);
  return scalar;
}

void add_regex(FunctionTable* functions) {
  auto regex_of = [](const FunctionCall& call, size_t flags_at) -> std::shared_ptr<Regex> {
    const std::string* pattern = call.literal_text(1);
    if (!texts(call) || pattern == nullptr) return nullptr;
    std::string flags;
    if (call.count() > flags_at) {
      const std::string* written = call.literal_text(flags_at);
      if (written == nullptr) return nullptr;
      for (char c : *written) {
        if (c != 'g') flags += c;
      }
    }
    return std::make_shared<Regex>(*pattern, flags);
  };
  (*functions)["regexp_like"] = {"regexp_like", 2, 3, [regex_of](const FunctionCall& call) -> std::optional<Scalar> {
                                   auto regex = regex_of(call, 2);
                                   if (!regex) return std::nullopt;
                                   return scalar_of(call.count(), TypeId::boolean, [regex](const Row& row) {
                                     return Value{regex->found_in(as_text(row[0]))};
                                   });
                                 }};
  (*functions)["regexp_count"] = {
      "regexp_count", 2, 2, [regex_of](const FunctionCall& call) -> std::optional<Scalar> {
        auto regex = regex_of(call, 2);
        if (!regex) return std::nullopt;
        return scalar_of(2, TypeId::int64, [regex](const Row& row) { return Value{regex->count(as_text(row[0]))}; });
      }};
  (*functions)["regexp_replace"] = {
      "regexp_replace", 3, 4, [regex_of](const FunctionCall& call) -> std::optional<Scalar> {
        auto regex = regex_of(call, 3);
        if (!regex || call.type(0).id != TypeId::utf8) return std::nullopt;
        bool all = call.count() == 4 && call.literal_text(3)->find('g') != std::string::npos;
        return scalar_of(call.count(), TypeId::utf8, [regex, all](const Row& row) {
          return Value{regex->replaced(as_text(row[0]), as_text(row[2]), all)};
        });
      }};
  (*functions)["regexp_match"] = {"regexp_match", 2, 3, [regex_of](const FunctionCall& call) -> std::optional<Scalar> {
                                    auto regex = regex_of(call, 2);
                                    if (!regex || call.type(0).id != TypeId::utf8) return std::nullopt;
                                    Scalar scalar =
                                        scalar_of(call.count(), TypeId::null, [regex](const Row& row) -> Value {
                                          auto groups = regex->groups(as_text(row[0]));
                                          if (!groups) return {};
                                          List list;
                                          for (auto& group : *groups) list.push_back(group ? Value{*group} : Value{});
                                          return {list};
                                        });
                                    scalar.result = list_of(type_of(TypeId::utf8));
                                    return scalar;
                                  }};
}

void add_json(FunctionTable* functions) {
  auto simple = [functions](const char* name, TypeId result, std::function<Value(const Row&)> body) {
    (*functions)[name] = {name, 2, 2, [result, body](const FunctionCall& call) -> std::optional<Scalar> {
                            if (!texts(call)) return std::nullopt;
                            return scalar_of(2, result, body);
                          }};
  };
  simple("json_get_int", TypeId::int64, [](const Row& row) -> Value {
    auto found = json_member(as_text(row[0]), as_text(row[1]));
    if (!found || !found->is_number_integer()) return {};
    if (found->is_number_unsigned() && found->get<uint64_t>() > INT64_MAX) return {};
    return {found->get<int64_t>()};
  });
  simple("json_get_str", TypeId::utf8, [](const Row& row) -> Value {
    auto found = json_member(as_text(row[0]), as_text(row[1]));
    if (!found || !found->is_string()) return {};
    return {found->get<std::string>()};
  });
  simple("json_as_text", TypeId::utf8, [](const Row& row) -> Value {
    auto found = json_get(as_text(row[0]), as_text(row[1]), false);
    if (!found) return {};
    return {*found};
  });
  simple("json_contains", TypeId::boolean,
         [](const Row& row) { return Value{json_member(as_text(row[0]), as_text(row[1])).has_value()}; });
  (*functions)["json_length"] = {"json_length", 1, 1, [](const FunctionCall& call) -> std::optional<Scalar> {
                                   if (!texts(call)) return std::nullopt;
                                   return scalar_of(1, TypeId::uint64, [](const Row& row) -> Value {
                                     auto parsed = json_parse(as_text(row[0]));
                                     if (!parsed || !parsed->is_structured()) return {};
                                     return {static_cast<uint64_t>(parsed->size())};
                                   });
                                 }};
}

}  // namespace

void add_other_functions(FunctionTable* functions) {
  add_regex(functions);
  add_json(functions);
  (*functions)["version"] = {"version", 0, 0, [](const FunctionCall&) -> std::optional<Scalar> {
                               return scalar_of(0, TypeId::utf8, [](const Row&) {
                                 return Value{std::string("Apache DataFusion 53.1.0, x86_64 on linux")};
                               });
                             }};
  (*functions)["kdb_current_user"] = {"", 0, 0, [](const FunctionCall& call) -> std::optional<Scalar> {
                                        std::string user = call.context.user;
                                        return scalar_of(0, TypeId::utf8, [user](const Row&) { return Value{user}; });
                                      }};
  (*functions)["snowflake_id"] = {"", 0, 0,
                                  [](const FunctionCall& call) -> std::optional<Scalar> {
                                    Store* store = &call.store;
                                    // Counts from 1970 here, from 2024 as a column's default (specification 11.1).
                                    return scalar_of(0, TypeId::int64, [store](const Row&) {
                                      return Value{store->ids().snowflake(store->clock().now_ms(), 0)};
                                    });
                                  },
                                  true};
  (*functions)["uuid_v7"] = {"", 0, 0,
                             [](const FunctionCall& call) -> std::optional<Scalar> {
                               Store* store = &call.store;
                               return scalar_of(0, TypeId::utf8, [store](const Row&) {
                                 return Value{store->ids().uuid_v7(store->clock().now_ms())};
                               });
                             },
                             true};
  (*functions)["ulid"] = {"", 0, 0,
                          [](const FunctionCall& call) -> std::optional<Scalar> {
                            Store* store = &call.store;
                            return scalar_of(0, TypeId::utf8, [store](const Row&) {
                              return Value{store->ids().ulid(store->clock().now_ms())};
                            });
                          },
                          true};
  (*functions)["random"] = {"random", 0, 0,
                            [](const FunctionCall& call) -> std::optional<Scalar> {
                              Store* store = &call.store;
                              return scalar_of(0, TypeId::float64, [store](const Row&) {
                                return Value{static_cast<double>(store->ids().number() >> 11) * 0x1p-53};
                              });
                            },
                            true};
}

const Function* find_function(const std::string& name) {
  auto found = table().find(name);
  return found == table().end() ? nullptr : &found->second;
}

std::string missing_function_text(const std::string& name) {
  // The suggestion is the server's; it is known for the first four only, and varies there too.
  static const std::map<std::string, std::string> missing = {
      {"md5", "map"},        {"sha256", "least"},  {"mod", "cot"}, {"sign", "sin"}, {"age", ""},
      {"quote_literal", ""}, {"width_bucket", ""}, {"format", ""}, {"every", ""},   {"json_agg", ""}};
  auto found = missing.find(name);
  if (found == missing.end()) return "";
  std::string suggestion = found->second;
  size_t best = SIZE_MAX;
  for (auto entry = table().begin(); suggestion.empty() || (best != SIZE_MAX && entry != table().end()); ++entry) {
    if (entry == table().end()) break;
    size_t distance = levenshtein(name, entry->first);
    if (distance < best) {
      best = distance;
      suggestion = entry->first;
    }
  }
  return "Execution error: Error during planning: Invalid function '" + name + "'.\nDid you mean '" + suggestion + "'?";
}

}  // namespace kalam::stub::sql
