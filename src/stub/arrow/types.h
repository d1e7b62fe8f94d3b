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
// As Rust's Debug prints it: "Timestamp(Microsecond, None)", "FixedSizeList(Field { data_type: Float32 }, 3)".
std::string arrow_debug_name(const DataType& type);

// The metadata "kalam_data_type" of a column (specification 4.5): "\"BigInt\"", "{\"Embedding\":3}".
std::string kalam_data_type(std::string_view sql_type, const DataType& type);

DataType type_of(TypeId id);
DataType decimal_of(int precision, int scale);
DataType timestamp_of(Unit unit, bool utc = false);
DataType time_of(Unit unit);
DataType duration_of(Unit unit);
DataType fixed_binary_of(int width);
DataType list_of(const DataType& element);

bool is_signed_integer(const DataType& type);
bool is_unsigned_integer(const DataType& type);
bool is_integer(const DataType& type);
bool is_float(const DataType& type);
bool is_decimal(const DataType& type);
bool is_numeric(const DataType& type);
bool is_text(const DataType& type);
bool is_binary(const DataType& type);

std::string format_decimal(Int128 unscaled, int scale);

}  // namespace kalam::stub
