#include "extension/plan/cost.h"

namespace {

// Measured on tables of so many rows: the time of one call alone, and the share of each of many in flight.
struct Point {
  double rows;
  double alone_ms;
  double serial_ms;
};

struct Time {
  double alone_ms;
  double serial_ms;
};

}  // namespace

// Scan.key
constexpr Point HOT_LOOKUP[] = {{1000, 1.6, 0.58}, {10000, 4.1, 2.3}, {50000, 4.5, 2.7}};
constexpr Point COLD_LOOKUP[] = {{10000, 23.8, 13.7}, {50000, 54.1, 51.7}};
// Scan.table
constexpr Point HOT_SCAN[] = {{1000, 9, 9}, {10000, 75, 70}, {50000, 480, 420}};
constexpr Point COLD_SCAN[] = {{10000, 79, 75}, {50000, 400, 350}};
// Ping: no call costs less.
constexpr Time LEAST = {1.0, 0.3};
// ExecuteQuery.catalog, ExecuteQuery.behind_last_version: a scan asks something to know that it is complete.
constexpr double CHECK_MS = 5;

// Only that they are the same for all of KalamDB's calls matters: what PostgreSQL does beside them takes far less time
// than any of them. Ten pages read in sequence for a millisecond keep expensive plans, for which PostgreSQL compiles
// expressions, those of ten seconds and more.
constexpr double COST_OF_MS = 10;

static double greater(double a, double b) {
  return a > b ? a : b;
}

static double lesser(double a, double b) {
  return a < b ? a : b;
}

static double between(double a, double b, double share, double least_share, double least) {
  return greater(greater(a + share * (b - a), least_share * a), lesser(a, least));
}

// Between points and beyond the last the line through two of them. Below the first the same line, as long as it does
// not fall faster than the rows do.
template <int count>
static Time at(const Point (&points)[count], double rows) {
  int above = 1;
  while (above + 1 < count && points[above].rows < rows) above++;
  const Point& from = points[above - 1];
  const Point& to = points[above];
  double share = (rows - from.rows) / (to.rows - from.rows);
  double least_share = rows < from.rows ? rows / from.rows : 0;
  return {between(from.alone_ms, to.alone_ms, share, least_share, LEAST.alone_ms),
          between(from.serial_ms, to.serial_ms, share, least_share, LEAST.serial_ms)};
}

// A table that is partly flushed costs of both by their share.
template <int hot_count, int cold_count>
static Time time_of(const Point (&hot)[hot_count], const Point (&cold)[cold_count], const KalamTableSize* size) {
  double rows = greater(size->rows, size->cold_rows);
  double share = rows > 0 ? size->cold_rows / rows : 0;
  Time of_hot = at(hot, rows);
  Time of_cold = at(cold, rows);
  return {of_hot.alone_ms + share * (of_cold.alone_ms - of_hot.alone_ms),
          of_hot.serial_ms + share * (of_cold.serial_ms - of_hot.serial_ms)};
}

double kalam_scan_ms(const KalamTableSize* size) {
  return time_of(HOT_SCAN, COLD_SCAN, size).alone_ms + CHECK_MS;
}

double kalam_lookups_ms(const KalamTableSize* size, double keys) {
  Time lookup = time_of(HOT_LOOKUP, COLD_LOOKUP, size);
  return keys <= 0 ? 0 : greater(lookup.alone_ms, keys * lookup.serial_ms);
}

bool kalam_lookups_beat_scan(const KalamTableSize* size, double keys) {
  return keys <= 1 || kalam_lookups_ms(size, keys) <= kalam_scan_ms(size);
}

double kalam_cost_of_ms(double ms) {
  return ms * COST_OF_MS;
}
