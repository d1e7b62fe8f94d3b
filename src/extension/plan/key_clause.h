// Which conditions go to the server: equality on the key, and nothing else (architecture section 7).
#pragma once

#include "extension/base/compat.h"
#include "extension/catalog/relation.h"

extern "C" {
#include "nodes/pathnodes.h"
}

struct KalamKeyClause {
  Expr* clause;   // as PostgreSQL wrote it
  Expr* value;    // what the key is compared with; holds no column of the relation
  bool is_array;  // value is an array: key = ANY (value)
};

// Whether the relation's key can be looked up by equality with PostgreSQL's meaning: integers, and text under
// deterministic collations. Not json, char(n), floating point and boolean keys.
bool kalam_key_is_shippable(const KalamRelation* remote, TupleDesc tupdesc);

// Whether `expr` is the key of base relation `relid`, relabelled at most.
bool kalam_is_key(const Expr* expr, Index relid, AttrNumber key);

// Whether a clause is "key = value" or "key = ANY (values)" that can be sent.
bool kalam_match_key_clause(PlannerInfo* root, Expr* clause, RelOptInfo* rel, AttrNumber key, KalamKeyClause* match);
