// An HTTP/2 peer made by hand: it answers well unless a test says which bytes to send instead. Nothing of gRPC is in
// it, so it can say what no gRPC server would.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace kalam::test {

// ---------------------------------------------------------------- frames (RFC 9113)

enum class FrameType : uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push_promise,
  ping,
  goaway,
  window_update,
  continuation
};
constexpr uint8_t kEndStream = 1;
constexpr uint8_t kAck = 1;
constexpr uint8_t kEndHeaders = 4;
constexpr uint8_t kPadded = 8;

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string big_endian(uint64_t number, unsigned bytes);
std::string frame(FrameType type, uint8_t flags, uint32_t stream, std::string_view payload = {});
// A header block of literals that are not indexed.
std::string header_block(const Headers& headers);
std::string headers_frame(uint32_t stream, const Headers& headers, uint8_t flags = kEndHeaders);
std::string setting(uint16_t name, uint32_t value);
std::string goaway(uint32_t last_stream, uint32_t error = 0, std::string_view text = {});
std::string rst_stream(uint32_t stream, uint32_t error);
// A message as gRPC frames it: five bytes and the message.
std::string grpc_message(std::string_view message, uint8_t compressed = 0);

// ":status 200" and the content type of gRPC.
Headers response_headers();
// A whole answer: headers, one message, trailers.
std::string answer(uint32_t stream, std::string_view message, const Headers& trailers = {{"grpc-status", "0"}});
// A failure in trailers alone.
std::string failure(uint32_t stream, int code, const std::string& text);

// ---------------------------------------------------------------- the peer

class H2Peer {
 public:
  struct Request {
    std::string method;
    uint32_t stream;
    unsigned number;      // of the requests of this method, from 1
    unsigned connection;  // from 1
    std::string headers;  // the block, in which the texts are readable
    std::string message;  // without gRPC's five bytes
  };
  struct Answer {
    std::string bytes;
    bool close = false;  // behind the bytes
  };
  // Decides on a request; nothing (NULL) in place of a script: well().
  using Script = std::function<Answer(const Request&)>;

  explicit H2Peer(Script script = {});
  ~H2Peer();
  H2Peer(const H2Peer&) = delete;
  H2Peer& operator=(const H2Peer&) = delete;

  uint16_t port() const { return port_; }
  void set_script(Script script);
  // What is sent when a connection begins, in place of the usual settings.
  void set_greeting(std::string bytes);
  static std::string usual_greeting();

  // The message of a good answer, and that answer.
  std::string message_for(const Request& request) const;
  Answer well(const Request& request) const { return {answer(request.stream, message_for(request)), false}; }

  // What Scan and ExecuteQuery answer with (Arrow IPC streams).
  std::vector<std::string> batches;

  // To every connection that is open.
  void send_to_all(std::string_view bytes);
  void close_all();
  // Blocks until the clients have closed so many connections, or this peer has.
  void wait_for_ended(unsigned count);

  std::vector<Request> requests(const std::string& method = {}) const;
  size_t count(const std::string& method) const { return requests(method).size(); }
  unsigned connections() const;

 private:
  void accept_all();
  void serve(int fd, unsigned connection);
  bool take_frames(int fd, unsigned connection, std::string* bytes);

  struct Open {
    std::string method;
    std::string headers;
    std::string body;
  };

  uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Script script_;
  std::string greeting_ = usual_greeting();
  std::vector<int> open_;
  unsigned accepted_ = 0;
  unsigned ended_ = 0;
  std::map<std::pair<unsigned, uint32_t>, Open> streams_;
  std::map<std::string, unsigned> numbers_;
  std::vector<Request> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace kalam::test
