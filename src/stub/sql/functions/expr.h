// A bound expression: what it means to DataFusion (type, nullability, name) and how SQLite computes it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stub/arrow/value.h"

namespace kalam::stub::sql {

struct Expr {
  DataType type;
  bool nullable = true;
  std::string sql;                // SQLite's SQL; the value in the encoding of value.h
  std::string name;               // DataFusion's schema name ("count(*)", "t.a + Int64(1)"); empty: not known here
  std::string output_name;        // the name of an output column made of this: for a column its bare name
  std::optional<Value> constant;  // folded
  std::map<std::string, std::string> metadata;  // of a column, also behind a cast
  std::vector<std::string> columns;             // SQL of the columns it reads, but those inside aggregates
  bool literal = false;                         // written as one
  bool is_volatile = false;
  bool aggregate = false;  // holds an aggregate of this query level
  bool window = false;
  bool correlated = false;  // reads a column of an outer query
  bool uses_key = false;    // reads a key of GROUP BY
};

}  // namespace kalam::stub::sql
