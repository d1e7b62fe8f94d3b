// Channels: transport security and the arguments that every channel of this library has.
#pragma once

#include "client/wall.h"

#include <grpcpp/channel.h>

#include <memory>

#include "client/settings/settings.h"

namespace kalam {

// A new, idle channel with connections of its own: nothing is shared with another channel, not even its back-off.
std::shared_ptr<grpc::Channel> make_channel(const Settings& settings, const Endpoint& endpoint);

}  // namespace kalam
