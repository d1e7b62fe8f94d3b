#include "client/transport/quick_ack.h"

#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

namespace kalam {
namespace {

// Whether the descriptor is a TCP socket that is connected to `peer`. Its number may have been taken by another file.
bool is_connected_to(int fd, const PeerAddress& peer) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  PeerAddress found;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0 && read_peer_address(storage, &found) &&
         found == peer;
}

}  // namespace

void QuickAck::set_peer(std::string_view peer) {
  PeerAddress found;
  if (!find_peer_address(peer, &found)) return;
  needs_peer_ = false;
  if (has_peer_ && found == peer_) return;
  peer_ = found;
  has_peer_ = true;
  searches_left_ = kSearches;
}

void QuickAck::search() {
  sockets_.clear();
  std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), &closedir);
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder.get())) {
    int fd = -1;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, fd).ptr == end && is_connected_to(fd, peer_)) sockets_.push_back(fd);
  }
  searches_left_ = sockets_.empty() ? searches_left_ - 1 : 0;
}

void QuickAck::apply() {
#ifdef TCP_QUICKACK
  if (!has_peer_) return;
  const bool all_known =
      std::all_of(sockets_.begin(), sockets_.end(), [&](int fd) { return is_connected_to(fd, peer_); });
  if (!all_known) searches_left_ = kSearches;
  if (searches_left_ > 0) search();
  const int on = 1;
  for (int fd : sockets_) setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#endif
}

}  // namespace kalam
