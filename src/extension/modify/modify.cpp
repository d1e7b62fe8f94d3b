// INSERT, UPDATE, DELETE and COPY: every change goes into the journal, and only there.
#include "extension/modify/modify.h"
#include "extension/base/report.h"
#include "extension/catalog/relation.h"
#include "extension/catalog/subject.h"
#include "extension/journal/hidden_values.h"
#include "extension/journal/row_lock.h"
#include "extension/journal/version_mark.h"
#include "extension/modify/key_check.h"
#include "extension/modify/lock_rows.h"
#include "extension/modify/modify_state.h"
#include "extension/modify/on_conflict.h"
#include "extension/modify/recheck.h"
#include "extension/modify/stored_rest.h"
#include "extension/modify/upsert.h"
#include "extension/options/options.h"
#include "extension/plan/required_rights.h"
#include "extension/plan/system_columns.h"
#include "extension/remote/query.h"
#include "extension/transaction/atomic.h"
#include "extension/transaction/outcome.h"
#include "extension/transaction/remote_ddl.h"
#include "extension/transaction/snapshot.h"
#include "extension/transaction/transaction.h"
#include "extension/types/key.h"

extern "C" {
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

using ModifyState = KalamModifyState;

constexpr const char* WHOLE_ROW_NAME = "wholerow";

// ---------------------------------------------------------------- planning

// A name that two children of a partitioned table share only when the attributes are alike: the planner refuses one
// name for different Vars.
static char* key_junk_name(Form_pg_attribute key) {
  return psprintf("kalam_key_%d_%u_%d_%u", key->attnum, key->atttypid, key->atttypmod, key->attcollation);
}

static AttrNumber version_attribute(const KalamRelation* remote) {
  for (int i = 0; i < remote->attribute_count; i++) {
    if (remote->version_column >= 0 && remote->attribute_column[i] == remote->version_column)
      return (AttrNumber)(i + 1);
  }
  return InvalidAttrNumber;
}

static void add_junk(PlannerInfo* root, Index rtindex, AttrNumber attnum, Oid type, const char* name) {
  add_row_identity_var(root, makeVar((int)rtindex, attnum, type, -1, InvalidOid, 0), rtindex, name);
}

// The remote identity while planning; the rights are checked again when the plan runs.
static KalamRelation* planned_remote(PlannerInfo* root, Relation relation) {
  Oid userid = kalam_target_check_as_user(root->parse);
  return kalam_relation_get(relation, OidIsValid(userid) ? userid : GetUserId(), KalamFreshness::cached);
}

static void require_key(const KalamRelation* remote) {
  if (remote->kind == kalam::TableKind::stream) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot update or delete rows of KalamDB stream table \"%s\"", remote->remote_name),
                    errdetail("Rows of stream tables end with their time to live.")));
  }
  if (remote->key_attribute == InvalidAttrNumber) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("cannot change rows of foreign table \"%s\": it has no column for the key of KalamDB table "
                           "\"%s\"",
                           remote->local_name, remote->remote_name)));
  }
}

// jsonb does not keep the text that the server compares.
static void check_key_type(const KalamRelation* remote, TupleDesc tupdesc) {
  if (remote->key_attribute == InvalidAttrNumber) return;
  if (getBaseType(TupleDescAttr(tupdesc, remote->key_attribute - 1)->atttypid) != JSONBOID) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot write to foreign table \"%s\": its key is of type jsonb", remote->local_name),
                  errhint("Declare the key column as json.")));
}

void kalam_add_foreign_update_targets(PlannerInfo* root, Index rtindex, RangeTblEntry*, Relation target_relation) {
  TupleDesc tupdesc = RelationGetDescr(target_relation);
  kalam_check_required_rights(root);
  KalamRelation* remote = planned_remote(root, target_relation);
  require_key(remote);

  Form_pg_attribute key = TupleDescAttr(tupdesc, remote->key_attribute - 1);
  Var* var = makeVar((int)rtindex, key->attnum, key->atttypid, key->atttypmod, key->attcollation, 0);
  add_row_identity_var(root, var, rtindex, key_junk_name(key));
  if (remote->version_column >= 0) add_junk(root, rtindex, SelfItemPointerAttributeNumber, TIDOID, KALAM_MARK_NAME);
  // A parent whose children turn out to be excluded, all of them, is made ready as a table of its own, and minor
  // releases of PostgreSQL up to 16.2 at least look for its ctid then. Nobody reads what stands there for rows of
  // KalamDB.
  if (rtindex != (Index)root->parse->resultRelation)
    add_junk(root, rtindex, SelfItemPointerAttributeNumber, TIDOID, "ctid");

  // PostgreSQL asks for the whole row by itself, except for a DELETE whose RETURNING needs it.
  if (root->parse->commandType == CMD_DELETE && root->parse->returningList != NIL)
    add_junk(root, rtindex, InvalidAttrNumber, RECORDOID, WHOLE_ROW_NAME);
}

List* kalam_plan_foreign_modify(PlannerInfo* root, ModifyTable* plan, Index rtindex, int index) {
  kalam_check_written_system_columns(plan, index, rtindex, planner_rt_fetch(rtindex, root)->relid);
  return kalam_plan_on_conflict(root, plan);
}

// By the options alone: a view that asks must not wait for the server.
int kalam_is_foreign_rel_updatable(Relation relation) {
  KalamTableOptions options;
  kalam_table_options(RelationGetRelid(relation), &options);
  if (options.has_kind && options.kind == kalam::TableKind::system) return 0;
  if (options.has_kind && options.kind == kalam::TableKind::stream) return 1 << CMD_INSERT;
  return (1 << CMD_INSERT) | (1 << CMD_UPDATE) | (1 << CMD_DELETE);
}

// ---------------------------------------------------------------- begin

static void check_writable(const KalamRelation* remote) {
  if (remote->kind == kalam::TableKind::system) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("cannot change KalamDB system table \"%s\"", remote->remote_name)));
  }
}

// The version column is the server's own.
static void refuse_version_update(const ModifyState* state) {
  if (state->version_attribute == InvalidAttrNumber) return;
  if (!bms_is_member(state->version_attribute - FirstLowInvalidHeapAttributeNumber, state->updated)) return;
  ereport(ERROR,
          (errcode(ERRCODE_GENERATED_ALWAYS),
           errmsg("column \"%s\" can only be set by KalamDB",
                  NameStr(TupleDescAttr(RelationGetDescr(state->relation), state->version_attribute - 1)->attname))));
}

// Where the plan's rows have the key, the version and the stored row.
static void find_junk_attributes(ModifyState* state) {
  List* tlist = state->plan_tlist;
  TupleDesc tupdesc = RelationGetDescr(state->relation);
  require_key(state->remote);
  state->key_junk =
      ExecFindJunkAttributeInTlist(tlist, key_junk_name(TupleDescAttr(tupdesc, state->remote->key_attribute - 1)));
  if (!AttributeNumberIsValid(state->key_junk)) kalam_report_other_key(state->remote);
  state->mark_junk = ExecFindJunkAttributeInTlist(tlist, KALAM_MARK_NAME);
  state->whole_row_junk = ExecFindJunkAttributeInTlist(tlist, WHOLE_ROW_NAME);
}

// What follows from the remote identity.
static void bind(ModifyState* state) {
  const KalamRelation* remote = state->remote;
  check_writable(remote);
  if (remote->kind != kalam::TableKind::stream) require_key(remote);
  check_key_type(remote, RelationGetDescr(state->relation));
  state->subject = kalam_require_subject(remote, kalam_connection_get(remote->serverid, state->userid), true);
  state->user_id_attribute = InvalidAttrNumber;
  for (int i = 0; i < remote->attribute_count; i++)
    if (remote->attribute_column[i] == KALAM_ATTRIBUTE_USER_ID) state->user_id_attribute = (AttrNumber)(i + 1);
  state->version_attribute = version_attribute(remote);
  if (state->updated != nullptr) refuse_version_update(state);
  if (state->upsert != nullptr) kalam_upsert_check_key(state);
  if (state->plan_tlist != NIL) find_junk_attributes(state);
}

void kalam_modify_open_journal(ModifyState* state) {
  if (state->journal != nullptr) return;
  MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
  // The scan that has found the row may have noticed that the key is another one, too.
  if (state->validation != nullptr || state->plan_tlist != NIL) {
    KalamValidation* validation = state->validation;
    state->validation = nullptr;
    state->remote = kalam_relation_validate_finish(state->relation, state->userid, validation);
    bind(state);
  }
  state->journal =
      kalam_journal_open(state->remote, RelationGetDescr(state->relation),
                         kalam_connection_get(state->remote->serverid, state->userid), state->userid, state->subject);
  MemoryContextSwitchTo(old);
}

// `plan_tlist`: of the plan that finds the rows to be changed. Finding the first row and asking whether the remote
// table is still the same go on at once, so that a change by key waits once for both. `conflict_key`: of ON CONFLICT.
static ModifyState* begin(ModifyTableState* mtstate, ResultRelInfo* result, CmdType operation, List* plan_tlist,
                          AttrNumber conflict_key) {
  EState* estate = mtstate->ps.state;
  Relation relation = result->ri_RelationDesc;
  int natts = RelationGetDescr(relation)->natts;

  kalam_snapshot_check_change();
  kalam_transaction_check_open();
  MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
  ModifyState* state = (ModifyState*)palloc0(sizeof(ModifyState));
  state->relation = relation;
  state->result = result;
  state->estate = estate;
  state->operation = operation;
  // A row that an UPDATE moves into a partition is inserted there, and an updated one all the same.
  state->policies = mtstate->operation == CMD_UPDATE ? WCO_RLS_UPDATE_CHECK : WCO_RLS_INSERT_CHECK;
  state->plan_tlist = plan_tlist;
  state->names_columns = mtstate->operation == CMD_INSERT;  // a row that an UPDATE moves here is complete
  state->upsert = kalam_upsert_create(mtstate, result, conflict_key);
  state->recheck = kalam_recheck_create(mtstate, result);
  if (operation == CMD_UPDATE || state->upsert != nullptr) state->updated = ExecGetUpdatedCols(result, estate);
  state->userid = kalam_result_check_as_user(result, estate);
  if (!OidIsValid(state->userid)) state->userid = GetUserId();
  state->values = (Datum*)palloc(sizeof(Datum) * Max(natts, 1));
  state->nulls = (bool*)palloc(sizeof(bool) * Max(natts, 1));
  state->row_context = AllocSetContextCreate(estate->es_query_cxt, "KalamDB changed row", ALLOCSET_DEFAULT_SIZES);

  state->validation = kalam_relation_validate_start(relation, state->userid);
  state->remote = kalam_relation_get(relation, state->userid, KalamFreshness::cached);
  bind(state);
  kalam_recheck_start(state);
  if (state->validation == nullptr && plan_tlist == NIL && state->upsert == nullptr) kalam_modify_open_journal(state);
  kalam_key_check_begin(state, mtstate);
  MemoryContextSwitchTo(old);
  return state;
}

void kalam_begin_foreign_modify(ModifyTableState* mtstate, ResultRelInfo* result, List* fdw_private, int, int eflags) {
  if (eflags & EXEC_FLAG_EXPLAIN_ONLY) return;
  bool changes = mtstate->operation != CMD_INSERT;
  ModifyState* state =
      begin(mtstate, result, mtstate->operation, changes ? outerPlanState(mtstate)->plan->targetlist : NIL,
            kalam_planned_conflict_key(fdw_private));
  result->ri_FdwState = state;
  if (changes) kalam_lock_rows_attach(outerPlanState(mtstate), state);
}

// COPY, and rows that are routed to a partition.
void kalam_begin_foreign_insert(ModifyTableState* mtstate, ResultRelInfo* result) {
  // An UPDATE may move rows into a partition that it also changes: its state serves both.
  if (result->ri_FdwState != nullptr) return;
  const ModifyTable* plan = (ModifyTable*)mtstate->ps.plan;
  // A partition shares what was planned for the first table.
  if (plan != nullptr) {
    kalam_check_written_system_columns(plan, 0, (Index)linitial_int(plan->resultRelations),
                                       RelationGetRelid(result->ri_RelationDesc));
  }
  ModifyState* state = begin(mtstate, result, CMD_INSERT, NIL, kalam_partition_conflict_key(mtstate, result));
  if (plan == nullptr) {
    state->uses_own_command_id = true;
    state->command_id = GetCurrentCommandId(true);
  }
  result->ri_FdwState = state;
}

// The journal and the memory of the state outlive the node, each in its own context.
void kalam_end_foreign_modify(EState*, ResultRelInfo* result) {
  ModifyState* state = (ModifyState*)result->ri_FdwState;
  if (state != nullptr && state->upsert != nullptr) kalam_upsert_end(state);
  if (state != nullptr) kalam_key_check_end(state);
  result->ri_FdwState = nullptr;
}

// ---------------------------------------------------------------- rows

CommandId kalam_modify_command_id(const ModifyState* state, const EState* estate) {
  return state->uses_own_command_id ? state->command_id : estate->es_output_cid;
}

LockClauseStrength kalam_modify_lock_strength(const KalamModifyState* state) {
  int key = state->remote->key_attribute - FirstLowInvalidHeapAttributeNumber;
  return state->operation == CMD_DELETE || bms_is_member(key, state->updated) ? LCS_FORUPDATE : LCS_FORNOKEYUPDATE;
}

// The columns that the statement leaves to KalamDB's defaults. Not those of a table whose definition the transaction
// has changed: KalamDB's side follows at its end.
static const Bitmapset* unnamed_attributes(ModifyState* state) {
  if (state->knows_unnamed || !state->names_columns) return state->unnamed;
  const KalamRelation* remote = state->remote;
  MemoryContext old = MemoryContextSwitchTo(state->estate->es_query_cxt);
  if (!kalam_pending_has(kalam_connection_get(remote->serverid, state->userid), remote->name_space, remote->table))
    state->unnamed = kalam_unnamed_attributes(state->result, state->estate, remote);
  state->knows_unnamed = true;
  MemoryContextSwitchTo(old);
  return state->unnamed;
}

// Fills in what the server decides: the subject, a key that the statement leaves out, and no version yet.
static void fill_system_columns(ModifyState* state, TupleTableSlot* slot, bool is_insert) {
  bool changed = false;
  slot_getallattrs(slot);
  int natts = slot->tts_tupleDescriptor->natts;
  memcpy(state->values, slot->tts_values, sizeof(Datum) * natts);
  memcpy(state->nulls, slot->tts_isnull, sizeof(bool) * natts);

  if (state->version_attribute != InvalidAttrNumber && !state->nulls[state->version_attribute - 1]) {
    int index = state->version_attribute - 1;
    if (is_insert) {
      ereport(ERROR, (errcode(ERRCODE_GENERATED_ALWAYS),
                      errmsg("column \"%s\" can only be set by KalamDB",
                             NameStr(TupleDescAttr(slot->tts_tupleDescriptor, index)->attname))));
    }
    state->values[index] = (Datum)0;
    state->nulls[index] = true;
    changed = true;
  }
  if (state->user_id_attribute != InvalidAttrNumber) {
    int index = state->user_id_attribute - 1;
    if (!state->nulls[index] && strcmp(TextDatumGetCString(state->values[index]), state->subject) != 0) {
      ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
                      errmsg("column \"%s\" must be the current KalamDB user",
                             NameStr(TupleDescAttr(slot->tts_tupleDescriptor, index)->attname)),
                      errdetail("Rows of table \"%s\" are written for user \"%s\".", state->remote->local_name,
                                state->subject)));
    }
    if (state->nulls[index]) {
      state->values[index] = CStringGetTextDatum(state->subject);
      state->nulls[index] = false;
      changed = true;
    }
  }
  AttrNumber key = state->remote->key_attribute;
  state->is_key_made =
      is_insert && key != InvalidAttrNumber && state->nulls[key - 1] && bms_is_member(key, unnamed_attributes(state));
  if (state->is_key_made) {
    state->values[key - 1] = kalam_default_key(state->remote, TupleDescAttr(slot->tts_tupleDescriptor, key - 1));
    state->nulls[key - 1] = false;
    changed = true;
  }
  // RETURNING, constraints and triggers see the same row.
  if (!changed) return;
  ExecForceStoreHeapTuple(heap_form_tuple(slot->tts_tupleDescriptor, state->values, state->nulls), slot, false);
  slot_getallattrs(slot);
  memcpy(state->values, slot->tts_values, sizeof(Datum) * natts);
  memcpy(state->nulls, slot->tts_isnull, sizeof(bool) * natts);
}

// PostgreSQL leaves constraints of foreign tables to the server; KalamDB has none but NOT NULL. Policies of a
// partitioned parent are left to nobody. They come first, so that no message of a constraint shows a row that they
// refuse.
static void check_constraints(ModifyState* state, WCOKind policies, TupleTableSlot* slot, EState* estate,
                              const Bitmapset* defaulted) {
  if (state->result->ri_WithCheckOptions != NIL) ExecWithCheckOptions(policies, state->result, slot, estate);
  kalam_check_constraints(state->result, slot, estate, defaulted, &state->check);
}

char* kalam_modify_row_key(ModifyState* state) {
  AttrNumber attnum = state->remote->key_attribute;
  if (state->nulls[attnum - 1]) {
    ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                    errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
                           NameStr(TupleDescAttr(RelationGetDescr(state->relation), attnum - 1)->attname),
                           RelationGetRelationName(state->relation))));
  }
  return kalam_row_writer_key(state->journal->writer, state->values[attnum - 1]);
}

// The row in state->values under `key`.
static void append_row(ModifyState* state, KalamChange change, const char* key, const Bitmapset* defaulted,
                       KalamJournalRow* row, CommandId cid, KalamJournalBase base) {
  kalam_written_row(state->journal, state->values, state->nulls, defaulted, row);
  kalam_journal_append(state->journal, change, key, row, cid, base);
  kalam_transaction_check_changes(state->journal);
}

void kalam_modify_insert_row(ModifyState* state, EState* estate, const char* key, const Bitmapset* defaulted,
                             KalamJournalBase base) {
  if (key != nullptr) {
    const KalamJournalEntry* newest = kalam_journal_newest(state->journal, key);
    if (newest != nullptr && newest->change != KalamChange::remove) kalam_report_row_exists(state->journal, key);
  }
  KalamJournalRow row = {};
  row.moved_from = KALAM_NO_ENTRY;
  row.rest = kalam_row_writer_rest(state->journal->writer);
  append_row(state, KalamChange::insert, key, defaulted, &row, kalam_modify_command_id(state, estate), base);
}

// The entry of a row that the transaction has made, NULL: it is a stored row.
static const KalamJournalEntry* own_row(const ModifyState* state, const char* key) {
  const KalamJournalEntry* newest = kalam_journal_newest(state->journal, key);
  return newest != nullptr && kalam_journal_makes_row(state->journal, newest) ? newest : nullptr;
}

// What an UPDATE leaves to KalamDB of a row: what the INSERT did, and the UPDATE does not name.
static Bitmapset* still_defaulted(ModifyState* state, const KalamJournalEntry* own) {
  if (own == nullptr) return nullptr;
  const Bitmapset* before = kalam_journal_defaulted(state->journal, own);
  Bitmapset* unchanged = nullptr;
  for (int attnum = bms_next_member(before, -1); attnum >= 0; attnum = bms_next_member(before, attnum)) {
    if (!bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, state->updated))
      unchanged = bms_add_member(unchanged, attnum);
  }
  return kalam_null_attributes(unchanged, state->nulls);
}

// A change of the key: the old one goes, and a row with the new one comes, with all that the old row had.
static void move_row(ModifyState* state, const char* old_key, const char* new_key, const KalamJournalEntry* own,
                     const Bitmapset* defaulted, CommandId cid, KalamJournalBase base) {
  KalamJournal* journal = state->journal;
  // A trigger may have changed the key, which the statement does not name.
  kalam_lock_row(state->remote, state->subject, old_key, LCS_FORUPDATE);
  kalam_lock_new_row(state->remote, state->subject, new_key);
  const KalamJournalEntry* newest = kalam_journal_newest(journal, new_key);
  if (newest != nullptr && newest->change != KalamChange::remove) kalam_report_row_exists(state->journal, new_key);
  KalamJournalRow row = {};
  if (own != nullptr) {
    row.rest = kalam_entry_rest(journal, own);
    row.moved_from = own->moved_from;
  } else {
    const KalamJournalEntry* changed = kalam_journal_newest(journal, old_key);
    uint64 mark = changed != nullptr ? kalam_journal_base(journal, changed).mark : base.mark;
    row.rest = kalam_stored_rest(journal, old_key, mark);
  }
  kalam_journal_append(journal, KalamChange::remove, old_key, nullptr, cid, base);
  if (own == nullptr) row.moved_from = kalam_journal_newest(journal, old_key)->key;
  append_row(state, KalamChange::insert, new_key, defaulted, &row, cid, kalam_key_check_base(state, new_key));
}

static void update_row(ModifyState* state, const char* key, const KalamJournalEntry* own, const Bitmapset* defaulted,
                       CommandId cid, KalamJournalBase base) {
  KalamJournalRow row = {};
  row.moved_from = own != nullptr ? own->moved_from : KALAM_NO_ENTRY;
  if (own != nullptr) row.rest = kalam_entry_rest(state->journal, own);
  append_row(state, KalamChange::update, key, defaulted, &row, cid, base);
}

// Whether the running command, or one that it started, has changed the row already: then it is skipped, as the heap
// does. Raises when a trigger or function of the command did, or when the key turns out to belong to two rows.
static bool is_changed_by_command(const ModifyState* state, const EState* estate, const char* key) {
  KalamJournal* journal = state->journal;
  CommandId cid = kalam_modify_command_id(state, estate);
  const KalamJournalEntry* entry = kalam_journal_newest(journal, key);
  const KalamJournalEntry* first = nullptr;
  while (entry != nullptr && entry->cid >= cid) {
    first = entry;
    entry = entry->older != KALAM_NO_ENTRY ? &journal->entries[entry->older] : nullptr;
  }
  if (first == nullptr) return false;
  // The command sees a stored row of this key, but has inserted another one.
  if (first->change == KalamChange::insert) kalam_report_row_exists(state->journal, key);
  if (first->cid != cid) {
    ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                    errmsg("tuple to be updated or deleted was already modified by an operation triggered by the "
                           "current command"),
                    errhint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other "
                            "rows.")));
  }
  return true;
}

// Key and version of the row that the plan found.
static char* planned_key(ModifyState* state, TupleTableSlot* plan_slot, KalamJournalBase* base) {
  bool is_null;
  Datum key = slot_getattr(plan_slot, state->key_junk, &is_null);
  if (is_null) {
    ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                    errmsg("row of KalamDB table \"%s\" has no key", state->remote->remote_name)));
  }
  *base = {};
  if (AttributeNumberIsValid(state->mark_junk)) {
    bool has_none;
    Datum value = slot_getattr(plan_slot, state->mark_junk, &has_none);
    if (!has_none) base->mark = kalam_version_mark_load((ItemPointer)DatumGetPointer(value));
  }
  return kalam_row_writer_key(state->journal->writer, key);
}

void kalam_modify_add_ahead(ModifyState* state, TupleTableSlot* plan_slot) {
  KalamJournalBase base;
  kalam_modify_open_journal(state);
  const char* key = planned_key(state, plan_slot, &base);
  kalam_recheck_add(state, key, base.mark);
}

namespace {

// A row that the plan has found, to be changed.
struct PlannedRow {
  char* key;
  KalamJournalBase base;
  HeapTuple newest;      // the stored row, where others have changed it since; else NULL
  TupleTableSlot* slot;  // then the row that an UPDATE makes of it
};

}  // namespace

// Locks the row; one that the plan looked up by key is locked since then. False: there is nothing to change, as the
// command has done it already, or others have and the row does not meet the conditions any more.
static bool take_planned_row(ModifyState* state, EState* estate, TupleTableSlot* plan_slot, PlannedRow* row) {
  row->key = planned_key(state, plan_slot, &row->base);
  if (is_changed_by_command(state, estate, row->key)) return false;
  if (!kalam_recheck_take(state, row->key, &row->base, &row->newest)) return false;
  if (row->newest == nullptr) return true;
  row->slot = kalam_recheck_plan(state, estate, row->newest);
  // Functions in the plan may have written the row.
  return row->slot != nullptr && !is_changed_by_command(state, estate, row->key);
}

// The row that a DELETE returns.
static void store_old_row(ModifyState* state, const PlannedRow* row, TupleTableSlot* plan_slot, TupleTableSlot* slot) {
  if (row->newest != nullptr) {
    ExecForceStoreHeapTuple(heap_copytuple(row->newest), slot, false);
    return;
  }
  bool is_null = true;
  Datum whole = AttributeNumberIsValid(state->whole_row_junk) ? slot_getattr(plan_slot, state->whole_row_junk, &is_null)
                                                              : (Datum)0;
  if (is_null) {
    ExecStoreAllNullTuple(slot);
    return;
  }
  HeapTupleHeader header = DatumGetHeapTupleHeader(whole);
  HeapTupleData tuple;
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  ItemPointerSetInvalid(&tuple.t_self);
  tuple.t_tableOid = RelationGetRelid(state->relation);
  tuple.t_data = header;
  ExecForceStoreHeapTuple(heap_copytuple(&tuple), slot, false);
}

static void insert_plainly(ModifyState* state, EState* estate, const char* key, const Bitmapset* defaulted) {
  if (key != nullptr) kalam_lock_new_row(state->remote, state->subject, key);
  kalam_modify_insert_row(state, estate, key, defaulted, kalam_key_check_base(state, key));
  kalam_key_check_row(state);
}

void kalam_modify_change_row(ModifyState* state, EState* estate, const char* old_key, TupleTableSlot* slot,
                             WCOKind policies, KalamJournalBase base) {
  fill_system_columns(state, slot, false);
  const KalamJournalEntry* own = own_row(state, old_key);
  Bitmapset* defaulted = still_defaulted(state, own);
  check_constraints(state, policies, slot, estate, defaulted);
  char* new_key = kalam_modify_row_key(state);
  CommandId cid = kalam_modify_command_id(state, estate);
  // What a constraint's function has written has moved the journal's entries.
  own = own_row(state, old_key);
  if (strcmp(old_key, new_key) != 0) {
    move_row(state, old_key, new_key, own, defaulted, cid, base);
  } else {
    update_row(state, old_key, own, defaulted, cid, base);
  }
}

TupleTableSlot* kalam_exec_foreign_insert(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                          TupleTableSlot*) {
  ModifyState* state = (ModifyState*)result->ri_FdwState;
  if (state->upsert != nullptr) kalam_upsert_start_row(state, slot);
  kalam_modify_open_journal(state);
  MemoryContextReset(state->row_context);
  MemoryContext old = MemoryContextSwitchTo(state->row_context);
  fill_system_columns(state, slot, true);
  Bitmapset* defaulted = kalam_null_attributes(unnamed_attributes(state), state->nulls);
  check_constraints(state, state->policies, slot, estate, defaulted);
  const char* key = state->remote->kind != kalam::TableKind::stream ? kalam_modify_row_key(state) : nullptr;
  if (state->upsert != nullptr && key != nullptr) {
    slot = kalam_upsert_finish_row(state, estate, key, slot, defaulted);
  } else {
    insert_plainly(state, estate, key, defaulted);
  }
  MemoryContextSwitchTo(old);
  return slot;
}

TupleTableSlot* kalam_exec_foreign_update(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                          TupleTableSlot* plan_slot) {
  ModifyState* state = (ModifyState*)result->ri_FdwState;
  kalam_modify_open_journal(state);
  MemoryContextReset(state->row_context);
  MemoryContext old = MemoryContextSwitchTo(state->row_context);
  PlannedRow row;
  bool is_taken = take_planned_row(state, estate, plan_slot, &row);
  if (is_taken && row.newest != nullptr) slot = row.slot;
  if (is_taken) kalam_modify_change_row(state, estate, row.key, slot, state->policies, row.base);
  MemoryContextSwitchTo(old);
  return is_taken ? slot : nullptr;
}

TupleTableSlot* kalam_exec_foreign_delete(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                          TupleTableSlot* plan_slot) {
  ModifyState* state = (ModifyState*)result->ri_FdwState;
  kalam_modify_open_journal(state);
  MemoryContextReset(state->row_context);
  MemoryContext old = MemoryContextSwitchTo(state->row_context);
  PlannedRow row;
  bool is_taken = take_planned_row(state, estate, plan_slot, &row);
  if (is_taken) {
    kalam_journal_append(state->journal, KalamChange::remove, row.key, nullptr, kalam_modify_command_id(state, estate),
                         row.base);
    kalam_transaction_check_changes(state->journal);
    store_old_row(state, &row, plan_slot, slot);
  }
  MemoryContextSwitchTo(old);
  return is_taken ? slot : nullptr;
}
