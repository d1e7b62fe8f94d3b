#include "unit/client/h2_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "kalamdb_pg.pb.h"

namespace kalam::test {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kService = "/kalamdb.pg.PgService/";

bool send_bytes(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

uint32_t number_at(std::string_view bytes, size_t at, unsigned size) {
  uint32_t number = 0;
  for (unsigned i = 0; i < size; i++) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

// An integer of HPACK with a prefix of seven bits.
std::string hpack_size(size_t size) {
  if (size < 127) return {static_cast<char>(size)};
  std::string bytes(1, 127);
  for (size -= 127; size >= 128; size /= 128) bytes += static_cast<char>(size % 128 + 128);
  return bytes + static_cast<char>(size);
}

// The client's table of headers has no room, so the path stands in every block as it is.
std::string method_of(std::string_view block) {
  const size_t at = block.find(kService);
  if (at == std::string_view::npos) return "?";
  block.remove_prefix(at + kService.size());
  return std::string(block.substr(0, std::min(block.size(), block.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                                                    "abcdefghijklmnopqrstuvwxyz"))));
}

}  // namespace

// ---------------------------------------------------------------- frames

std::string big_endian(uint64_t number, unsigned bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(number >> (8 * bytes) & 0xFF);
  return text;
}

std::string frame(FrameType type, uint8_t flags, uint32_t stream, std::string_view payload) {
  return big_endian(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) + big_endian(stream, 4) +
         std::string(payload);
}

std::string header_block(const Headers& headers) {
  std::string block;
  for (const auto& [name, value] : headers) {
    block.append(1, '\0').append(hpack_size(name.size())).append(name).append(hpack_size(value.size())).append(value);
  }
  return block;
}

std::string headers_frame(uint32_t stream, const Headers& headers, uint8_t flags) {
  return frame(FrameType::headers, flags, stream, header_block(headers));
}

std::string setting(uint16_t name, uint32_t value) {
  return big_endian(name, 2) + big_endian(value, 4);
}

std::string goaway(uint32_t last_stream, uint32_t error, std::string_view text) {
  return frame(FrameType::goaway, 0, 0, big_endian(last_stream, 4) + big_endian(error, 4) + std::string(text));
}

std::string rst_stream(uint32_t stream, uint32_t error) {
  return frame(FrameType::rst_stream, 0, stream, big_endian(error, 4));
}

std::string grpc_message(std::string_view message, uint8_t compressed) {
  return static_cast<char>(compressed) + big_endian(message.size(), 4) + std::string(message);
}

Headers response_headers() {
  return {{":status", "200"}, {"content-type", "application/grpc"}};
}

std::string answer(uint32_t stream, std::string_view message, const Headers& trailers) {
  return headers_frame(stream, response_headers()) + frame(FrameType::data, 0, stream, grpc_message(message)) +
         headers_frame(stream, trailers, kEndHeaders | kEndStream);
}

std::string failure(uint32_t stream, int code, const std::string& text) {
  Headers headers = response_headers();
  headers.emplace_back("grpc-status", std::to_string(code));
  headers.emplace_back("grpc-message", text);
  return headers_frame(stream, headers, kEndHeaders | kEndStream);
}

// ---------------------------------------------------------------- the peer

std::string H2Peer::usual_greeting() {
  // No table of headers, windows without a bound.
  return frame(FrameType::settings, 0, 0, setting(1, 0) + setting(4, 0x7fffffff)) +
         frame(FrameType::window_update, 0, 0, big_endian(0x7fff0000, 4));
}

H2Peer::H2Peer(Script script) : script_(std::move(script)) {
  sockaddr_in in4{};
  in4.sin_family = AF_INET;
  inet_pton(AF_INET, "127.0.0.1", &in4.sin_addr);
  auto* name = reinterpret_cast<sockaddr*>(&in4);
  socklen_t size = sizeof in4;
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener_, name, size) != 0 || listen(listener_, 64) != 0) std::abort();
  getsockname(listener_, name, &size);
  port_ = ntohs(in4.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

H2Peer::~H2Peer() {
  stop_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close_all();
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
}

void H2Peer::accept_all() {
  while (!stop_) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    std::lock_guard lock(mutex_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd, connection = ++accepted_] { serve(fd, connection); });
  }
}

void H2Peer::set_script(Script script) {
  std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

void H2Peer::set_greeting(std::string bytes) {
  std::lock_guard lock(mutex_);
  greeting_ = std::move(bytes);
}

void H2Peer::serve(int fd, unsigned connection) {
  std::string greeting;
  {
    std::lock_guard lock(mutex_);
    greeting = greeting_;
  }
  std::string bytes;
  bool good = send_bytes(fd, greeting);
  char block[65536];
  while (good) {
    const ssize_t size = recv(fd, block, sizeof block, 0);
    if (size <= 0) break;
    bytes.append(block, static_cast<size_t>(size));
    good = take_frames(fd, connection, &bytes);
  }
  std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  close(fd);
  ++ended_;
  changed_.notify_all();
}

// False: the connection is to be closed.
bool H2Peer::take_frames(int fd, unsigned connection, std::string* bytes) {
  if (bytes->starts_with(kPreface)) bytes->erase(0, kPreface.size());
  if (kPreface.starts_with(*bytes)) return true;
  while (bytes->size() >= 9) {
    const uint32_t size = number_at(*bytes, 0, 3);
    if (bytes->size() < 9 + size) return true;
    const auto type = static_cast<FrameType>((*bytes)[3]);
    const auto flags = static_cast<uint8_t>((*bytes)[4]);
    const uint32_t stream = number_at(*bytes, 5, 4);
    const std::string payload = bytes->substr(9, size);
    bytes->erase(0, 9 + size);
    if (type == FrameType::settings && (flags & kAck) == 0) send_bytes(fd, frame(FrameType::settings, kAck, 0));
    if (type == FrameType::ping && (flags & kAck) == 0) send_bytes(fd, frame(FrameType::ping, kAck, 0, payload));
    if (type != FrameType::headers && type != FrameType::data) continue;

    std::unique_lock lock(mutex_);
    Open& open = streams_[{connection, stream}];
    if (type == FrameType::headers) {
      open.headers += payload;
      open.method = method_of(payload);
    } else {
      open.body += payload;
    }
    if ((flags & kEndStream) == 0) continue;
    const Request request{open.method, stream,       ++numbers_[open.method],
                          connection,  open.headers, open.body.substr(std::min<size_t>(5, open.body.size()))};
    streams_.erase({connection, stream});
    requests_.push_back(request);
    changed_.notify_all();
    const Script script = script_;
    lock.unlock();
    const Answer answer = script ? script(request) : well(request);
    if (!send_bytes(fd, answer.bytes) || answer.close) return false;
  }
  return true;
}

std::string H2Peer::message_for(const Request& request) const {
  if (request.method == "Ping") {
    kalamdb::pg::PingResponse response;
    response.set_ok(true);
    return response.SerializeAsString();
  }
  if (request.method == "OpenSession") {
    kalamdb::pg::OpenSessionResponse response;
    response.set_session_id("session-1");
    response.set_lease_expires_at_ms(int64_t{1} << 50);
    return response.SerializeAsString();
  }
  if (request.method == "Scan") {
    kalamdb::pg::ScanResponse response;
    for (const std::string& batch : batches) response.add_ipc_batches(batch);
    return response.SerializeAsString();
  }
  if (request.method == "ExecuteQuery") {
    kalamdb::pg::ExecuteQueryResponse response;
    response.set_success(true);
    response.set_message("1 row(s)");
    for (const std::string& batch : batches) response.add_ipc_batches(batch);
    return response.SerializeAsString();
  }
  if (request.method == "ExecuteSql") {
    kalamdb::pg::ExecuteSqlResponse response;
    response.set_success(true);
    response.set_message("done");
    return response.SerializeAsString();
  }
  if (request.method == "Insert" || request.method == "Update" || request.method == "Delete") {
    kalamdb::pg::InsertResponse response;
    response.set_affected_rows(1);
    return response.SerializeAsString();
  }
  if (request.method == "BeginTransaction" || request.method == "CommitTransaction" ||
      request.method == "RollbackTransaction") {
    kalamdb::pg::BeginTransactionResponse response;
    response.set_transaction_id("transaction-1");
    return response.SerializeAsString();
  }
  return {};
}

void H2Peer::send_to_all(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  for (int fd : open_) send_bytes(fd, bytes);
}

void H2Peer::close_all() {
  std::lock_guard lock(mutex_);
  for (int fd : open_) shutdown(fd, SHUT_RDWR);
}

void H2Peer::wait_for_ended(unsigned count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_ >= count; });
}

std::vector<H2Peer::Request> H2Peer::requests(const std::string& method) const {
  std::lock_guard lock(mutex_);
  std::vector<Request> found;
  for (const Request& request : requests_) {
    if (method.empty() || request.method == method) found.push_back(request);
  }
  return found;
}

unsigned H2Peer::connections() const {
  std::lock_guard lock(mutex_);
  return accepted_;
}

}  // namespace kalam::test
