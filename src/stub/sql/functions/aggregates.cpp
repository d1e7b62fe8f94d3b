#include "stub/sql/functions/aggregates.h"

#include <algorithm>
#include <set>

#include "stub/arrow/cast.h"

namespace kalam::stub::sql {

namespace {

// sum and avg over integers: wraps as 64-bit arithmetic does.
struct IntegerSum : Accumulator {
  Int128 total = 0;
  bool any = false;
  DataType result_type;
  void add(const Row& row) override {
    any = true;
    total = static_cast<int64_t>(static_cast<uint64_t>(static_cast<unsigned __int128>(total + as_int128(row[0]))));
  }
  Value result() override {
    if (!any) return {};
    return wrapped_value(total, result_type);
  }
};

struct FloatSum : Accumulator {
  double total = 0;
  int64_t count = 0;
  bool average = false;
  DataType type;
  void add(const Row& row) override {
    total += as_double(row[0], type);
    count++;
  }
  Value result() override {
    if (count == 0) return {};
    return {average ? total / static_cast<double>(count) : total};
  }
};

struct DecimalSum : Accumulator {
  Int128 total = 0;
  int64_t count = 0;
  bool average = false;
  DataType type;
  DataType result_type;
  void add(const Row& row) override {
    total += as_int128(row[0]);
    count++;
    if (total >= power_of_ten(38) || total <= -power_of_ten(38)) refuse("a decimal sum of more than 38 digits");
  }
  Value result() override {
    if (count == 0) return {};
    if (!average) return {total};
    Int128 factor = power_of_ten(result_type.scale - type.scale);
    if (total >= power_of_ten(38) / factor || total <= -power_of_ten(38) / factor) {
      refuse("a decimal average of more than 38 digits");
    }
    return {total * factor / count};
  }
};

struct BooleanFold : Accumulator {
  bool all = true;
  bool any = false;
  bool seen = false;
  bool conjunction = true;
  void add(const Row& row) override {
    seen = true;
    bool flag = std::get<bool>(row[0].data);
    all = all && flag;
    any = any || flag;
  }
  Value result() override {
    if (!seen) return {};
    return {conjunction ? all : any};
  }
};

struct BitFold : Accumulator {
  char op = '&';
  bool seen = false;
  int64_t bits = 0;
  void add(const Row& row) override {
    int64_t next = as_int64(row[0]);
    bits = !seen ? next : op == '&' ? bits & next : op == '|' ? bits | next : bits ^ next;
    seen = true;
  }
  Value result() override {
    if (!seen) return {};
    return {bits};
  }
};

struct Collect : Accumulator {
  List values;
  void add(const Row& row) override { values.push_back(row[0]); }
  Value result() override {
    if (values.empty()) return {};
    return {values};
  }
};

struct JoinTexts : Accumulator {
  std::string text;
  bool seen = false;
  void add(const Row& row) override {
    if (seen && !row[1].is_null()) text += as_text(row[1]);
    seen = true;
    text += as_text(row[0]);
  }
  Value result() override {
    if (!seen) return {};
    return {text};
  }
};

template <class State>
std::function<std::unique_ptr<Accumulator>()> made(State state) {
  return [state]() { return std::make_unique<State>(state); };
}

std::optional<Aggregate> plan_sum(const DataType& type, bool average) {
  Aggregate aggregate;
  aggregate.arguments = {type};
  if (is_decimal(type)) {
    DecimalSum state;
    state.average = average;
    state.type = type;
    aggregate.result = average ? decimal_of(std::min(38, type.precision + 4), std::min(38, type.scale + 4))
                               : decimal_of(std::min(38, type.precision + 10), type.scale);
    state.result_type = aggregate.result;
    aggregate.make = made(state);
    return aggregate;
  }
  if (is_float(type) || (average && is_integer(type))) {
    FloatSum state;
    state.average = average;
    state.type = type;
    aggregate.result = type_of(TypeId::float64);
    aggregate.make = made(state);
    return aggregate;
  }
  if (!is_integer(type)) return std::nullopt;
  IntegerSum state;
  state.result_type = aggregate.result = type_of(is_signed_integer(type) ? TypeId::int64 : TypeId::uint64);
  aggregate.make = made(state);
  return aggregate;
}

}  // namespace

bool is_aggregate(const std::string& name) {
  static const std::set<std::string> names = {"count",
                                              "sum",
                                              "avg",
                                              "mean",
                                              "min",
                                              "max",
                                              "bool_and",
                                              "bool_or",
                                              "bit_and",
                                              "bit_or",
                                              "bit_xor",
                                              "array_agg",
                                              "string_agg",
                                              "stddev",
                                              "stddev_pop",
                                              "stddev_samp",
                                              "var_pop",
                                              "var_samp",
                                              "var",
                                              "corr",
                                              "median",
                                              "first_value",
                                              "last_value",
                                              "approx_distinct",
                                              "percentile_cont",
                                              "covar_pop",
                                              "covar_samp",
                                              "approx_percentile_cont",
                                              "approx_median",
                                              "nth_value",
                                              "regr_slope"};
  return names.contains(name);
}

std::optional<Aggregate> plan_aggregate(const std::string& name, const std::vector<DataType>& types) {
  if (types.empty()) return std::nullopt;
  const DataType& type = types[0];
  if (name == "sum" || name == "avg") return types.size() == 1 ? plan_sum(type, name == "avg") : std::nullopt;
  Aggregate aggregate;
  aggregate.arguments = {type};
  aggregate.result = type;
  if ((name == "bool_and" || name == "bool_or") && type.id == TypeId::boolean) {
    BooleanFold state;
    state.conjunction = name == "bool_and";
    aggregate.make = made(state);
    return aggregate;
  }
  if ((name == "bit_and" || name == "bit_or" || name == "bit_xor") && is_signed_integer(type)) {
    BitFold state;
    state.op = name == "bit_and" ? '&' : name == "bit_or" ? '|' : '^';
    aggregate.make = made(state);
    return aggregate;
  }
  if (name == "array_agg" && types.size() == 1 && type.id != TypeId::null) {
    aggregate.result = list_of(type);
    aggregate.skip_null = false;
    aggregate.make = made(Collect{});
    return aggregate;
  }
  if (name == "string_agg" && types.size() == 2 && is_text(type) && is_text(types[1])) {
    aggregate.arguments = types;
    aggregate.result = type_of(TypeId::large_utf8);
    aggregate.make = made(JoinTexts{});
    return aggregate;
  }
  return std::nullopt;
}

}  // namespace kalam::stub::sql
