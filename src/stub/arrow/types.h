// KalamDB's column types by name, and how Arrow prints types in error texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stub/arrow/value.h"

namespace kalam::stub {

// Of a name as system.columns spells it ("BIGINT", "DECIMAL(10, 2)", "EMBEDDING(3)"); nullopt: no such type.
std::optional<DataType> type_of_sql_name(std::string_view sql_type);

// As Arrow's Display prints it: "Int64", "Timestamp(µs)", "FixedSizeList(3 x non-null Float32)".
std::string arrow_name(const DataType& type);

// The metadata "kalam_data_type" of a column (specification 4.5): "\"BigInt\"", "{\"Embedding\":3}".
std::string kalam_data_type(std::string_view sql_type, const DataType& type);

// Plain types by id, for catalog relations and the like.
inline DataType plain(TypeId id) {
  DataType type;
  type.id = id;
  return type;
}
inline DataType decimal_type(int precision, int scale) {
  DataType type;
  type.id = TypeId::decimal128;
  type.precision = precision;
  type.scale = scale;
  return type;
}
inline DataType timestamp_type(Unit unit, bool utc) {
  DataType type;
  type.id = TypeId::timestamp;
  type.unit = unit;
  type.utc = utc;
  return type;
}

std::string format_decimal(Int128 unscaled, int scale);

}  // namespace kalam::stub
