#include "extension/plan/arbiter.h"

#include "extension/catalog/own.h"
#include "extension/catalog/relation.h"
#include "extension/plan/required_rights.h"
#include "extension/types/key.h"

extern "C" {
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/syscache.h"
}

static planner_hook_type previous_planner;

// ---------------------------------------------------------------- which key

// The role that the target is used by.
static Oid target_user(const Query* query) {
  Oid userid = kalam_target_check_as_user(query);
  return OidIsValid(userid) ? userid : GetUserId();
}

// The key of a foreign table; InvalidAttrNumber: KalamDB keeps no two rows of it apart.
static AttrNumber unique_attribute(Relation relation, Oid userid) {
  const KalamRelation* remote = kalam_relation_get(relation, userid, KalamFreshness::cached);
  if (remote->kind != kalam::TableKind::shared && remote->kind != kalam::TableKind::user) return InvalidAttrNumber;
  // KalamDB takes two texts of one uuid.
  if (kalam_key_has_many_texts(remote, RelationGetDescr(relation))) return InvalidAttrNumber;
  return remote->key_attribute;
}

// The one plain column by which a table is partitioned.
static AttrNumber partition_attribute(Relation relation) {
  PartitionKey key = RelationGetPartitionKey(relation);
  return key != nullptr && key->partnatts == 1 ? key->partattrs[0] : InvalidAttrNumber;
}

// Whether rows of a partitioned table are kept apart by the column of this name in the partition.
static bool is_kept_apart(Oid relid, const char* name, Oid userid) {
  Relation relation = table_open(relid, NoLock);
  AttrNumber attnum = InvalidAttrNumber;
  if (relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE) {
    attnum = partition_attribute(relation);
  } else if (kalam_is_kalamdb_table(relid)) {
    attnum = unique_attribute(relation, userid);
  }
  bool is_so = attnum != InvalidAttrNumber &&
               strcmp(NameStr(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attname), name) == 0;
  table_close(relation, NoLock);
  return is_so;
}

// As PostgreSQL's unique constraints of partitioned tables: each partition keeps its rows apart, and the column decides
// which partition a row is in. `levels`: gets the partitioned tables, whose partitions the plan depends on.
static AttrNumber unique_attribute_of_parent(Relation relation, Oid userid, List** levels) {
  AttrNumber attnum = partition_attribute(relation);
  if (attnum == InvalidAttrNumber) return InvalidAttrNumber;
  const char* name = NameStr(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attname);
  List* relids = find_all_inheritors(RelationGetRelid(relation), AccessShareLock, nullptr);
  bool has_leaf = false;
  ListCell* cell;
  foreach (cell, relids) {
    Oid relid = lfirst_oid(cell);
    if (!is_kept_apart(relid, name, userid)) return InvalidAttrNumber;
    if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE) {
      *levels = lappend_oid(*levels, relid);
    } else {
      has_leaf = true;
    }
  }
  return has_leaf ? attnum : InvalidAttrNumber;
}

// ---------------------------------------------------------------- what the clause names

// PostgreSQL's rule (infer_collation_opclass_match) for an index that has the column's collation and the default
// operator class of its type.
static bool means_default_index(const InferenceElem* element, Form_pg_attribute key) {
  if (OidIsValid(element->infercollid) && element->infercollid != key->attcollation) return false;
  if (!OidIsValid(element->inferopclass)) return true;
  Oid usual = GetDefaultOpClass(getBaseType(key->atttypid), BTREE_AM_OID);
  return OidIsValid(usual) && get_opclass_family(usual) == get_opclass_family(element->inferopclass) &&
         get_opclass_input_type(usual) == get_opclass_input_type(element->inferopclass);
}

// A condition (WHERE) does not matter: a unique constraint without one is as good.
static bool names_key(const Query* query, Form_pg_attribute key) {
  ListCell* cell;
  foreach (cell, query->onConflict->arbiterElems) {
    const InferenceElem* element = lfirst_node(InferenceElem, cell);
    const Var* var = (const Var*)element->expr;
    if (!IsA(var, Var) || var->varno != query->resultRelation || var->varattno != key->attnum) return false;
    if (!means_default_index(element, key)) return false;
  }
  return true;
}

// CHECK (key IS NOT NULL): what a foreign table has in place of the constraint of its primary key.
static bool is_constraint_of_key(Oid constraint, AttrNumber key) {
  HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
  if (!HeapTupleIsValid(tuple)) return false;
  bool is_of_key = false;
  bool is_null = true;
  if (((Form_pg_constraint)GETSTRUCT(tuple))->contype == CONSTRAINT_CHECK) {
    Datum expression = SysCacheGetAttr(CONSTROID, tuple, Anum_pg_constraint_conbin, &is_null);
    const NullTest* test = is_null ? nullptr : (const NullTest*)stringToNode(TextDatumGetCString(expression));
    is_of_key = test != nullptr && IsA(test, NullTest) && test->nulltesttype == IS_NOT_NULL && IsA(test->arg, Var) &&
                ((const Var*)test->arg)->varattno == key;
  }
  ReleaseSysCache(tuple);
  return is_of_key;
}

// ---------------------------------------------------------------- the query

// Where the planner does not look for an index and nobody evaluates it, the key waits for kalam_plan_foreign_modify().
static void take_out(Query* query, Form_pg_attribute key) {
  OnConflictExpr* conflict = query->onConflict;
  conflict->arbiterElems = NIL;
  conflict->constraint = InvalidOid;
  conflict->arbiterWhere =
      (Node*)makeVar(query->resultRelation, key->attnum, key->atttypid, key->atttypmod, key->attcollation, 0);
}

#if PG_VERSION_NUM >= 180000
static bool names_old_row(Node* node, void*) {
  if (node == nullptr) return false;
  if (IsA(node, Var)) return ((Var*)node)->varreturningtype == VAR_RETURNING_OLD;
  return expression_tree_walker(node, names_old_row, nullptr);
}
#endif

// The executor hands no old row to what RETURNING shows of a foreign table's row.
static void refuse_old_row(const Query* query, const RangeTblEntry* target) {
#if PG_VERSION_NUM >= 180000
  if (!names_old_row((Node*)query->returningList, nullptr)) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("RETURNING old is not supported by INSERT ... ON CONFLICT on KalamDB table \"%s\"",
                         get_rel_name(target->relid)),
                  errhint("RETURNING shows the new row; xmax = 0 tells an inserted one from a changed one.")));
#else
  (void)query;
  (void)target;
#endif
}

// `top`: the statement that the query is a part of.
static void prepare(Query* query, const Query* top, List** levels) {
  const OnConflictExpr* conflict = query->onConflict;
  if (conflict == nullptr) return;
  RangeTblEntry* target = rt_fetch(query->resultRelation, query->rtable);
  bool is_parent = target->relkind == RELKIND_PARTITIONED_TABLE;
  if (!is_parent && !kalam_is_kalamdb_table(target->relid)) return;
  if (!is_parent) refuse_old_row(query, target);
  if (conflict->arbiterElems == NIL && !OidIsValid(conflict->constraint)) return;  // DO NOTHING, whatever the key

  // Rights come first: the server may be asked for the key.
  kalam_check_required_rights(query, top);
  Relation relation = table_open(target->relid, NoLock);
  Oid userid = target_user(query);
  AttrNumber attnum =
      is_parent ? unique_attribute_of_parent(relation, userid, levels) : unique_attribute(relation, userid);
  if (attnum != InvalidAttrNumber) {
    Form_pg_attribute key = TupleDescAttr(RelationGetDescr(relation), attnum - 1);
    if (OidIsValid(conflict->constraint) ? is_constraint_of_key(conflict->constraint, attnum) : names_key(query, key))
      take_out(query, key);
  }
  table_close(relation, NoLock);
}

// Statements that change rows stand at the top, or in the list of its common table expressions.
static List* prepare_all(Query* query) {
  List* levels = NIL;
  if (query->commandType == CMD_UTILITY) return NIL;
  prepare(query, query, &levels);
  ListCell* cell;
  if (query->hasModifyingCTE) {
    foreach (cell, query->cteList) {
      Node* common = lfirst_node(CommonTableExpr, cell)->ctequery;
      if (IsA(common, Query)) prepare((Query*)common, query, &levels);
    }
  }
  return levels;
}

// The plan is made again when a partition comes or goes on any level.
static PlannedStmt* depend_on(PlannedStmt* plan, List* levels) {
  plan->relationOids = list_concat_unique_oid(plan->relationOids, levels);
  return plan;
}

#if PG_VERSION_NUM >= 190000
static PlannedStmt* plan_query(Query* query, const char* text, int options, ParamListInfo parameters,
                               ExplainState* es) {
  List* levels = prepare_all(query);
  planner_hook_type next = previous_planner != nullptr ? previous_planner : standard_planner;
  return depend_on(next(query, text, options, parameters, es), levels);
}
#else
static PlannedStmt* plan_query(Query* query, const char* text, int options, ParamListInfo parameters) {
  List* levels = prepare_all(query);
  planner_hook_type next = previous_planner != nullptr ? previous_planner : standard_planner;
  return depend_on(next(query, text, options, parameters), levels);
}
#endif

void kalam_arbiter_init() {
  previous_planner = planner_hook;
  planner_hook = plan_query;
}

AttrNumber kalam_arbiter_key(const Query* query) {
  const Node* mark = query->onConflict != nullptr ? query->onConflict->arbiterWhere : nullptr;
  // The planner makes a list of what it takes for a condition.
  if (mark != nullptr && IsA(mark, List)) mark = (const Node*)linitial((const List*)mark);
  return mark != nullptr && IsA(mark, Var) ? ((const Var*)mark)->varattno : InvalidAttrNumber;
}
