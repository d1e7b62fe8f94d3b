// Arrow's cast kernel, value by value.
#pragma once

#include <string>

#include "stub/arrow/value.h"
#include "stub/sql/functions/types.h"

namespace kalam::stub::sql {

// Whether Arrow has a cast between the types at all (and this double knows it).
bool can_cast(const DataType& from, const DataType& to);

// NULL stays NULL. Throws ArrowError when the value has no form in the other type.
Value cast_value(const Value& value, const DataType& from, const DataType& to);

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

}  // namespace kalam::stub::sql
