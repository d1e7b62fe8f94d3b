// One unary RPC on one channel: the smallest thing that the poller completes.
#pragma once

#include "client/wall.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <optional>
#include <string>

#include "client/method.h"
#include "client/runtime.h"

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
  // Starts the RPC. It keeps `owner` alive and deletes itself after it has told the owner. deadline: monotonic.
  static UnaryRpc* start(std::shared_ptr<RpcOwner> owner, RuntimeCore* runtime, grpc::GenericStub* stub, Method method,
                         const grpc::ByteBuffer& request, const RpcHeaders& headers,
                         std::optional<gpr_timespec> deadline);

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
  grpc::ClientContext context_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
};

}  // namespace kalam
