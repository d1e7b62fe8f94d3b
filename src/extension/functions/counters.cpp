// What the views kalam_stat_tables and kalam_stat_servers show.
#include "extension/stats/counters.h"

extern "C" {
#include "catalog/pg_authid.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace {

enum Column { OBJECT, SINCE, FIRST_COUNTER };

}  // namespace

constexpr int COLUMN_COUNT = FIRST_COUNTER + KALAM_COUNTERS;

// Numbers of a table that a role has nothing to do with are not for it.
static bool may_see(KalamCounted what, Oid object) {
  if (has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS)) return true;
  if (!OidIsValid(object)) return false;
  if (what == KalamCounted::server) return kalam_server_aclcheck(object, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
  return pg_class_aclmask(object, GetUserId(), ACL_ALL_RIGHTS_RELATION, ACLMASK_ANY) != 0;
}

static bool exists(KalamCounted what, Oid object) {
  return SearchSysCacheExists1(what == KalamCounted::table ? RELOID : FOREIGNSERVEROID, ObjectIdGetDatum(object));
}

static void show(const ReturnSetInfo* result, const KalamCountsOf* counted) {
  Datum values[COLUMN_COUNT] = {};
  bool nulls[COLUMN_COUNT] = {};
  nulls[OBJECT] = !OidIsValid(counted->object);
  values[OBJECT] = ObjectIdGetDatum(counted->object);
  values[SINCE] = TimestampTzGetDatum(counted->since);
  for (int i = 0; i < KALAM_COUNTERS; i++) values[FIRST_COUNTER + i] = Int64GetDatum((int64)counted->counts.of[i]);
  int waited = FIRST_COUNTER + (int)KalamCounter::wait_us;
  values[waited] = Float8GetDatum((double)counted->counts.of[(int)KalamCounter::wait_us] / 1000.0);
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static Datum show_all(FunctionCallInfo fcinfo, KalamCounted what) {
  int count;
  InitMaterializedSRF(fcinfo, 0);
  if (!kalam_counters_are_kept()) {
    ereport(NOTICE, (errmsg("calls to KalamDB are not counted"),
                     errhint("Add \"pg_kalam\" to shared_preload_libraries and restart PostgreSQL.")));
  }
  KalamCountsOf* counted = kalam_counters_read(what, &count);
  bool is_full = count >= (what == KalamCounted::table ? KALAM_COUNTED_TABLES : KALAM_COUNTED_SERVERS);
  for (int i = 0; i < count; i++) {
    Oid object = counted[i].object;
    if (OidIsValid(object) && !exists(what, object)) {
      // A session without the library has dropped it, or one has made it and not committed yet.
      if (is_full)
        kalam_counters_forget(what == KalamCounted::table ? RelationRelationId : ForeignServerRelationId, object);
      continue;
    }
    if (may_see(what, object)) show((const ReturnSetInfo*)fcinfo->resultinfo, &counted[i]);
  }
  return (Datum)0;
}

KALAM_SQL_FUNCTION(kalam_stat_get_tables) {
  return show_all(fcinfo, KalamCounted::table);
}

KALAM_SQL_FUNCTION(kalam_stat_get_servers) {
  return show_all(fcinfo, KalamCounted::server);
}

// kalam_stat_reset(): counts of the current database start again.
KALAM_SQL_FUNCTION(kalam_stat_reset) {
  kalam_counters_reset();
  PG_RETURN_VOID();
}
