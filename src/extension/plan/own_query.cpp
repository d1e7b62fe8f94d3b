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

static uint64 run(PlannedStmt* plan, const char* text, DestReceiver* receiver, uint64 count,
                  void (*prepare)(QueryDesc* description)) {
  PushActiveSnapshot(GetTransactionSnapshot());
  QueryDesc* description =
      CreateQueryDesc(plan, text, GetActiveSnapshot(), InvalidSnapshot, receiver, nullptr, nullptr, 0);
  ExecutorStart(description, 0);
  if (prepare != nullptr) prepare(description);
  kalam_executor_run(description, count);
  uint64 rows = description->estate->es_processed;
  ExecutorFinish(description);
  ExecutorEnd(description);
  FreeQueryDesc(description);
  PopActiveSnapshot();
  return rows;
}

uint64 kalam_run_own_query(const KalamOwnQuery* own, DestReceiver* receiver, uint64 count, bool checks_rights) {
  Query* query = linitial_node(Query, QueryRewrite(own->query));
  if (!checks_rights) kalam_clear_required_rights(query);
  PlannedStmt* plan = kalam_plan_query(query, own->text, nullptr);
  if (!checks_rights) kalam_clear_required_rights(plan);
  return run(plan, own->text, receiver, count, nullptr);
}

// No trigger has fired yet.
static void forget_triggers(QueryDesc* description) {
  ModifyTableState* modify = castNode(ModifyTableState, description->planstate);
  modify->rootResultRelInfo->ri_TrigDesc = nullptr;
  for (int i = 0; i < modify->mt_nrels; i++) modify->resultRelInfo[i].ri_TrigDesc = nullptr;
}

uint64 kalam_run_own_update(const KalamOwnQuery* own) {
  Query* query = linitial_node(Query, QueryRewrite(own->query));
  kalam_require_ownership(query);
  PlannedStmt* plan = kalam_plan_query(query, own->text, nullptr);
  return run(plan, own->text, None_Receiver, 0, forget_triggers);
}
