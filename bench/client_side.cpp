#include "client_side.h"

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "statistics.h"

namespace kalam::bench {
namespace {

constexpr RowColumn wide_row_columns[] = {{"id", {RemoteKind::bigint, 0, 0, 0}, true},
                                          {"n", {RemoteKind::bigint, 0, 0, 0}, false},
                                          {"f", {RemoteKind::double_precision, 0, 0, 0}, false},
                                          {"t", {RemoteKind::text, 0, 0, 0}, false},
                                          {"ts", {RemoteKind::datetime, 0, 0, 0}, false}};

constexpr uint32_t window_rows = 4096;

[[noreturn]] void die_of(const char* what, const Status& status) {
  die(std::string(what) + ": " + error_class_name(status.error) + ": " + status.message + " " + status.detail);
}

TableRef table_of(const char* name) {
  return {"bench", name, TableKind::shared, nullptr};
}

// Appends rows [first, first + count).
void append_rows(RowBuffer* rows, int64_t first, int64_t count) {
  Status status;
  for (int64_t id = first; id < first + count; id++) {
    WideRow row = make_wide_row(id);
    Value values[wide_column_count] = {};
    values[0].kind = values[4].kind = ValueKind::integer;
    values[0].i = row.id;
    values[1].kind = row.has_n ? ValueKind::integer : ValueKind::null_value;
    values[1].i = row.n;
    values[2].kind = ValueKind::double_precision;
    values[2].d = row.f;
    values[3].kind = row.has_t ? ValueKind::bytes : ValueKind::null_value;
    values[3].bytes = {row.t.data(), row.t.size()};
    values[4].i = row.ts;
    if (!row_buffer_append(rows, values, &status)) die_of("row", status);
  }
}

// One for the process, as in a backend, whatever the number of connections.
Runtime* process_runtime() {
  static Runtime* const runtime = [] {
    Status status;
    Runtime* started = runtime_start(&status);
    if (started == nullptr) die_of("runtime", status);
    return started;
  }();
  return runtime;
}

}  // namespace

ClientSide::ClientSide(const Server& server, bool quick_ack) : runtime_(process_runtime()) {
  Status status;
  ConnectionOptions options = {};
  options.host = server.host.c_str();
  options.port = server.port;
  options.auth_mode = AuthMode::static_header;
  options.auth_header = server.authorization.c_str();
  options.use_tls = !server.ca_file.empty();
  options.ca_cert = server.ca_file.c_str();
  options.tls_server_name = server.tls_name.c_str();
  options.quick_ack = quick_ack;
  connection_ = connection_create(runtime_, &options, &status);
  if (connection_ == nullptr) die_of("connection", status);
}

ClientSide::~ClientSide() {
  connection_release(connection_, 1000);
}

void ClientSide::wait(Call* call) {
  pollfd event = {runtime_event_fd(runtime_), POLLIN, 0};
  while (!call_done(call)) {
    poll(&event, 1, -1);
    runtime_drain_events(runtime_);
  }
}

void ClientSide::finish(Call* call, const char* what) {
  wait(call);
  Status status;
  call_status(call, &status);
  if (status.error != ErrorClass::none) die_of(what, status);
}

void ClientSide::statement(const char* sql) {
  Status status;
  Call* call = call_execute_sql(connection_, sql, strlen(sql), nullptr, &status);
  if (call == nullptr) die_of(sql, status);
  finish(call, sql);
  call_release(call);
}

uint64_t ClientSide::read_all(Call* call) {
  Status status;
  Window window;
  uint64_t rows = 0;
  while (call_result_next(call, window_rows, &window, &status)) {
    rows += window.rows;
    // Touch a value of every column, as a scan node would.
    for (uint32_t i = 0; i < window.column_count; i++) {
      const ColumnView& column = window.columns[i];
      if (column.kind == ColumnKind::int64) checksum_ += static_cast<const uint64_t*>(column.values)[0];
      if (column.kind == ColumnKind::utf8) checksum_ += static_cast<const Slice*>(column.values)[0].size;
    }
  }
  if (status.error != ErrorClass::none) die_of("result", status);
  CallStatistics statistics;
  call_statistics(call, &statistics);
  last_response_bytes_ = statistics.response_bytes;
  return rows;
}

Call* ClientSide::start_lookup(int64_t id) {
  std::string key = std::to_string(id);
  ScanFilter filter = {"id", key.c_str()};
  ScanRequest request = {};
  request.table = table_of("point");
  request.columns = wide_columns;
  request.column_count = wide_column_count;
  request.filters = &filter;
  request.filter_count = 1;
  Status status;
  Call* call = call_scan(connection_, &request, nullptr, &status);
  if (call == nullptr) die_of("lookup", status);
  return call;
}

double ClientSide::timed_lookup(int64_t id) {
  auto start = Clock::now();
  Call* call = start_lookup(id);
  finish(call, "lookup");
  if (read_all(call) != 1) die("a lookup did not find its row");
  call_release(call);
  return microseconds_since(start);
}

double ClientSide::timed_ping() {
  auto start = Clock::now();
  Status status;
  Call* call = call_ping(connection_, nullptr, &status);
  if (call == nullptr) die_of("ping", status);
  finish(call, "ping");
  call_release(call);
  return microseconds_since(start);
}

void ClientSide::prepare() {
  Status status;
  Call* call = call_open_session(connection_, nullptr, &status);
  if (call == nullptr) die_of("session", status);
  finish(call, "session");
  call_release(call);
}

double ClientSide::point_reads(size_t count) {
  auto start = Clock::now();
  for (size_t i = 0; i < count; i++) timed_lookup(static_cast<int64_t>(i * 37) % point_rows);
  return microseconds_since(start);
}

double ClientSide::lookups_in_flight(size_t count) {
  auto start = Clock::now();
  std::vector<Call*> calls;
  calls.reserve(count);
  for (size_t i = 0; i < count; i++) calls.push_back(start_lookup(static_cast<int64_t>(i * 37) % point_rows));
  for (Call* call : calls) {
    finish(call, "lookup");
    if (read_all(call) != 1) die("a lookup did not find its row");
    call_release(call);
  }
  return microseconds_since(start);
}

double ClientSide::scan(size_t expected_rows) {
  auto start = Clock::now();
  ScanRequest request = {};
  request.table = table_of("wide");
  request.columns = wide_columns;
  request.column_count = wide_column_count;
  Status status;
  Call* call = call_scan(connection_, &request, nullptr, &status);
  if (call == nullptr) die_of("scan", status);
  finish(call, "scan");
  uint64_t rows = read_all(call);
  if (rows != expected_rows) die("the scan returned " + std::to_string(rows) + " rows");
  call_release(call);
  return microseconds_since(start);
}

double ClientSide::insert(size_t calls, size_t rows_per_call) {
  auto start = Clock::now();
  fill("sink", 0, static_cast<int64_t>(calls * rows_per_call), rows_per_call);
  return microseconds_since(start);
}

void ClientSide::fill(const char* table, int64_t first, int64_t count, size_t rows_per_call) {
  Status status;
  RowBuffer* rows = row_buffer_create(wide_row_columns, wide_column_count, &status);
  if (rows == nullptr) die_of("row buffer", status);
  TableRef ref = table_of(table);
  for (int64_t done = 0; done < count;) {
    int64_t part = std::min<int64_t>(static_cast<int64_t>(rows_per_call), count - done);
    row_buffer_clear(rows);
    append_rows(rows, first + done, part);
    Call* call = call_insert(connection_, &ref, rows, 0, static_cast<size_t>(part), nullptr, &status);
    if (call == nullptr) die_of("insert", status);
    finish(call, "insert");
    if (call_affected_rows(call) != static_cast<uint64_t>(part)) die("an insert reports another number of rows");
    call_release(call);
    done += part;
  }
  row_buffer_release(rows);
}

void ClientSide::set_up(int64_t wide_rows) {
  statement("CREATE NAMESPACE IF NOT EXISTS bench");
  for (const char* table : {"point", "wide", "sink"}) {
    std::string sql = std::string("CREATE SHARED TABLE bench.") + table +
                      " (id BIGINT PRIMARY KEY, n BIGINT, f DOUBLE, t TEXT, ts DATETIME)";
    statement(sql.c_str());
  }
  fill("point", 0, point_rows, 5000);
  if (wide_rows > 0) fill("wide", 0, wide_rows, 10000);
}

}  // namespace kalam::bench
