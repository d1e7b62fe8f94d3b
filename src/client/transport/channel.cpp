#include "client/transport/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <limits>

#include "client/base/memory_room.h"

namespace kalam {
namespace {

// Of memory that gRPC may hold beside two of the largest answers.
constexpr uint64_t kBeside = uint64_t{64} << 20;

std::shared_ptr<grpc::ChannelCredentials> make_credentials(const Settings& settings) {
  if (!settings.use_tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = settings.ca_pem;
  options.pem_cert_chain = settings.client_cert_pem;
  options.pem_private_key = settings.client_key_pem;
  return grpc::SslCredentials(options);
}

}  // namespace

std::shared_ptr<grpc::Channel> make_channel(const Settings& settings, const Endpoint& endpoint) {
  grpc::ChannelArguments arguments;
  const auto largest = static_cast<uint64_t>(std::numeric_limits<int>::max());
  const uint64_t bound = std::min(bound_by_memory(settings.max_response_bytes), largest);
  arguments.SetMaxReceiveMessageSize(bound == 0 ? -1 : static_cast<int>(bound));
  if (bound != 0) {
    // What is in flight at once, control frames and buffers of the sockets included. Beyond it gRPC takes smaller
    // pieces, then gives up calls.
    grpc::ResourceQuota quota("pg_kalam");
    quota.Resize(static_cast<size_t>(2 * bound + kBeside));
    arguments.SetResourceQuota(quota);
  }
  arguments.SetMaxSendMessageSize(-1);
  // What may be sent again is this library's decision. And gRPC's filter for retries ends the process when an answer
  // comes without a status.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // A small answer could become a large one, past the bound on its size: "identity" alone is offered and taken.
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  arguments.SetInt(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1U << GRPC_COMPRESS_NONE);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // The name misleads: this is how long one attempt to connect may take.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   static_cast<int>(std::min<uint64_t>(settings.connect_timeout_ms, largest)));
  // Finds a dead peer while a call waits. Pings without calls would be taken for an attack by some servers.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  // A statement's error travels in a header, and can be far longer than the 8 KiB that gRPC would take.
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, 1 << 20);
  arguments.SetUserAgentPrefix("pg_kalam");
  if (settings.use_tls && !settings.tls_server_name.empty()) {
    arguments.SetSslTargetNameOverride(settings.tls_server_name);
  }
  return grpc::CreateCustomChannel("dns:///" + endpoint.text(), make_credentials(settings), arguments);
}

}  // namespace kalam
