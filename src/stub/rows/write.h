// Inserts, updates and deletes on stored rows, without a transaction (specification 6.4, 7). Used by the RPCs, by
// commits and by SQL statements. Errors are texts as they stand behind "Failed to insert batch: " and the like. Callers
// hold the store's mutex; each function is all or nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stub/rows/row_json.h"
#include "stub/store/store.h"

namespace kalam::stub {

// A row as a table's columns hold it: coerced, missing NOT NULL columns as zeros. nullopt: `error` says why.
// With `takes_all` nothing is refused: a value that its column cannot hold reads as NULL.
std::optional<Row> coerce_row(const TableDef& table, const SentRow& sent, std::string& error, bool takes_all = false);

// "Constraint violation: Execution error: NOT NULL constraint violation: column 'a' cannot be NULL (row 1)"; rows count
// from 1.
std::optional<std::string> check_not_null(const TableDef& table, const Row& row, size_t row_number);

// True for the types of which a key can be inserted and found again (7.3).
bool usable_key_type(const DataType& type);

// Checks NOT NULL and keys and stores the rows. An error text, or nullopt.
std::optional<std::string> insert_rows(Store& store, const TableDef& table, const std::string& user,
                                       const std::vector<Row>& rows);

struct WriteResult {
  int64_t affected = 0;
  std::string error;  // empty: done
};

// One row by key; `sent` holds the columns to change.
WriteResult update_row(Store& store, const TableDef& table, const std::string& user, const std::string& pk_value,
                       const SentRow& sent);
WriteResult delete_row(Store& store, const TableDef& table, const std::string& user, const std::string& pk_value);

}  // namespace kalam::stub
