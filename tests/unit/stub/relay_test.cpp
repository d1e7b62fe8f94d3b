#include "stub/rpc/relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace kalam::stub {
namespace {

constexpr int kPatienceMs = 30000;  // only a failing test waits that long

int port_of(int descriptor) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

int peer_port(int descriptor) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

bool readable(int descriptor, int milliseconds = kPatienceMs) {
  pollfd waiting{descriptor, POLLIN, 0};
  return poll(&waiting, 1, milliseconds) == 1;
}

class RelayTest : public testing::Test {
 protected:
  void SetUp() override {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    ASSERT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(listener_, 1), 0);
  }
  void start(Relay::Behaviour behaviour) {
    relay_ = std::make_unique<Relay>("127.0.0.1", 0, behaviour);
    relay_->run(port_of(listener_));
    client_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(relay_->port());
    ASSERT_EQ(connect(client_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_TRUE(readable(listener_));
    server_ = accept(listener_, nullptr, nullptr);
    ASSERT_GE(server_, 0);
  }
  void TearDown() override {
    for (int descriptor : {client_, server_, listener_}) {
      if (descriptor >= 0) close(descriptor);
    }
  }
  static std::string receive(int descriptor, size_t size) {
    std::string text(size, '\0');
    ssize_t got = recv(descriptor, text.data(), size, MSG_WAITALL);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }

  int listener_ = -1;
  int client_ = -1;
  int server_ = -1;
  std::unique_ptr<Relay> relay_;
};

TEST_F(RelayTest, PassesBytesBothWays) {
  start({true, true});
  ASSERT_EQ(send(client_, "question", 8, 0), 8);
  EXPECT_EQ(receive(server_, 8), "question");
  ASSERT_EQ(send(server_, "answer", 6, 0), 6);
  EXPECT_EQ(receive(client_, 6), "answer");
}

TEST_F(RelayTest, CutsTheClientsConnection) {
  start({});
  ASSERT_EQ(send(client_, "x", 1, 0), 1);
  EXPECT_EQ(receive(server_, 1), "x");
  relay_->cut(peer_port(server_));
  ASSERT_TRUE(readable(client_));
  EXPECT_EQ(receive(client_, 1), "");
}

TEST_F(RelayTest, AStalledConnectionGoesOnWhenReleased) {
  start({});
  ASSERT_EQ(send(client_, "x", 1, 0), 1);
  EXPECT_EQ(receive(server_, 1), "x");
  relay_->stall(peer_port(server_));
  ASSERT_EQ(send(server_, "late", 4, 0), 4);
  EXPECT_FALSE(readable(client_, 100)) << "nothing passes";
  relay_->release();
  EXPECT_EQ(receive(client_, 4), "late");
}

}  // namespace
}  // namespace kalam::stub
