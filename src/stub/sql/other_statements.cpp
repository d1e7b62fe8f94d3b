#include "stub/sql/error.h"
#include "stub/sql/statements.h"

namespace kalam::stub::sql {

SqlOutcome run_explain(Store&, const SqlContext&, std::string_view, const std::vector<Token>&) {
  refuse("EXPLAIN");
}
SqlOutcome run_describe(Store&, const std::vector<Token>&) {
  refuse("DESCRIBE");
}
SqlOutcome run_show(Store&, const std::vector<Token>&) {
  refuse("SHOW");
}
SqlOutcome run_insert(Store&, const SqlContext&, std::string_view) {
  refuse("INSERT");
}
SqlOutcome run_update(Store&, const SqlContext&, std::string_view) {
  refuse("UPDATE");
}
SqlOutcome run_delete(Store&, const SqlContext&, std::string_view) {
  refuse("DELETE");
}

}  // namespace kalam::stub::sql
