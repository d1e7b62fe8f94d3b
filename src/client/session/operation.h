// What a call does: a small state machine that the poller drives. Every function runs with the connection's mutex held,
// but for the completions, which take it.
#pragma once

#include "client/wall.h"

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/base/status.h"
#include "client/session/connection.h"
#include "client/session/requests.h"
#include "client/session/waiter.h"
#include "client/transport/rpc.h"
#include "client/transport/timer.h"

namespace kalam {

// What the public function asks for.
struct OperationPlan {
  Method method = Method::ping;
  RequestBody body;
  bool is_read = false;  // may be repeated when its answer was lost
  std::string group;     // key of the data group, for leaders: "" is the shared tables'
  uint64_t deadline_ms = 0;
  uint32_t every_ms = 0;  // not 0: sent again after each pause of that length, while the transaction is open
};

class Operation final : public RpcOwner,
                        public TimerOwner,
                        public Waiter,
                        public std::enable_shared_from_this<Operation> {
 public:
  Operation(std::shared_ptr<ConnectionCore> core, OperationPlan plan);

  // Without the last step, so that gRPC need not be called with the mutex held.
  void start();
  // The last step of start(), without the mutex: starts the RPC if there is one.
  void start_rpc();
  // Goes on as far as possible without waiting.
  void advance();
  void cancel() override;

  bool done() const { return done_.load(std::memory_order_acquire); }
  // Done, and nothing of it is in flight any more. May be asked without the mutex.
  bool settled() const { return done() && in_flight_.load(std::memory_order_acquire) == 0; }
  // Whether it holds anything of gRPC's once it has settled.
  bool holds_slices() const { return holds_slices_; }

  const std::shared_ptr<ConnectionCore>& core() const { return core_; }

  // Results, once done.
  const KeptStatus& status() const { return status_; }
  uint64_t affected_rows() const { return affected_rows_; }
  const std::string& message() const { return message_; }
  // The answer with rows: a small one was copied here, a large one is still gRPC's.
  std::string_view small_answer() const { return small_answer_; }
  grpc::ByteBuffer& response() { return response_; }
  const CallStatistics& statistics() const { return statistics_; }
  Method method() const { return plan_.method; }
  // Whether its own RPC was started. May be asked without the mutex.
  bool was_sent() const { return was_sent_.load(std::memory_order_relaxed); }

 private:
  enum class Phase : uint8_t { starting, waiting, running, pausing, searching, explaining, done };

  void resume() noexcept override;
  void preparation_failed(const Status& status) noexcept override;
  void failure_explained(const Status& status) noexcept override;
  void leader_found(Node* node, std::string_view refused) noexcept override;
  void count_rpc() noexcept override { ++statistics_.rpcs; }
  void rpc_finished(UnaryRpc* rpc) noexcept override;
  void timer_finished(Timer* timer, bool expired) noexcept override;
  void rpc_finished_locked(UnaryRpc* rpc);
  void take_answer(UnaryRpc* rpc);

  bool start_locally();
  void start_failed() noexcept;
  void send();
  void succeeded(UnaryRpc* rpc);
  void failed(int code, const std::string& text);
  void failed_in_transaction(const Status& status);
  void connection_failed(const Status& status);
  void not_leader(const Status& status, const std::string& text);
  void finish_unconnected(const Status& status);
  void try_elsewhere(const Status& status);
  void pause_then(Node* node);
  void rest();
  bool rests_after(const Status& status);
  static bool ends_transaction(const Status& status);
  void wait_in(Phase phase);
  void stop_timer();
  void leave_waiting();
  void finish(const Status& status) noexcept;
  void finish_ok() noexcept;
  void end() noexcept;
  void finish_timed_out();
  void end_of_begin(bool ok);
  void end_of_transaction(bool ok);

  bool repeatable() const;
  bool deadline_passed() const;

  const std::shared_ptr<ConnectionCore> core_;
  OperationPlan plan_;
  const int64_t started_us_;

  Phase phase_ = Phase::starting;
  Node* node_ = nullptr;      // the one being tried
  Node* override_ = nullptr;  // where the search for a leader goes next
  bool bound_ = false;        // belongs to the open transaction
  uint64_t generation_ = 0;   // of the session that the RPC was sent in
  UnaryRpc* rpc_ = nullptr;
  Timer* timer_ = nullptr;
  std::atomic<size_t> in_flight_{0};
  std::string search_;  // API address asked for

  bool cancelled_ = false;
  bool session_reopened_ = false;
  unsigned reconnects_ = 0;
  unsigned hops_ = 0;
  int64_t search_until_us_ = 0;  // 0: no search for a leader yet
  int64_t sent_us_ = 0;          // when its latest RPC was
  KeptStatus search_failure_;    // what started it, or what is being explained
  unsigned tried_ = 0;           // nodes tried since the last pause

  std::atomic<bool> was_sent_{false};
  std::atomic<bool> done_{false};
  KeptStatus status_;
  uint64_t affected_rows_ = 0;
  std::string message_;
  std::string small_answer_;
  grpc::ByteBuffer response_;
  bool holds_slices_ = false;

  // Between start() and start_rpc().
  struct Prepared {
    std::unique_ptr<UnaryRpc> rpc;
    std::shared_ptr<grpc::GenericStub> stub;
    grpc::ByteBuffer request;
  };
  bool in_start_ = false;
  Prepared prepared_;
  CallStatistics statistics_{};
};

}  // namespace kalam
