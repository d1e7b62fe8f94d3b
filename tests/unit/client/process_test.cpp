// What the library does to its process: threads, signals, descriptors, forks.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "unit/client/client_fixture.h"

namespace kalam::test {
namespace {

std::set<std::string> entries(const char* folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

// True when no other thread is left. The kernel lists a thread for a moment after it was joined.
bool is_alone() {
  for (uint32_t i = 0; i < kPatience; ++i) {
    if (entries("/proc/self/task").size() == 1) return true;
    usleep(1000);
  }
  return false;
}

// Signals blocked in one thread, as the kernel prints them.
uint64_t blocked_signals(const std::string& thread) {
  std::ifstream file("/proc/self/task/" + thread + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("SigBlk:")) return std::stoull(line.substr(7), nullptr, 16);
  }
  return 0;
}

bool is_readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, 0) == 1;
}

// The fake runs in a process of its own: its threads and descriptors are not the client's. One for all tests, started
// before this process has used gRPC, which does not survive a fork.
class ServerProcess {
 public:
  ServerProcess() {
    int port_pipe[2];
    int end_pipe[2];
    if (pipe(port_pipe) != 0 || pipe(end_pipe) != 0) std::abort();
    child_ = fork();
    if (child_ == 0) {
      close(end_pipe[1]);
      FakeServer server;
      const uint16_t port = server.port();
      if (write(port_pipe[1], &port, sizeof port) != sizeof port) _exit(1);
      char byte = 0;
      while (read(end_pipe[0], &byte, 1) > 0) {
      }
      _exit(0);
    }
    close(port_pipe[1]);
    close(end_pipe[0]);
    end_ = end_pipe[1];
    if (read(port_pipe[0], &port_, sizeof port_) != sizeof port_) std::abort();
    close(port_pipe[0]);
  }
  ~ServerProcess() {
    close(end_);
    waitpid(child_, nullptr, 0);
  }
  uint16_t port() const { return port_; }

 private:
  pid_t child_ = -1;
  int end_ = -1;
  uint16_t port_ = 0;
};

ConnectionOptions options_to(uint16_t port) {
  ConnectionOptions options{};
  options.host = "127.0.0.1";
  options.port = port;
  return options;
}

class ProcessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new ServerProcess(); }
  static void TearDownTestSuite() { delete server_; }
  static ServerProcess& server() { return *server_; }

 private:
  static ServerProcess* server_;
};
ServerProcess* ProcessTest::server_ = nullptr;

ErrorClass run(Call* call) {
  Status status{};
  status.error = ErrorClass::internal;
  if (call != nullptr && call_wait(call, kPatience)) call_status(call, &status);
  call_release(call);
  return status.error;
}

TEST_F(ProcessTest, NothingIsLeftBehind) {
  // The first start leaves what the C++ library and gRPC keep for good.
  for (int round = 0; round < 3; ++round) {
    const auto descriptors = entries("/proc/self/fd");
    Status status;
    Runtime* runtime = runtime_start(&status);
    ASSERT_NE(runtime, nullptr) << status.message;
    const ConnectionOptions options = options_to(server().port());
    Connection* connection = connection_create(runtime, &options, &status);
    ASSERT_NE(connection, nullptr);
    EXPECT_EQ(run(call_open_session(connection, nullptr, &status)), ErrorClass::none);
    EXPECT_GT(entries("/proc/self/task").size(), 1U);
    connection_release(connection, 10'000);
    runtime_stop(runtime);
    if (round > 0) {
      EXPECT_EQ(entries("/proc/self/fd"), descriptors) << "round " << round;
    }
    EXPECT_TRUE(is_alone()) << "threads in round " << round;
  }
}

TEST_F(ProcessTest, NoThreadTakesSignals) {
  Status status;
  Runtime* runtime = runtime_start(&status);
  const ConnectionOptions options = options_to(server().port());
  Connection* connection = connection_create(runtime, &options, &status);
  EXPECT_EQ(run(call_open_session(connection, nullptr, &status)), ErrorClass::none);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(call_ping(connection, nullptr, &status)), ErrorClass::none);
  const std::string self = std::to_string(getpid());
  const uint64_t own = blocked_signals(self);
  EXPECT_EQ(own, 0U) << "the caller's mask is as it was";
  for (const std::string& thread : entries("/proc/self/task")) {
    if (thread == self) continue;
    for (int number : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGURG, SIGPIPE}) {
      EXPECT_NE(blocked_signals(thread) & (uint64_t{1} << (number - 1)), 0U)
          << "thread " << thread << " signal " << number;
    }
  }
  connection_release(connection, 0);
  runtime_stop(runtime);
}

TEST_F(ProcessTest, EventDescriptor) {
  Status status;
  Runtime* runtime = runtime_start(&status);
  const ConnectionOptions options = options_to(server().port());
  Connection* connection = connection_create(runtime, &options, &status);
  EXPECT_FALSE(is_readable(runtime_event_fd(runtime)));
  Call* call = call_ping(connection, nullptr, &status);
  pollfd wait{runtime_event_fd(runtime), POLLIN, 0};
  while (!call_done(call)) {
    ASSERT_EQ(poll(&wait, 1, static_cast<int>(kPatience)), 1);
    runtime_drain_events(runtime);
  }
  EXPECT_FALSE(is_readable(runtime_event_fd(runtime)));
  EXPECT_EQ(run(call), ErrorClass::none);
  connection_release(connection, 0);
  runtime_stop(runtime);
}

// Many calls that finish while nobody looks cost one write; after a drain the next one is signalled again.
TEST_F(ProcessTest, EventsAreJoinedUntilDrained) {
  Status status;
  Runtime* runtime = runtime_start(&status);
  const ConnectionOptions options = options_to(server().port());
  Connection* connection = connection_create(runtime, &options, &status);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(run(call_ping(connection, nullptr, &status)), ErrorClass::none);
    pollfd wait{runtime_event_fd(runtime), POLLIN, 0};
    ASSERT_EQ(poll(&wait, 1, static_cast<int>(kPatience)), 1);
    uint64_t writes = 0;
    EXPECT_EQ(read(runtime_event_fd(runtime), &writes, sizeof writes), static_cast<ssize_t>(sizeof writes));
    EXPECT_EQ(writes, 1U);
    runtime_drain_events(runtime);
  }
  connection_release(connection, 0);
  runtime_stop(runtime);
}

TEST_F(ProcessTest, ForkedChildCannotUseTheParentsRuntime) {
  Status status;
  Runtime* runtime = runtime_start(&status);
  const ConnectionOptions options = options_to(9);
  Connection* connection = connection_create(runtime, &options, &status);
  const pid_t child = fork();
  if (child == 0) {
    // Release and stop are what exit callbacks call; they must neither hang nor touch what is the parent's.
    connection_release(connection, 1'000);
    runtime_stop(runtime);
    Runtime* own = runtime_start(&status);
    _exit(own == nullptr && status.error == ErrorClass::internal ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
  connection_release(connection, 0);
  runtime_stop(runtime);
}

}  // namespace
}  // namespace kalam::test
