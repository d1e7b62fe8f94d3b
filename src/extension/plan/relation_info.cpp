#include "extension/plan/relation_info.h"

#include "extension/catalog/subject.h"
#include "extension/plan/implied_bounds.h"
#include "extension/plan/table_size.h"

extern "C" {
#include "access/table.h"
#include "catalog/pg_type.h"
#include "optimizer/prep.h"
#include "utils/lsyscache.h"
}

// The clause that locks the relation's rows, or NULL.
static const PlanRowMark* locking_clause(const PlannerInfo* root, const RelOptInfo* rel) {
  const PlanRowMark* mark = get_plan_rowmark(root->rowMarks, rel->relid);
  return mark != nullptr && mark->strength != LCS_NONE ? mark : nullptr;
}

static void check_lock(const KalamRelation* remote, TupleDesc tupdesc) {
  const char* reason = nullptr;
  if (remote->kind == kalam::TableKind::stream) {
    reason = "Rows of stream tables are not changed.";
  } else if (remote->kind == kalam::TableKind::system) {
    reason = "KalamDB alone changes rows of its system tables.";
  } else if (remote->key_attribute == InvalidAttrNumber) {
    reason = "Rows are locked by their key, for which the foreign table has no column.";
  } else if (getBaseType(TupleDescAttr(tupdesc, remote->key_attribute - 1)->atttypid) == JSONBOID) {
    reason = "Rows are locked by their key, of which a column of type jsonb does not keep the text.";
  }
  if (reason == nullptr) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot lock rows of KalamDB table \"%s\"", remote->local_name), errdetail("%s", reason),
                  errhint("Leave the locking clause out, or name the other tables of the query in it (\"OF\").")));
}

static void classify_clauses(PlannerInfo* root, const RelOptInfo* rel, KalamRelationInfo* info) {
  ListCell* cell;
  info->clauses = (KalamClause*)palloc0(sizeof(KalamClause) * Max(list_length(rel->baserestrictinfo), 1));
  foreach (cell, rel->baserestrictinfo) {
    KalamClause* clause = &info->clauses[info->clause_count++];
    clause->info = lfirst_node(RestrictInfo, cell);
    clause->stays_local = clause->info->pseudoconstant
                              ? KalamStaysLocal::pseudoconstant
                              : kalam_match_key_clause(root, clause->info->clause, rel, info->key, &clause->match);
  }
}

static void add_lookup(KalamRelationInfo* info, const KalamKeyAccess* access, const KalamKeyCount* count) {
  // Nobody would take the path.
  if (count->is_known && count->is_open) return;
  KalamBaseLookup* lookup = (KalamBaseLookup*)palloc(sizeof(KalamBaseLookup));
  *lookup = {*access, *count};
  info->lookups = lappend(info->lookups, lookup);
}

static void find_lookups(PlannerInfo* root, const RelOptInfo* rel, KalamRelationInfo* info) {
  KalamKeyAccess access;
  KalamKeyCount count;
  for (int i = 0; i < info->clause_count; i++) {
    const KalamClause* clause = &info->clauses[i];
    if (clause->stays_local != KalamStaysLocal::no) continue;
    KalamKeySource* source = (KalamKeySource*)palloc(sizeof(KalamKeySource));
    *source = {clause->match, clause->info->clause, clause->info};
    if (clause->match.form == KalamKeyForm::bound) {
      info->bounds = lappend(info->bounds, source);
      continue;
    }
    access = kalam_key_access(source, info->key_kind, &count);
    add_lookup(info, &access, &count);
  }
  if (info->key_comparison == KalamKeyComparison::integer)
    info->bounds = list_concat(info->bounds, kalam_implied_bounds(root, rel, info->key));
  if (kalam_key_access_of_bounds(info->bounds, info->key_kind, &access, &count)) add_lookup(info, &access, &count);
}

static bool finds_one_row(const KalamRelationInfo* info) {
  ListCell* cell;
  foreach (cell, info->lookups)
    if (((const KalamBaseLookup*)lfirst(cell))->access.lookup == KalamLookup::key) return true;
  return false;
}

// Where there is something to choose from, the choice depends on how large the table is.
static bool has_choice(const PlannerInfo* root, const KalamRelationInfo* info) {
  return info->lookups != NIL || bms_membership(root->all_baserels) == BMS_MULTIPLE;
}

KalamRelationInfo* kalam_relation_info_create(PlannerInfo* root, RelOptInfo* rel, Oid relid) {
  KalamRelationInfo* info = (KalamRelationInfo*)palloc0(sizeof(KalamRelationInfo));
  Oid userid = OidIsValid(rel->userid) ? rel->userid : GetUserId();

  // The relation was locked when the query was parsed or the plan was taken from the cache.
  Relation relation = table_open(relid, NoLock);
  KalamRelation* remote = kalam_relation_get(relation, userid, KalamFreshness::cached);
  info->key_comparison = kalam_key_comparison(remote, RelationGetDescr(relation));
  if (info->key_comparison != KalamKeyComparison::none) {
    info->key = remote->key_attribute;
    info->key_kind = remote->columns[remote->key_column].type.kind;
  }
  info->lock = locking_clause(root, rel);
  if (info->lock != nullptr) check_lock(remote, RelationGetDescr(relation));
  classify_clauses(root, rel, info);
  find_lookups(root, rel, info);

  KalamConnection* connection = kalam_connection_get(remote->serverid, userid);
  const char* subject = kalam_find_subject(remote, connection);
  if (!finds_one_row(info) && !remote->awaits_commit)
    kalam_table_size_ask(remote, connection, subject, has_choice(root, info));
  info->size = kalam_table_size(relation, remote, subject);
  table_close(relation, NoLock);
  return info;
}

KalamRelationInfo* kalam_relation_info(const RelOptInfo* rel) {
  return (KalamRelationInfo*)rel->fdw_private;
}

KalamStaysLocal kalam_why_local(PlannerInfo* root, const RelOptInfo* rel, const RestrictInfo* clause) {
  const KalamRelationInfo* info = kalam_relation_info(rel);
  for (int i = 0; i < info->clause_count; i++)
    if (info->clauses[i].info == clause) return info->clauses[i].stays_local;
  KalamKeyClause match;
  return kalam_match_key_clause(root, clause->clause, rel, info->key, &match);
}
