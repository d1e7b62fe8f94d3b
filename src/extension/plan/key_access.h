// How a path finds rows: by a scan of everything or by lookups of keys, and by which clauses. Paths carry it in
// ForeignPath.fdw_private as a list of nodes, which PostgreSQL can print.
#pragma once

#include "extension/plan/key_clause.h"
#include "extension/plan/scan_plan.h"

struct KalamKeyAccess {
  KalamLookup lookup;
  List* values;   // of Expr: what the key is compared with; NIL for a scan
  List* clauses;  // of RestrictInfo: where the values are from
};

// By one clause.
KalamKeyAccess kalam_key_access(const KalamKeyClause* match, RestrictInfo* info);

List* kalam_key_access_to_list(const KalamKeyAccess* access);
KalamKeyAccess kalam_key_access_from_list(List* fdw_private);
