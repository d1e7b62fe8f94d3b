// What every test of the client begins with: a runtime, connections to fakes, calls that are waited for.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "client/api.h"
#include "unit/client/fake_server.h"

namespace kalam::test {

// Long enough for a loaded machine; a test that needs it all has failed.
constexpr uint32_t kPatience = 60'000;

struct CallDeleter {
  void operator()(Call* call) const { call_release(call); }
};
using CallPtr = std::unique_ptr<Call, CallDeleter>;

class ClientTest : public ::testing::Test {
 protected:
  ClientTest();
  ~ClientTest() override;

  // Options for a plain connection to `server`; a test changes what it is about.
  static ConnectionOptions options_for(const FakeServer& server);
  Connection* connect(const ConnectionOptions& options);
  Connection* connect(const FakeServer& server) { return connect(options_for(server)); }
  void release(Connection* connection, uint32_t close_timeout_ms = 0);

  // Waits for the call and returns how it ended.
  Status finish(const CallPtr& call);
  Status ping(Connection* connection) { return finish(start_ping(connection)); }
  Status scan(Connection* connection) { return finish(start_scan(connection)); }
  Status insert(Connection* connection) { return finish(start_insert(connection)); }
  Status begin(Connection* connection);
  Status commit(Connection* connection);
  Status rollback(Connection* connection);
  Status sql(Connection* connection, const std::string& text);

  CallPtr start_ping(Connection* connection, uint64_t deadline_ms = 0);
  CallPtr start_scan(Connection* connection, uint64_t deadline_ms = 0);
  CallPtr start_insert(Connection* connection, uint64_t deadline_ms = 0);
  CallPtr start_query(Connection* connection, const std::string& text, bool is_read, uint64_t deadline_ms = 0);
  CallPtr checked(Call* call, const Status& status);

  static ConnectionState state(const Connection* connection);

  Runtime* runtime_ = nullptr;
  std::vector<Connection*> connections_;
  RowBuffer* rows_ = nullptr;  // one row
};

// A clock that a test moves. The real one comes back with the destructor.
class ManualClock {
 public:
  ManualClock();
  ~ManualClock();
  static void advance(int64_t ms);
};

inline const TableRef kTable = {"app", "items", TableKind::shared, nullptr};

}  // namespace kalam::test
