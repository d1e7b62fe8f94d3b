// Memory that runs out: the n-th allocation of the library fails, for every n, over all of a session. Every failure has
// to end in a Status, and nothing may hang, leak a call or leave the connection unusable. gRPC ends the process by
// itself when it gets no memory (gpr_malloc), so allocations made inside its libraries succeed.
#include <dlfcn.h>
#include <execinfo.h>
#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "unit/client/client_fixture.h"

namespace {

std::atomic<int64_t> countdown{-1};  // allocations until one fails; negative: none does
std::atomic<int64_t> failures{0};
thread_local bool asking = false;

bool is_grpc(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return true;
  for (const char* name : {"libgrpc", "libgpr", "libabsl", "libprotobuf", "libcares", "ld-linux"}) {
    if (std::strstr(info.dli_fname, name) != nullptr) return true;
  }
  return false;
}

// Whether somebody else's library asks for the memory; the fake server's handlers are called by gRPC too.
bool is_exempt() {
  asking = true;
  void* frames[64];
  const int count = backtrace(frames, 64);
  bool exempt = false;
  for (int i = 0; i < count && !exempt; i++) exempt = is_grpc(frames[i]);
  asking = false;
  return exempt;
}

void* allocate(std::size_t size) {
  if (!asking && countdown.load() >= 0 && !is_exempt()) {
    if (countdown.fetch_sub(1) == 0) {
      failures++;
      return nullptr;
    }
  }
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  void* memory = allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace kalam::test {
namespace {

class ExhaustionTest : public ClientTest {
 protected:
  // Ends a call that may not have been started. Whether it succeeded.
  bool ended(Call* call, Status* status) {
    if (call == nullptr) {
      EXPECT_NE(status->error, ErrorClass::none);
      EXPECT_FALSE(status->maybe_executed) << "it was not started";
      return false;
    }
    EXPECT_TRUE(call_wait(call, kPatience)) << "the call hangs";
    call_status(call, status);
    if (status->error == ErrorClass::none) {
      Window window{};
      Status read;
      while (call_result_next(call, 100, &window, &read)) {
      }
      size_t size = 0;
      call_message(call, &size);
    }
    call_release(call);
    return status->error == ErrorClass::none;
  }

  // Everything a connection does, from its first call on; failures are let pass.
  void use(Connection* connection) {
    Status status;
    ScanRequest request{};
    request.table = kTable;
    const char* columns[] = {"v"};
    request.columns = columns;
    request.column_count = 1;
    ended(call_scan(connection, &request, nullptr, &status), &status);
    ended(call_insert(connection, &kTable, rows_, 0, 1, nullptr, &status), &status);
    ended(call_update(connection, &kTable, "1", rows_, 0, nullptr, &status), &status);
    ended(call_delete(connection, &kTable, "1", nullptr, &status), &status);
    ended(call_execute_sql(connection, "SELECT 1", 8, nullptr, &status), &status);
    ended(call_execute_query(connection, "SELECT 1", 8, true, nullptr, &status), &status);
    if (ended(call_begin(connection, nullptr, &status), &status)) {
      ended(call_insert(connection, &kTable, rows_, 0, 1, nullptr, &status), &status);
      if (!ended(call_commit(connection, nullptr, &status), &status)) {
        ended(call_rollback(connection, nullptr, &status), &status);
      }
    }
    ended(call_close_session(connection, nullptr, &status), &status);
  }
};

TEST_F(ExhaustionTest, EveryAllocation) {
  FakeServer server;
  server.batches = {one_text("x")};
  ASSERT_EQ(ping(connect(server)).error, ErrorClass::none);
  const ConnectionOptions options = options_for(server);
  int64_t n = 0;
  for (bool failed = true; failed; n++) {
    failures = 0;
    countdown = n;
    Status status;
    Connection* connection = connection_create(runtime_, &options, &status);
    if (connection != nullptr) use(connection);
    countdown = -1;
    failed = failures.load() != 0;
    if (connection == nullptr) {
      EXPECT_EQ(status.error, ErrorClass::out_of_memory);
      continue;
    }
    // With memory again, everything goes on.
    EXPECT_EQ(insert(connection).error, ErrorClass::none) << "after allocation " << n;
    EXPECT_EQ(scan(connection).error, ErrorClass::none) << "after allocation " << n;
    connection_release(connection, 0);
  }
  EXPECT_GT(n, 50) << "too few allocations were made to fail";
}

}  // namespace
}  // namespace kalam::test
