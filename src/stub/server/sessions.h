// The registry of sessions: leases, idle pruning, tokens (specification 2).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "stub/base/clock.h"
#include "stub/base/ids.h"
#include "stub/base/status.h"

namespace kalam::stub {

struct Session {
  std::string id;
  std::optional<std::string> current_schema;
  int64_t lease_expires_ms = 0;
  int64_t opened_ms = 0;
  int64_t last_seen_ms = 0;
  std::string last_method;
  std::string token;  // R2
  std::string peer;
  bool authenticated = true;  // false: pruned by its own call, which made the entry anew
};

// Whose transaction slot a session id names: `pg-<pid>[-<hash>]` or a UUID. nullopt: `error` is the INVALID_ARGUMENT
// text.
std::optional<std::string> owner_key(const std::string& session_id, std::string& error);

// The pid of a `pg-<pid>…` id, as system.sessions shows it.
std::optional<int64_t> backend_pid(const std::string& session_id);

bool is_uuid(std::string_view text);

class Sessions {
 public:
  struct Rules {
    bool r2 = false;
    bool idle_prune = true;
    bool validate = true;  // false: no authentication is configured, every id is taken
  };
  using HasTransaction = std::function<bool(const std::string& session_id)>;
  using Closing = std::function<void(const std::string& session_id)>;

  Sessions(const Clock& clock, IdSource& ids, Rules rules) : clock_(clock), ids_(ids), rules_(rules) {}
  // has_transaction keeps a session from being pruned; closing rolls its transaction back.
  void set_transaction_hooks(HasTransaction has_transaction, Closing closing) {
    has_transaction_ = std::move(has_transaction);
    closing_ = std::move(closing);
  }

  const Session& open(std::string proposed_id, std::optional<std::string> current_schema, const std::string& peer);
  // Whether a call of this session may run; counts as its use.
  Status begin_call(const std::string& session_id, const std::string& token, const std::string& method);
  Status close(const std::string& session_id, const std::string& token);

  // Deletes idle sessions (R2: expired ones, too), at most once a second.
  void sweep();
  const std::map<std::string, Session>& all() const { return sessions_; }
  // Forgets one session as if it was pruned, or all.
  void prune(const std::string& session_id) { sessions_.erase(session_id); }
  void clear() { sessions_.clear(); }

 private:
  const Clock& clock_;
  IdSource& ids_;
  Rules rules_;
  HasTransaction has_transaction_;
  Closing closing_;
  std::map<std::string, Session> sessions_;
  int64_t last_sweep_ms_ = 0;
};

}  // namespace kalam::stub
