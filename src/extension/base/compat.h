// PostgreSQL's headers for every file of the extension, and what differs between its majors (15 to 19) for more than
// one file. A difference that concerns one file alone stands there. Further PostgreSQL headers are included after this
// one, inside extern "C" as well.
#pragma once

#include <math.h>  // postgres.h of 15 to 18 brings it, 19 does not

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/trigger.h"
#include "common/int.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "optimizer/appendinfo.h"
#include "optimizer/pathnode.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "postmaster/autovacuum.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#include "storage/waiteventset.h"
#endif
}

#if PG_VERSION_NUM < 150000
#error "pg_kalam needs PostgreSQL 15 or later"
#endif

// PostgreSQL 16: functions declared by PG_FUNCTION_INFO_V1 are exported by themselves, and pg_class_aclcheck's
// siblings became object_aclcheck.
#define KALAM_SQL_FUNCTION(name)            \
  extern "C" {                              \
  PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
  PG_FUNCTION_INFO_V1(name);                \
  }                                         \
  extern "C" Datum name(PG_FUNCTION_ARGS)

static inline AclResult kalam_server_aclcheck(Oid serverid, Oid roleid, AclMode mode) {
#if PG_VERSION_NUM >= 160000
  return object_aclcheck(ForeignServerRelationId, serverid, roleid, mode);
#else
  return pg_foreign_server_aclcheck(serverid, roleid, mode);
#endif
}

static inline bool kalam_relation_ownercheck(Oid relid, Oid roleid) {
#if PG_VERSION_NUM >= 160000
  return object_ownercheck(RelationRelationId, relid, roleid);
#else
  return pg_class_ownercheck(relid, roleid);
#endif
}

static inline bool kalam_server_ownercheck(Oid serverid, Oid roleid) {
#if PG_VERSION_NUM >= 160000
  return object_ownercheck(ForeignServerRelationId, serverid, roleid);
#else
  return pg_foreign_server_ownercheck(serverid, roleid);
#endif
}

// PostgreSQL 17: a wait event set belongs to a resource owner (NULL: to the session) instead of a memory context.
static inline WaitEventSet* kalam_create_session_wait_event_set(int event_count) {
#if PG_VERSION_NUM >= 170000
  return CreateWaitEventSet(nullptr, event_count);
#else
  return CreateWaitEventSet(TopMemoryContext, event_count);
#endif
}

// PostgreSQL 17: extensions may name their wait events.
static inline uint32 kalam_wait_event_new(const char* name) {
#if PG_VERSION_NUM >= 170000
  return WaitEventExtensionNew(name);
#else
  (void)name;
  return PG_WAIT_EXTENSION;
#endif
}

// Locks in shared memory: whoever makes one names it, and every process that uses it tells its name before PostgreSQL
// 19, where the name is kept with the number.
static inline void kalam_lwlock_initialize(LWLock* lock, const char* name) {
#if PG_VERSION_NUM >= 190000
  LWLockInitialize(lock, LWLockNewTrancheId(name));
#else
  (void)name;
  LWLockInitialize(lock, LWLockNewTrancheId());
#endif
}

static inline void kalam_lwlock_register(const LWLock* lock, const char* name) {
#if PG_VERSION_NUM >= 190000
  (void)lock;
  (void)name;
#else
  LWLockRegisterTranche(lock->tranche, name);
#endif
}

// PostgreSQL 17: kinds of processes are asked for in one way.
static inline bool kalam_is_autovacuum_worker() {
#if PG_VERSION_NUM >= 170000
  return AmAutoVacuumWorkerProcess();
#else
  return IsAutoVacuumWorkerProcess();
#endif
}

// PostgreSQL 17: a stronger lock may count as well.
static inline bool kalam_lock_is_held(const LOCKTAG* tag, LOCKMODE mode) {
#if PG_VERSION_NUM >= 170000
  return LockHeldByMe(tag, mode, false);
#else
  return LockHeldByMe(tag, mode);
#endif
}

// Takes the lock until the end of the transaction. LOCKACQUIRE_NOT_AVAIL: it is not free, and was not to be waited for;
// or the server's table of locks is full, and that was not to be an error. PostgreSQL 18: what could not be had can be
// logged.
static inline LockAcquireResult kalam_lock_acquire(const LOCKTAG* tag, LOCKMODE mode, bool dont_wait,
                                                   bool raises_full) {
#if PG_VERSION_NUM >= 180000
  return LockAcquireExtended(tag, mode, false, dont_wait, raises_full, nullptr, false);
#else
  return LockAcquireExtended(tag, mode, false, dont_wait, raises_full, nullptr);
#endif
}

// PostgreSQL 17: the local transaction id became part of PGPROC.vxid.
static inline LocalTransactionId kalam_local_transaction_id() {
#if PG_VERSION_NUM >= 170000
  return MyProc->vxid.lxid;
#else
  return MyProc->lxid;
#endif
}

// PostgreSQL 17 added the clauses of a join that a path enforces, 18 the number of disabled nodes.
static inline ForeignPath* kalam_create_foreign_path(PlannerInfo* root, RelOptInfo* rel, double rows, Cost startup_cost,
                                                     Cost total_cost, Relids required_outer, List* fdw_private) {
#if PG_VERSION_NUM >= 180000
  return create_foreignscan_path(root, rel, nullptr, rows, 0, startup_cost, total_cost, NIL, required_outer, nullptr,
                                 NIL, fdw_private);
#elif PG_VERSION_NUM >= 170000
  return create_foreignscan_path(root, rel, nullptr, rows, startup_cost, total_cost, NIL, required_outer, nullptr, NIL,
                                 fdw_private);
#else
  return create_foreignscan_path(root, rel, nullptr, rows, startup_cost, total_cost, NIL, required_outer, nullptr,
                                 fdw_private);
#endif
}

// PostgreSQL 16 takes relations in place of their numbers.
static inline Node* kalam_adjust_to_child(PlannerInfo* root, Node* node, RelOptInfo* child) {
#if PG_VERSION_NUM >= 160000
  return adjust_appendrel_attrs_multilevel(root, node, child, child->top_parent);
#else
  return adjust_appendrel_attrs_multilevel(root, node, child->relids, child->top_parent_relids);
#endif
}

// A path to one row of an upper relation, with another plan below it.
static inline ForeignPath* kalam_create_foreign_upper_path(PlannerInfo* root, RelOptInfo* rel, Cost startup_cost,
                                                           Cost total_cost, Path* outer_path, List* fdw_private) {
#if PG_VERSION_NUM >= 180000
  return create_foreign_upper_path(root, rel, rel->reltarget, 1, 0, startup_cost, total_cost, NIL, outer_path, NIL,
                                   fdw_private);
#elif PG_VERSION_NUM >= 170000
  return create_foreign_upper_path(root, rel, rel->reltarget, 1, startup_cost, total_cost, NIL, outer_path, NIL,
                                   fdw_private);
#else
  return create_foreign_upper_path(root, rel, rel->reltarget, 1, startup_cost, total_cost, NIL, outer_path,
                                   fdw_private);
#endif
}

// Whether outer joins may make the members of an equivalence class differ, or one of them NULL. PostgreSQL 16 tells
// such columns apart by their nulling relations.
static inline bool kalam_is_below_outer_join(const EquivalenceClass* eclass) {
#if PG_VERSION_NUM >= 160000
  (void)eclass;
  return false;
#else
  return eclass->ec_below_outer_join;
#endif
}

static inline bool kalam_is_nullable_member(const EquivalenceMember* member) {
#if PG_VERSION_NUM >= 160000
  return IsA(member->em_expr, Var) && !bms_is_empty(((Var*)member->em_expr)->varnullingrels);
#else
  return !bms_is_empty(member->em_nullable_relids);
#endif
}

// PostgreSQL 18: a path counts the disabled nodes below it.
static inline void kalam_path_take_disabled(Path* path, const Path* child) {
#if PG_VERSION_NUM >= 180000
  path->disabled_nodes = child->disabled_nodes;
#else
  (void)path;
  (void)child;
#endif
}

// PostgreSQL 16 moved the role whose rights are checked out of the range table entry. InvalidOid: the current user.
static inline Oid kalam_scan_check_as_user(ForeignScanState* node) {
#if PG_VERSION_NUM >= 160000
  return ((ForeignScan*)node->ss.ps.plan)->checkAsUser;
#else
  ForeignScan* plan = (ForeignScan*)node->ss.ps.plan;
  return exec_rt_fetch(plan->scan.scanrelid, node->ss.ps.state)->checkAsUser;
#endif
}

static inline Oid kalam_result_check_as_user(ResultRelInfo* result, EState* estate) {
#if PG_VERSION_NUM >= 160000
  if (estate->es_rteperminfos == NIL) return InvalidOid;  // kalam_clear_required_rights()
  return ExecGetResultRelCheckAsUser(result, estate);
#else
  // A partition that rows are routed to has no range table entry of its own.
  if (result->ri_RangeTableIndex == 0) result = result->ri_RootResultRelInfo;
  return exec_rt_fetch(result->ri_RangeTableIndex, estate)->checkAsUser;
#endif
}

// Of the table that a statement names as its target; its partitions and children have no role of their own.
static inline Oid kalam_target_check_as_user(const Query* query) {
  RangeTblEntry* target = rt_fetch(query->resultRelation, query->rtable);
#if PG_VERSION_NUM >= 160000
  return getRTEPermissionInfo(query->rteperminfos, target)->checkAsUser;
#else
  return target->checkAsUser;
#endif
}

// PostgreSQL 16 moved the rights that a query asks for out of the range table.
static inline void kalam_check_rights_of_query(const Query* query) {
#if PG_VERSION_NUM >= 160000
  ListCell* cell;
  foreach (cell, query->rtable) {
    RangeTblEntry entry = *lfirst_node(RangeTblEntry, cell);
    if (entry.perminfoindex == 0) continue;
    RTEPermissionInfo* rights = getRTEPermissionInfo(query->rteperminfos, &entry);
    if (rights->requiredPerms == 0) continue;
    entry.perminfoindex = 1;
    ExecCheckPermissions(list_make1(&entry), list_make1(rights), true);
  }
#else
  ExecCheckRTPerms(query->rtable, true);
#endif
}

// Leaves a query that is to be planned, and a statement that is to be run, without rights that it asks for. PostgreSQL
// 16 moved them out of the range table; what is listed there has to ask for some when the statement runs.
static inline void kalam_clear_required_rights(Query* query) {
  ListCell* cell;
#if PG_VERSION_NUM >= 160000
  foreach (cell, query->rteperminfos) lfirst_node(RTEPermissionInfo, cell)->requiredPerms = 0;
#else
  foreach (cell, query->rtable) lfirst_node(RangeTblEntry, cell)->requiredPerms = 0;
#endif
}

static inline void kalam_clear_required_rights(PlannedStmt* plan) {
  ListCell* cell;
#if PG_VERSION_NUM >= 160000
  foreach (cell, plan->rtable) lfirst_node(RangeTblEntry, cell)->perminfoindex = 0;
  plan->permInfos = NIL;
#else
  foreach (cell, plan->rtable) lfirst_node(RangeTblEntry, cell)->requiredPerms = 0;
#endif
}

// Has a query that is to be planned ask for nothing but what the table's owner has at all times: to grant its rights.
static inline void kalam_require_ownership(Query* query) {
  ListCell* cell;
#if PG_VERSION_NUM >= 160000
  foreach (cell, query->rteperminfos)
    lfirst_node(RTEPermissionInfo, cell)->requiredPerms = ACL_GRANT_OPTION_FOR(ACL_UPDATE);
#else
  foreach (cell, query->rtable) lfirst_node(RangeTblEntry, cell)->requiredPerms = ACL_GRANT_OPTION_FOR(ACL_UPDATE);
#endif
}

// PostgreSQL 18: minimal tuples may have room in front of them.
static inline MinimalTuple kalam_copy_minimal_tuple(MinimalTuple tuple) {
#if PG_VERSION_NUM >= 180000
  return heap_copy_minimal_tuple(tuple, 0);
#else
  return heap_copy_minimal_tuple(tuple);
#endif
}

static inline MinimalTuple kalam_form_minimal_tuple(TupleDesc descriptor, Datum* values, bool* nulls) {
#if PG_VERSION_NUM >= 180000
  return heap_form_minimal_tuple(descriptor, values, nulls, 0);
#else
  return heap_form_minimal_tuple(descriptor, values, nulls);
#endif
}

// PostgreSQL 19: the planner may tell EXPLAIN something.
static inline PlannedStmt* kalam_plan_query(Query* query, const char* text, ParamListInfo parameters) {
#if PG_VERSION_NUM >= 190000
  return pg_plan_query(query, text, 0, parameters, nullptr);
#else
  return pg_plan_query(query, text, 0, parameters);
#endif
}

// PostgreSQL 19: what a statement changes is a set instead of a list.
static inline bool kalam_is_result_relation(const PlannedStmt* statement, Index rtindex) {
#if PG_VERSION_NUM >= 190000
  return bms_is_member((int)rtindex, statement->resultRelationRelids);
#else
  return list_member_int(statement->resultRelations, (int)rtindex);
#endif
}

// PostgreSQL 19: system caches are numbered by an enumeration.
#if PG_VERSION_NUM >= 190000
using KalamSyscacheId = SysCacheIdentifier;
#else
using KalamSyscacheId = int;
#endif

// Triggers BEFORE UPDATE for each row of a foreign table; false: one of them left the row as it is. PostgreSQL 16 tells
// what became of the row of an ordinary table, 18 asks whether MERGE does it.
static inline bool kalam_exec_before_update_triggers(EState* estate, EPQState* epqstate, ResultRelInfo* result,
                                                     HeapTuple existing, TupleTableSlot* slot) {
  TM_FailureData failure;
#if PG_VERSION_NUM >= 180000
  TM_Result outcome;
  return ExecBRUpdateTriggers(estate, epqstate, result, nullptr, existing, slot, &outcome, &failure, false);
#elif PG_VERSION_NUM >= 160000
  TM_Result outcome;
  return ExecBRUpdateTriggers(estate, epqstate, result, nullptr, existing, slot, &outcome, &failure);
#else
  return ExecBRUpdateTriggers(estate, epqstate, result, nullptr, existing, slot, &failure);
#endif
}

// PostgreSQL 19: ON CONFLICT DO SELECT, which need not lock the row.
#if PG_VERSION_NUM >= 190000
using KalamOnConflictState = OnConflictActionState;
#else
using KalamOnConflictState = OnConflictSetState;
#endif

static inline bool kalam_conflict_selects(OnConflictAction action) {
#if PG_VERSION_NUM >= 190000
  return action == ONCONFLICT_SELECT;
#else
  (void)action;
  return false;
#endif
}

// Whether the row is to be changed, or locked: each but once a command.
static inline bool kalam_conflict_locks(OnConflictAction action, const KalamOnConflictState* clause) {
#if PG_VERSION_NUM >= 190000
  return action != ONCONFLICT_SELECT || clause->oc_LockStrength != LCS_NONE;
#else
  (void)action;
  (void)clause;
  return true;
#endif
}

// PostgreSQL 16 moved the rights out of the range table, 18 added the relations that initial pruning leaves.
static inline void kalam_init_range_table(EState* estate, ParseState* parse_state) {
#if PG_VERSION_NUM >= 180000
  ExecInitRangeTable(estate, parse_state->p_rtable, parse_state->p_rteperminfos, bms_make_singleton(1));
#elif PG_VERSION_NUM >= 160000
  ExecInitRangeTable(estate, parse_state->p_rtable, parse_state->p_rteperminfos);
#else
  ExecInitRangeTable(estate, parse_state->p_rtable);
#endif
}

// PostgreSQL 18: there is no more telling whether a query runs once.
static inline void kalam_executor_run(QueryDesc* description, uint64 count = 0) {
#if PG_VERSION_NUM >= 180000
  ExecutorRun(description, ForwardScanDirection, count);
#else
  ExecutorRun(description, ForwardScanDirection, count, true);
#endif
}
