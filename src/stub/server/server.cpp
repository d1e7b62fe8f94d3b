#include "stub/server/server.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "stub/arrow/coerce.h"
#include "stub/arrow/types.h"
#include "stub/arrow/writer.h"
#include "stub/base/text.h"
#include "stub/rows/scan.h"
#include "stub/rows/write.h"
#include "stub/sql/run/engine.h"

namespace kalam::stub {

namespace {

Status invalid(std::string text) {
  return Status::failure(kInvalidArgument, std::move(text));
}
Status internal(std::string text) {
  return Status::failure(kInternal, std::move(text));
}

// A real server builds paths from these names and panics.
void check_deadly(const char* what, const std::string& name) {
  bool deadly = name.find("..") != std::string::npos || name.find('/') != std::string::npos ||
                name.find('\\') != std::string::npos || name.find('\0') != std::string::npos;
  if (deadly)
    die_like_the_server(std::string("the ") + what + " \"" + name + "\" holds \"..\", a slash, a backslash or NUL");
}

void note(const CallContext& call, std::string name, uint64_t rows = 0) {
  if (call.work == nullptr) return;
  call.work->call = std::move(name);
  call.work->rows = rows;
}

const char* const kProvider = "Raft error: Internal error: Provider error: ";

}  // namespace

void die_like_the_server(const std::string& reason) {
  std::fprintf(stderr, "kalam-stub: FATAL: a real KalamDB server would have died: %s\n", reason.c_str());
  std::fflush(stderr);
  _exit(86);
}

Server::Server(const Options& options)
    : options_(options),
      ids_(options.seed),
      store_(options.storage, clock_, ids_),
      sessions_(clock_, ids_, {options.r2, options.idle_prune, options.authenticate || options.require_client_cert}),
      transactions_(store_, options_),
      authenticator_(options_, clock_) {
  if (options.clock_start_us != 0) clock_.freeze(options.clock_start_us);
  clock_.advance(options.clock_offset_us);
  started_us_ = clock_.now_us();
  auto owner_of = [](const std::string& session_id) {
    std::string ignored;
    return owner_key(session_id, ignored).value_or(session_id);
  };
  sessions_.set_transaction_hooks(
      [this, owner_of](const std::string& session_id) { return transactions_.is_open(owner_of(session_id)); },
      [this, owner_of](const std::string& session_id) { transactions_.abandon(owner_of(session_id)); });
  store_.jobs().set_flush_duration(options.flush_job_ms * 1000);
  store_.jobs().set_cleanup_duration(options.cleanup_job_ms * 1000);
  store_.set_system_provider([this](const std::string& name) { return system_relation(name); });
}

void Server::restart() {
  std::lock_guard lock(store_.mutex());
  sessions_.clear();
  transactions_.clear();
}

void Server::abort_transactions() {
  std::lock_guard lock(store_.mutex());
  transactions_.abort_all();
}

void Server::prune(const std::string& session_id) {
  std::lock_guard lock(store_.mutex());
  if (session_id.empty()) {
    sessions_.clear();
  } else {
    sessions_.prune(session_id);
  }
}

void Server::set_nodes(std::vector<ClusterNode> nodes) {
  std::lock_guard lock(store_.mutex());
  options_.other_nodes = std::move(nodes);
}

void Server::set_address(const std::string& rpc_addr) {
  rpc_addr_ = rpc_addr;
}

Status Server::ping(const CallContext& call, const kalamdb::pg::PingRequest&, kalamdb::pg::PingResponse& response) {
  std::lock_guard lock(store_.mutex());
  Status status = authenticator_.check(call.credentials, "missing authorization header");
  response.set_ok(status.ok());
  return status;
}

Status Server::open_session(const CallContext& call, const kalamdb::pg::OpenSessionRequest& request,
                            kalamdb::pg::OpenSessionResponse& response) {
  std::lock_guard lock(store_.mutex());
  Status status = authenticator_.check(call.credentials, "missing authorization header on open_session");
  if (!status.ok()) return status;
  std::optional<std::string> schema;
  if (request.has_current_schema() && !trimmed(request.current_schema()).empty()) {
    schema = trimmed(request.current_schema());
  }
  const Session& session = sessions_.open(trimmed(request.session_id()), schema, call.peer);
  response.set_session_id(session.id);
  if (schema) response.set_current_schema(*schema);
  response.set_lease_expires_at_ms(session.lease_expires_ms);
  response.set_session_token(session.token);
  return {};
}

Status Server::close_session(const CallContext& call, const kalamdb::pg::CloseSessionRequest& request,
                             kalamdb::pg::CloseSessionResponse&) {
  std::lock_guard lock(store_.mutex());
  return sessions_.close(trimmed(request.session_id()), call.session_token);
}

Status Server::begin_owned(const CallContext& call, const std::string& session_id, const char* method,
                           std::string& owner) {
  std::string id = trimmed(session_id);
  Status status = sessions_.begin_call(id, call.session_token, method);
  if (!status.ok()) return status;
  std::string error;
  auto key = owner_key(id, error);
  if (!key) {
    bool begin_of_r2 = options_.r2 && std::string(method) == "BeginTransaction";
    return Status::failure(begin_of_r2 ? kFailedPrecondition : kInvalidArgument, error);
  }
  owner = *key;
  return {};
}

template <class Request>
Status Server::resolve(const CallContext& call, const Request& request, const char* method, Target& target,
                       std::string& owner) {
  Status status = begin_owned(call, request.session_id(), method, owner);
  if (!status.ok()) return status;
  if (request.namespace_().empty()) return invalid("namespace must not be empty");
  if (request.table_name().empty()) return invalid("table_name must not be empty");
  std::string kind = to_lower(request.table_type());
  if (kind == "user") {
    target.kind = TableKind::user;
  } else if (kind == "stream") {
    target.kind = TableKind::stream;
  } else if (kind == "system") {
    target.kind = TableKind::system;
  } else if (kind != "shared") {
    return invalid("invalid table_type: Invalid TableType: " + request.table_type());
  }
  target.name_space = to_lower(request.namespace_());
  target.table = to_lower(request.table_name());
  if (request.has_user_id()) target.user = trimmed(request.user_id());
  check_deadly("namespace", target.name_space);
  check_deadly("table name", target.table);
  check_deadly("user id", target.user);
  return {};
}

Status Server::check_access(const Target& target, const TableDef& table) const {
  if (table.kind != TableKind::shared) return {};
  const char* role = target.kind == TableKind::user || target.kind == TableKind::stream ? "User" : "Service";
  bool denied = table.access_level == "dba" || (std::string(role) == "User" && table.access_level != "public");
  if (!denied) return {};
  std::string level = table.access_level;
  level[0] = static_cast<char>(level[0] - 32);
  return internal(std::string("Error during planning: Access denied: Role '") + role + "' cannot access table '" +
                  table.name_space + "." + table.name + "'. Shared table access denied (access_level=" + level + ")");
}

Status Server::scan_system(const Target& target, const std::string& name, kalamdb::pg::ScanResponse& response,
                           uint64_t& rows) {
  Status unknown = Status::failure(kNotFound, name);
  if (options_.r2) {
    auto relation = store_.catalog_relation(target.name_space, target.table);
    if (!relation) return unknown;
    rows = relation->rows.size();
    for (std::string& stream : write_ipc_streams(*relation, 0)) response.add_ipc_batches(std::move(stream));
    return {};
  }
  static const char* const tables[] = {"namespaces", "users",   "jobs",       "storages",
                                       "live",       "schemas", "audit_logs", "manifest"};
  for (const char* table : tables) {
    if (target.name_space != "system" || target.table != table) continue;
    const char* role = target.kind == TableKind::user || target.kind == TableKind::stream ? "User" : "Service";
    return internal(std::string("Error during planning: Access denied: Role '") + role + "' cannot access table '" +
                    name + "'. System tables require 'dba' or 'system' role.");
  }
  return unknown;
}

void Server::note_scan(const CallContext& call, const TableDef& table, const ScanInput& input) const {
  if (call.work == nullptr) return;
  const ColumnDef* key = table.key();
  bool by_key = std::any_of(input.filters.begin(), input.filters.end(), [&](const ScanFilter& filter) {
    return filter.op == "eq" && key != nullptr && to_lower(filter.column) == key->name;
  });
  note(call, by_key ? "Scan.key" : "Scan.table");
  const ManifestScope& scope = store_.scope(table, input.user);
  call.work->add(Reads::table, static_cast<uint64_t>(scope.hot), static_cast<uint64_t>(scope.cold()));
}

Status Server::scan(const CallContext& call, const kalamdb::pg::ScanRequest& request,
                    kalamdb::pg::ScanResponse& response, uint64_t& rows) {
  std::lock_guard lock(store_.mutex());
  Target target;
  std::string owner;
  Status status = resolve(call, request, "Scan", target, owner);
  if (!status.ok()) return status;
  apply_flush_policies();
  std::string name = target.name_space + "." + target.table;
  if (target.name_space == "system" || target.name_space == "information_schema") {
    return scan_system(target, name, response, rows);
  }
  auto table = store_.find_table(target.name_space, target.table);
  if (table == nullptr) return Status::failure(kNotFound, name);
  status = check_access(target, *table);
  if (!status.ok()) return status;

  ScanInput input;
  if (table->per_user()) {
    input.user = !target.user.empty() ? target.user : options_.r2 ? "static-pg-bridge" : "anonymous";
  }
  Transaction* transaction = transactions_.find(owner, "scan", status);
  if (!status.ok()) return status;
  if (transaction != nullptr) {
    if (table->kind == TableKind::stream && !options_.standalone) {
      return internal(
          "Execution error: Invalid operation: stream tables are not supported inside explicit transactions");
    }
    auto error = transactions_.bind(*transaction, table->name_space, table->name, table->kind, input.user);
    if (error) return internal("Execution error: " + *error);
    if (table->kind != TableKind::stream) input.transaction = transaction;
  }
  input.columns.assign(request.columns().begin(), request.columns().end());
  if (request.has_limit()) input.limit = request.limit();
  for (const auto& filter : request.filters()) input.filters.push_back({filter.column(), filter.op(), filter.value()});
  input.version_cap = options_.hot_version_cap;
  input.overlay_defects = options_.overlay_defects;
  note_scan(call, *table, input);
  Store::Cancellable cancellable(store_, call.cancelled);
  ScanOutcome outcome = scan_table(store_, *table, input);
  if (!outcome.status.ok()) return outcome.status;
  // R2: a SHARED table without a policy for the user shows nothing to them.
  if (options_.r2 && table->kind == TableKind::shared && !target.user.empty()) outcome.rows.rows.clear();
  rows = outcome.rows.rows.size();
  if (outcome.no_entry) return {};
  uint64_t per_stream = outcome.filtered ? options_.rows_per_batch : 0;
  for (std::string& stream : write_ipc_streams(outcome.rows, per_stream)) response.add_ipc_batches(std::move(stream));
  return {};
}

Status Server::check_write(const Target& target, const char* verb, const char* noun) const {
  if (target.kind == TableKind::system) {
    return Status::failure(kPermissionDenied, std::string("cannot ") + verb + " system tables");
  }
  if (target.kind != TableKind::shared && target.user.empty() && !options_.r2) {
    return invalid(std::string("user_id required for user/stream table ") + noun);
  }
  // R2: what a user may write to a SHARED table is for policies to say, and there are none here.
  if (options_.r2 && target.kind == TableKind::shared && !target.user.empty()) {
    return Status::failure(kPermissionDenied, std::string("kalam-stub: no policy lets user '") + target.user + "' " +
                                                  verb + " shared table " + target.name_space + "." + target.table);
  }
  return {};
}

Status Server::write_table(const Target& target, std::shared_ptr<const TableDef>& table) const {
  table = store_.find_table(target.name_space, target.table);
  if (table == nullptr) return internal(kProvider + provider_not_found(target.kind, target.name_space, target.table));
  if ((target.kind == TableKind::shared) != (table->kind == TableKind::shared)) {
    return internal(std::string(kProvider) + "Execution error: Provider type mismatch for " +
                    (target.kind == TableKind::shared ? "shared" : "user") + " table " + target.name_space + ":" +
                    target.table);
  }
  return {};
}

Status Server::check_columns(const TableDef& table, const SentRow& row) const {
  if (!options_.strict_columns) return {};
  for (const auto& [name, value] : row) {
    if (table.find_column(name) == nullptr) {
      return invalid("kalam-stub: column '" + name + "' does not exist; a real server ignores it silently");
    }
  }
  return {};
}

// Stages writes when the session is in a transaction; `staged` says so.
Status Server::stage(const std::string& owner, const Target& target, std::vector<StagedWrite> writes, uint64_t bytes,
                     bool& staged) {
  Status status;
  Transaction* transaction = transactions_.find(owner, "stage writes in", status);
  staged = transaction != nullptr || !status.ok();
  if (transaction == nullptr) return status;
  auto table = store_.find_table(target.name_space, target.table);
  if (target.kind == TableKind::stream || (table != nullptr && table->kind == TableKind::stream)) {
    return Status::failure(kFailedPrecondition,
                           "Invalid operation: stream tables are not supported inside explicit transactions");
  }
  for (StagedWrite& write : writes) {
    if (write.kind == StagedWrite::insert) {
      auto id = write.row.find("id");
      if (id == write.row.end()) return invalid("transactional INSERT requires primary key column 'id'");
      write.key = cast_to_text(id->second.value, id->second.type).value_or("");
    }
    write.name_space = target.name_space;
    write.table = target.table;
    write.table_kind = target.kind;
    write.user = target.kind == TableKind::shared ? "" : target.user;
  }
  auto error = transactions_.bind(*transaction, target.name_space, target.table, target.kind, target.user);
  if (error) return Status::failure(kFailedPrecondition, *error);
  return transactions_.stage(*transaction, std::move(writes), bytes);
}

Status Server::insert(const CallContext& call, const kalamdb::pg::InsertRequest& request,
                      kalamdb::pg::InsertResponse& response) {
  std::lock_guard lock(store_.mutex());
  Target target;
  std::string owner;
  Status status = resolve(call, request, "Insert", target, owner);
  if (status.ok()) status = check_write(target, "insert into", "inserts");
  if (!status.ok()) return status;
  std::vector<SentRow> sent;
  uint64_t bytes = 0;
  for (const std::string& text : request.rows_json()) {
    RowJsonError error;
    auto row = read_row_json(text, error);
    if (error.kills_server) die_like_the_server(error.message);
    if (!row) return invalid(error.message);
    sent.push_back(std::move(*row));
    bytes += text.size() + 128;
  }
  response.set_affected_rows(sent.size());
  std::vector<StagedWrite> writes;
  if (transactions_.is_open(owner)) {
    for (const SentRow& row : sent) {
      StagedWrite write;
      write.row = row;
      writes.push_back(std::move(write));
    }
  }
  bool staged = false;
  status = stage(owner, target, std::move(writes), bytes, staged);
  note(call, staged ? "staged.Insert" : "Insert", sent.size());
  if (staged || !status.ok()) return status;

  if (target.user.empty() && target.kind != TableKind::shared) target.user = "static-pg-bridge";
  std::shared_ptr<const TableDef> table;
  status = write_table(target, table);
  if (!status.ok()) return status;
  const std::string prefix = std::string(kProvider) + "Execution error: Failed to insert batch: ";
  std::vector<Row> rows;
  rows.reserve(sent.size());
  for (const SentRow& row : sent) {
    status = check_columns(*table, row);
    if (!status.ok()) return status;
    std::string error;
    auto coerced = coerce_row(*table, row, error);
    if (!coerced) return internal(prefix + error);
    rows.push_back(std::move(*coerced));
  }
  if (options_.bench_discard_inserts) return {};
  if (auto error = insert_rows(store_, *table, target.user, rows)) return internal(prefix + *error);
  apply_flush_policies();
  return {};
}

Status Server::update(const CallContext& call, const kalamdb::pg::UpdateRequest& request,
                      kalamdb::pg::UpdateResponse& response) {
  std::lock_guard lock(store_.mutex());
  Target target;
  std::string owner;
  Status status = resolve(call, request, "Update", target, owner);
  if (status.ok()) status = check_write(target, "update", "updates");
  if (!status.ok()) return status;
  RowJsonError error;
  auto sent = read_updates_json(request.updates_json(), error);
  if (error.kills_server) die_like_the_server(error.message);
  if (!sent) return invalid(error.message);
  StagedWrite write;
  write.kind = StagedWrite::update;
  write.key = request.pk_value();
  write.row = *sent;
  bool staged = false;
  response.set_affected_rows(1);
  status = stage(owner, target, {write}, request.updates_json().size() + 128, staged);
  note(call, staged ? "staged.Update" : "Update");
  if (staged || !status.ok()) return status;

  if (target.user.empty() && target.kind != TableKind::shared) target.user = "static-pg-bridge";
  std::shared_ptr<const TableDef> table;
  status = write_table(target, table);
  if (status.ok()) status = check_columns(*table, *sent);
  if (!status.ok()) return status;
  WriteResult result = update_row(store_, *table, target.user, request.pk_value(), *sent);
  response.set_affected_rows(static_cast<uint64_t>(result.affected));
  if (result.error.empty()) return {};
  return internal(std::string(kProvider) + "Execution error: Failed to update row: " + result.error);
}

Status Server::erase(const CallContext& call, const kalamdb::pg::DeleteRequest& request,
                     kalamdb::pg::DeleteResponse& response) {
  std::lock_guard lock(store_.mutex());
  Target target;
  std::string owner;
  Status status = resolve(call, request, "Delete", target, owner);
  if (status.ok()) status = check_write(target, "delete from", "deletes");
  if (!status.ok()) return status;
  StagedWrite write;
  write.kind = StagedWrite::erase;
  write.key = request.pk_value();
  bool staged = false;
  response.set_affected_rows(1);
  status = stage(owner, target, {write}, 128, staged);
  note(call, staged ? "staged.Delete" : "Delete");
  if (staged || !status.ok()) return status;

  if (target.user.empty() && target.kind != TableKind::shared) target.user = "static-pg-bridge";
  std::shared_ptr<const TableDef> table;
  status = write_table(target, table);
  if (!status.ok()) return status;
  WriteResult result = delete_row(store_, *table, target.user, request.pk_value());
  response.set_affected_rows(static_cast<uint64_t>(result.affected));
  if (result.error.empty()) return {};
  return internal(std::string(kProvider) + "Execution error: Failed to delete row: " + result.error);
}

Status Server::begin(const CallContext& call, const kalamdb::pg::BeginTransactionRequest& request,
                     kalamdb::pg::BeginTransactionResponse& response) {
  std::lock_guard lock(store_.mutex());
  std::string owner;
  Status status = begin_owned(call, request.session_id(), "BeginTransaction", owner);
  if (!status.ok()) return status;
  std::string id;
  status = transactions_.begin(owner, trimmed(request.session_id()), id);
  response.set_transaction_id(id);
  return status;
}

Status Server::commit(const CallContext& call, const kalamdb::pg::CommitTransactionRequest& request,
                      kalamdb::pg::CommitTransactionResponse& response) {
  std::lock_guard lock(store_.mutex());
  std::string owner;
  Status status = begin_owned(call, request.session_id(), "CommitTransaction", owner);
  std::string id = trimmed(request.transaction_id());
  auto open = transactions_.all().find(owner);
  note(call, "CommitTransaction", open == transactions_.all().end() ? 0 : open->second.writes.size());
  if (status.ok()) status = transactions_.commit(owner, id);
  response.set_transaction_id(id);
  return status;
}

Status Server::rollback(const CallContext& call, const kalamdb::pg::RollbackTransactionRequest& request,
                        kalamdb::pg::RollbackTransactionResponse& response) {
  std::lock_guard lock(store_.mutex());
  std::string owner;
  Status status = begin_owned(call, request.session_id(), "RollbackTransaction", owner);
  std::string id = trimmed(request.transaction_id());
  if (status.ok()) status = transactions_.rollback(owner, id);
  response.set_transaction_id(id);
  return status;
}

SqlOutcome Server::execute(const CallContext& call, const std::string& sql) {
  Store::Cancellable cancellable(store_, call.cancelled);
  SqlContext context;
  context.default_query_limit = options_.default_query_limit;
  context.max_query_limit = options_.max_query_limit;
  context.hot_version_cap = options_.hot_version_cap;
  context.count_version_cap = options_.hot_version_cap == 0 ? 0 : options_.count_version_cap;
  context.r2 = options_.r2;
  context.work = call.work;
  apply_flush_policies();
  return execute_statement(store_, context, sql);
}

Status Server::execute_sql(const CallContext& call, const kalamdb::pg::ExecuteSqlRequest& request,
                           kalamdb::pg::ExecuteSqlResponse& response) {
  std::lock_guard lock(store_.mutex());
  Status status = sessions_.begin_call(trimmed(request.session_id()), call.session_token, "ExecuteSql");
  if (!status.ok()) return status;
  if (trimmed(request.sql()).empty()) return invalid("sql must not be empty");
  SqlOutcome outcome = execute(call, request.sql());
  if (!outcome.ok) return Status::failure(outcome.grpc_code, outcome.error);
  response.set_success(true);
  uint64_t affected = outcome.has_rows ? outcome.rows.rows.size() : outcome.affected;
  bool counted = outcome.has_rows || outcome.message.empty();
  response.set_message(counted ? "OK (affected: " + std::to_string(affected) + ")" : outcome.message);
  return {};
}

Status Server::execute_query(const CallContext& call, const kalamdb::pg::ExecuteQueryRequest& request,
                             kalamdb::pg::ExecuteQueryResponse& response, uint64_t& rows) {
  std::lock_guard lock(store_.mutex());
  Status status = sessions_.begin_call(trimmed(request.session_id()), call.session_token, "ExecuteQuery");
  if (!status.ok()) return status;
  if (trimmed(request.sql()).empty()) return invalid("sql must not be empty");
  SqlOutcome outcome = execute(call, request.sql());
  if (!outcome.ok) return Status::failure(outcome.grpc_code, outcome.error);
  response.set_success(true);
  if (!outcome.has_rows) {
    response.set_message(outcome.message.empty() ? "OK (affected: " + std::to_string(outcome.affected) + ")"
                                                 : outcome.message);
    return {};
  }
  rows = outcome.rows.rows.size();
  response.set_message(std::to_string(rows) + " row(s)");
  for (std::string& stream : write_ipc_streams(outcome.rows, options_.rows_per_batch)) {
    response.add_ipc_batches(std::move(stream));
  }
  return {};
}

// The server's own periodic check, at most once a second of the stub's clock.
void Server::apply_flush_policies() {
  int64_t now = clock_.now_us();
  if (now - last_flush_check_us_ < 1000000 && now >= last_flush_check_us_) return;
  last_flush_check_us_ = now;
  for (const auto& table : store_.tables()) {
    uint64_t hot = store_.hot_versions(*table);
    if (hot == 0) continue;
    bool rows_due = table->flush_rows != 0 && hot >= static_cast<uint64_t>(table->flush_rows);
    bool time_due = table->flush_interval != 0 &&
                    now / 1000000 / table->flush_interval != table->created_us / 1000000 / table->flush_interval;
    if (rows_due || time_due) store_.flush_table(*table);
  }
}

}  // namespace kalam::stub
