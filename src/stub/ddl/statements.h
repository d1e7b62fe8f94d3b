// The statements behind try_ddl, one function each. They hold the store's mutex.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "stub/sql/parse/outcome.h"
#include "stub/store/store.h"

namespace kalam::stub::ddl {

SqlOutcome create_table(Store& store, SqlContext& context, std::string_view sql);
SqlOutcome alter_table(Store& store, SqlContext& context, std::string_view sql);
SqlOutcome drop_table(Store& store, std::string_view sql);
SqlOutcome flush_table(Store& store, std::string_view sql);

// "ns.t" or "t" (namespace "default"), folded to lower case.
std::pair<std::string, std::string> split_table_name(const std::string& text);
std::string table_not_found(const std::string& name_space, const std::string& name);

// system.tables.options.
std::string options_json(const TableDef& table);
// "public" -> "Public"
std::string capitalized(const std::string& text);

}  // namespace kalam::stub::ddl
