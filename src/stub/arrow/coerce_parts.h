// The longer casts of coerce.h: decimals, UUIDs, embeddings.
#pragma once

#include <optional>
#include <string>

#include "stub/arrow/coerce.h"

namespace kalam::stub {

// Rounded half away from zero. `reason` starts with Arrow's class ("Cast error: ", "Invalid argument error: ").
std::optional<Value> decimal_from_text(const std::string& text, const DataType& to, std::string& reason);
std::optional<Value> decimal_from_double(double number, const DataType& to, std::string& reason);
std::optional<Value> rescale_decimal(Int128 unscaled, int scale, const DataType& to, std::string& reason);

// Text in any usual spelling, or 16 bytes. An empty reason: no such cast.
std::optional<Value> uuid_from(const TypedValue& from, const std::string& column, std::string& reason);

// JSON array text of `dimension` numbers.
std::optional<Value> embedding_from_text(const std::string& text, int dimension, const std::string& column,
                                         std::string& reason);

}  // namespace kalam::stub
