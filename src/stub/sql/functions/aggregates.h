// Aggregates that SQLite does not have as DataFusion has them.
#pragma once

#include <optional>
#include <string>

#include "stub/sql/functions/runtime.h"
#include "stub/sql/functions/types.h"

namespace kalam::stub::sql {

// nullopt: no such aggregate on this type.
std::optional<Aggregate> plan_aggregate(const std::string& name, const std::vector<DataType>& types);

// Names that are aggregates (also those that SQLite computes: count, min, max).
bool is_aggregate(const std::string& name);

}  // namespace kalam::stub::sql
