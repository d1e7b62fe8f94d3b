#include "extension/plan/table_size.h"

#include "extension/catalog/storage_state.h"

// A table of which nothing is known may be large. If it is small, then lookups of some keys cost little more than a
// scan, after which its size is known; if it is large, then a scan costs many times as much as they do.
constexpr double ASSUMED_ROWS = 50000;
// Of one user's rows, and of system tables.
constexpr double ASSUMED_ROWS_OF_USER = 1000;

// What is in files changes with a flush, which writes as many rows as were in memory. An answer that is older is asked
// for again.
constexpr int64 STATE_LIFETIME_US = 60 * INT64CONST(1000000);

static bool find_state(const KalamRelation* remote, const char* subject, KalamStorageState* state) {
  if (kalam_storage_state_cached(remote, subject, state) && state->known) return true;
  return kalam_storage_state_last(remote, subject, state) &&
         GetCurrentTimestamp() - state->asked_at < STATE_LIFETIME_US;
}

// How many rows there are, files or not; -1: not known.
static double known_rows(Relation relation, const KalamRelation* remote) {
  double seen = kalam_relation_rows(remote->relid);
  if (seen >= 0) return seen;
  // ANALYZE of a table that was empty then tells little.
  return relation->rd_rel->reltuples > 0 ? relation->rd_rel->reltuples : -1;
}

KalamTableSize kalam_table_size(Relation relation, const KalamRelation* remote, const char* subject) {
  KalamStorageState state = {};
  if (remote->awaits_commit) return {0, 0};
  bool has_state = find_state(remote, subject, &state);
  double cold = has_state ? (double)state.cold_rows : 0;
  if (has_state && state.in_sync) return {cold, cold};

  double rows = known_rows(relation, remote);
  if (rows < 0 && remote->kind == kalam::TableKind::shared) rows = cold > 0 ? cold : ASSUMED_ROWS;
  if (rows < 0) rows = cold + ASSUMED_ROWS_OF_USER;
  // Files hold old versions of rows as well.
  return {rows, Min(cold, rows)};
}

void kalam_table_size_ask(const KalamRelation* remote, KalamConnection* connection, const char* subject,
                          bool needs_current) {
  KalamStorageState state = {};
  bool is_known =
      needs_current ? find_state(remote, subject, &state) : kalam_storage_state_last(remote, subject, &state);
  if (!is_known) kalam_storage_state_ask(connection, remote, subject, &state);
}
