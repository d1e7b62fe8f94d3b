// The keys that the terms of a lookup name: counted for the planner, as far as they are constants, and listed when a
// scan starts.
#pragma once

#include "extension/catalog/relation.h"
#include "extension/lookup/key_set.h"
#include "extension/plan/key_terms.h"

extern "C" {
#include "nodes/execnodes.h"
}

// A range that spans more keys than this is not listed.
constexpr int KALAM_RANGE_KEYS_MAX = 1000;

struct KalamKeyCount {
  bool is_known;  // else a list or a range depends on parameters, and `keys` is assumed
  bool is_open;   // known: a range spans too many keys
  double keys;    // known, or assumed; each element of a list counts
};

// For the planner. `kind`: of the key's remote column.
KalamKeyCount kalam_key_terms_count(const KalamKeyTerms* terms, kalam::RemoteKind kind);

struct KalamNamedKeys {
  bool is_open;      // a range spans too many keys: they are not listed
  KalamKeySet keys;  // else
};

struct KalamKeyValues;

// Prepares the terms of a plan for the relation, for its node.
KalamKeyValues* kalam_key_values_create(const KalamKeyTerms* terms, const KalamRelation* remote, PlanState* parent);

// Evaluates them, in the current memory context.
KalamNamedKeys kalam_key_values_list(const KalamKeyValues* values, ExprContext* econtext);
