// Values in and out of SQLite, in the encoding that value.h defines.
#pragma once

#include <string>
#include <string_view>

#include "stub/arrow/value.h"

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_value;
struct sqlite3_context;

namespace kalam::stub {

// Binds one value to parameter `index` (from 1). The value's alternative must fit the type.
void bind_value(sqlite3_stmt* statement, int index, const Value& value, const DataType& type);

// Reads result column `index` (from 0), which was stored with this type.
Value read_column(sqlite3_stmt* statement, int index, const DataType& type);

// The same for arguments and results of SQLite functions.
Value read_value(sqlite3_value* value, const DataType& type);
void set_result(sqlite3_context* context, const Value& value, const DataType& type);

// An SQLite literal of the value ("NULL", "5", "'a''b'", "x'00ff'").
std::string sql_literal(const Value& value, const DataType& type);

// Text as an SQLite string literal; text with U+0000 becomes CAST(x'..' AS TEXT).
std::string sql_text_literal(std::string_view text);

// Order-preserving 8- and 4-byte forms of floating point numbers (IEEE total order) and back.
std::string encode_double(double number);
double decode_double(std::string_view bytes);
std::string encode_float(float number);
float decode_float(std::string_view bytes);
std::string encode_decimal(Int128 number);
Int128 decode_decimal(std::string_view bytes);

}  // namespace kalam::stub
