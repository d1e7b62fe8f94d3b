// Types and values inside the stub: what a column holds, what a query yields, how both are kept in SQLite.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace kalam::stub {

using Int128 = __int128;

// An Arrow type, as far as KalamDB's answers use it (specification 5.1). The names are Arrow's.
enum class TypeId : uint8_t {
  null,
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  utf8,
  utf8_view,
  large_utf8,
  binary,
  fixed_size_binary,
  date32,
  time64,
  timestamp,
  duration,
  interval_month_day_nano,
  decimal128,
  list,
  fixed_size_list,
};

enum class Unit : uint8_t { second, millisecond, microsecond, nanosecond };

struct DataType {
  TypeId id = TypeId::null;
  Unit unit = Unit::microsecond;            // time64, timestamp, duration
  bool utc = false;                         // timestamp with time zone "UTC"
  int precision = 0;                        // decimal128
  int scale = 0;                            // decimal128
  int width = 0;                            // fixed_size_binary: bytes; fixed_size_list: elements
  bool element_nullable = true;             // list, fixed_size_list
  std::shared_ptr<const DataType> element;  // list, fixed_size_list
};

bool operator==(const DataType& a, const DataType& b);

// A column of a result. `metadata` is what KalamDB attaches: kalam_data_type, kalam_column_flags,
// ARROW:extension:name (specification 4.5).
struct Field {
  std::string name;
  DataType type;
  bool nullable = true;
  std::map<std::string, std::string> metadata;
};

struct MonthDayNano {
  int32_t months = 0;
  int32_t days = 0;
  int64_t nanoseconds = 0;
  bool operator==(const MonthDayNano&) const = default;
};

// One value; the alternative is fixed by its DataType:
//   null: monostate; boolean: bool; int8..int64, date32, time64, timestamp, duration: int64_t; uint8..uint64: uint64_t;
//   float32: float; float64: double; utf8*, large_utf8, binary, fixed_size_binary: std::string (bytes);
//   decimal128: Int128 (unscaled); interval_month_day_nano: MonthDayNano; list, fixed_size_list: vector.
struct Value;
using List = std::vector<Value>;
struct Value {
  std::variant<std::monostate, bool, int64_t, uint64_t, float, double, std::string, Int128, MonthDayNano, List> data;
  bool is_null() const { return data.index() == 0; }
};

using Row = std::vector<Value>;

// A complete result: what the Arrow writer turns into IPC streams.
struct ResultSet {
  std::vector<Field> fields;
  std::vector<Row> rows;
};

// How a value is kept in a SQLite column. Chosen so that SQLite's own comparison (=, <, ORDER BY, GROUP BY, indexes)
// gives DataFusion's order for the type without a custom collation:
//   boolean, int8..int64, date32, time64, timestamp, duration: INTEGER
//   uint64: BLOB of 8 bytes, big-endian
//   float32, float64: BLOB of 4 / 8 bytes, big-endian, in IEEE total order (negative: all bits flipped; otherwise: the
//     sign bit flipped); NaN is thereby equal to itself and the largest, as in DataFusion
//   utf8 and its variants: TEXT (UTF-8; BINARY collation; may hold U+0000)
//   binary, fixed_size_binary: BLOB
//   decimal128: BLOB of 16 bytes, big-endian, sign bit flipped, unscaled; comparable within one scale only
//   interval_month_day_nano: BLOB of 16 bytes
//   list, fixed_size_list: BLOB, private format, not comparable
//   null: NULL

}  // namespace kalam::stub
