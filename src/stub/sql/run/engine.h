// Every statement that ExecuteSql and ExecuteQuery can get (specification 9 to 12).
#pragma once

#include <string_view>

#include "stub/sql/parse/outcome.h"
#include "stub/store/store.h"

namespace kalam::stub {

// Runs one statement as user context.user. Holds the store's mutex meanwhile; never throws.
SqlOutcome execute_statement(Store& store, SqlContext& context, std::string_view sql);

}  // namespace kalam::stub
