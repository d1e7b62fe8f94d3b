// Plays the SQL of a recorded transcript against the engine, without a server around it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stub/sql/run/engine.h"

namespace kalam::stub::test {

struct Played {
  std::string step;  // "query_shapes 4"
  std::string sql;
  bool refused = false;    // "kalam-stub does not evaluate"
  std::string difference;  // empty: as recorded
};

class Player {
 public:
  // Names that start with cf_ start with `prefix` instead: an answer cannot be canned.
  explicit Player(std::string prefix = "cf_");
  // Plays the named cases in file order (none: all); ExecuteSql, ExecuteQuery and Insert steps only.
  std::vector<Played> play(const std::string& topic, const std::vector<std::string>& cases = {});

  Store& store() { return store_; }
  SqlContext& context() { return context_; }
  SqlOutcome run(const std::string& sql);

 private:
  std::string insert(const nlohmann::json& request);

  std::string prefix_;
  Clock clock_;
  IdSource ids_{1};
  Store store_;
  SqlContext context_;
};

// A value in the transcripts' form (conformance README).
nlohmann::json shown(const Value& value, const DataType& type);
std::string shown_type(const DataType& type);

}  // namespace kalam::stub::test
