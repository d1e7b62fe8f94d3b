#include "client/transport/rpc.h"

#include <grpc/compression.h>
#include <grpcpp/support/proto_buffer_reader.h>

namespace kalam {
namespace {

// How a message came: gRPC hands compressed ones over as they are, and says so nowhere else.
class Packing : public grpc::ProtoBufferReader {
 public:
  explicit Packing(grpc::ByteBuffer* message) : ProtoBufferReader(message) {}
  grpc_compression_algorithm algorithm() {
    return status().ok() ? reader()->buffer_in->data.raw.compression : GRPC_COMPRESS_NONE;
  }
};

// What a gRPC says that looks at the header before the message.
grpc::Status refuse_compression(grpc_compression_algorithm algorithm) {
  const char* name = nullptr;
  if (grpc_compression_algorithm_name(algorithm, &name) == 0) name = "unknown";
  return {grpc::StatusCode::UNIMPLEMENTED, "Compression algorithm '" + std::string(name) + "' is disabled."};
}

}  // namespace

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
  try {
    const auto algorithm = response_.Valid() ? Packing(&response_).algorithm() : GRPC_COMPRESS_NONE;
    if (algorithm != GRPC_COMPRESS_NONE) status_ = refuse_compression(algorithm);
  } catch (...) {
    status_ = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, {});
  }
  owner_->rpc_finished(this);
}

}  // namespace kalam
