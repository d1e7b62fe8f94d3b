#include "stub/rows/transactions.h"

#include <algorithm>
#include <set>

#include "client/rows/user_shard.h"
#include "stub/arrow/coerce.h"
#include "stub/rows/write.h"

namespace kalam::stub {

namespace {

Status not_found(const std::string& id) {
  return Status::failure(kFailedPrecondition, "Not found: transaction '" + id + "' not found");
}

// What a transaction of R2 may stage besides its bytes (specification 8.3); the text is not known.
constexpr size_t kMostVersionsR2 = 65536;

std::string two_digits(unsigned number) {
  std::string text = std::to_string(number);
  return text.size() < 2 ? "0" + text : text;
}

size_t key_index(const TableDef& table) {
  return static_cast<size_t>(table.key() - table.columns.data());
}

// An insert of a mixed commit is stored as sent: neither refused for its type nor for a NULL. What the columns cannot
// hold at all reads as NULL.
Row row_as_sent(const TableDef& table, const SentRow& sent) {
  std::string ignored;
  return coerce_row(table, sent, ignored, true).value();
}

}  // namespace

std::string provider_not_found(TableKind requested, const std::string& name_space, const std::string& table) {
  return std::string(requested == TableKind::shared ? "Shared table" : "Table") + " provider not found: " + name_space +
         ":" + table;
}

std::optional<std::string> check_transaction_id(const std::string& id) {
  if (id.empty()) return "transaction_id must not be empty";
  if (id.size() != 36) return "transaction id must be a 36-character UUID string";
  for (size_t i = 0; i < id.size(); i++) {
    bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen && id[i] != '-') return "transaction id must use canonical UUID hyphen positions";
    bool hex = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f') || (id[i] >= 'A' && id[i] <= 'F');
    if (!hyphen && !hex) return "transaction id must contain only hexadecimal digits";
  }
  if (id[14] != '7') return "transaction id must be a UUID v7";
  if (std::string_view("89abAB").find(id[19]) == std::string_view::npos) {
    return "transaction id must use an RFC 4122 variant";
  }
  return std::nullopt;
}

std::string Transactions::data_group(TableKind kind, const std::string& user) const {
  if (kind == TableKind::shared) return "data:shared:00";
  auto shards = static_cast<unsigned>(options_.standalone ? 1 : std::max(options_.user_shards, 1));
  return "data:user:" + two_digits(user_shard(user, shards));
}

bool Transactions::timed_out(const Transaction& transaction) const {
  return store_.clock().now_ms() - transaction.last_used_ms >= options_.transaction_timeout_s * 1000;
}

bool Transactions::is_open(const std::string& owner) const {
  auto found = open_.find(owner);
  return found != open_.end() && !found->second.aborted && !timed_out(found->second);
}

Transaction* Transactions::find(const std::string& owner, const char* action, Status& status) {
  auto found = open_.find(owner);
  if (found == open_.end()) return nullptr;
  Transaction& transaction = found->second;
  if (timed_out(transaction)) {
    std::string id = transaction.id;
    open_.erase(found);
    status = Status::failure(kFailedPrecondition, std::string(action) == "scan"
                                                      ? "Invalid operation: transaction '" + id + "' is timed_out"
                                                      : "Invalid operation: cannot " + std::string(action) +
                                                            " transaction '" + id +
                                                            "' because it timed out and was aborted");
    return nullptr;
  }
  if (transaction.aborted) {
    std::string group = transaction.group.empty() ? data_group(TableKind::shared, "") : transaction.group;
    status = Status::failure(kFailedPrecondition, "Invalid operation: transaction '" + transaction.id +
                                                      "' was aborted because leader for bound raft group '" + group +
                                                      "' changed from node '1' to '2'; retry in a new transaction");
    open_.erase(found);
    return nullptr;
  }
  transaction.last_used_ms = store_.clock().now_ms();
  return &transaction;
}

void Transactions::abort_all() {
  for (auto& [owner, transaction] : open_) transaction.aborted = true;
}

Status Transactions::begin(const std::string& owner, const std::string& session_id, std::string& id) {
  if (options_.r2 && open_.contains(owner)) {
    return Status::failure(kFailedPrecondition,
                           "backend session '" + session_id + "' already has an active transaction block");
  }
  Transaction transaction;
  transaction.id = id = store_.ids().uuid_v7(store_.clock().now_ms());
  transaction.owner = owner;
  transaction.session_id = session_id;
  // A snapshot of a store without any version must still hide what comes later.
  transaction.snapshot = std::max<int64_t>(store_.last_seq(), 1);
  transaction.begun_ms = transaction.last_used_ms = store_.clock().now_ms();
  open_[owner] = std::move(transaction);
  return {};
}

std::optional<std::string> Transactions::bind(Transaction& transaction, const std::string& name_space,
                                              const std::string& table, TableKind kind, const std::string& user) {
  if (options_.standalone) return std::nullopt;
  std::string group = data_group(kind, user);
  if (transaction.group.empty()) transaction.group = group;
  if (transaction.group == group) return std::nullopt;
  return "Invalid operation: explicit transaction '" + transaction.id + "' is already bound to data raft group '" +
         transaction.group + "' and cannot access table '" + name_space + ":" + table + "' in group '" + group + "'";
}

Status Transactions::stage(Transaction& transaction, std::vector<StagedWrite> writes, uint64_t bytes) {
  transaction.bytes += bytes;
  if (transaction.bytes > options_.transaction_buffer) {
    std::string text = "Invalid operation: transaction '" + transaction.id + "' exceeded buffer limit of " +
                       std::to_string(options_.transaction_buffer) + " bytes and was aborted";
    abandon(std::string(transaction.owner));
    return Status::failure(kFailedPrecondition, text);
  }
  if (options_.r2 && transaction.writes.size() + writes.size() > kMostVersionsR2) {
    std::string text = "Invalid operation: transaction '" + transaction.id + "' exceeded buffer limit of " +
                       std::to_string(kMostVersionsR2) + " row versions and was aborted";
    abandon(std::string(transaction.owner));
    return Status::failure(kFailedPrecondition, text);
  }
  for (StagedWrite& write : writes) transaction.writes.push_back(std::move(write));
  return {};
}

Status Transactions::resolve(const std::string& owner, const std::string& id, const char* action) {
  if (auto error = check_transaction_id(id)) return Status::failure(kInvalidArgument, *error);
  auto found = open_.find(owner);
  if (found == open_.end()) {
    return options_.r2 ? Status::failure(kFailedPrecondition, "transaction '" + id + "' not found") : not_found(id);
  }
  if (found->second.id != id) {
    if (!options_.r2) return not_found(id);
    return Status::failure(kFailedPrecondition,
                           "transaction ID mismatch: expected '" + found->second.id + "', got '" + id + "'");
  }
  Status status;
  find(owner, action, status);
  return status;
}

Status Transactions::rollback(const std::string& owner, const std::string& id) {
  Status status = resolve(owner, id, "rollback");
  if (status.ok()) open_.erase(owner);
  return status;
}

Status Transactions::commit(const std::string& owner, const std::string& id) {
  Status status = resolve(owner, id, "commit");
  if (!status.ok()) return status;
  Transaction transaction = std::move(open_[owner]);
  open_.erase(owner);
  std::optional<std::string> error = check_groups(transaction);
  if (!error) {
    if (options_.r2) {
      Store::Savepoint savepoint(store_);
      error = apply(transaction);
      if (!error) savepoint.release();
    } else {
      error = apply(transaction);
    }
  }
  if (!error) return {};
  return Status::failure(kFailedPrecondition,
                         "Invalid operation: failed to commit transaction '" + transaction.id + "': " + *error);
}

std::optional<std::string> Transactions::check_groups(const Transaction& transaction) const {
  std::string group;
  for (const StagedWrite& write : transaction.writes) {
    std::string needed = data_group(write.table_kind, write.user);
    if (group.empty()) group = needed;
    if (needed != group) {
      return "Invalid operation: explicit transactions must remain within one data raft group; '" + write.name_space +
             "." + write.table + "' mapped to " + needed + " while prior mutations mapped to " + group;
    }
  }
  return std::nullopt;
}

// Step 1: every staged insert against committed rows and against the others, before anything is applied.
std::optional<std::string> Transactions::check_inserts(const Transaction& transaction) const {
  const std::string prefix = "Raft error: Provider error: Execution error: Failed to insert batch row: ";
  std::set<std::string> seen;
  for (const StagedWrite& write : transaction.writes) {
    if (write.kind != StagedWrite::insert) continue;
    auto table = store_.find_table(write.name_space, write.table);
    if (table == nullptr) continue;
    const ColumnDef* key = table->key();
    if (key == nullptr) continue;
    std::string ignored;
    auto sent = write.row.find(key->name);
    auto value = sent == write.row.end() ? std::optional<Value>(zero_value(key->type))
                                         : coerce(sent->second, key->type, key->name, ignored);
    if (!value || value->is_null()) continue;
    std::string text = key_text(*value, key->type);
    std::string identity = write.name_space + '\0' + write.table + '\0' + write.user + '\0' + text;
    if (!seen.insert(identity).second) {
      return prefix + "Already exists: Primary key violation: value '" + text +
             "' appears multiple times in the transaction batch for column '" + key->name + "'";
    }
    auto stored = store_.find_row(*table, write.user, *value);
    if (stored && !stored->deleted) {
      return prefix + "Already exists: Primary key violation: value '" + text + "' already exists in column '" +
             key->name + "' (hot storage)";
    }
  }
  return std::nullopt;
}

std::optional<std::string> Transactions::apply(const Transaction& transaction) {
  if (transaction.writes.empty()) return std::nullopt;
  for (const StagedWrite& write : transaction.writes) {
    auto table = store_.find_table(write.name_space, write.table);
    if (table == nullptr) {
      return "Raft error: Provider error: " + provider_not_found(write.table_kind, write.name_space, write.table);
    }
    if ((write.table_kind == TableKind::shared) != (table->kind == TableKind::shared)) {
      return std::string("Raft error: Provider error: Execution error: Provider type mismatch for ") +
             (write.table_kind == TableKind::shared ? "shared" : "user") + " table " + write.name_space + ":" +
             write.table;
    }
  }
  if (auto error = check_inserts(transaction)) return error;
  const StagedWrite& first = transaction.writes[0];
  bool one_batch = std::all_of(transaction.writes.begin(), transaction.writes.end(), [&](const StagedWrite& write) {
    return write.kind == StagedWrite::insert && write.name_space == first.name_space && write.table == first.table &&
           write.user == first.user;
  });
  if (one_batch) return apply_one_batch(transaction, *store_.find_table(first.name_space, first.table));
  return apply_in_order(transaction);
}

std::optional<std::string> Transactions::apply_one_batch(const Transaction& transaction, const TableDef& table) {
  const std::string prefix = "Raft error: Provider error: Execution error: Failed to insert batch rows: ";
  std::vector<Row> rows;
  for (const StagedWrite& write : transaction.writes) {
    std::string error;
    auto row = coerce_row(table, write.row, error);
    if (!row) return prefix + error;
    rows.push_back(std::move(*row));
  }
  if (auto error = insert_rows(store_, table, transaction.writes[0].user, rows)) return prefix + *error;
  return std::nullopt;
}

// One after the other, with nothing to undo what came before a failure (8.5).
std::optional<std::string> Transactions::apply_in_order(const Transaction& transaction) {
  const std::string prefix = "Raft error: Provider error: Execution error: ";
  for (const StagedWrite& write : transaction.writes) {
    auto table = store_.find_table(write.name_space, write.table);
    switch (write.kind) {
      case StagedWrite::insert: {
        Row row = row_as_sent(*table, write.row);
        Value key = row[key_index(*table)];
        if (!usable_key_type(table->key()->type) || key.is_null()) {
          return prefix + "Failed to insert batch row: Invalid operation: Primary key column '" + table->key()->name +
                 "' has unsupported or NULL value";
        }
        store_.append(*table, write.user, key, row, false);
        break;
      }
      case StagedWrite::update: {
        WriteResult result = update_row(store_, *table, write.user, write.key, write.row);
        if (!result.error.empty()) return prefix + "Failed to update row: " + result.error;
        break;
      }
      case StagedWrite::erase: {
        WriteResult result = delete_row(store_, *table, write.user, write.key);
        if (!result.error.empty()) return prefix + "Failed to delete row: " + result.error;
        break;
      }
    }
  }
  return std::nullopt;
}

}  // namespace kalam::stub
