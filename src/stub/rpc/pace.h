// What calls cost on a running KalamDB, measured: a file of figures (pace-0.4.json is built in as "0.4").
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stub/base/work.h"

namespace kalam::stub {

// Milliseconds: of a call with nothing else in flight, and its share of the one resource that calls compete for.
struct Cost {
  double alone_ms = 0;
  double serial_ms = 0;
};

class Pace {
 public:
  // "0.4", or the name of a file. nullopt: `error` says what is wrong.
  static std::optional<Pace> load(const std::string& name, std::string& error);
  // A JSON object {"calls": {NAME: {…}, …}}. A call has either "alone_ms" and "serial_ms", or "hot" and "cold", each
  // with "points": [[rows, alone_ms, serial_ms], …]. "per_row_us" and "per_table_of_the_server_us" come on top.
  static std::optional<Pace> parse(std::string_view text, std::string& error);

  // Calls that the file does not name cost what a Ping does.
  Cost cost(const Work& work) const;

 private:
  struct Point {
    double rows = 0;
    Cost cost;
  };
  struct Call {
    Cost flat;
    std::vector<Point> hot, cold;  // by rising rows
    double per_row_us = 0;
    double per_table_us = 0;
  };
  friend class PaceReader;

  Cost by_rows(const std::vector<Point>& points, double rows) const;

  std::map<std::string, Call> calls_;
};

// The name under which a pace has this work: "ExecuteQuery.catalog".
std::string pace_name(const Work& work);

}  // namespace kalam::stub
