// One unary RPC on one channel: the smallest thing that the poller completes.
#pragma once

#include "client/wall.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "client/base/method.h"
#include "client/transport/runtime.h"

namespace kalam {

class UnaryRpc;

// Who started an RPC. rpc_finished() runs on the poller thread, without any lock held; the RPC lives until it returns.
class RpcOwner {
 public:
  virtual void rpc_finished(UnaryRpc* rpc) noexcept = 0;

 protected:
  ~RpcOwner() = default;
};

struct RpcHeaders {
  std::string authorization;  // empty: not sent
  std::string session_token;  // empty: not sent
};

class UnaryRpc final : public Completion {
 public:
  // An RPC that is not started yet. deadline: monotonic.
  static std::unique_ptr<UnaryRpc> create(std::shared_ptr<RpcOwner> owner, Method method, const RpcHeaders& headers,
                                          std::optional<gpr_timespec> deadline);

  // Starts it. From now on it keeps its owner alive, and deletes itself after it has told the owner.
  static void start(std::unique_ptr<UnaryRpc> rpc, RuntimeCore* runtime, grpc::GenericStub* stub,
                    const grpc::ByteBuffer& request);

  void cancel() { context_.TryCancel(); }

  Method method() const { return method_; }
  const grpc::Status& status() const { return status_; }
  grpc::ByteBuffer& response() { return response_; }
  std::string peer() const { return context_.peer(); }

 private:
  UnaryRpc(std::shared_ptr<RpcOwner> owner, Method method) : owner_(std::move(owner)), method_(method) {}
  void complete(bool ok) noexcept override;

  std::shared_ptr<RpcOwner> owner_;
  Method method_;
  // What was written before the start is visible where the RPC completes. gRPC's queue sees to that as well, but in a
  // way that no tool which looks for races knows of.
  std::atomic<bool> started_{false};
  grpc::ClientContext context_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
};

}  // namespace kalam
