#include "unit/client/client_fixture.h"

#include <algorithm>
#include <atomic>

#include "client/base/clock.h"

namespace kalam::test {
namespace {

std::atomic<int64_t> manual_now{1'000'000};

}  // namespace

ManualClock::ManualClock() {
  replace_session_clock([] { return manual_now.load(); });
}
ManualClock::~ManualClock() {
  replace_session_clock(nullptr);
}
void ManualClock::advance(int64_t ms) {
  manual_now += ms;
}

ClientTest::ClientTest() {
  Status status;
  runtime_ = runtime_start(&status);
  EXPECT_EQ(status.error, ErrorClass::none) << status.message;
  const RowColumn columns[] = {{"id", {RemoteKind::bigint, 0, 0, 0}, true}};
  rows_ = row_buffer_create(columns, 1, &status);
  EXPECT_EQ(status.error, ErrorClass::none) << status.message;
  Value value{};
  value.kind = ValueKind::integer;
  value.i = 42;
  EXPECT_TRUE(row_buffer_append(rows_, &value, &status)) << status.message;
}

ClientTest::~ClientTest() {
  for (Connection* connection : connections_) connection_release(connection, 0);
  row_buffer_release(rows_);
  runtime_stop(runtime_);
}

ConnectionOptions ClientTest::options_for(const FakeServer& server) {
  ConnectionOptions options{};
  options.host = "127.0.0.1";
  options.port = server.port();
  return options;
}

Connection* ClientTest::connect(const ConnectionOptions& options) {
  Status status;
  Connection* connection = connection_create(runtime_, &options, &status);
  EXPECT_NE(connection, nullptr) << status.message << ": " << status.detail;
  if (connection != nullptr) connections_.push_back(connection);
  return connection;
}

void ClientTest::release(Connection* connection, uint32_t close_timeout_ms) {
  std::erase(connections_, connection);
  connection_release(connection, close_timeout_ms);
}

CallPtr ClientTest::checked(Call* call, const Status& status) {
  EXPECT_NE(call, nullptr) << status.message << ": " << status.detail;
  return CallPtr(call);
}

Status ClientTest::finish(const CallPtr& call) {
  Status status{};
  if (call == nullptr) {
    status.error = ErrorClass::internal;
    return status;
  }
  EXPECT_TRUE(call_wait(call.get(), kPatience)) << "the call did not end";
  call_status(call.get(), &status);
  return status;
}

CallPtr ClientTest::start_ping(Connection* connection, uint64_t deadline_ms) {
  Status status;
  CallOptions options{deadline_ms};
  return checked(call_ping(connection, &options, &status), status);
}

CallPtr ClientTest::start_scan(Connection* connection, uint64_t deadline_ms) {
  Status status;
  CallOptions options{deadline_ms};
  ScanRequest request{};
  request.table = kTable;
  return checked(call_scan(connection, &request, &options, &status), status);
}

CallPtr ClientTest::start_insert(Connection* connection, uint64_t deadline_ms) {
  Status status;
  CallOptions options{deadline_ms};
  return checked(call_insert(connection, &kTable, rows_, 0, 1, &options, &status), status);
}

CallPtr ClientTest::start_query(Connection* connection, const std::string& text, bool is_read, uint64_t deadline_ms) {
  Status status;
  CallOptions options{deadline_ms};
  return checked(call_execute_query(connection, text.data(), text.size(), is_read, &options, &status), status);
}

Status ClientTest::begin(Connection* connection) {
  Status status;
  return finish(checked(call_begin(connection, nullptr, &status), status));
}

Status ClientTest::commit(Connection* connection) {
  Status status;
  return finish(checked(call_commit(connection, nullptr, &status), status));
}

Status ClientTest::rollback(Connection* connection) {
  Status status;
  return finish(checked(call_rollback(connection, nullptr, &status), status));
}

Status ClientTest::sql(Connection* connection, const std::string& text) {
  Status status;
  return finish(checked(call_execute_sql(connection, text.data(), text.size(), nullptr, &status), status));
}

ConnectionState ClientTest::state(const Connection* connection) {
  ConnectionState state;
  connection_state(connection, &state);
  return state;
}

}  // namespace kalam::test
