// What planning knows of a KalamDB table in a query: found out once, when its size is estimated, and kept in
// RelOptInfo.fdw_private for paths and plans.
#pragma once

#include "extension/plan/cost.h"
#include "extension/plan/key_access.h"
#include "extension/types/key.h"

// A clause of the relation alone (RelOptInfo.baserestrictinfo).
struct KalamClause {
  RestrictInfo* info;
  KalamStaysLocal stays_local;  // KalamStaysLocal::no: the server can evaluate it, as `match` says
  KalamKeyClause match;
};

// A way to look up the keys that clauses of the relation alone name.
struct KalamBaseLookup {
  KalamKeyAccess access;
  KalamKeyCount count;
};

struct KalamRelationInfo {
  AttrNumber key;                     // that can be looked up; InvalidAttrNumber: none
  KalamKeyComparison key_comparison;  // none: there is no such key
  kalam::RemoteKind key_kind;         // of its remote column
  KalamTableSize size;                // as far as it is known, else assumed
  const PlanRowMark* lock;            // FOR UPDATE and its kin; NULL: none
  int clause_count;
  KalamClause* clauses;  // in the order of baserestrictinfo
  List* bounds;          // of KalamKeySource: those of the key, also the ones that other relations' clauses imply
  List* lookups;         // of KalamBaseLookup
};

// Asks the server for what is not cached. Raises for a locking clause on a table whose rows cannot be locked.
KalamRelationInfo* kalam_relation_info_create(PlannerInfo* root, RelOptInfo* rel, Oid relid);

KalamRelationInfo* kalam_relation_info(const RelOptInfo* rel);

// Why a clause of the relation, which may be one that a join has pushed down, is evaluated here.
KalamStaysLocal kalam_why_local(PlannerInfo* root, const RelOptInfo* rel, const RestrictInfo* clause);
