// Functions that a statement calls from inside SQLite. DataFusion's types are static, SQLite's are not: the binder
// chooses argument and result types once and registers a body here; SQLite sees `kalam_call(<number>, arguments…)` and
// `kalam_aggregate(<number>, arguments…)`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stub/arrow/value.h"
#include "stub/sql/parse/error.h"
#include "stub/store/store.h"

struct sqlite3;

namespace kalam::stub::sql {

struct Scalar {
  std::vector<DataType> arguments;
  DataType result;
  bool strict = true;  // NULL if any argument is NULL
  std::function<Value(const Row&)> body;
};

// One group's (or window frame's) state.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  virtual void add(const Row& row) = 0;
  virtual Value result() = 0;
};

struct Aggregate {
  std::vector<DataType> arguments;
  DataType result;
  bool skip_null = true;  // rows whose first argument is NULL do not count
  bool distinct = false;  // by the first argument
  std::function<std::unique_ptr<Accumulator>()> make;
};

class Runtime {
 public:
  // Makes this the runtime of the calls on this thread until destroyed; registers the two functions on first use.
  explicit Runtime(const Store& store);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  sqlite3* db() const { return db_; }

  int add(Scalar scalar);
  int add(Aggregate aggregate);
  const Scalar& scalar(size_t number) const { return scalars_.at(number); }
  const Aggregate& aggregate(size_t number) const { return aggregates_.at(number); }

  // What the body threw, when SQLite reports an error.
  void set_failure(SqlError error);

  // Runs a SELECT; the columns are decoded by these types. Throws SqlError, or CallCancelled.
  std::vector<Row> query(const std::string& sql, const std::vector<DataType>& types);
  // Keeps the rows of a SELECT in a table of its own as long as this lives, with an index on each of these columns;
  // returns the table's name.
  std::string keep(const std::string& select, const std::set<std::string>& indexed);

 private:
  void run(const std::string& sql);
  [[noreturn]] void raise(const std::string& what);

  const Store& store_;
  sqlite3* db_;
  Runtime* previous_;
  std::vector<std::string> kept_;
  std::vector<Scalar> scalars_;
  std::vector<Aggregate> aggregates_;
  std::optional<SqlError> failure_;
};

}  // namespace kalam::stub::sql
