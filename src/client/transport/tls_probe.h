// gRPC reports most failures of a handshake as "certificate verify failed" or "Socket closed". After such a failure,
// and only then, the handshake is tried once more with the TLS library itself, which knows the reason.
#pragma once

#include "client/wall.h"

#include <atomic>
#include <string>

#include "client/api.h"
#include "client/settings/settings.h"

namespace kalam {

// Connects and shakes hands, without sending anything else. Blocks for some seconds at most: for a thread of its own.
// Puts the reason into `failure` when it finds one, otherwise leaves it as it is. Ends soon after `stop` is set.
void probe_tls(const Settings& settings, const Endpoint& endpoint, const std::atomic<bool>& stop,
               Status* failure) noexcept;

}  // namespace kalam
