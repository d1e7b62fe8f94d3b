// ANALYZE: a sample of the rows that the table's owner sees. KalamDB keeps no statistics (spec section 12).
//
// Statistics show values, and their number, to every role that may read the table. Rows of user and stream tables are
// one user's, so there are none of them.
#include "extension/catalog.h"
#include "extension/fdw.h"
#include "extension/options.h"

extern "C" {
#include "catalog/heap.h"
#include "commands/defrem.h"
#include "commands/vacuum.h"
#include "executor/spi.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/sampling.h"
}

namespace {

constexpr long FETCH_ROWS = 1000;

// A random sample of a stream of rows of unknown length (Vitter's algorithm, as PostgreSQL samples its own tables).
struct Sample {
  HeapTuple* rows;
  int wanted;
  int taken;
  double seen;
  double to_skip;  // -1: to be drawn
  ReservoirStateData state;
};

// The place of the next row; -1: it is not part of the sample.
int place_for_row(Sample* sample) {
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

void take_rows(Sample* sample, SPITupleTable* fetched, uint64 count, MemoryContext context) {
  for (uint64 i = 0; i < count; i++) {
    bool is_null;
    int place = place_for_row(sample);
    if (place < 0) continue;
    // The row as one value has the places of dropped columns, too.
    Datum row = SPI_getbinval(fetched->vals[i], fetched->tupdesc, 1, &is_null);
    HeapTupleHeader header = DatumGetHeapTupleHeader(row);
    HeapTupleData tuple = {};
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    ItemPointerSetInvalid(&tuple.t_self);
    tuple.t_data = header;
    MemoryContext old = MemoryContextSwitchTo(context);
    sample->rows[place] = heap_copytuple(&tuple);
    MemoryContextSwitchTo(old);
  }
}

// Runs as the table's owner: ANALYZE of a parent has switched to the owner of that, who need not have rights on the
// table, as for an ordinary child. An error ends the transaction, which switches back. The scan itself waits, checks
// for completeness and raises as in any query.
int acquire_sample(Relation relation, int, HeapTuple* rows, int wanted, double* total_rows, double* dead_rows) {
  Sample sample = {};
  MemoryContext context = CurrentMemoryContext;
  Oid userid;
  int security;
  const char* name =
      quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)), RelationGetRelationName(relation));
  // The row, even where a column is called "r".
  char* query = psprintf("SELECT r.*::%s FROM ONLY %s r", name, name);
  sample.rows = rows;
  sample.wanted = wanted;
  sample.to_skip = -1;
  reservoir_init_selection_state(&sample.state, wanted);

  GetUserIdAndSecContext(&userid, &security);
  SetUserIdAndSecContext(relation->rd_rel->relowner, security | SECURITY_LOCAL_USERID_CHANGE);
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  Portal portal = SPI_cursor_open_with_args(nullptr, query, 0, nullptr, nullptr, nullptr, true, CURSOR_OPT_NO_SCROLL);
  do {
    SPI_cursor_fetch(portal, true, FETCH_ROWS);
    take_rows(&sample, SPI_tuptable, SPI_processed, context);
    SPI_freetuptable(SPI_tuptable);
    CHECK_FOR_INTERRUPTS();
  } while (SPI_processed > 0);
  SPI_cursor_close(portal);
  SPI_finish();
  SetUserIdAndSecContext(userid, security);

  *total_rows = sample.seen;
  *dead_rows = 0;
  return sample.taken;
}

// A sample of nothing, which PostgreSQL keeps no statistics of. Those that are there are of an earlier version.
int acquire_nothing(Relation relation, int, HeapTuple*, int, double* total_rows, double* dead_rows) {
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

bool has_rows_of_users(Relation relation) {
  KalamTableOptions options;
  kalam_table_options(RelationGetRelid(relation), &options);
  kalam::TableKind kind = options.has_kind
                              ? options.kind
                              : kalam_relation_get(relation, relation->rd_rel->relowner, KalamFreshness::cached)->kind;
  return kind == kalam::TableKind::user || kind == kalam::TableKind::stream;
}

// ANALYZE of a parent locks its children less than a table that it is told to analyze.
bool is_analyzed_for_parent(Relation relation) {
  return !CheckRelationLockedByMe(relation, ShareUpdateExclusiveLock, true);
}

}  // namespace

bool kalam_analyze_table(Relation relation, AcquireSampleRowsFunc* function, BlockNumber* pages) {
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
  double rows = kalam_relation_row_count(relation, relation->rd_rel->relowner);
  *function = acquire_sample;
  // Of no use but to be told from a table that was never analyzed.
  *pages = (BlockNumber)Max(1, Min(rows / 100, (double)MaxBlockNumber));
  return true;
}
