// The statements of the SQL engine, each given its text.
#pragma once

#include <string_view>
#include <vector>

#include "stub/sql/parse/lexer.h"
#include "stub/sql/parse/outcome.h"
#include "stub/store/store.h"

namespace kalam::stub::sql {

SqlOutcome run_select(Store& store, const SqlContext& context, std::string_view sql);
SqlOutcome run_explain(Store& store, const SqlContext& context, std::string_view sql, const std::vector<Token>& tokens);
SqlOutcome run_describe(Store& store, const std::vector<Token>& tokens);
SqlOutcome run_show(Store& store, const std::vector<Token>& tokens);
SqlOutcome run_insert(Store& store, const SqlContext& context, std::string_view sql);
SqlOutcome run_update(Store& store, const SqlContext& context, std::string_view sql);
SqlOutcome run_delete(Store& store, const SqlContext& context, std::string_view sql);

}  // namespace kalam::stub::sql
