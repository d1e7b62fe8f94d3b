// One connection: its nodes, which of them leads what, its transaction and its calls.
#pragma once

#include "client/wall.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "client/arrow/result_reader.h"
#include "client/session/node.h"
#include "client/settings/settings.h"
#include "client/transport/runtime.h"

namespace kalam {

class LeaderSearch;

struct Transaction {
  enum class State : uint8_t {
    none,
    beginning,
    open,
    ending,
    unresolved,  // its commit or rollback failed: the server may still have it open
  };
  State state = State::none;
  std::string id;
  Node* node = nullptr;
  bool failed = false;  // the server ended it, or forgot the session: nothing more may be sent in its name
  Status failure{};
};

// Shared by the handle and everything that is in flight. One mutex guards it all: a backend has one thread, and the
// poller is the other one. gRPC never calls back into the library while it is held.
class ConnectionCore : public std::enable_shared_from_this<ConnectionCore> {
 public:
  ConnectionCore(std::shared_ptr<RuntimeCore> runtime, Settings settings);
  ~ConnectionCore();

  Node* home() { return nodes_.front().get(); }
  // The node of that address, a new one if there is none yet; NULL when there are too many.
  Node* node_for(const Endpoint& endpoint);
  // The node that leads `group` as far as known.
  Node* target(const std::string& group);
  void remember_leader(const std::string& group, Node* node);
  void forget_leader(const Node* node);
  // The known node after `node`, in turn.
  Node* next_node(const Node* node);
  size_t node_count() const { return nodes_.size(); }

  // Something of the server's may be left of a transaction: gives its session up.
  void resolve_transaction();

  // CloseSession was sent to `closed` (NULL: to none): what is open on other nodes is given up too, and with it any
  // transaction.
  void sessions_closed(const Node* closed) noexcept;

  void operation_finished(Operation* operation);
  // Ends everything. Waits for CloseSession no longer than `close_timeout_ms`.
  void close(uint32_t close_timeout_ms);

  std::mutex mutex;
  std::condition_variable changed;  // a call has ended, or something in flight has completed
  const std::shared_ptr<RuntimeCore> runtime;
  const Settings settings;

  Transaction transaction;
  std::string session_id;  // proposed to every node (spec 13)
  uint64_t sessions_opened = 0;
  uint64_t redirects = 0;
  size_t in_flight = 0;  // completions that are not an operation's
  bool closing = false;
  // Used by the caller's thread alone, without the mutex.
  bool has_handle = true;                      // connection_release() has not been called yet
  std::unique_ptr<ResultReader> spare_reader;  // of an answer that was read; knows its schema
  std::atomic<bool> stop_probes{false};
  std::unordered_set<Operation*> operations;
  std::map<std::string, std::shared_ptr<LeaderSearch>> searches;  // by API address
  std::unordered_map<std::string, Node*> node_of_api_address;
  Secrets secrets;  // the settings' and the sessions' tokens

 private:
  std::vector<std::unique_ptr<Node>> nodes_;
  std::unordered_map<std::string, Node*> leaders_;
  Node* last_leader_ = nullptr;
};

struct Connection {
  std::shared_ptr<ConnectionCore> core;
};

// Sends CloseSession and asks for nothing back; counted in in_flight. `timeout_ms` bounds it.
void send_close_session(ConnectionCore* core, Node* node, const Session& session, uint32_t timeout_ms);

}  // namespace kalam
