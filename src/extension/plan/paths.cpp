// The paths of a table: a scan of everything, and lookups by key.
#include "extension/plan/cost.h"
#include "extension/plan/key_access.h"
#include "extension/plan/plan.h"
#include "extension/plan/relation_info.h"

extern "C" {
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
}

// A scan that decides when it starts whether it looks keys up is never worse than one that has to read everything: the
// planner, which takes costs that differ by less than a hundredth for equal, shall prefer it.
constexpr double UNDECIDED_SHARE = 0.98;

static Cost row_cost(const RelOptInfo* rel) {
  return cpu_tuple_cost + rel->baserestrictcost.per_tuple;
}

// The answer is there as a whole, or not at all.
static Cost scan_startup_cost(const RelOptInfo* rel) {
  return kalam_cost_of_ms(kalam_scan_ms(&kalam_relation_info(rel)->size)) + rel->baserestrictcost.startup;
}

static Cost scan_cost(const RelOptInfo* rel) {
  return scan_startup_cost(rel) + kalam_relation_info(rel)->size.rows * row_cost(rel);
}

static void add_scan_path(PlannerInfo* root, RelOptInfo* rel) {
  KalamKeyAccess access = {};
  access.lookup = KalamLookup::none;
  add_path(rel, (Path*)kalam_create_foreign_path(root, rel, rel->rows, scan_startup_cost(rel), scan_cost(rel),
                                                 rel->lateral_relids, kalam_key_access_to_list(&access)));
}

static void add_lookup_path(PlannerInfo* root, RelOptInfo* rel, const KalamKeyAccess* access,
                            const KalamKeyCount* count, Relids required_outer) {
  const KalamTableSize* size = &kalam_relation_info(rel)->size;
  double rows = Min(Max(count->keys, 1), clamp_row_est(size->rows));
  Cost startup = rel->baserestrictcost.startup + kalam_cost_of_ms(kalam_lookups_ms(size, Min(count->keys, 1)));
  Cost total =
      rel->baserestrictcost.startup + kalam_cost_of_ms(kalam_lookups_ms(size, count->keys)) + rows * row_cost(rel);
  if (!count->is_known) total = Min(total, UNDECIDED_SHARE * scan_cost(rel));
  add_path(rel, (Path*)kalam_create_foreign_path(root, rel, Min(rows, Max(rel->rows, 1)), Min(startup, total), total,
                                                 required_outer, kalam_key_access_to_list(access)));
}

// ---------------------------------------------------------------- keys from other relations

static bool is_key_member(PlannerInfo*, RelOptInfo* rel, EquivalenceClass*, EquivalenceMember* member, void*) {
  return kalam_is_key(member->em_expr, rel->relid, kalam_relation_info(rel)->key);
}

// A join clause by which keys can be looked up once the rows of other relations are known.
struct JoinSource {
  KalamKeySource source;
  Relids required_outer;
  ParamPathInfo* param;  // which the planner keeps once per set of outer relations
};

static List* match_join_clauses(PlannerInfo* root, RelOptInfo* rel) {
  AttrNumber key = kalam_relation_info(rel)->key;
  List* clauses = NIL;
  if (rel->has_eclass_joins)
    clauses = generate_implied_equalities_for_column(root, rel, is_key_member, nullptr, rel->lateral_referencers);
  clauses = list_concat(clauses, rel->joininfo);

  List* sources = NIL;
  ListCell* cell;
  foreach (cell, clauses) {
    RestrictInfo* info = lfirst_node(RestrictInfo, cell);
    KalamKeyClause match;
    if (!join_clause_is_movable_to(info, rel)) continue;
    if (kalam_match_key_clause(root, info->clause, rel, key, &match) != KalamStaysLocal::no) continue;
    Relids required_outer = bms_union(info->clause_relids, rel->lateral_relids);
    required_outer = bms_del_member(required_outer, (int)rel->relid);
    if (bms_is_empty(required_outer)) continue;
    JoinSource* source = (JoinSource*)palloc(sizeof(JoinSource));
    *source = {{match, info->clause, info}, required_outer, get_baserel_parampathinfo(root, rel, required_outer)};
    sources = lappend(sources, source);
  }
  return sources;
}

// The bounds that are known together with this one: those from the same relations, and those of the relation alone.
static List* bounds_with(const RelOptInfo* rel, List* sources, const JoinSource* join) {
  List* bounds = NIL;
  ListCell* cell;
  foreach (cell, sources) {
    JoinSource* other = (JoinSource*)lfirst(cell);
    if (other->source.match.form == KalamKeyForm::bound && other->param == join->param)
      bounds = lappend(bounds, &other->source);
  }
  return list_concat(bounds, kalam_relation_info(rel)->bounds);
}

// One path for each set of outer relations, on the inner side of a nested loop. A single key wins over several.
static void add_parameterized_paths(PlannerInfo* root, RelOptInfo* rel) {
  const KalamKeyForm order[] = {KalamKeyForm::value, KalamKeyForm::list, KalamKeyForm::alternatives,
                                KalamKeyForm::bound};
  kalam::RemoteKind kind = kalam_relation_info(rel)->key_kind;
  List* sources = match_join_clauses(root, rel);
  List* seen = NIL;  // of ParamPathInfo
  for (KalamKeyForm form : order) {
    ListCell* cell;
    foreach (cell, sources) {
      const JoinSource* join = (const JoinSource*)lfirst(cell);
      KalamKeyAccess access;
      KalamKeyCount count;
      if (join->source.match.form != form || list_member_ptr(seen, join->param)) continue;
      if (form != KalamKeyForm::bound) {
        access = kalam_key_access(&join->source, kind, &count);
      } else if (!kalam_key_access_of_bounds(bounds_with(rel, sources, join), kind, &access, &count)) {
        continue;
      }
      seen = lappend(seen, join->param);
      add_lookup_path(root, rel, &access, &count, join->required_outer);
    }
  }
}

// ---------------------------------------------------------------- callbacks

void kalam_get_foreign_paths(PlannerInfo* root, RelOptInfo* rel, Oid) {
  const KalamRelationInfo* info = kalam_relation_info(rel);
  ListCell* cell;
  add_scan_path(root, rel);
  if (info->key == InvalidAttrNumber) return;
  foreach (cell, info->lookups) {
    const KalamBaseLookup* lookup = (const KalamBaseLookup*)lfirst(cell);
    add_lookup_path(root, rel, &lookup->access, &lookup->count, rel->lateral_relids);
  }
  add_parameterized_paths(root, rel);
}

// In a join of partitions the values come from the partition of the other table in place of that table.
List* kalam_reparameterize_foreign_path_by_child(PlannerInfo* root, List* fdw_private, RelOptInfo* child) {
  KalamKeyAccess access = kalam_key_access_from_list(fdw_private);
  access.terms.values = (List*)kalam_adjust_to_child(root, (Node*)access.terms.values, child);
  access.conditions = (List*)kalam_adjust_to_child(root, (Node*)access.conditions, child);
  access.checked = (List*)kalam_adjust_to_child(root, (Node*)access.checked, child);
  return kalam_key_access_to_list(&access);
}
