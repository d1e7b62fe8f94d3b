#include "client/rpc.h"

namespace kalam {

UnaryRpc* UnaryRpc::start(std::shared_ptr<RpcOwner> owner, RuntimeCore* runtime, grpc::GenericStub* stub, Method method,
                          const grpc::ByteBuffer& request, const RpcHeaders& headers,
                          std::optional<gpr_timespec> deadline) {
  auto rpc = std::unique_ptr<UnaryRpc>(new UnaryRpc(std::move(owner), method));
  if (!headers.authorization.empty()) rpc->context_.AddMetadata("authorization", headers.authorization);
  if (!headers.session_token.empty()) rpc->context_.AddMetadata("x-kalam-session-token", headers.session_token);
  if (deadline) rpc->context_.set_deadline(*deadline);
  rpc->reader_ = stub->PrepareUnaryCall(&rpc->context_, method_info(method).path, request, runtime->queue());
  rpc->reader_->StartCall();
  rpc->reader_->Finish(&rpc->response_, &rpc->status_, static_cast<Completion*>(rpc.get()));
  return rpc.release();
}

void UnaryRpc::complete(bool) noexcept {
  std::unique_ptr<UnaryRpc> self(this);
  owner_->rpc_finished(this);
}

}  // namespace kalam
