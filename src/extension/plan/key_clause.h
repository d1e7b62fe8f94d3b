// Which conditions the server can evaluate: equality on the key, and nothing else (architecture section 7).
#pragma once

#include "extension/base/compat.h"
#include "extension/catalog/relation.h"

extern "C" {
#include "nodes/pathnodes.h"
}

// Why the server does not evaluate a clause.
enum class KalamStaysLocal : uint8_t {
  no,              // the server can evaluate it
  no_key,          // the relation has no key that can be looked up
  other_form,      // neither "operand operator operand" nor "operand operator ANY (array)"
  not_on_key,      // none of its operands is the key
  not_equality,    // another operator, or equality with another meaning than the server's
  not_constant,    // the value differs from row to row of the relation
  volatile_value,  // the value differs from evaluation to evaluation
  pseudoconstant,  // it holds nothing of the relation: PostgreSQL evaluates it once, before the scan
};

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

// Why the server cannot evaluate a clause; KalamStaysLocal::no, and `match`, when it can: "key = value" or
// "key = ANY (values)". `key`: InvalidAttrNumber when the relation has none that can be looked up.
KalamStaysLocal kalam_match_key_clause(PlannerInfo* root, Expr* clause, const RelOptInfo* rel, AttrNumber key,
                                       KalamKeyClause* match);
