#include "extension/plan/key_clause.h"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_opfamily_d.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

bool kalam_key_is_shippable(const KalamRelation* remote, TupleDesc tupdesc) {
  if (remote->key_attribute == InvalidAttrNumber || remote->key_column < 0) return false;
  Oid type = getBaseType(TupleDescAttr(tupdesc, remote->key_attribute - 1)->atttypid);
  switch (remote->columns[remote->key_column].type.kind) {
    case kalam::RemoteKind::smallint:
    case kalam::RemoteKind::integer:
    case kalam::RemoteKind::bigint:
      return type == INT2OID || type == INT4OID || type == INT8OID;
    case kalam::RemoteKind::text:
      return type == TEXTOID || type == VARCHAROID;
    default:
      return false;
  }
}

static const Expr* strip_relabel(const Expr* expr) {
  while (expr != nullptr && IsA(expr, RelabelType)) expr = ((const RelabelType*)expr)->arg;
  return expr;
}

bool kalam_is_key(const Expr* expr, Index relid, AttrNumber key) {
  expr = strip_relabel(expr);
  if (expr == nullptr || !IsA(expr, Var)) return false;
  const Var* var = (const Var*)expr;
  return var->varno == (int)relid && var->varattno == key && var->varlevelsup == 0;
}

// Equality as the server computes it: of integers, or of the bytes of two texts.
static bool is_equality(Oid opno, Oid collation, Oid value_type) {
  if (get_op_opfamily_strategy(opno, INTEGER_BTREE_FAM_OID) == BTEqualStrategyNumber) return true;
  if (get_op_opfamily_strategy(opno, TEXT_BTREE_FAM_OID) != BTEqualStrategyNumber) return false;
  if (value_type != TEXTOID && value_type != VARCHAROID) return false;
  return OidIsValid(collation) && get_collation_isdeterministic(collation);
}

// Whether a value is known before the scan starts. Stable functions are evaluated then, once.
static KalamStaysLocal check_value(PlannerInfo* root, Expr* value, const RelOptInfo* rel) {
  if (bms_is_member((int)rel->relid, pull_varnos(root, (Node*)value))) return KalamStaysLocal::not_constant;
  if (contain_volatile_functions((Node*)value)) return KalamStaysLocal::volatile_value;
  return KalamStaysLocal::no;
}

static KalamStaysLocal match_operator(PlannerInfo* root, OpExpr* op, const RelOptInfo* rel, AttrNumber key,
                                      KalamKeyClause* match) {
  if (list_length(op->args) != 2) return KalamStaysLocal::other_form;
  Expr* left = (Expr*)linitial(op->args);
  Expr* right = (Expr*)lsecond(op->args);
  Expr* value;
  if (kalam_is_key(left, rel->relid, key))
    value = right;
  else if (kalam_is_key(right, rel->relid, key))
    value = left;
  else
    return KalamStaysLocal::not_on_key;
  if (!is_equality(op->opno, op->inputcollid, getBaseType(exprType((Node*)value))))
    return KalamStaysLocal::not_equality;
  *match = {(Expr*)op, value, false};
  return check_value(root, value, rel);
}

static KalamStaysLocal match_any(PlannerInfo* root, ScalarArrayOpExpr* op, const RelOptInfo* rel, AttrNumber key,
                                 KalamKeyClause* match) {
  Expr* left = (Expr*)linitial(op->args);
  Expr* array = (Expr*)lsecond(op->args);
  if (!kalam_is_key(left, rel->relid, key)) return KalamStaysLocal::not_on_key;
  if (!op->useOr || !is_equality(op->opno, op->inputcollid, getBaseType(get_base_element_type(exprType((Node*)array)))))
    return KalamStaysLocal::not_equality;
  *match = {(Expr*)op, array, true};
  return check_value(root, array, rel);
}

KalamStaysLocal kalam_match_key_clause(PlannerInfo* root, Expr* clause, const RelOptInfo* rel, AttrNumber key,
                                       KalamKeyClause* match) {
  if (key == InvalidAttrNumber) return KalamStaysLocal::no_key;
  if (IsA(clause, OpExpr)) return match_operator(root, (OpExpr*)clause, rel, key, match);
  if (IsA(clause, ScalarArrayOpExpr)) return match_any(root, (ScalarArrayOpExpr*)clause, rel, key, match);
  return KalamStaysLocal::other_form;
}
