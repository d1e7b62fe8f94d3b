// Commands of the control service (kalam-stub control --help).
#pragma once

#include <functional>
#include <string>

#include "stub/rpc/faults.h"
#include "stub/rpc/relay.h"
#include "stub/rpc/rpc_log.h"
#include "stub/server/server.h"

namespace kalam::stub {

class Control {
 public:
  // relay: nullptr when there is none. stop ends the program in order.
  Control(Server& server, Faults& faults, RpcLog& log, Relay* relay, std::function<void()> stop)
      : server_(server), faults_(faults), log_(log), relay_(relay), stop_(std::move(stop)) {}

  Status execute(const std::string& command, const std::string& argument, std::string& result);

 private:
  Status set_manifest(const std::string& argument);
  Status with_table(const std::string& command, const std::string& argument,
                    const std::function<Status(const TableDef&, int64_t)>& action);

  Server& server_;
  Faults& faults_;
  RpcLog& log_;
  Relay* relay_;
  std::function<void()> stop_;
};

extern const char* const kControlUsage;

// "7s", "500ms", "2m", "1h", "90" (seconds) in microseconds.
std::optional<int64_t> parse_duration(const std::string& text);

}  // namespace kalam::stub
