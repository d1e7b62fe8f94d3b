#include "stub/rows/scan.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "stub/arrow/coerce.h"
#include "stub/arrow/types.h"
#include "stub/base/text.h"
#include "stub/rows/scan_filter.h"
#include "stub/store/fields.h"

namespace kalam::stub {

namespace {

Status internal(std::string text) {
  return Status::failure(kInternal, std::move(text));
}

std::string no_field(const TableDef& table, const std::string& name) {
  std::string text = "Schema error: No field named " + name + ". Valid fields are ";
  for (size_t i = 0; i < table.columns.size(); i++) {
    text += std::string(i == 0 ? "" : ", ") + "\"?table?\"." + table.columns[i].name;
  }
  return text + ".";
}

// What a transaction has staged for one key, folded.
struct Staged {
  StagedWrite::Kind kind = StagedWrite::insert;
  SentRow row;
  bool used = false;
};

// In the order of first appearance, as a scan shows them.
struct Overlay {
  std::vector<std::string> order;
  std::map<std::string, Staged> by_key;
};

Overlay fold_writes(const Transaction& transaction, const TableDef& table, const std::string& user) {
  Overlay overlay;
  for (const StagedWrite& write : transaction.writes) {
    if (write.name_space != table.name_space || write.table != table.name || write.user != user) continue;
    auto [entry, is_new] = overlay.by_key.try_emplace(write.key);
    if (is_new) overlay.order.push_back(write.key);
    Staged& staged = entry->second;
    switch (write.kind) {
      case StagedWrite::insert:
        staged.kind = StagedWrite::insert;
        staged.row = write.row;
        break;
      case StagedWrite::update:
        if (is_new || staged.kind == StagedWrite::erase) {
          staged.kind = StagedWrite::update;
          staged.row.clear();
        }
        for (const auto& [name, value] : write.row) staged.row[name] = value;
        break;
      case StagedWrite::erase:
        staged.kind = StagedWrite::erase;
        staged.row.clear();
        break;
    }
  }
  return overlay;
}

// Puts the sent columns over a row, converted for display.
void put_columns(const TableDef& table, const SentRow& sent, Row& row) {
  for (size_t i = 0; i < table.columns.size(); i++) {
    const ColumnDef& column = table.columns[i];
    if (column.system_column) {
      // Staged rows show version 0 and are not deleted.
      row[i] = column.type.id == TypeId::boolean ? Value{false} : Value{int64_t{0}};
      continue;
    }
    auto found = sent.find(column.name);
    if (found == sent.end()) continue;
    std::string ignored;
    row[i] = coerce(found->second, column.type, column.name, ignored).value_or(Value{});
  }
}

Row bare_row(const TableDef& table, const SentRow& sent) {
  Row row(table.columns.size());
  for (size_t i = 0; i < table.columns.size(); i++) {
    if (!table.columns[i].nullable) row[i] = zero_value(table.columns[i].type);
  }
  put_columns(table, sent, row);
  return row;
}

struct Plan {
  std::vector<ScanPredicate> predicates;
  std::vector<size_t> projection;   // indexes of columns
  std::vector<bool> repeated;       // this output repeats an earlier one
  std::optional<Value> lookup_key;  // equality on the key, outside a transaction
  bool with_deleted = false;
};

Status plan_filters(const TableDef& table, const ScanInput& input, Plan& plan, bool& filtered) {
  for (const ScanFilter& filter : input.filters) {
    if (filter.op != "eq") continue;
    filtered = true;
    std::string name = to_lower(filter.column);
    const ColumnDef* column = table.find_column(name);
    if (column == nullptr) return internal(no_field(table, name));
    std::string error;
    auto predicate = ScanPredicate::make(table, *column, filter.value, error);
    if (!predicate) return internal(error);
    if (column->name == "_deleted") plan.with_deleted = true;
    if (column->primary_key && input.transaction == nullptr && predicate->exact_value() != nullptr &&
        table.kind != TableKind::stream) {
      plan.lookup_key = *predicate->exact_value();
    }
    plan.predicates.push_back(std::move(*predicate));
  }
  return {};
}

Status plan_projection(const TableDef& table, const ScanInput& input, Plan& plan, bool filtered) {
  if (input.columns.empty()) {
    for (size_t i = 0; i < table.columns.size(); i++) {
      plan.projection.push_back(i);
      plan.repeated.push_back(false);
    }
    return {};
  }
  for (size_t position = 0; position < input.columns.size(); position++) {
    // The filtered path goes through the planner, which folds names and checks them.
    std::string name = filtered ? to_lower(input.columns[position]) : input.columns[position];
    const ColumnDef* column = table.find_column(name);
    if (column == nullptr) {
      if (filtered) return internal(no_field(table, name));
      return Status::failure(kInvalidArgument,
                             "column '" + name + "' not found in table '" + table.name_space + "." + table.name + "'");
    }
    auto index = static_cast<size_t>(column - table.columns.data());
    auto earlier = std::find(plan.projection.begin(), plan.projection.end(), index);
    if (earlier != plan.projection.end() && filtered) {
      std::string shown = "\"?table?." + name + "\" at position ";
      return internal("Error during planning: Projections require unique expression names but the expression " + shown +
                      std::to_string(earlier - plan.projection.begin()) + " and " + shown + std::to_string(position) +
                      " have the same name. Consider aliasing (\"AS\") one of them.");
    }
    plan.repeated.push_back(earlier != plan.projection.end());
    plan.projection.push_back(index);
  }
  return {};
}

// Columns that hold what their type forbids make every scan fail that reaches the row (7.6, 5.1).
Status check_poison(const TableDef& table, const Plan& plan, const std::vector<RowVersion>& rows) {
  std::set<size_t> needed(plan.projection.begin(), plan.projection.end());
  for (const ScanPredicate& predicate : plan.predicates) needed.insert(predicate.column_index());
  std::string prefix = "Execution error: ";
  if (table.kind != TableKind::stream) prefix += std::string(kind_name(table.kind)) + "_table_scan failed: ";
  prefix += "Invalid operation: Failed to build Arrow batch: ";
  for (const RowVersion& row : rows) {
    for (size_t index : needed) {
      const ColumnDef& column = table.columns[index];
      const Value& value = row.values[index];
      if (value.is_null() && !column.nullable) {
        return internal(prefix + "Failed to build record batch: Invalid argument error: Column '" + column.name +
                        "' is declared as non-nullable but contains null values");
      }
      if (column.type.id == TypeId::fixed_size_binary && !value.is_null() &&
          std::get<std::string>(value.data).size() != static_cast<size_t>(column.type.width)) {
        return internal(prefix + "Invalid argument error: Nested array size mismatch: one is " +
                        std::to_string(column.type.width) + ", and the other is " +
                        std::to_string(std::get<std::string>(value.data).size()));
      }
    }
  }
  return {};
}

bool passes(const Plan& plan, const Row& row) {
  return std::all_of(plan.predicates.begin(), plan.predicates.end(),
                     [&](const ScanPredicate& predicate) { return predicate.matches(row); });
}

// The rows with the transaction's writes over them. Filters were applied to the stored rows, not to the result: that is
// KalamDB's defect (8.4).
std::vector<Row> overlay_rows(const TableDef& table, const ScanInput& input, std::vector<RowVersion> stored,
                              const Plan& plan) {
  Overlay overlay = fold_writes(*input.transaction, table, input.user);
  const ColumnDef* key = table.key();
  std::vector<Row> rows;
  for (RowVersion& row : stored) {
    if (input.overlay_defects && !passes(plan, row.values)) continue;
    auto key_value = row.values[static_cast<size_t>(key - table.columns.data())];
    auto found = overlay.by_key.find(key_text(key_value, key->type));
    if (found == overlay.by_key.end()) {
      rows.push_back(std::move(row.values));
      continue;
    }
    found->second.used = true;
    if (found->second.kind == StagedWrite::erase) continue;
    if (found->second.kind == StagedWrite::insert) {
      rows.push_back(bare_row(table, found->second.row));
    } else {
      put_columns(table, found->second.row, row.values);
      rows.push_back(std::move(row.values));
    }
  }
  for (const std::string& staged_key : overlay.order) {
    const Staged& staged = overlay.by_key[staged_key];
    if (!staged.used && staged.kind != StagedWrite::erase) rows.push_back(bare_row(table, staged.row));
  }
  if (!input.overlay_defects) std::erase_if(rows, [&](const Row& row) { return !passes(plan, row); });
  return rows;
}

}  // namespace

ScanOutcome scan_table(Store& store, const TableDef& table, const ScanInput& input) {
  ScanOutcome outcome;
  Plan plan;
  outcome.status = plan_filters(table, input, plan, outcome.filtered);
  if (!outcome.status.ok()) return outcome;
  outcome.status = plan_projection(table, input, plan, outcome.filtered);
  if (!outcome.status.ok()) return outcome;

  std::vector<RowVersion> stored;
  if (plan.lookup_key) {
    auto row = store.find_row(table, input.user, *plan.lookup_key);
    bool hidden = row && row->deleted && (!plan.with_deleted || store.is_cold(table, row->seq));
    if (row && !hidden) stored.push_back(std::move(*row));
  } else {
    int64_t snapshot = input.transaction != nullptr ? input.transaction->snapshot : 0;
    stored = store.visible_rows(table, input.user, input.version_cap, plan.with_deleted, snapshot);
  }
  outcome.status = check_poison(table, plan, stored);
  if (!outcome.status.ok()) return outcome;

  std::vector<Row> rows;
  if (input.transaction != nullptr && !input.transaction->writes.empty()) {
    rows = overlay_rows(table, input, std::move(stored), plan);
  } else {
    for (RowVersion& row : stored) {
      if (passes(plan, row.values)) rows.push_back(std::move(row.values));
    }
  }
  // KalamDB promises no order, and two scans of one table differ.
  std::mt19937_64 random(store.ids().number());
  std::shuffle(rows.begin(), rows.end(), random);
  if (outcome.filtered && input.limit) {
    if (rows.size() > *input.limit) rows.resize(*input.limit);
    outcome.no_entry = *input.limit == 0;
  }

  for (size_t i = 0; i < plan.projection.size(); i++) {
    outcome.rows.fields.push_back(field_of(table.columns[plan.projection[i]]));
  }
  outcome.rows.rows.reserve(rows.size());
  for (Row& row : rows) {
    Row projected;
    projected.reserve(plan.projection.size());
    for (size_t i = 0; i < plan.projection.size(); i++) {
      const ColumnDef& column = table.columns[plan.projection[i]];
      // A column asked for twice holds its values only once.
      if (plan.repeated[i]) {
        projected.push_back(column.nullable ? Value{} : zero_value(column.type));
      } else {
        projected.push_back(row[plan.projection[i]]);
      }
    }
    outcome.rows.rows.push_back(std::move(projected));
  }
  return outcome;
}

}  // namespace kalam::stub
