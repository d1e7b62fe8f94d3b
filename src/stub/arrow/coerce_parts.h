// Casts that are KalamDB's own: UUIDs and embeddings.
#pragma once

#include <optional>
#include <string>

#include "stub/arrow/coerce.h"

namespace kalam::stub {

// Text in any usual spelling, or 16 bytes. An empty reason: no such cast.
std::optional<Value> uuid_from(const TypedValue& from, const std::string& column, std::string& reason);

// JSON array text of `dimension` numbers.
std::optional<Value> embedding_from_text(const std::string& text, int dimension, const std::string& column,
                                         std::string& reason);

}  // namespace kalam::stub
