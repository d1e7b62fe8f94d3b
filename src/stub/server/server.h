// The twelve methods of kalamdb.pg.PgService, without gRPC around them.
#pragma once

#include <atomic>
#include <string>

#include "kalamdb_pg.pb.h"
#include "stub/base/options.h"
#include "stub/base/status.h"
#include "stub/base/work.h"
#include "stub/rows/scan.h"
#include "stub/rows/transactions.h"
#include "stub/server/auth.h"
#include "stub/server/sessions.h"
#include "stub/sql/parse/outcome.h"
#include "stub/store/store.h"

namespace kalam::stub {

// What a call brings besides its message.
struct CallContext {
  Credentials credentials;
  std::string session_token;
  std::string peer;
  const std::atomic<bool>* cancelled = nullptr;  // set while the call runs: reading ends with CallCancelled
  Work* work = nullptr;                          // what the call had to do, for a pace
};

class Server {
 public:
  explicit Server(const Options& options);

  Status ping(const CallContext&, const kalamdb::pg::PingRequest&, kalamdb::pg::PingResponse&);
  Status open_session(const CallContext&, const kalamdb::pg::OpenSessionRequest&, kalamdb::pg::OpenSessionResponse&);
  Status close_session(const CallContext&, const kalamdb::pg::CloseSessionRequest&, kalamdb::pg::CloseSessionResponse&);
  Status scan(const CallContext&, const kalamdb::pg::ScanRequest&, kalamdb::pg::ScanResponse&, uint64_t& rows);
  Status insert(const CallContext&, const kalamdb::pg::InsertRequest&, kalamdb::pg::InsertResponse&);
  Status update(const CallContext&, const kalamdb::pg::UpdateRequest&, kalamdb::pg::UpdateResponse&);
  Status erase(const CallContext&, const kalamdb::pg::DeleteRequest&, kalamdb::pg::DeleteResponse&);
  Status begin(const CallContext&, const kalamdb::pg::BeginTransactionRequest&, kalamdb::pg::BeginTransactionResponse&);
  Status commit(const CallContext&, const kalamdb::pg::CommitTransactionRequest&,
                kalamdb::pg::CommitTransactionResponse&);
  Status rollback(const CallContext&, const kalamdb::pg::RollbackTransactionRequest&,
                  kalamdb::pg::RollbackTransactionResponse&);
  Status execute_sql(const CallContext&, const kalamdb::pg::ExecuteSqlRequest&, kalamdb::pg::ExecuteSqlResponse&);
  Status execute_query(const CallContext&, const kalamdb::pg::ExecuteQueryRequest&, kalamdb::pg::ExecuteQueryResponse&,
                       uint64_t& rows);

  // For the control service.
  Clock& clock() { return clock_; }
  Store& store() { return store_; }
  void restart();  // sessions and transactions are gone, tables stay
  void prune(const std::string& session_id);
  void abort_transactions();
  void set_nodes(std::vector<ClusterNode> nodes);
  void set_address(const std::string& rpc_addr);

 private:
  // Names and kind of a request that reads or writes a table, checked and folded.
  struct Target {
    std::string name_space;
    std::string table;
    TableKind kind = TableKind::shared;
    std::string user;  // trimmed; '' for SHARED or none
  };
  template <class Request>
  Status resolve(const CallContext&, const Request&, const char* method, Target& target, std::string& owner);
  Status begin_owned(const CallContext&, const std::string& session_id, const char* method, std::string& owner);
  // The checks that writes have in common; `verb` is "insert into", `noun` "inserts".
  Status check_write(const Target& target, const char* verb, const char* noun) const;
  Status write_table(const Target& target, std::shared_ptr<const TableDef>& table) const;
  Status check_access(const Target& target, const TableDef& table) const;
  void note_scan(const CallContext&, const TableDef& table, const ScanInput& input) const;
  Status scan_system(const Target& target, const std::string& name, kalamdb::pg::ScanResponse& response,
                     uint64_t& rows);
  Status stage(const std::string& owner, const Target& target, std::vector<StagedWrite> writes, uint64_t bytes,
               bool& staged);
  Status check_columns(const TableDef& table, const SentRow& row) const;
  SqlOutcome execute(const CallContext&, const std::string& sql);
  void apply_flush_policies();

  // system.* relations that are not in the store.
  std::optional<ResultSet> system_relation(const std::string& name);
  ResultSet sessions_relation();
  ResultSet transactions_relation();
  ResultSet cluster_relation() const;
  ResultSet cluster_groups_relation() const;
  ResultSet settings_relation() const;
  ResultSet users_relation() const;

  Options options_;
  Clock clock_;
  IdSource ids_;
  Store store_;
  Sessions sessions_;
  Transactions transactions_;
  Authenticator authenticator_;
  std::string rpc_addr_;
  int64_t started_us_ = 0;
  int64_t last_flush_check_us_ = 0;
};

// Ends the process the way a panic ends a real server: the reason goes to stderr, the exit status is 86.
[[noreturn]] void die_like_the_server(const std::string& reason);

}  // namespace kalam::stub
