// system.* relations about the running server: sessions, transactions, the cluster, settings.
#include "stub/server/server.h"
#include "stub/store/fields.h"

namespace kalam::stub {

namespace {

Value text(std::string value) {
  return {std::move(value)};
}
Value number(int64_t value) {
  return {value};
}

}  // namespace

ResultSet Server::sessions_relation() {
  sessions_.sweep();
  ResultSet result;
  result.fields = {system_field("session_id", TypeId::utf8),
                   system_field("backend_pid", TypeId::int64, true),
                   system_field("current_schema", TypeId::utf8, true),
                   system_field("state", TypeId::utf8),
                   system_field("transaction_id", TypeId::utf8, true),
                   system_field("transaction_state", TypeId::utf8, true),
                   system_field("transaction_has_writes", TypeId::boolean),
                   system_field("client_addr", TypeId::utf8, true),
                   system_field("transport", TypeId::utf8),
                   system_field("opened_at", TypeId::timestamp),
                   system_field("last_seen_at", TypeId::timestamp),
                   system_field("last_method", TypeId::utf8, true)};
  for (const auto& [id, session] : sessions_.all()) {
    std::string ignored;
    auto open = transactions_.all().find(owner_key(id, ignored).value_or(id));
    bool in_transaction = open != transactions_.all().end() && transactions_.is_open(open->first);
    auto pid = backend_pid(id);
    result.rows.push_back({text(id),
                           pid ? number(*pid) : Value{},
                           session.current_schema ? text(*session.current_schema) : Value{},
                           text(in_transaction ? "idle in transaction" : "idle"),
                           in_transaction ? text(open->second.id) : Value{},
                           in_transaction ? text("active") : Value{},
                           {in_transaction && !open->second.writes.empty()},
                           text(session.peer),
                           text("grpc"),
                           number(session.opened_ms * 1000),
                           number(session.last_seen_ms * 1000),
                           text(session.last_method)});
  }
  return result;
}

ResultSet Server::transactions_relation() {
  ResultSet result;
  result.fields = {system_field("transaction_id", TypeId::utf8),
                   system_field("owner_id", TypeId::utf8),
                   system_field("origin", TypeId::utf8),
                   system_field("state", TypeId::utf8),
                   system_field("age_ms", TypeId::int64),
                   system_field("idle_ms", TypeId::int64),
                   system_field("write_count", TypeId::int64),
                   system_field("write_bytes", TypeId::int64),
                   system_field("touched_tables_count", TypeId::int64),
                   system_field("snapshot_commit_seq", TypeId::int64)};
  int64_t now = clock_.now_ms();
  for (const auto& [owner, transaction] : transactions_.all()) {
    if (!transactions_.is_open(owner)) continue;
    std::map<std::string, int> tables;
    for (const StagedWrite& write : transaction.writes) tables[write.name_space + "." + write.table]++;
    result.rows.push_back({text(transaction.id), text(transaction.session_id), text("PgRpc"),
                           text(transaction.writes.empty() ? "open_read" : "open_write"),
                           number(now - transaction.begun_ms), number(now - transaction.last_used_ms),
                           number(static_cast<int64_t>(transaction.writes.size())),
                           number(static_cast<int64_t>(transaction.bytes)), number(static_cast<int64_t>(tables.size())),
                           number(transaction.snapshot)});
  }
  return result;
}

ResultSet Server::cluster_relation() const {
  ResultSet result;
  result.fields = {system_field("cluster_id", TypeId::utf8),    system_field("node_id", TypeId::int64),
                   system_field("role", TypeId::utf8),          system_field("status", TypeId::utf8),
                   system_field("rpc_addr", TypeId::utf8),      system_field("api_addr", TypeId::utf8),
                   system_field("is_self", TypeId::boolean),    system_field("is_leader", TypeId::boolean),
                   system_field("version", TypeId::utf8, true), system_field("uptime", TypeId::utf8, true)};
  bool other_leads = false;
  for (const ClusterNode& node : options_.other_nodes) other_leads = other_leads || node.leader;
  auto add = [&](const ClusterNode& node, bool self) {
    result.rows.push_back({text("cluster"),
                           number(node.node_id),
                           text(node.leader ? "leader" : "follower"),
                           text("active"),
                           text(node.rpc_addr),
                           text(node.api_addr),
                           {self},
                           {node.leader},
                           text(options_.r2 ? "0.7.1" : "0.4.3-rc.4"),
                           text(std::to_string((clock_.now_us() - started_us_) / 1000000) + "s")});
  };
  add({1, rpc_addr_, options_.api_addr, !other_leads}, true);
  for (const ClusterNode& node : options_.other_nodes) add(node, false);
  return result;
}

ResultSet Server::cluster_groups_relation() const {
  ResultSet result;
  result.fields = {system_field("group_id", TypeId::int64), system_field("group_type", TypeId::utf8),
                   system_field("current_term", TypeId::int64, true), system_field("state", TypeId::utf8, true),
                   system_field("current_leader", TypeId::int64, true)};
  int64_t leader = 1;
  for (const ClusterNode& node : options_.other_nodes) {
    if (node.leader) leader = node.node_id;
  }
  const char* state = leader == 1 ? "Leader" : "Follower";
  auto add = [&](int64_t id, const char* type) {
    result.rows.push_back({number(id), text(type), number(1), text(state), number(leader)});
  };
  add(10, "meta");
  for (int i = 0; i < (options_.standalone ? 1 : options_.user_shards); i++) add(100 + i, "user_data");
  add(200, "shared_data");
  return result;
}

ResultSet Server::settings_relation() const {
  ResultSet result;
  result.fields = {system_field("name", TypeId::utf8), system_field("value", TypeId::utf8),
                   system_field("description", TypeId::utf8), system_field("category", TypeId::utf8)};
  auto add = [&](const char* name, const std::string& value, const char* description) {
    std::string category = name;
    result.rows.push_back({text(name), text(value), text(description), text(category.substr(0, category.find('.')))});
  };
  add("limits.default_query_limit", std::to_string(options_.default_query_limit), "Rows of a query without LIMIT");
  add("limits.max_query_limit", std::to_string(options_.max_query_limit), "Rows of a query with LIMIT");
  add("transactions.timeout_secs", std::to_string(options_.transaction_timeout_s), "Idle time of a transaction");
  add("transactions.max_buffer_bytes", std::to_string(options_.transaction_buffer), "Staged bytes of a transaction");
  add("cluster.user_shards", std::to_string(options_.user_shards), "Shards of user data");
  add("cluster.shared_shards", "1", "Shards of shared data");
  return result;
}

ResultSet Server::users_relation() const {
  ResultSet result;
  result.fields = {system_field("user_id", TypeId::utf8), system_field("role", TypeId::utf8)};
  for (const Account& account : options_.accounts) result.rows.push_back({text(account.user), text(account.role)});
  return result;
}

std::optional<ResultSet> Server::system_relation(const std::string& name) {
  if (name == "sessions") return sessions_relation();
  if (name == "transactions") return transactions_relation();
  if (name == "cluster") return cluster_relation();
  if (name == "cluster_groups") return cluster_groups_relation();
  if (name == "settings") return settings_relation();
  if (name == "users") return users_relation();
  return std::nullopt;
}

}  // namespace kalam::stub
