// How a path finds rows: by a scan of everything, or by lookups of the keys that some clauses name. Paths carry it in
// ForeignPath.fdw_private as a list of nodes, which PostgreSQL can print.
#pragma once

#include "extension/plan/key_clause.h"
#include "extension/plan/key_values.h"
#include "extension/plan/scan_plan.h"

struct KalamKeyAccess {
  KalamLookup lookup;
  KalamKeyTerms terms;  // none for a scan
  List* conditions;     // of Expr: what the terms are from, as PostgreSQL writes it
  List* checked;        // of RestrictInfo: clauses that the scan itself checks, by the keys of rows
};

// One clause that names keys, and where it stands.
struct KalamKeySource {
  KalamKeyClause match;
  Expr* condition;
  RestrictInfo* info;  // NULL: it is implied by clauses of other relations
};

// By one clause that names its keys alone.
KalamKeyAccess kalam_key_access(const KalamKeySource* source, kalam::RemoteKind kind, KalamKeyCount* count);

// By all of the bounds (list of KalamKeySource) together. False: they do not bound the keys on both sides.
bool kalam_key_access_of_bounds(List* bounds, kalam::RemoteKind kind, KalamKeyAccess* access, KalamKeyCount* count);

List* kalam_key_access_to_list(const KalamKeyAccess* access);
KalamKeyAccess kalam_key_access_from_list(List* fdw_private);
