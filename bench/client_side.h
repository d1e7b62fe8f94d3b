// The work done by the client library, decoding included, waiting as a PostgreSQL backend does.
#pragma once

#include <memory>

#include "client/api.h"
#include "work.h"

namespace kalam::bench {

class ClientSide : public Side {
 public:
  ClientSide(const Server& server, bool quick_ack);
  ~ClientSide() override;
  ClientSide(const ClientSide&) = delete;
  ClientSide& operator=(const ClientSide&) = delete;

  const char* name() const override { return "client library"; }
  void prepare() override;
  double point_reads(size_t count) override;
  double lookups_in_flight(size_t count) override;
  double scan(size_t expected_rows) override;
  double insert(size_t calls, size_t rows_per_call) override;

  // Makes the namespace and tables, and fills bench.point and, if wide_rows is not 0, bench.wide.
  void set_up(int64_t wide_rows);

  // Microseconds of each call: one key lookup (an answer with a body), or one ping (an answer without).
  double timed_lookup(int64_t id);
  double timed_ping();

  uint64_t last_response_bytes() const { return last_response_bytes_; }

 private:
  void wait(Call* call);
  void finish(Call* call, const char* what);  // waits, and checks that it succeeded
  void statement(const char* sql);
  Call* start_lookup(int64_t id);
  uint64_t read_all(Call* call);
  void fill(const char* table, int64_t first, int64_t count, size_t rows_per_call);

  Runtime* runtime_;
  Connection* connection_;
  uint64_t last_response_bytes_ = 0;
  uint64_t checksum_ = 0;  // keeps the compiler from dropping what was read
};

}  // namespace kalam::bench
