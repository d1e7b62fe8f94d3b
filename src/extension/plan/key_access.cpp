#include "extension/plan/key_access.h"

// A range that depends on parameters may turn out to span too many keys, and what an alternative has beside its keys is
// not looked at by the scan: then PostgreSQL evaluates the clause as well.
static bool is_checked_by_scan(const KalamKeyClause* match, const KalamKeyCount* count) {
  bool has_range = match->form == KalamKeyForm::bound || match->form == KalamKeyForm::alternatives;
  return match->is_exact && (!has_range || (count->is_known && !count->is_open));
}

static void check_by_scan(KalamKeyAccess* access, const KalamKeySource* source, const KalamKeyCount* count) {
  if (source->info != nullptr && is_checked_by_scan(&source->match, count))
    access->checked = lappend(access->checked, source->info);
}

KalamKeyAccess kalam_key_access(const KalamKeySource* source, kalam::RemoteKind kind, KalamKeyCount* count) {
  KalamKeyAccess access = {};
  access.lookup = source->match.form == KalamKeyForm::value ? KalamLookup::key : KalamLookup::keys;
  access.terms = source->match.terms;
  access.conditions = list_make1(source->condition);
  *count = kalam_key_terms_count(&access.terms, kind);
  check_by_scan(&access, source, count);
  return access;
}

bool kalam_key_access_of_bounds(List* bounds, kalam::RemoteKind kind, KalamKeyAccess* access, KalamKeyCount* count) {
  bool has_lower = false, has_upper = false;
  ListCell* cell;
  *access = {};
  access->lookup = KalamLookup::keys;
  foreach (cell, bounds) {
    const KalamKeySource* source = (const KalamKeySource*)lfirst(cell);
    KalamKeyTerm term = kalam_key_term(&source->match.terms, 0);
    bool is_lower = kalam_term_is_lower(term.kind);
    has_lower = has_lower || is_lower;
    has_upper = has_upper || !is_lower;
    kalam_key_terms_add(&access->terms, term.kind, 0, term.value);
    access->conditions = lappend(access->conditions, source->condition);
  }
  if (bounds == NIL) return false;
  *count = kalam_key_terms_count(&access->terms, kind);
  // What the column can hold bounds them as well.
  if (!(has_lower && has_upper) && (!count->is_known || count->is_open)) return false;
  foreach (cell, bounds) check_by_scan(access, (const KalamKeySource*)lfirst(cell), count);
  return true;
}

List* kalam_key_access_to_list(const KalamKeyAccess* access) {
  return list_make5(makeInteger((int)access->lookup), access->terms.codes, access->terms.values, access->conditions,
                    access->checked);
}

KalamKeyAccess kalam_key_access_from_list(List* fdw_private) {
  return {(KalamLookup)intVal(linitial(fdw_private)),
          {(List*)lsecond(fdw_private), (List*)lthird(fdw_private)},
          (List*)lfourth(fdw_private),
          (List*)list_nth(fdw_private, 4)};
}
