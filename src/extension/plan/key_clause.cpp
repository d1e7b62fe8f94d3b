#include "extension/plan/key_clause.h"

#include "extension/types/key.h"

extern "C" {
#include "access/stratnum.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
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

namespace {

// The relation whose clauses are matched.
struct Subject {
  PlannerInfo* root;
  const RelOptInfo* rel;
  AttrNumber key;
};

}  // namespace

// What a comparison with the key says of it. False: nothing that the server knows as well.
static bool find_kind(Oid opno, Oid collation, Oid value_type, bool is_commuted, KalamTermKind* kind) {
  switch (kalam_key_strategy(opno, collation, value_type)) {
    case BTEqualStrategyNumber:
      *kind = KalamTermKind::equals;
      return true;
    case BTLessStrategyNumber:
      *kind = is_commuted ? KalamTermKind::above : KalamTermKind::below;
      return true;
    case BTLessEqualStrategyNumber:
      *kind = is_commuted ? KalamTermKind::at_least : KalamTermKind::at_most;
      return true;
    case BTGreaterEqualStrategyNumber:
      *kind = is_commuted ? KalamTermKind::at_most : KalamTermKind::at_least;
      return true;
    case BTGreaterStrategyNumber:
      *kind = is_commuted ? KalamTermKind::below : KalamTermKind::above;
      return true;
    default:
      return false;
  }
}

// Whether a value is known before the scan starts. Stable functions are evaluated then, once.
static KalamStaysLocal check_value(const Subject* subject, Expr* value) {
  if (bms_is_member((int)subject->rel->relid, pull_varnos(subject->root, (Node*)value)))
    return KalamStaysLocal::not_constant;
  if (contain_volatile_functions((Node*)value)) return KalamStaysLocal::volatile_value;
  return KalamStaysLocal::no;
}

static KalamStaysLocal match_operator(const Subject* subject, const OpExpr* op, KalamKeyTerm* term) {
  if (list_length(op->args) != 2) return KalamStaysLocal::other_form;
  Expr* left = (Expr*)linitial(op->args);
  Expr* right = (Expr*)lsecond(op->args);
  bool is_commuted = !kalam_is_key(left, subject->rel->relid, subject->key);
  if (is_commuted && !kalam_is_key(right, subject->rel->relid, subject->key)) return KalamStaysLocal::not_on_key;
  term->value = is_commuted ? left : right;
  if (!find_kind(op->opno, op->inputcollid, getBaseType(exprType((Node*)term->value)), is_commuted, &term->kind))
    return KalamStaysLocal::other_operator;
  return check_value(subject, term->value);
}

static KalamStaysLocal match_any(const Subject* subject, const ScalarArrayOpExpr* op, KalamKeyTerm* term) {
  KalamTermKind kind;
  if (!kalam_is_key((Expr*)linitial(op->args), subject->rel->relid, subject->key)) return KalamStaysLocal::not_on_key;
  term->value = (Expr*)lsecond(op->args);
  term->kind = KalamTermKind::any;
  Oid type = getBaseType(get_base_element_type(exprType((Node*)term->value)));
  if (!op->useOr || !find_kind(op->opno, op->inputcollid, type, false, &kind) || kind != KalamTermKind::equals)
    return KalamStaysLocal::other_operator;
  return check_value(subject, term->value);
}

static KalamStaysLocal match_term(const Subject* subject, const Node* clause, KalamKeyTerm* term) {
  if (IsA(clause, OpExpr)) return match_operator(subject, (const OpExpr*)clause, term);
  if (IsA(clause, ScalarArrayOpExpr)) return match_any(subject, (const ScalarArrayOpExpr*)clause, term);
  return KalamStaysLocal::other_form;
}

// An alternative names its keys by a value, a list or a range; what else is in it leaves some of them out.
static KalamStaysLocal match_arm(const Subject* subject, Node* alternative, int arm, KalamKeyClause* match) {
  List* parts = is_andclause(alternative) ? ((BoolExpr*)alternative)->args : list_make1(alternative);
  bool has_list = false, has_lower = false, has_upper = false;
  ListCell* cell;
  foreach (cell, parts) {
    KalamKeyTerm term;
    KalamStaysLocal stays_local = match_term(subject, (Node*)lfirst(cell), &term);
    if (stays_local != KalamStaysLocal::no || (has_list && kalam_term_is_list(term.kind))) {
      match->is_exact = false;
      continue;
    }
    kalam_key_terms_add(&match->terms, term.kind, arm, term.value);
    has_list = has_list || kalam_term_is_list(term.kind);
    has_lower = has_lower || (!kalam_term_is_list(term.kind) && kalam_term_is_lower(term.kind));
    has_upper = has_upper || (!kalam_term_is_list(term.kind) && !kalam_term_is_lower(term.kind));
  }
  return has_list || (has_lower && has_upper) ? KalamStaysLocal::no : KalamStaysLocal::not_closed;
}

static KalamStaysLocal match_alternatives(const Subject* subject, const BoolExpr* clause, KalamKeyClause* match) {
  int arm = 0;
  ListCell* cell;
  match->form = KalamKeyForm::alternatives;
  foreach (cell, clause->args) {
    KalamStaysLocal stays_local = match_arm(subject, (Node*)lfirst(cell), arm++, match);
    if (stays_local != KalamStaysLocal::no) return stays_local;
  }
  return KalamStaysLocal::no;
}

KalamStaysLocal kalam_match_key_clause(PlannerInfo* root, Expr* clause, const RelOptInfo* rel, AttrNumber key,
                                       KalamKeyClause* match) {
  Subject subject = {root, rel, key};
  KalamKeyTerm term;
  if (key == InvalidAttrNumber) return KalamStaysLocal::no_key;
  *match = {KalamKeyForm::bound, {NIL, NIL}, true};
  if (is_orclause(clause)) return match_alternatives(&subject, (const BoolExpr*)clause, match);
  KalamStaysLocal stays_local = match_term(&subject, (const Node*)clause, &term);
  if (stays_local != KalamStaysLocal::no) return stays_local;
  kalam_key_terms_add(&match->terms, term.kind, 0, term.value);
  if (term.kind == KalamTermKind::equals) match->form = KalamKeyForm::value;
  if (term.kind == KalamTermKind::any) match->form = KalamKeyForm::list;
  return KalamStaysLocal::no;
}
