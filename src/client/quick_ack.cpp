#include "client/quick_ack.h"

namespace kalam {
void QuickAck::set_peer(std::string_view peer) {
  peer_ = peer;
}
void QuickAck::apply() {}
}  // namespace kalam
