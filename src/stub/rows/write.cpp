#include "stub/rows/write.h"

#include <set>

#include "stub/store/codec.h"

namespace kalam::stub {

namespace {

size_t key_index(const TableDef& table) {
  for (size_t i = 0; i < table.columns.size(); i++) {
    if (table.columns[i].primary_key) return i;
  }
  return table.columns.size();
}

bool same_values(const TableDef& table, const Row& a, const Row& b) {
  for (size_t i = 0; i < table.columns.size(); i++) {
    if (table.columns[i].system_column) continue;
    if (sql_literal(a[i], table.columns[i].type) != sql_literal(b[i], table.columns[i].type)) return false;
  }
  return true;
}

}  // namespace

bool usable_key_type(const DataType& type) {
  switch (type.id) {
    case TypeId::utf8:
    case TypeId::int16:
    case TypeId::int32:
    case TypeId::int64:
    case TypeId::boolean:
    case TypeId::float32:
    case TypeId::float64:
      return true;
    default:
      return false;
  }
}

std::optional<Row> coerce_row(const TableDef& table, const SentRow& sent, std::string& error, bool takes_all) {
  Row row(table.columns.size());
  for (size_t i = 0; i < table.columns.size(); i++) {
    const ColumnDef& column = table.columns[i];
    if (column.system_column) continue;
    auto found = sent.find(column.name);
    if (found == sent.end()) {
      if (!column.nullable) row[i] = zero_value(column.type);
      continue;
    }
    auto value = coerce(found->second, column.type, column.name, error);
    if (!value && !takes_all) return std::nullopt;
    row[i] = std::move(value).value_or(Value{});
  }
  return row;
}

std::optional<std::string> check_not_null(const TableDef& table, const Row& row, size_t row_number) {
  for (size_t i = 0; i < table.columns.size(); i++) {
    const ColumnDef& column = table.columns[i];
    if (column.system_column || column.nullable || !row[i].is_null()) continue;
    return "Constraint violation: Execution error: NOT NULL constraint violation: column '" + column.name +
           "' cannot be NULL (row " + std::to_string(row_number) + ")";
  }
  return std::nullopt;
}

std::optional<std::string> insert_rows(Store& store, const TableDef& table, const std::string& user,
                                       const std::vector<Row>& rows) {
  size_t key = key_index(table);
  bool keyed = key < table.columns.size();
  std::vector<bool> first(rows.size(), false);  // no version of its key is stored
  if (table.kind != TableKind::stream) {
    for (size_t i = 0; i < rows.size(); i++) {
      if (auto error = check_not_null(table, rows[i], i + 1)) return error;
    }
    const ColumnDef& column = table.columns[key];
    if (!usable_key_type(column.type) && !rows.empty()) {
      return "Invalid operation: Primary key column '" + column.name + "' has unsupported or NULL value";
    }
    std::set<std::string> seen;
    for (size_t i = 0; i < rows.size(); i++) {
      const Row& row = rows[i];
      std::string text = key_text(row[key], column.type);
      if (!seen.insert(text).second) {
        return "Already exists: Primary key violation: value '" + text +
               "' appears multiple times in the insert batch for column '" + column.name + "'";
      }
      auto stored = store.find_row(table, user, row[key]);
      if (stored && !stored->deleted) {
        return "Already exists: Primary key violation: value '" + text + "' already exists in column '" + column.name +
               "'";
      }
      first[i] = !stored;
    }
  }
  Store::Savepoint savepoint(store);
  for (size_t i = 0; i < rows.size(); i++) {
    store.append(table, user, keyed ? rows[i][key] : Value{}, rows[i], false, first[i]);
  }
  savepoint.release();
  return std::nullopt;
}

WriteResult update_row(Store& store, const TableDef& table, const std::string& user, const std::string& pk_value,
                       const SentRow& sent) {
  WriteResult result;
  if (table.kind == TableKind::stream) {
    result.error = "Invalid operation: UPDATE is not supported for STREAM tables";
    return result;
  }
  size_t key = key_index(table);
  const ColumnDef& key_column = table.columns[key];
  std::string reason;
  auto key_value = parse_key(pk_value, key_column.type, reason);
  if (!key_value && !reason.empty()) {
    result.error = "Invalid operation: " + reason;
    return result;
  }
  if (sent.empty()) return result;
  std::string missing = "Not found: Row with " + key_column.name + "=" + pk_value;
  auto stored = key_value ? store.find_row(table, user, *key_value) : std::nullopt;
  if (!stored) {
    result.error = missing + " not found (checked both hot and cold storage)";
    return result;
  }
  if (stored->deleted) {
    result.error = missing + " was deleted";
    return result;
  }
  Row merged = stored->values;
  bool names_others = false;
  for (const auto& [name, value] : sent) {
    const ColumnDef* column = table.find_column(name);
    if (column == nullptr || column->system_column) {
      names_others = true;
      continue;
    }
    auto coerced = coerce(value, column->type, name, result.error);
    if (!coerced) return result;
    merged[static_cast<size_t>(column - table.columns.data())] = std::move(*coerced);
  }
  if (auto error = check_not_null(table, merged, 1)) {
    result.error = *error;
    return result;
  }
  if (!names_others && same_values(table, merged, stored->values)) return result;
  store.append(table, user, merged[key], merged, false);
  result.affected = 1;
  return result;
}

WriteResult delete_row(Store& store, const TableDef& table, const std::string& user, const std::string& pk_value) {
  WriteResult result;
  const ColumnDef* key_column = table.key();
  if (key_column == nullptr) return result;
  std::string reason;
  auto key_value = parse_key(pk_value, key_column->type, reason);
  if (!key_value) {
    if (!reason.empty()) result.error = "Invalid operation: " + reason;
    return result;
  }
  if (table.kind == TableKind::stream) {
    result.affected = store.erase_stream_rows(table, user, *key_value) > 0 ? 1 : 0;
    return result;
  }
  auto stored = store.find_row(table, user, *key_value);
  if (!stored || stored->deleted) return result;
  store.append(table, user, *key_value, stored->values, true);
  result.affected = 1;
  return result;
}

}  // namespace kalam::stub
