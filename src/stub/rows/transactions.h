// Transactions: writes staged in memory, a snapshot taken at Begin, one data group each (specification 8).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stub/base/options.h"
#include "stub/base/status.h"
#include "stub/rows/row_json.h"
#include "stub/store/store.h"

namespace kalam::stub {

struct StagedWrite {
  enum Kind { insert, update, erase };
  Kind kind = insert;
  std::string name_space;
  std::string table;
  TableKind table_kind = TableKind::shared;  // as the request named it
  std::string user;                          // '' for SHARED
  std::string key;                           // as text: the inserted `id`, or pk_value as sent
  SentRow row;
};

struct Transaction {
  std::string id;
  std::string owner;       // owner key
  std::string session_id;  // of the Begin
  int64_t snapshot = 0;
  int64_t begun_ms = 0;
  int64_t last_used_ms = 0;
  std::string group;  // data group, once bound
  std::vector<StagedWrite> writes;
  uint64_t bytes = 0;
  bool aborted = false;  // by the server: its next use is told so and ends it
};

class Transactions {
 public:
  Transactions(Store& store, const Options& options) : store_(store), options_(options) {}

  // The open transaction of an owner; nullptr: none. One that timed out or was aborted is ended and `status` says so
  // (`action` is "stage writes in", "access" …).
  Transaction* find(const std::string& owner, const char* action, Status& status);
  // Open, neither timed out nor aborted.
  bool is_open(const std::string& owner) const;
  const std::map<std::string, Transaction>& all() const { return open_; }

  Status begin(const std::string& owner, const std::string& session_id, std::string& id);
  Status commit(const std::string& owner, const std::string& id);
  Status rollback(const std::string& owner, const std::string& id);
  void abandon(const std::string& owner) { open_.erase(owner); }
  void clear() { open_.clear(); }
  // As when the leader of their data group changes: the next use of each is told so (specification 8.6).
  void abort_all();

  // Binds the transaction to the data group of this table and user, or says why not. The text is without the prefix
  // that Scan puts in front.
  std::optional<std::string> bind(Transaction& transaction, const std::string& name_space, const std::string& table,
                                  TableKind kind, const std::string& user);
  Status stage(Transaction& transaction, std::vector<StagedWrite> writes, uint64_t bytes);

  // "data:shared:00", "data:user:08".
  std::string data_group(TableKind kind, const std::string& user) const;

 private:
  bool timed_out(const Transaction& transaction) const;
  Status resolve(const std::string& owner, const std::string& id, const char* action);
  std::optional<std::string> check_inserts(const Transaction& transaction) const;
  std::optional<std::string> apply(const Transaction& transaction);
  std::optional<std::string> apply_one_batch(const Transaction& transaction, const TableDef& table);
  std::optional<std::string> apply_in_order(const Transaction& transaction);
  std::optional<std::string> check_groups(const Transaction& transaction) const;

  Store& store_;
  const Options& options_;
  std::map<std::string, Transaction> open_;  // by owner
};

// The text of a transaction id that has the wrong shape; nullopt: a UUID v7.
std::optional<std::string> check_transaction_id(const std::string& id);

// "Shared table provider not found: ns:t", "Table provider not found: ns:t".
std::string provider_not_found(TableKind requested, const std::string& name_space, const std::string& table);

}  // namespace kalam::stub
