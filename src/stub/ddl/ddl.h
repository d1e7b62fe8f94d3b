// KalamDB's own statements (specification 10): namespaces, CREATE / ALTER / DROP TABLE, STORAGE FLUSH, USE.
#pragma once

#include <optional>
#include <string_view>

#include "stub/sql/parse/outcome.h"
#include "stub/store/store.h"

namespace kalam::stub {

// nullopt: not a statement of this file. Takes the store's mutex.
std::optional<SqlOutcome> try_ddl(Store& store, SqlContext& context, std::string_view sql);

}  // namespace kalam::stub
