// One server node: its channel and the session on it. Every function runs with the connection's mutex held, but for the
// completions, which take it.
#pragma once

#include "client/wall.h"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <string>
#include <vector>

#include "client/session/shared.h"
#include "client/session/waiter.h"
#include "client/settings/settings.h"
#include "client/transport/quick_ack.h"
#include "client/transport/rpc.h"
#include "client/transport/timer.h"

namespace kalam {

class StateWatch;

// Silence after which the server may have forgotten the session (it does after 5 s, spec 2.3).
constexpr int64_t kSilenceMs = 4'000;
// A lease is 30 minutes on the server's clock and is renewed when less than a minute is left (spec 2.2).
constexpr int64_t kLeaseMs = 30 * 60'000;
constexpr int64_t kRenewMs = 60'000;

struct Session {
  enum class State : uint8_t { closed, opening, open };
  State state = State::closed;
  std::string id;
  std::string token;
  int64_t lease_expires_at_ms = 0;  // the server's clock
  int64_t opened_at_ms = 0;         // the session clock, when the request was started
  int64_t last_started_ms = 0;      // the session clock, start of the last RPC
  bool maybe_pruned = false;        // an RPC was started after a silence, and may have pruned its own session
  uint64_t generation = 0;          // counts the times it was opened
};

class Node final : public RpcOwner, public TimerOwner {
 public:
  Node(Shared* shared, Endpoint endpoint) : shared_(shared), endpoint_(std::move(endpoint)), peer_(endpoint_.text()) {}

  const Endpoint& endpoint() const { return endpoint_; }
  const std::string& name() const { return peer_; }
  const Session& session() const { return session_; }
  const std::shared_ptr<grpc::GenericStub>& stub() const { return stub_; }

  // True when an RPC may be started: the channel is ready, or `waiter` has waited for this attempt to connect, which
  // failed, and its RPC is to bring back the reason. Otherwise the waiter will be resumed later.
  bool connect_or_wait(const std::shared_ptr<Waiter>& waiter);

  // True when the session is open; `fresh`: and nobody can have pruned it. Otherwise as above.
  bool session_or_wait(const std::shared_ptr<Waiter>& waiter, bool fresh);
  bool session_is_fresh() const;

  // Finds out on a thread of its own why no connection was made, and tells the waiter. False: there is nothing to be
  // found out.
  bool explain_later(const std::shared_ptr<Waiter>& waiter, const Status& failure);

  // It no longer waits. An OpenSession that nobody waits for is cancelled.
  void forget(const Waiter* waiter);

  // An RPC of the session is about to be started.
  void note_session_used() noexcept;
  // After every start; NULL: the RPC has ended meanwhile.
  void note_rpc_started(const UnaryRpc* rpc) noexcept;
  void note_rpc_finished(const UnaryRpc& rpc) noexcept;

  // The server does not know the session of this generation any more. It is opened again under its id.
  void session_lost(uint64_t generation);
  // The session may hold a transaction that nobody wants: closes it without waiting, and the next one gets a new id.
  void abandon_session() noexcept;
  // The session was closed by CloseSession.
  void session_closed();
  // Sends CloseSession and asks for nothing back; counted in `in_flight`. `timeout_ms` bounds it.
  void send_close_session(uint32_t timeout_ms);

  // For the end of the connection.
  void drop_channel();
  void cancel_opening();
  void stop_quick_ack();
  // Ends a wait for the channel: destroying the channel completes the watch on it.
  void give_up_connecting() {
    if (watching_) drop_channel();
  }

  RpcHeaders headers(Method method) const;

 private:
  friend class StateWatch;

  void rpc_finished(UnaryRpc* rpc) noexcept override;
  void timer_finished(Timer* timer, bool expired) noexcept override;
  void explained(const Status& failure) noexcept;
  void watch_finished() noexcept;
  void watch_finished_locked();
  void opening_finished_locked(UnaryRpc* rpc);
  void keep_quick();
  void make_new_channel();
  void start_watch(grpc_connectivity_state last);
  void start_opening(const std::shared_ptr<Waiter>& waiter);
  void fail_waiting(std::vector<std::shared_ptr<Waiter>>* waiting, const Status& status);

  Shared* shared_;  // owns the node
  Endpoint endpoint_;
  std::string peer_;

  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<grpc::GenericStub> stub_;
  uint64_t channel_serial_ = 0;
  bool watching_ = false;
  bool tried_again_ = false;  // since connect_until_us_ was set
  int64_t connect_until_us_ = 0;
  std::vector<std::shared_ptr<Waiter>> waiting_for_channel_;

  Session session_;
  UnaryRpc* opener_ = nullptr;
  bool opener_cancelled_ = false;
  int64_t opener_deadline_us_ = 0;  // 0: none
  int64_t opener_started_ms_ = 0;
  std::vector<std::shared_ptr<Waiter>> waiting_for_session_;

  bool explaining_ = false;
  std::vector<std::shared_ptr<Waiter>> waiting_for_reason_;

  QuickAck quick_ack_;
  Timer* quick_ack_timer_ = nullptr;
  uint64_t started_ = 0;  // RPCs
  uint64_t started_at_timer_ = 0;
};

}  // namespace kalam
