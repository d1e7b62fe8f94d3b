// The program's options.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kalam::stub {

struct Account {
  std::string user;
  std::string role;  // "user", "service", "dba", "system"
  std::string password;
};

struct ClusterNode {
  int64_t node_id = 1;
  std::string rpc_addr;
  std::string api_addr;
  bool leader = true;
};

struct Options {
  std::string host = "127.0.0.1";
  int port = 9188;
  std::string port_file;
  std::string storage = ":memory:";
  std::string rpc_log;  // file; empty: only in memory
  uint64_t seed = 1;

  bool r2 = false;
  bool standalone = false;  // without cluster settings: one user shard, groups checked at commit
  int user_shards = 12;

  bool authenticate = true;
  std::string static_token = "Bearer bridge-token-0123456789";
  std::vector<Account> accounts = {
      {"boss", "dba", "Boss-pass-1:x"}, {"plainuser", "user", "Plain-pass-1"}, {"svc", "service", "Svc-pass-1x"}};
  std::string tls_cert, tls_key, tls_ca;  // files or inline PEM
  bool require_client_cert = false;

  uint64_t hot_version_cap = 100000;
  uint64_t count_version_cap = 1000000;
  uint64_t default_query_limit = 50;
  uint64_t max_query_limit = 1000;
  uint64_t rows_per_batch = 0;  // of filtered scans and queries; 0: one batch
  bool idle_prune = true;
  bool overlay_defects = true;
  bool strict_columns = false;  // unknown columns are an error, which KalamDB does not say
  int64_t transaction_timeout_s = 300;
  uint64_t transaction_buffer = 100 * 1024 * 1024;
  int64_t flush_job_ms = 0;
  int64_t cleanup_job_ms = 0;
  int64_t clock_start_us = 0;  // != 0: the clock stands there until it is moved
  int64_t clock_offset_us = 0;
  std::string api_addr = "http://127.0.0.1:8080";
  std::vector<ClusterNode> other_nodes;
  std::vector<std::string> faults;  // JSON, set before the first call

  bool relay = true;
  bool nagle = false;         // no TCP_NODELAY towards clients
  bool split_writes = false;  // every answer in two writes

  std::string pace;  // how slowly calls are answered: "0.4" or a file; empty: as fast as can be
  bool bench_cached_scan = false;
  bool bench_discard_inserts = false;
};

// False: `error` says what is wrong. `help` is set when the usage was asked for.
bool parse_options(const std::vector<std::string>& arguments, Options& options, bool& help, std::string& error);

extern const char* const kUsage;

}  // namespace kalam::stub
