#include "stub/base/options.h"

#include <cstdlib>
#include <functional>
#include <map>

namespace kalam::stub {

const char* const kUsage = R"(kalam-stub: a stand-alone double of a KalamDB server for tests.

Usage: kalam-stub [OPTION]...
       kalam-stub control HOST:PORT COMMAND [ARGUMENT]   (see kalam-stub control --help)

With no options it behaves like the KalamDB 0.4.3-rc.4 (R1) that the conformance transcripts were recorded on.

Listening
  --listen HOST:PORT          where to listen; port 0: a free one (default 127.0.0.1:9188)
  --port-file FILE            write HOST:PORT there when ready
  --tls-cert, --tls-key PEM   TLS with this certificate and key (a file or inline PEM)
  --tls-ca PEM                certificate authority of client certificates
  --require-client-cert       mutual TLS: the certificate's CN is the only authentication
  --no-relay                  no TCP relay in front (faults that cut connections then only fail calls)
  --nodelay-off               leave Nagle's algorithm on towards clients, as a real server does
  --split-writes              send every answer in two writes, as a real server does

Behaviour
  --mode r1|r2                protocol revision (default r1)
  --standalone                no cluster settings: one user shard, data groups checked at commit
  --user-shards N             user shards (default 12)
  --storage FILE              keep tables in this SQLite file (default: in memory)
  --auth none|static|accounts what OpenSession and Ping accept (default: static token and accounts)
  --static-token VALUE        the whole authorization value (default "Bearer bridge-token-0123456789")
  --account USER:ROLE:PASS    add an account; role user, service, dba or system
  --hot-version-cap N         unflushed versions that a scan reads (default 100000; 0: all)
  --count-version-cap N       unflushed versions that a bare SELECT count(*) reads (default 1000000)
  --no-version-cap            the same as --hot-version-cap 0
  --default-query-limit N     rows of a query without LIMIT (default 50)
  --max-query-limit N         rows of a query with LIMIT (default 1000)
  --batch-rows N              rows of one Arrow stream of filtered scans and queries (default: all)
  --no-idle-prune             sessions live until their lease ends
  --no-defects                scans in a transaction merge its writes before they filter
  --strict-columns            unknown columns in row JSON are an error
  --transaction-timeout S     idle seconds after which a transaction ends (default 300)
  --transaction-buffer BYTES  (default 104857600)
  --flush-seconds S           how long a flush job says "running" (default 0)
  --cleanup-seconds S         how long the clean-up job of DROP runs (default 0)
  --fixed-clock UNIX_SECONDS  the clock stands there and moves only by "control advance"
  --clock-offset SECONDS      shift the clock
  --api-addr URL              this node's api_addr in system.cluster
  --cluster-node ID,RPC,API[,leader]   another row of system.cluster
  --seed N                    of generated ids

Tests
  --fault JSON                set a fault before the first call (see kalam-stub control --help)
  --rpc-log FILE              append every call as one line of JSON
  --pace FILE                 answer as slowly as the figures in this file say; "0.4": as KalamDB 0.4
  --bench-cached-scan         answer equal Scan requests from memory
  --bench-discard-inserts     take inserts and store nothing

A name that would kill a real server ends the program with status 86 and a line "kalam-stub: FATAL: …".
)";

namespace {

bool split_address(const std::string& text, std::string& host, int& port) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  char* end = nullptr;
  std::string digits = text.substr(colon + 1);
  long number = std::strtol(digits.c_str(), &end, 10);
  if (digits.empty() || *end != '\0' || number < 0 || number > 65535) return false;
  port = static_cast<int>(number);
  return true;
}

std::vector<std::string> split(const std::string& text, char separator, size_t most) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (parts.size() + 1 < most) {
    size_t found = text.find(separator, at);
    if (found == std::string::npos) break;
    parts.push_back(text.substr(at, found - at));
    at = found + 1;
  }
  parts.push_back(text.substr(at));
  return parts;
}

}  // namespace

bool parse_options(const std::vector<std::string>& arguments, Options& options, bool& help, std::string& error) {
  using Flag = std::function<void()>;
  using WithValue = std::function<bool(const std::string&)>;
  auto number_into = [&](auto& target, int64_t factor = 1) -> WithValue {
    return [&target, factor](const std::string& value) {
      char* end = nullptr;
      double number = std::strtod(value.c_str(), &end);
      if (value.empty() || *end != '\0' || number < 0) return false;
      using Target = std::remove_reference_t<decltype(target)>;
      target = static_cast<Target>(number * static_cast<double>(factor));
      return true;
    };
  };
  auto text_into = [](std::string& target) -> WithValue {
    return [&target](const std::string& value) {
      target = value;
      return true;
    };
  };
  std::map<std::string, Flag> flags = {
      {"--help", [&] { help = true; }},
      {"--require-client-cert", [&] { options.require_client_cert = true; }},
      {"--no-relay", [&] { options.relay = false; }},
      {"--nodelay-off", [&] { options.nagle = true; }},
      {"--split-writes", [&] { options.split_writes = true; }},
      {"--standalone", [&] { options.standalone = true; }},
      {"--no-version-cap", [&] { options.hot_version_cap = 0; }},
      {"--no-idle-prune", [&] { options.idle_prune = false; }},
      {"--no-defects", [&] { options.overlay_defects = false; }},
      {"--strict-columns", [&] { options.strict_columns = true; }},
      {"--bench-cached-scan", [&] { options.bench_cached_scan = true; }},
      {"--bench-discard-inserts", [&] { options.bench_discard_inserts = true; }},
  };
  std::map<std::string, WithValue> values = {
      {"--listen", [&](const std::string& value) { return split_address(value, options.host, options.port); }},
      {"--port-file", text_into(options.port_file)},
      {"--tls-cert", text_into(options.tls_cert)},
      {"--tls-key", text_into(options.tls_key)},
      {"--tls-ca", text_into(options.tls_ca)},
      {"--mode",
       [&](const std::string& value) {
         options.r2 = value == "r2";
         return value == "r1" || value == "r2";
       }},
      {"--user-shards", number_into(options.user_shards)},
      {"--storage", text_into(options.storage)},
      {"--auth",
       [&](const std::string& value) {
         options.authenticate = value != "none";
         if (value == "static") options.accounts.clear();
         if (value == "accounts") options.static_token.clear();
         return value == "none" || value == "static" || value == "accounts";
       }},
      {"--static-token", text_into(options.static_token)},
      {"--account",
       [&](const std::string& value) {
         auto parts = split(value, ':', 3);
         if (parts.size() != 3) return false;
         options.accounts.push_back({parts[0], parts[1], parts[2]});
         return true;
       }},
      {"--hot-version-cap", number_into(options.hot_version_cap)},
      {"--count-version-cap", number_into(options.count_version_cap)},
      {"--default-query-limit", number_into(options.default_query_limit)},
      {"--max-query-limit", number_into(options.max_query_limit)},
      {"--batch-rows", number_into(options.rows_per_batch)},
      {"--transaction-timeout", number_into(options.transaction_timeout_s)},
      {"--transaction-buffer", number_into(options.transaction_buffer)},
      {"--flush-seconds", number_into(options.flush_job_ms, 1000)},
      {"--cleanup-seconds", number_into(options.cleanup_job_ms, 1000)},
      {"--fixed-clock", number_into(options.clock_start_us, 1000000)},
      {"--clock-offset",
       [&](const std::string& value) {
         options.clock_offset_us = static_cast<int64_t>(std::strtod(value.c_str(), nullptr) * 1e6);
         return !value.empty();
       }},
      {"--api-addr", text_into(options.api_addr)},
      {"--cluster-node",
       [&](const std::string& value) {
         auto parts = split(value, ',', 4);
         if (parts.size() < 3) return false;
         options.other_nodes.push_back(
             {std::atoll(parts[0].c_str()), parts[1], parts[2], parts.size() > 3 && parts[3] == "leader"});
         return true;
       }},
      {"--seed", number_into(options.seed)},
      {"--fault",
       [&](const std::string& value) {
         options.faults.push_back(value);
         return true;
       }},
      {"--rpc-log", text_into(options.rpc_log)},
      {"--pace", text_into(options.pace)},
  };
  for (size_t i = 0; i < arguments.size(); i++) {
    std::string name = arguments[i];
    std::string value;
    size_t equals = name.find('=');
    bool inline_value = name.starts_with("--") && equals != std::string::npos;
    if (inline_value) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    if (auto flag = flags.find(name); flag != flags.end() && !inline_value) {
      flag->second();
      continue;
    }
    auto option = values.find(name);
    if (option == values.end()) {
      error = "unknown option \"" + arguments[i] + "\"";
      return false;
    }
    if (!inline_value) {
      if (i + 1 >= arguments.size()) {
        error = "option \"" + name + "\" needs a value";
        return false;
      }
      value = arguments[++i];
    }
    if (!option->second(value)) {
      error = "invalid value for option \"" + name + "\": \"" + value + "\"";
      return false;
    }
  }
  if (!options.pace.empty() && (options.bench_cached_scan || options.bench_discard_inserts)) {
    error = "option \"--pace\" is not for \"--bench-cached-scan\" and \"--bench-discard-inserts\"";
    return false;
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    error = "options \"--tls-cert\" and \"--tls-key\" belong together";
    return false;
  }
  if (options.require_client_cert && (options.tls_cert.empty() || options.tls_ca.empty())) {
    error = "option \"--require-client-cert\" needs \"--tls-cert\", \"--tls-key\" and \"--tls-ca\"";
    return false;
  }
  return true;
}

}  // namespace kalam::stub
