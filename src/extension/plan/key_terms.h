// Which keys a path or a plan looks up: a disjunction of arms, each a conjunction of terms. A term compares the key
// with a value. Planning writes them down (KalamKeyTerms), execution evaluates them (key_values.h).
#pragma once

#include "extension/base/compat.h"

enum class KalamTermKind : int {
  equals,    // key = value
  any,       // key = ANY (value)
  at_least,  // key >= value
  above,     // key > value
  at_most,   // key <= value
  below,     // key < value
};

struct KalamKeyTerm {
  KalamTermKind kind;
  int arm;      // terms of one arm follow each other
  Expr* value;  // holds no column of the relation
};

// Terms in two lists, which a plan node can hold: two integers a term, and the values.
struct KalamKeyTerms {
  List* codes;   // of integers: kind and arm in turn
  List* values;  // of Expr
};

inline int kalam_key_term_count(const KalamKeyTerms* terms) {
  return list_length(terms->values);
}

inline KalamKeyTerm kalam_key_term(const KalamKeyTerms* terms, int index) {
  return {(KalamTermKind)list_nth_int(terms->codes, 2 * index), list_nth_int(terms->codes, 2 * index + 1),
          (Expr*)list_nth(terms->values, index)};
}

inline void kalam_key_terms_add(KalamKeyTerms* terms, KalamTermKind kind, int arm, Expr* value) {
  terms->codes = lappend_int(lappend_int(terms->codes, (int)kind), arm);
  terms->values = lappend(terms->values, value);
}

inline bool kalam_term_is_list(KalamTermKind kind) {
  return kind == KalamTermKind::equals || kind == KalamTermKind::any;
}

inline bool kalam_term_is_lower(KalamTermKind kind) {
  return kind == KalamTermKind::at_least || kind == KalamTermKind::above;
}
