#include "extension/plan/implied_bounds.h"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_opfamily_d.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
}

static int strategy_of(KalamTermKind kind) {
  switch (kind) {
    case KalamTermKind::below:
      return BTLessStrategyNumber;
    case KalamTermKind::at_most:
      return BTLessEqualStrategyNumber;
    case KalamTermKind::at_least:
      return BTGreaterEqualStrategyNumber;
    default:
      return BTGreaterStrategyNumber;
  }
}

// The same comparison, of the key. NULL: there is none of these types.
static Expr* condition_on_key(Expr* key, const KalamKeyTerm* term) {
  Oid key_type = getBaseType(exprType((Node*)key));
  Oid value_type = getBaseType(exprType((Node*)term->value));
  Oid opno = get_opfamily_member(INTEGER_BTREE_FAM_OID, key_type, value_type, (int16)strategy_of(term->kind));
  if (!OidIsValid(opno)) return nullptr;
  return make_opclause(opno, BOOLOID, false, key, term->value, InvalidOid, InvalidOid);
}

// Of a column of another relation that always equals the key.
static List* add_bounds_of(PlannerInfo* root, List* bounds, Expr* key, const Var* column) {
  const RelOptInfo* rel = root->simple_rel_array[column->varno];
  ListCell* cell;
  if (rel == nullptr) return bounds;
  foreach (cell, rel->baserestrictinfo) {
    const RestrictInfo* info = lfirst_node(RestrictInfo, cell);
    KalamKeySource source = {};
    if (info->pseudoconstant ||
        kalam_match_key_clause(root, info->clause, rel, column->varattno, &source.match) != KalamStaysLocal::no)
      continue;
    KalamKeyTerm term = kalam_key_term(&source.match.terms, 0);
    if (source.match.form != KalamKeyForm::bound || !IsA(term.value, Const)) continue;
    source.condition = condition_on_key(key, &term);
    if (source.condition == nullptr) continue;
    KalamKeySource* copy = (KalamKeySource*)palloc(sizeof(KalamKeySource));
    *copy = source;
    bounds = lappend(bounds, copy);
  }
  return bounds;
}

// A column of a base relation, whose equality with the key outer joins do not weaken.
static const Var* plain_column(const EquivalenceMember* member) {
  if (member->em_is_child || member->em_is_const || kalam_is_nullable_member(member) || !IsA(member->em_expr, Var))
    return nullptr;
  return (const Var*)member->em_expr;
}

List* kalam_implied_bounds(PlannerInfo* root, const RelOptInfo* rel, AttrNumber key) {
  List* bounds = NIL;
  ListCell* cell;
  if (!rel->has_eclass_joins || rel->reloptkind != RELOPT_BASEREL) return NIL;
  foreach (cell, root->eq_classes) {
    const EquivalenceClass* eclass = (const EquivalenceClass*)lfirst(cell);
    const Var* own = nullptr;
    ListCell* inner;
    if (eclass->ec_has_const || kalam_is_below_outer_join(eclass) || !bms_is_member((int)rel->relid, eclass->ec_relids))
      continue;
    if (!list_member_oid(eclass->ec_opfamilies, INTEGER_BTREE_FAM_OID)) continue;
    foreach (inner, eclass->ec_members) {
      const Var* column = plain_column((const EquivalenceMember*)lfirst(inner));
      if (column != nullptr && kalam_is_key((const Expr*)column, rel->relid, key)) own = column;
    }
    if (own == nullptr) continue;
    foreach (inner, eclass->ec_members) {
      const Var* column = plain_column((const EquivalenceMember*)lfirst(inner));
      if (column != nullptr && column->varno != (int)rel->relid && column->varattno > 0)
        bounds = add_bounds_of(root, bounds, (Expr*)own, column);
    }
  }
  return bounds;
}
