// What planning knows of a KalamDB table in a query: found out once, when its size is estimated, and kept in
// RelOptInfo.fdw_private for paths and plans.
#pragma once

#include "extension/plan/key_clause.h"

// A clause of the relation alone (RelOptInfo.baserestrictinfo).
struct KalamClause {
  RestrictInfo* info;
  KalamStaysLocal stays_local;  // KalamStaysLocal::no: the server can evaluate it, as `key` says
  KalamKeyClause key;
};

struct KalamRelationInfo {
  AttrNumber key;           // of which equality can be sent; InvalidAttrNumber: none
  double rows;              // of the table, estimated
  const PlanRowMark* lock;  // FOR UPDATE and its kin; NULL: none
  int clause_count;
  KalamClause* clauses;  // in the order of baserestrictinfo
};

// Asks the server for what is not cached. Raises for a locking clause on a table whose rows cannot be locked.
KalamRelationInfo* kalam_relation_info_create(PlannerInfo* root, RelOptInfo* rel, Oid relid);

KalamRelationInfo* kalam_relation_info(const RelOptInfo* rel);

// Raises 0A000: rows are locked by their key before they are read, and the query finds them in another way.
[[noreturn]] void kalam_refuse_lock_without_key(Oid relid);
