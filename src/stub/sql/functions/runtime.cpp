#include "stub/sql/functions/runtime.h"

#include <sqlite3.h>

#include "stub/base/status.h"
#include "stub/store/codec.h"

namespace kalam::stub::sql {

namespace {

thread_local Runtime* current = nullptr;

Row read_arguments(const std::vector<DataType>& types, int count, sqlite3_value** values, bool* any_null) {
  Row row;
  row.reserve(types.size());
  for (size_t i = 0; i < types.size() && static_cast<int>(i) + 1 < count; i++) {
    row.push_back(read_value(values[i + 1], types[i]));
    if (row.back().is_null()) *any_null = true;
  }
  return row;
}

// Runs a body; errors become SQLite errors and are kept for the caller of the statement.
template <class Body>
void guarded(sqlite3_context* context, Body body) {
  try {
    body();
  } catch (const SqlError& error) {
    current->set_failure(error);
    sqlite3_result_error(context, "kalam", -1);
  } catch (const ArrowError& error) {
    current->set_failure({kInternal, "Execution error: Arrow error: " + error.text});
    sqlite3_result_error(context, "kalam", -1);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  } catch (const std::exception& error) {
    current->set_failure({kInternal, std::string("kalam-stub does not evaluate: ") + error.what()});
    sqlite3_result_error(context, "kalam", -1);
  }
}

void call_scalar(sqlite3_context* context, int count, sqlite3_value** values) {
  if (current == nullptr || count < 1) return sqlite3_result_error(context, "no statement", -1);
  guarded(context, [&]() {
    const Scalar& scalar = current->scalar(static_cast<size_t>(sqlite3_value_int64(values[0])));
    bool any_null = false;
    Row row = read_arguments(scalar.arguments, count, values, &any_null);
    if (scalar.strict && any_null) return sqlite3_result_null(context);
    set_result(context, scalar.body(row), scalar.result);
  });
}

struct AggregateState {
  const Aggregate* aggregate = nullptr;
  std::unique_ptr<Accumulator> accumulator;
  std::set<std::string> seen;
};

std::string distinct_key(sqlite3_value* value) {
  int type = sqlite3_value_type(value);
  const void* bytes = type == SQLITE_BLOB ? sqlite3_value_blob(value) : sqlite3_value_text(value);
  return std::to_string(type) +
         std::string(static_cast<const char*>(bytes), static_cast<size_t>(sqlite3_value_bytes(value)));
}

void step_aggregate(sqlite3_context* context, int count, sqlite3_value** values) {
  if (current == nullptr || count < 1) return sqlite3_result_error(context, "no statement", -1);
  auto** slot = static_cast<AggregateState**>(sqlite3_aggregate_context(context, sizeof(AggregateState*)));
  if (slot == nullptr) return sqlite3_result_error_nomem(context);
  guarded(context, [&]() {
    if (*slot == nullptr) {
      auto state = std::make_unique<AggregateState>();
      state->aggregate = &current->aggregate(static_cast<size_t>(sqlite3_value_int64(values[0])));
      state->accumulator = state->aggregate->make();
      *slot = state.release();
    }
    AggregateState& state = **slot;
    if (count > 1 && state.aggregate->skip_null && sqlite3_value_type(values[1]) == SQLITE_NULL) return;
    if (state.aggregate->distinct && !state.seen.insert(distinct_key(values[1])).second) return;
    bool any_null = false;
    state.accumulator->add(read_arguments(state.aggregate->arguments, count, values, &any_null));
  });
}

// The value so far, for a window function with the default frame.
void current_aggregate(sqlite3_context* context) {
  auto** slot = static_cast<AggregateState**>(sqlite3_aggregate_context(context, 0));
  if (slot == nullptr || *slot == nullptr || current == nullptr) return sqlite3_result_null(context);
  AggregateState& state = **slot;
  guarded(context, [&]() { set_result(context, state.accumulator->result(), state.aggregate->result); });
}

// Frames that lose rows are not bound.
void leave_frame(sqlite3_context* context, int, sqlite3_value**) {
  sqlite3_result_error(context, "no such frame", -1);
}

void finish_aggregate(sqlite3_context* context) {
  auto** slot = static_cast<AggregateState**>(sqlite3_aggregate_context(context, 0));
  if (slot == nullptr || *slot == nullptr || current == nullptr) return sqlite3_result_null(context);
  std::unique_ptr<AggregateState> state(*slot);
  *slot = nullptr;
  guarded(context, [&]() { set_result(context, state->accumulator->result(), state->aggregate->result); });
}

bool registered(sqlite3* db) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(db, "SELECT kalam_call(0)", -1, &statement, nullptr);
  sqlite3_finalize(statement);
  return code == SQLITE_OK;
}

}  // namespace

Runtime::Runtime(const Store& store) : store_(store), db_(store.db()), previous_(current) {
  current = this;
  if (registered(db_)) return;
  sqlite3_create_function_v2(db_, "kalam_call", -1, SQLITE_UTF8, nullptr, call_scalar, nullptr, nullptr, nullptr);
  sqlite3_create_window_function(db_, "kalam_aggregate", -1, SQLITE_UTF8, nullptr, step_aggregate, finish_aggregate,
                                 current_aggregate, leave_frame, nullptr);
}

Runtime::~Runtime() {
  for (const std::string& name : kept_) {
    sqlite3_exec(db_, ("DROP TABLE IF EXISTS temp." + name).c_str(), nullptr, nullptr, nullptr);
  }
  current = previous_;
}

int Runtime::add(Scalar scalar) {
  scalars_.push_back(std::move(scalar));
  return static_cast<int>(scalars_.size()) - 1;
}

int Runtime::add(Aggregate aggregate) {
  aggregates_.push_back(std::move(aggregate));
  return static_cast<int>(aggregates_.size()) - 1;
}

void Runtime::set_failure(SqlError error) {
  if (!failure_) failure_ = std::move(error);
}

void Runtime::raise(const std::string& what) {
  if (failure_) {
    SqlError error = *failure_;
    failure_.reset();
    throw error;
  }
  if (sqlite3_errcode(db_) == SQLITE_INTERRUPT) throw CallCancelled();
  refuse(what + ": " + sqlite3_errmsg(db_));
}

std::vector<Row> Runtime::query(const std::string& sql, const std::vector<DataType>& types) {
  sqlite3_stmt* raw = nullptr;
  Store::Reading reading(store_);
  failure_.reset();
  if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK) {
    raise("SQLite could not prepare the query");
  }
  std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(raw, sqlite3_finalize);
  std::vector<Row> rows;
  int code = SQLITE_OK;
  while ((code = sqlite3_step(raw)) == SQLITE_ROW) {
    Row row;
    row.reserve(types.size());
    for (size_t i = 0; i < types.size(); i++) row.push_back(read_column(raw, static_cast<int>(i), types[i]));
    rows.push_back(std::move(row));
  }
  if (code != SQLITE_DONE) {
    raise("SQLite could not run the query");
  }
  return rows;
}

void Runtime::run(const std::string& sql) {
  failure_.reset();
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) raise("SQLite could not keep rows");
}

std::string Runtime::keep(const std::string& select, const std::set<std::string>& indexed) {
  // Only a temporary table is written, and no transaction is open.
  Store::Reading reading(store_);
  std::string name = "kept" + std::to_string(kept_.size());
  // A runtime inside another one has names of its own.
  for (const Runtime* outer = previous_; outer != nullptr; outer = outer->previous_) name += "x";
  kept_.push_back(name);
  run("CREATE TEMP TABLE " + name + " AS " + select);
  for (const std::string& column : indexed) {
    run("CREATE INDEX temp." + name + "_" + column + " ON " + name + " (" + column + ")");
  }
  return name;
}

}  // namespace kalam::stub::sql
