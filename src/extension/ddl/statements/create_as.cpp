// CREATE TABLE … USING kalamdb AS, and SELECT INTO with default_table_access_method = kalamdb: the table is created as
// by CREATE TABLE, then the query's rows go into the journal, as those of COPY do.
#include "extension/ddl/ddl.h"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "commands/createas.h"
#include "commands/prepare.h"
#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/dest.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace {

// Inserts the rows that it receives.
struct Filler {
  DestReceiver receiver;  // must be first
  Oid relid;
  List* columns;  // of int: 1 for each column of the query that the table has, else 0
  Relation relation;
  EState* estate;
  ResultRelInfo* result;
  TupleTableSlot* slot;
};

}  // namespace

static void filler_startup(DestReceiver* self, int, TupleDesc) {
  Filler* filler = (Filler*)self;
  EState* estate = CreateExecutorState();
  MemoryContext previous = MemoryContextSwitchTo(estate->es_query_cxt);

  filler->relation = table_open(filler->relid, RowExclusiveLock);
  ParseState* parse_state = make_parsestate(nullptr);
  addRangeTableEntryForRelation(parse_state, filler->relation, RowExclusiveLock, nullptr, false, false);
  kalam_init_range_table(estate, parse_state);
  filler->result = makeNode(ResultRelInfo);
  ExecInitResultRelation(estate, filler->result, 1);
  ModifyTableState* state = makeNode(ModifyTableState);
  state->ps.state = estate;
  state->operation = CMD_INSERT;
  state->resultRelInfo = filler->result;
  filler->result->ri_FdwRoutine->BeginForeignInsert(state, filler->result);
  filler->slot = table_slot_create(filler->relation, &estate->es_tupleTable);
  filler->estate = estate;
  MemoryContextSwitchTo(previous);
}

static bool filler_receive(TupleTableSlot* row, DestReceiver* self) {
  Filler* filler = (Filler*)self;
  TupleTableSlot* slot = filler->slot;
  int target = 0;
  int source = 0;
  ListCell* cell;

  ResetPerTupleExprContext(filler->estate);
  MemoryContext previous = MemoryContextSwitchTo(GetPerTupleMemoryContext(filler->estate));
  slot_getallattrs(row);
  ExecClearTuple(slot);
  memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
  foreach (cell, filler->columns) {
    if (lfirst_int(cell) != 0) {
      slot->tts_values[target] = row->tts_values[source];
      slot->tts_isnull[target] = row->tts_isnull[source];
      target++;
    }
    source++;
  }
  ExecStoreVirtualTuple(slot);
  slot->tts_tableOid = filler->relid;
  filler->result->ri_FdwRoutine->ExecForeignInsert(filler->estate, filler->result, slot, nullptr);
  MemoryContextSwitchTo(previous);
  return true;
}

static void filler_shutdown(DestReceiver* self) {
  Filler* filler = (Filler*)self;
  filler->result->ri_FdwRoutine->EndForeignInsert(filler->estate, filler->result);
  ExecResetTupleTable(filler->estate->es_tupleTable, false);
  ExecCloseResultRelations(filler->estate);
  ExecCloseRangeTableRelations(filler->estate);
  table_close(filler->relation, NoLock);
  FreeExecutorState(filler->estate);
}

static void filler_destroy(DestReceiver* self) {
  pfree(self);
}

namespace {

// The columns of the new table: those of the query but _seq and _userid, whose values are KalamDB's.
struct Columns {
  const IntoClause* into;
  List* definitions;  // of ColumnDef*
  List* kept;         // of int: 1 for each column of the query that the table has, else 0
  int names_used;     // of the statement's list of column names
};

}  // namespace

static void add_column(Columns* columns, const char* name, Oid type, int32 typmod, Oid collation) {
  bool renamed = columns->names_used < list_length(columns->into->colNames);
  if (renamed) name = strVal(list_nth(columns->into->colNames, columns->names_used++));
  bool keep = strcmp(name, "_seq") != 0 && strcmp(name, "_userid") != 0;
  if (renamed && !keep) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_COLUMN_DEFINITION), errmsg("column \"%s\" can only be set by KalamDB", name),
             errhint("Leave it out, and ask for it with WITH (system_columns = ...).")));
  }
  columns->kept = lappend_int(columns->kept, keep ? 1 : 0);
  if (!keep) return;
  if (!OidIsValid(collation) && type_is_collatable(type)) {
    ereport(ERROR,
            (errcode(ERRCODE_INDETERMINATE_COLLATION),
             errmsg("no collation was derived for column \"%s\" with collatable type %s", name, format_type_be(type)),
             errhint("Use the COLLATE clause to set the collation explicitly.")));
  }
  columns->definitions = lappend(columns->definitions, makeColumnDef(pstrdup(name), type, typmod, collation));
}

static void add_columns_of_query(Columns* columns, const Query* query) {
  ListCell* cell;
  foreach (cell, query->targetList) {
    TargetEntry* entry = lfirst_node(TargetEntry, cell);
    if (entry->resjunk) continue;
    Node* expression = (Node*)entry->expr;
    add_column(columns, entry->resname, exprType(expression), exprTypmod(expression), exprCollation(expression));
  }
}

static void add_columns_of_prepared(Columns* columns, const ExecuteStmt* execute) {
  const CachedPlanSource* source = FetchPreparedStatement(execute->name, true)->plansource;
  if (list_length(source->query_list) != 1 || linitial_node(Query, source->query_list)->commandType != CMD_SELECT ||
      source->resultDesc == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("prepared statement is not a SELECT")));
  }
  for (int i = 0; i < source->resultDesc->natts; i++) {
    Form_pg_attribute attribute = TupleDescAttr(source->resultDesc, i);
    add_column(columns, NameStr(attribute->attname), attribute->atttypid, attribute->atttypmod,
               attribute->attcollation);
  }
}

static Filler* new_filler(Oid relid, List* columns) {
  Filler* filler = (Filler*)palloc0(sizeof(Filler));
  filler->receiver.receiveSlot = filler_receive;
  filler->receiver.rStartup = filler_startup;
  filler->receiver.rShutdown = filler_shutdown;
  filler->receiver.rDestroy = filler_destroy;
  filler->receiver.mydest = DestIntoRel;
  filler->relid = relid;
  filler->columns = columns;
  return filler;
}

static uint64 fill_from_prepared(const KalamUtility* utility, ExecuteStmt* execute, Oid relid, List* columns) {
  QueryCompletion completion;
  ParseState* parse_state = make_parsestate(nullptr);
  parse_state->p_sourcetext = utility->query_string;
  parse_state->p_queryEnv = utility->environment;
  InitializeQueryCompletion(&completion);
  Filler* filler = new_filler(relid, columns);
  ExecuteQuery(parse_state, execute, nullptr, utility->params, &filler->receiver, &completion);
  filler->receiver.rDestroy(&filler->receiver);
  free_parsestate(parse_state);
  return completion.nprocessed;
}

static uint64 fill(const KalamUtility* utility, const Query* query, Oid relid, List* columns) {
  Filler* filler = new_filler(relid, columns);
  Query* rewritten = linitial_node(Query, QueryRewrite((Query*)copyObjectImpl(query)));
  PlannedStmt* plan = kalam_plan_query(rewritten, utility->query_string, utility->params);
  PushCopiedSnapshot(GetActiveSnapshot());
  UpdateActiveSnapshotCommandId();
  QueryDesc* description = CreateQueryDesc(plan, utility->query_string, GetActiveSnapshot(), InvalidSnapshot,
                                           &filler->receiver, utility->params, utility->environment, 0);
  ExecutorStart(description, 0);
  kalam_executor_run(description);
  uint64 rows = description->estate->es_processed;
  ExecutorFinish(description);
  ExecutorEnd(description);
  FreeQueryDesc(description);
  PopActiveSnapshot();
  filler->receiver.rDestroy(&filler->receiver);
  return rows;
}

void kalam_create_table_as(const KalamUtility* utility, const CreateTableAsStmt* source) {
  const IntoClause* into = source->into;
  const Query* query = castNode(Query, source->query);
  ExecuteStmt* execute = query->commandType == CMD_UTILITY ? castNode(ExecuteStmt, query->utilityStmt) : nullptr;
  Columns columns = {into, NIL, NIL, 0};

  if (execute != nullptr) {
    add_columns_of_prepared(&columns, execute);
  } else {
    add_columns_of_query(&columns, query);
  }
  if (columns.names_used < list_length(into->colNames)) {
    ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("too many column names were specified")));
  }
  CreateStmt* create = makeNode(CreateStmt);
  create->relation = (RangeVar*)copyObjectImpl(into->rel);
  create->tableElts = columns.definitions;
  create->options = into->options;
  create->oncommit = into->onCommit;
  create->tablespacename = into->tableSpaceName;
  create->accessMethod = into->accessMethod;
  create->if_not_exists = source->if_not_exists;
  Oid relid = kalam_create_table(utility, create);
  if (!OidIsValid(relid) || into->skipData) return;

  uint64 rows = execute != nullptr ? fill_from_prepared(utility, execute, relid, columns.kept)
                                   : fill(utility, query, relid, columns.kept);
  if (utility->completion != nullptr) SetQueryCompletion(utility->completion, CMDTAG_SELECT, rows);
}
