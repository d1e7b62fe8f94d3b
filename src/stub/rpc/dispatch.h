// From a method's name and the bytes of its request to the bytes of its answer.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "stub/rpc/rpc_log.h"
#include "stub/server/server.h"

namespace kalam::stub {

struct Answer {
  Status status;
  std::shared_ptr<const std::string> body;  // shared: a cached scan is sent many times
};

class Dispatcher {
 public:
  Dispatcher(Server& server, const Options& options) : server_(server), options_(options) {}

  // method: "Scan" …; an unknown one is UNIMPLEMENTED. Fills the record's session, summary, rows.
  Answer call(const std::string& method, const CallContext& context, const std::string& request, CallRecord& record);

 private:
  Server& server_;
  const Options& options_;
  std::mutex cache_mutex_;
  std::map<std::string, std::shared_ptr<const std::string>> cached_scans_;
};

// Puts garbage into the Arrow streams of a Scan's or query's answer, or cuts them off.
std::string damage_arrow(const std::string& method, const std::string& body, bool truncate);

// The Arrow streams of a Scan's or query's answer that many times.
std::string repeat_arrow(const std::string& method, const std::string& body, uint64_t times);

}  // namespace kalam::stub
