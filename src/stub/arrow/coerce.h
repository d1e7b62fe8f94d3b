// How KalamDB turns a value into a column's type: on insert and update (specification 6.4), for key texts (7.3) and for
// Scan filters (4.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stub/arrow/value.h"

namespace kalam::stub {

struct TypedValue {
  DataType type;
  Value value;
};

// The value as one of type `to`. nullopt: it cannot be, and `error` says why:
// "Invalid operation: Schema coercion failed: Unable to cast value Utf8 to Int32 for column 'c': Arrow error: …".
std::optional<Value> coerce(const TypedValue& from, const DataType& to, const std::string& column, std::string& error);

// The text as Arrow's cast to `to` would take it, without looking at columns; nullopt: refused.
std::optional<Value> cast_text(std::string_view text, const DataType& to);

// A value as Arrow's cast to Utf8 prints it; nullopt: not printable (bytes that are not UTF-8 are printed as they are).
std::optional<std::string> cast_to_text(const Value& value, const DataType& type);

// pk_value as a key of this type. nullopt: it does not parse, and `error` is "Failed to parse 'x' as Int64: …"; key
// types that cannot be parsed at all give nullopt without an error.
std::optional<Value> parse_key(std::string_view text, const DataType& type, std::string& error);

// A key as error texts and staging keys show it.
std::string key_text(const Value& key, const DataType& type);

// Zero of the type as a missing NOT NULL column shows it: false, 0, '', 1970-01-01; null for types without one.
Value zero_value(const DataType& type);

}  // namespace kalam::stub
