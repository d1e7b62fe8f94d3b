// INSERT ... ON CONFLICT is refused when a statement is analyzed. The planner, which asks the wrapper later, looks for
// an index that the clause could mean before, and would say that there is none, of a column that is the key.
#include "extension/ddl/ddl.h"
#include "extension/fdw/handler.h"
#include "extension/module.h"

extern "C" {
#include "parser/analyze.h"
}

static post_parse_analyze_hook_type previous_hook;

void kalam_refuse_on_conflict() {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("ON CONFLICT is not supported for KalamDB tables"),
                  errhint("UPDATE the rows that exist, then INSERT the others.")));
  pg_unreachable();
}

static void check_query(const Query* query) {
  if (query->onConflict != nullptr && kalam_is_own_table(rt_fetch(query->resultRelation, query->rtable)->relid))
    kalam_refuse_on_conflict();
  ListCell* cell;
  foreach (cell, query->cteList) {
    const Node* common = lfirst_node(CommonTableExpr, cell)->ctequery;
    if (IsA(common, Query)) check_query((const Query*)common);
  }
}

// The last argument is const in some majors.
template <typename Jumble>
static void check_analyzed(ParseState* state, Query* query, Jumble jumble) {
  check_query(query);
  kalam_check_copied(query);
  if (previous_hook != nullptr) previous_hook(state, query, jumble);
}

void kalam_on_conflict_init() {
  previous_hook = post_parse_analyze_hook;
  post_parse_analyze_hook = check_analyzed;
}
