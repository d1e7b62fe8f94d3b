#include "extension/plan/relation_info.h"

extern "C" {
#include "access/table.h"
#include "optimizer/prep.h"
#include "utils/lsyscache.h"
}

// For tables of which nothing is known.
constexpr double DEFAULT_ROWS = 1000;

// What a scan finds may have been changed by others until it is locked.
[[noreturn]] void kalam_refuse_lock_without_key(Oid relid) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot lock rows of KalamDB table \"%s\"", get_rel_name(relid)),
                  errdetail("Rows are locked by their key, and the query does not look them up by it."),
                  errhint("Compare the key with a value or a list of values, or name the other tables of the query in "
                          "the locking clause (\"OF\").")));
  pg_unreachable();
}

// The clause that locks the relation's rows, or NULL.
static const PlanRowMark* locking_clause(const PlannerInfo* root, const RelOptInfo* rel) {
  const PlanRowMark* mark = get_plan_rowmark(root->rowMarks, rel->relid);
  return mark != nullptr && mark->strength != LCS_NONE ? mark : nullptr;
}

static void check_lock(const KalamRelationInfo* info, const KalamRelation* remote, Oid relid) {
  if (info->lock == nullptr) return;
  if (remote->kind == kalam::TableKind::stream)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot lock rows of KalamDB table \"%s\"", get_rel_name(relid)),
                    errdetail("Rows of stream tables are not changed.")));
  if (info->key == InvalidAttrNumber) kalam_refuse_lock_without_key(relid);
}

static void classify_clauses(PlannerInfo* root, const RelOptInfo* rel, KalamRelationInfo* info) {
  ListCell* cell;
  info->clauses = (KalamClause*)palloc0(sizeof(KalamClause) * Max(list_length(rel->baserestrictinfo), 1));
  foreach (cell, rel->baserestrictinfo) {
    KalamClause* clause = &info->clauses[info->clause_count++];
    clause->info = lfirst_node(RestrictInfo, cell);
    clause->stays_local = clause->info->pseudoconstant
                              ? KalamStaysLocal::pseudoconstant
                              : kalam_match_key_clause(root, clause->info->clause, rel, info->key, &clause->key);
  }
}

KalamRelationInfo* kalam_relation_info_create(PlannerInfo* root, RelOptInfo* rel, Oid relid) {
  KalamRelationInfo* info = (KalamRelationInfo*)palloc0(sizeof(KalamRelationInfo));
  Oid userid = OidIsValid(rel->userid) ? rel->userid : GetUserId();

  // The relation was locked when the query was parsed or the plan was taken from the cache.
  Relation relation = table_open(relid, NoLock);
  KalamRelation* remote = kalam_relation_get(relation, userid, KalamFreshness::cached);
  if (kalam_key_is_shippable(remote, RelationGetDescr(relation))) info->key = remote->key_attribute;
  info->lock = locking_clause(root, rel);
  check_lock(info, remote, relid);
  kalam_relation_count_rows(relation, userid);
  table_close(relation, NoLock);

  info->rows = kalam_relation_rows(relid);
  if (info->rows < 0) info->rows = DEFAULT_ROWS;
  classify_clauses(root, rel, info);
  return info;
}

KalamRelationInfo* kalam_relation_info(const RelOptInfo* rel) {
  return (KalamRelationInfo*)rel->fdw_private;
}
