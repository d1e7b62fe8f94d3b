// ANALYZE: a sample of the rows that the table's owner sees. KalamDB keeps no statistics (spec section 12).
//
// Statistics show values, and their number, to every role that may read the table. Rows of user and stream tables are
// one user's, so there are none of them.
#include "extension/plan/sampling.h"
#include "extension/catalog/relation.h"
#include "extension/options/options.h"
#include "extension/plan/own_query.h"

extern "C" {
#include "catalog/heap.h"
#include "commands/defrem.h"
#include "commands/vacuum.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "storage/lmgr.h"
#include "tcop/dest.h"
#include "utils/lsyscache.h"
#include "utils/sampling.h"
}

namespace {

// A random sample of a stream of rows of unknown length (Vitter's algorithm, as PostgreSQL samples its own tables).
struct Sample {
  HeapTuple* rows;
  int wanted;
  int taken;
  double seen;
  double to_skip;  // -1: to be drawn
  ReservoirStateData state;
};

}  // namespace

// The place of the next row; -1: it is not part of the sample.
static int place_for_row(Sample* sample) {
  double seen = sample->seen;
  sample->seen += 1;
  if (sample->taken < sample->wanted) return sample->taken++;
  if (sample->to_skip < 0) sample->to_skip = reservoir_get_next_S(&sample->state, seen, sample->wanted);
  if (sample->to_skip > 0) {
    sample->to_skip -= 1;
    return -1;
  }
  sample->to_skip = -1;
  int place = (int)(sample->wanted * sampler_random_fract(&sample->state.randstate));
  heap_freetuple(sample->rows[place]);
  return place;
}

namespace {

struct SampleReceiver {
  DestReceiver receiver;  // must be first
  Sample sample;
  MemoryContext context;  // of the rows
};

}  // namespace

static void sample_startup(DestReceiver*, int, TupleDesc) {}

static bool sample_receive(TupleTableSlot* slot, DestReceiver* self) {
  auto* receiver = (SampleReceiver*)self;
  bool is_null;
  int place = place_for_row(&receiver->sample);
  if (place < 0) return true;
  // The row as one value has the places of dropped columns, too.
  HeapTupleHeader header = DatumGetHeapTupleHeader(slot_getattr(slot, 1, &is_null));
  HeapTupleData tuple = {};
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  ItemPointerSetInvalid(&tuple.t_self);
  tuple.t_data = header;
  MemoryContext old = MemoryContextSwitchTo(receiver->context);
  receiver->sample.rows[place] = heap_copytuple(&tuple);
  MemoryContextSwitchTo(old);
  return true;
}

static void sample_end(DestReceiver*) {}

// Runs as the table's owner: ANALYZE of a parent has switched to the owner of that, who need not have rights on the
// table, as for an ordinary child. An error ends the transaction, which switches back. The scan itself waits, checks
// for completeness and raises as in any query.
static int acquire_sample(Relation relation, int, HeapTuple* rows, int wanted, double* total_rows, double* dead_rows) {
  SampleReceiver taker = {};
  Sample* sample = &taker.sample;
  Oid userid;
  int security;
  taker.receiver = {sample_receive, sample_startup, sample_end, sample_end, DestNone};
  taker.context = CurrentMemoryContext;
  sample->rows = rows;
  sample->wanted = wanted;
  sample->to_skip = -1;
  reservoir_init_selection_state(&sample->state, wanted);

  GetUserIdAndSecContext(&userid, &security);
  SetUserIdAndSecContext(relation->rd_rel->relowner, security | SECURITY_LOCAL_USERID_CHANGE);
  KalamOwnQuery own = kalam_own_query(relation, "SELECT FROM ONLY", "");
  Var* row = makeWholeRowVar(rt_fetch(1, own.query->rtable), 1, 0, false);
  own.query->targetList = list_make1(makeTargetEntry((Expr*)row, 1, pstrdup("row"), false));
  kalam_run_own_query(&own, &taker.receiver, 0, true);
  SetUserIdAndSecContext(userid, security);

  *total_rows = sample->seen;
  *dead_rows = 0;
  return sample->taken;
}

// A sample of nothing, which PostgreSQL keeps no statistics of. Those that are there are of an earlier version.
static int acquire_nothing(Relation relation, int, HeapTuple*, int, double* total_rows, double* dead_rows) {
  ListCell* cell;
  RemoveStatistics(RelationGetRelid(relation), InvalidAttrNumber);
  foreach (cell, RelationGetStatExtList(relation)) {
    RemoveStatisticsDataById(lfirst_oid(cell), false);
    RemoveStatisticsDataById(lfirst_oid(cell), true);
  }
  *total_rows = -1;  // reltuples: not known
  *dead_rows = 0;
  return 0;
}

static bool has_rows_of_users(Relation relation) {
  KalamTableOptions options;
  kalam_table_options(RelationGetRelid(relation), &options);
  kalam::TableKind kind = options.has_kind
                              ? options.kind
                              : kalam_relation_get(relation, relation->rd_rel->relowner, KalamFreshness::cached)->kind;
  return kind == kalam::TableKind::user || kind == kalam::TableKind::stream;
}

// ANALYZE of a parent locks its children less than a table that it is told to analyze.
static bool is_analyzed_for_parent(Relation relation) {
  return !CheckRelationLockedByMe(relation, ShareUpdateExclusiveLock, true);
}

bool kalam_analyze_foreign_table(Relation relation, AcquireSampleRowsFunc* function, BlockNumber* pages) {
  // It gets here through ordinary parents. Nobody has asked it to read a table of another server.
  if (kalam_is_autovacuum_worker()) return false;
  if (has_rows_of_users(relation)) {
    if (is_analyzed_for_parent(relation)) {
      ereport(WARNING,
              (errmsg("rows of KalamDB table \"%s\" are left out of the statistics", RelationGetRelationName(relation)),
               errdetail("The rows of user and stream tables are one user's, and statistics are for all roles "
                         "that may read the table.")));
      return false;
    }
    *function = acquire_nothing;
    *pages = 1;
    return true;
  }
  *function = acquire_sample;
  // Of no use but to be told from a table that was never analyzed.
  *pages = 1;
  return true;
}
