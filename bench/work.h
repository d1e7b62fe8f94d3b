// The work that both sides do, so that they do the same: tables, rows and the calls to measure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kalam::bench {

struct Server {
  std::string host;
  uint16_t port = 0;
  std::string authorization = "Bearer bridge-token-0123456789";
  std::string ca_file;  // not empty: TLS
  std::string tls_name;
};

// Table bench.<name>: (id bigint primary key, n bigint, f double, t text, ts datetime); every fifth n and t is NULL, t
// has 20 bytes.
inline constexpr const char* wide_columns[] = {"id", "n", "f", "t", "ts"};
inline constexpr size_t wide_column_count = 5;

struct WideRow {
  int64_t id;
  bool has_n;
  int64_t n;
  double f;
  bool has_t;
  std::string t;
  int64_t ts;  // microseconds since 1970-01-01
};

WideRow make_wide_row(int64_t id);

// What a side can do. Each function returns the microseconds it took; it ends the process when a call fails or an
// answer is not what it should be.
class Side {
 public:
  virtual ~Side() = default;
  virtual const char* name() const = 0;
  virtual void prepare() = 0;                          // a fresh session: the server forgets one after 5 s of silence
  virtual double point_reads(size_t count) = 0;        // one after the other
  virtual double lookups_in_flight(size_t count) = 0;  // all at once
  virtual double scan(size_t expected_rows) = 0;       // one scan of bench.wide
  virtual double insert(size_t calls, size_t rows_per_call) = 0;
};

[[noreturn]] void die(const std::string& what);

// Rows of bench.point, which point reads and lookups choose from.
inline constexpr int64_t point_rows = 10000;

}  // namespace kalam::bench
