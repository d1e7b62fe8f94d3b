#include "extension/plan/own_query.h"

extern "C" {
#include "executor/executor.h"
#include "parser/analyze.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

// The look at a name that has changed brings the news of it to this session, so that the next one is right.
constexpr int MAX_ATTEMPTS = 10;

KalamOwnQuery kalam_own_query(Relation relation, const char* before, const char* after) {
  for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const char* schema = get_namespace_name(RelationGetNamespace(relation));
    char* text =
        psprintf("%s %s %s", before,
                 quote_qualified_identifier(schema != nullptr ? schema : "", RelationGetRelationName(relation)), after);
    RawStmt* parsed = linitial_node(RawStmt, pg_parse_query(text));
    Query* query = parse_analyze_fixedparams(parsed, text, nullptr, 0, nullptr);
    if (list_length(query->rtable) == 1 && rt_fetch(1, query->rtable)->relid == RelationGetRelid(relation))
      return {query, text};
  }
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_IN_USE),
           errmsg("the name of KalamDB table \"%s\" is changed at the same time", RelationGetRelationName(relation)),
           errhint("Run the statement again.")));
  return {};
}

uint64 kalam_run_own_query(const KalamOwnQuery* own, DestReceiver* receiver, uint64 count, bool checks_rights) {
  Query* query = linitial_node(Query, QueryRewrite(own->query));
  if (!checks_rights) kalam_clear_required_rights(query);
  PlannedStmt* plan = kalam_plan_query(query, own->text, nullptr);
  if (!checks_rights) kalam_clear_required_rights(plan);

  PushActiveSnapshot(GetTransactionSnapshot());
  QueryDesc* description =
      CreateQueryDesc(plan, own->text, GetActiveSnapshot(), InvalidSnapshot, receiver, nullptr, nullptr, 0);
  ExecutorStart(description, 0);
  kalam_executor_run(description, count);
  uint64 rows = description->estate->es_processed;
  ExecutorFinish(description);
  ExecutorEnd(description);
  FreeQueryDesc(description);
  PopActiveSnapshot();
  return rows;
}
