// Which conditions the server can evaluate: those that name the keys of rows, and nothing else (architecture section
// 7).
#pragma once

#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/plan/key_terms.h"

extern "C" {
#include "nodes/pathnodes.h"
}

// Why the server does not evaluate a clause.
enum class KalamStaysLocal : uint8_t {
  no,              // the server can evaluate it
  no_key,          // the relation has no key that can be looked up
  other_form,      // it does not compare one operand with a value, or with the elements of an array
  not_on_key,      // none of its operands is the key
  other_operator,  // an operator that names no keys, or that has another meaning than the server's
  not_constant,    // the value differs from row to row of the relation
  volatile_value,  // the value differs from evaluation to evaluation
  not_closed,      // an alternative of an OR that does not name its keys
  pseudoconstant,  // it holds nothing of the relation: PostgreSQL evaluates it once, before the scan
};

enum class KalamKeyForm : uint8_t {
  value,         // key = value
  list,          // key = ANY (values)
  bound,         // key < value, and the like: a range together with another one
  alternatives,  // OR of any of these
};

struct KalamKeyClause {
  KalamKeyForm form;
  KalamKeyTerms terms;
  bool is_exact;  // the terms name no other keys than the clause
};

// Whether `expr` is the key of base relation `relid`, relabelled at most.
bool kalam_is_key(const Expr* expr, Index relid, AttrNumber key);

// Why the server cannot evaluate a clause; KalamStaysLocal::no, and `match`, when it can. `key`: InvalidAttrNumber when
// the relation has none that can be looked up.
KalamStaysLocal kalam_match_key_clause(PlannerInfo* root, Expr* clause, const RelOptInfo* rel, AttrNumber key,
                                       KalamKeyClause* match);
