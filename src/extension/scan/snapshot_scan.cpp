#include "extension/scan/snapshot_scan.h"

#include "extension/journal/journal.h"
#include "extension/journal/version_mark.h"
#include "extension/transaction/snapshot.h"

extern "C" {
#include "utils/memutils.h"
}

// Tells two readings of a table apart: the snapshot is not what it was where one has other versions of rows.
struct Fingerprint {
  int64 rows;
  uint64 sum;
  uint64 mixed;
};

struct KalamKeptAnswer {
  // What it is an answer to.
  Oid relid;
  Oid userid;
  const KalamConnection* identity;  // compared, never followed
  const char* remote_name;
  const char* subject;  // NULL: a shared table

  TupleDesc tupdesc;      // of the relation when the answer was read
  Bitmapset* attributes;  // that it has
  KalamKeptRows* rows;
  Fingerprint fingerprint;
};

static List* answers;          // of the transaction, the newest of a table first
static MemoryContext context;  // of the list and what stands in it; NULL: there is none

// ---------------------------------------------------------------- what is kept

static void forget_answers(void*) {
  answers = NIL;
  context = nullptr;
}

static MemoryContext answers_context() {
  if (context != nullptr) return context;
  MemoryContext created = AllocSetContextCreate(kalam_snapshot_context(), "KalamDB kept answers", ALLOCSET_SMALL_SIZES);
  MemoryContextCallback* callback =
      (MemoryContextCallback*)MemoryContextAllocZero(created, sizeof(MemoryContextCallback));
  callback->func = forget_answers;
  MemoryContextRegisterResetCallback(created, callback);
  return context = created;
}

static bool is_same_subject(const char* a, const char* b) {
  return a == nullptr || b == nullptr ? a == b : strcmp(a, b) == 0;
}

// The last answer of the table for the role and subject; NULL: it was not read yet.
static KalamKeptAnswer* find_answer(const KalamScanState* state) {
  const KalamRelation* remote = state->remote;
  ListCell* cell;
  foreach (cell, answers) {
    KalamKeptAnswer* answer = (KalamKeptAnswer*)lfirst(cell);
    if (answer->relid == remote->relid && answer->userid == state->userid && answer->identity == state->connection &&
        strcmp(answer->remote_name, remote->remote_name) == 0 && is_same_subject(answer->subject, state->subject))
      return answer;
  }
  return nullptr;
}

static void keep(const KalamScanState* state, TupleDesc tupdesc, const Bitmapset* attributes, KalamKeptRows* rows,
                 const Fingerprint* fingerprint) {
  MemoryContext old = MemoryContextSwitchTo(answers_context());
  KalamKeptAnswer* answer = (KalamKeptAnswer*)palloc0(sizeof(KalamKeptAnswer));
  answer->relid = state->remote->relid;
  answer->userid = state->userid;
  answer->identity = state->connection;
  answer->remote_name = pstrdup(state->remote->remote_name);
  answer->subject = state->subject != nullptr ? pstrdup(state->subject) : nullptr;
  answer->tupdesc = CreateTupleDescCopyConstr(tupdesc);
  answer->attributes = bms_copy(attributes);
  answer->rows = rows;
  answer->fingerprint = *fingerprint;
  answers = lcons(answer, answers);
  MemoryContextSwitchTo(old);
}

// ---------------------------------------------------------------- reading a table

static List* to_list(const Bitmapset* attributes) {
  List* list = NIL;
  int attnum = -1;
  while ((attnum = bms_next_member(attributes, attnum)) >= 0) list = lappend_int(list, attnum);
  return list;
}

static void add_to_fingerprint(Fingerprint* fingerprint, TupleTableSlot* slot) {
  uint64 mark = kalam_version_mark_load(&slot->tts_tid);
  fingerprint->rows++;
  fingerprint->sum += mark;
  fingerprint->mixed ^= mark * UINT64CONST(0x9E3779B97F4A7C15);
}

static KalamKeptRows* read_rows(KalamScanState* state, TupleDesc tupdesc, const Bitmapset* attributes,
                                TupleTableSlot* slot, Fingerprint* fingerprint) {
  KalamRowSource base = {};
  base.connection = state->connection;
  base.remote = state->remote;
  base.subject = state->subject;
  base.counters = &state->counters;
  base.run_context = state->run_context;
  base.snapshot = kalam_snapshot_open(state->remote, state->connection, state->subject);
  base.columns = kalam_scan_columns_create(state->remote, state->connection->server_name, tupdesc, to_list(attributes),
                                           false, true, state->subject);
  KalamRowSource* source = kalam_whole_table_create(&base, false);
  kalam_scan_columns_complete(base.columns);

  KalamMerge merge = {};
  merge.columns = base.columns;
  merge.counters = &state->counters;
  merge.hides_values = state->merge.hides_values;
  merge.row_context = state->merge.row_context;
  KalamKeptRows* rows = kalam_kept_rows_create(answers_context());
  source->methods->start(source);
  kalam_merge_start(&merge, source, nullptr);
  while (kalam_merge_next(&merge, slot)) {
    add_to_fingerprint(fingerprint, slot);
    MinimalTuple tuple = kalam_form_minimal_tuple(tupdesc, slot->tts_values, slot->tts_isnull);
    kalam_kept_rows_append(rows, tuple);
    pfree(tuple);
  }
  source->methods->end(source);
  ExecClearTuple(slot);
  return rows;
}

static void check_fingerprint(const KalamScanState* state, const Fingerprint* before, const Fingerprint* now) {
  if (before->rows == now->rows && before->sum == now->sum && before->mixed == now->mixed) return;
  ereport(ERROR,
          (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
           errmsg("KalamDB table \"%s\" is not what it was earlier in the transaction", state->remote->remote_name),
           errdetail("It was read again for other columns, and the server sent other rows of the same snapshot."),
           errhint("Run the transaction again.")));
}

KalamKeptAnswer* kalam_snapshot_answer(KalamScanState* state, Relation relation, TupleTableSlot* slot) {
  TupleDesc tupdesc = RelationGetDescr(relation);
  Bitmapset* needed = nullptr;
  ListCell* cell;
  foreach (cell, state->attributes) needed = bms_add_member(needed, lfirst_int(cell));
  // It is read in any case, to show that the answer is whole.
  if (state->remote->key_attribute != InvalidAttrNumber) needed = bms_add_member(needed, state->remote->key_attribute);

  KalamKeptAnswer* before = find_answer(state);
  bool is_same_shape = before != nullptr && equalTupleDescs(before->tupdesc, tupdesc);
  if (is_same_shape && bms_is_subset(needed, before->attributes)) return before;
  if (is_same_shape) needed = bms_add_members(needed, before->attributes);

  Fingerprint fingerprint = {};
  KalamKeptRows* rows = read_rows(state, tupdesc, needed, slot, &fingerprint);
  if (before != nullptr) check_fingerprint(state, &before->fingerprint, &fingerprint);
  keep(state, tupdesc, needed, rows, &fingerprint);
  kalam_snapshot_note_read(state->remote);
  return find_answer(state);
}

// ---------------------------------------------------------------- rows of a scan

static bool is_wanted(const KalamScanState* state, const TupleTableSlot* slot) {
  if (!state->keys_are_known) return true;
  int index = state->remote->key_attribute - 1;
  return !slot->tts_isnull[index] &&
         kalam_key_set_contains(&state->keys, kalam_key_text(state->merge.key_writer, slot->tts_values[index]));
}

bool kalam_snapshot_next(KalamScanState* state, TupleTableSlot* slot) {
  bool found = false;
  MemoryContext old = MemoryContextSwitchTo(state->merge.row_context);
  ExecClearTuple(slot);
  while (!found) {
    CHECK_FOR_INTERRUPTS();
    MemoryContextReset(state->merge.row_context);
    MinimalTuple tuple = kalam_kept_rows_next(state->kept->rows, &state->place);
    if (tuple == nullptr) break;
    kalam_journal_deform(tuple, slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull);
    found = is_wanted(state, slot);
  }
  MemoryContextSwitchTo(old);
  if (found) ExecStoreVirtualTuple(slot);
  return found;
}
