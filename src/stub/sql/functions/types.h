// DataFusion's view of Arrow types: names, classes, and which type two operands meet in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stub/arrow/types.h"

namespace kalam::stub::sql {

// The type that both sides of a comparison are cast to; nullopt: DataFusion finds none.
std::optional<DataType> comparison_type(const DataType& left, const DataType& right);

// The type of the values that CASE, COALESCE, VALUES and UNION bring together.
std::optional<DataType> common_type(const DataType& left, const DataType& right);

// Operand types and result of + - * / % on numbers; nullopt: not numbers, or not known.
struct Arithmetic {
  DataType left;
  DataType right;
  DataType result;
};
std::optional<Arithmetic> arithmetic_types(char op, const DataType& left, const DataType& right);

// The second argument of arrow_cast: "Timestamp(Microsecond, Some(\"UTC\"))". nullopt: not one we know.
std::optional<DataType> parse_arrow_type(std::string_view text);

// A decimal wide enough for every value of an integer type.
DataType decimal_for_integer(const DataType& type);

}  // namespace kalam::stub::sql
