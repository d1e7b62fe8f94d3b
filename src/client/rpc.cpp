#include "client/rpc.h"

namespace kalam {

std::unique_ptr<UnaryRpc> UnaryRpc::create(std::shared_ptr<RpcOwner> owner, Method method, const RpcHeaders& headers,
                                           std::optional<gpr_timespec> deadline) {
  auto rpc = std::unique_ptr<UnaryRpc>(new UnaryRpc(std::move(owner), method));
  if (!headers.authorization.empty()) rpc->context_.AddMetadata("authorization", headers.authorization);
  if (!headers.session_token.empty()) rpc->context_.AddMetadata("x-kalam-session-token", headers.session_token);
  if (deadline) rpc->context_.set_deadline(*deadline);
  return rpc;
}

void UnaryRpc::start(std::unique_ptr<UnaryRpc> rpc, RuntimeCore* runtime, grpc::GenericStub* stub,
                     const grpc::ByteBuffer& request) {
  rpc->reader_ = stub->PrepareUnaryCall(&rpc->context_, method_info(rpc->method_).path, request, runtime->queue());
  rpc->started_.store(true, std::memory_order_release);
  rpc->reader_->StartCall();
  UnaryRpc* started = rpc.release();
  started->reader_->Finish(&started->response_, &started->status_, static_cast<Completion*>(started));
}

void UnaryRpc::complete(bool) noexcept {
  static_cast<void>(started_.load(std::memory_order_acquire));
  std::unique_ptr<UnaryRpc> self(this);
  owner_->rpc_finished(this);
}

}  // namespace kalam
