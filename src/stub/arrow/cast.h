// Arrow's cast kernel, value by value.
#pragma once

#include <cstdint>
#include <string>

#include "stub/arrow/types.h"
#include "stub/arrow/value.h"

namespace kalam::stub {

// An error of Arrow's kernels without its prefix, which depends on where it happens: while constants are folded, while
// rows are read, or while a row is made to fit a table.
struct ArrowError {
  std::string text;
};

// Queries and the coercion to a table's columns were recorded with different texts for some errors.
enum class CastBy : uint8_t { query, schema };

// Whether Arrow has a cast between the types at all (and this double knows it).
bool can_cast(const DataType& from, const DataType& to);

// NULL stays NULL. Throws ArrowError when the value has no form in the other type.
Value cast_value(const Value& value, const DataType& from, const DataType& to, CastBy by = CastBy::query);

// Views on numbers of any width.
int64_t as_int64(const Value& value);
double as_double(const Value& value, const DataType& type);
Int128 as_int128(const Value& value);
const std::string& as_text(const Value& value);

// An integer as a value of the type; throws ArrowError when out of range.
Value integer_value(Int128 number, const DataType& type);
// The lowest bits of an integer as a value of the type: what wrapping arithmetic leaves.
Value wrapped_value(Int128 number, const DataType& type);
Int128 power_of_ten(int exponent);
// Divided and rounded half away from zero.
Int128 rounded_quotient(Int128 number, Int128 divisor);

}  // namespace kalam::stub
