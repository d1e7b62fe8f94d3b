// The callbacks of the foreign data wrapper of the same names (fdwhandler.sgml): INSERT, UPDATE and DELETE.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "foreign/fdwapi.h"
}

void kalam_add_foreign_update_targets(PlannerInfo* root, Index rtindex, RangeTblEntry* target_rte,
                                      Relation target_relation);
List* kalam_plan_foreign_modify(PlannerInfo* root, ModifyTable* plan, Index result_relation, int subplan_index);
void kalam_begin_foreign_modify(ModifyTableState* mtstate, ResultRelInfo* result, List* fdw_private, int subplan_index,
                                int eflags);
void kalam_begin_foreign_insert(ModifyTableState* mtstate, ResultRelInfo* result);
TupleTableSlot* kalam_exec_foreign_insert(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                          TupleTableSlot* plan_slot);
int kalam_get_foreign_modify_batch_size(ResultRelInfo* result);
TupleTableSlot** kalam_exec_foreign_batch_insert(EState* estate, ResultRelInfo* result, TupleTableSlot** slots,
                                                 TupleTableSlot** plan_slots, int* count);
TupleTableSlot* kalam_exec_foreign_update(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                          TupleTableSlot* plan_slot);
TupleTableSlot* kalam_exec_foreign_delete(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                                          TupleTableSlot* plan_slot);
void kalam_end_foreign_modify(EState* estate, ResultRelInfo* result);
int kalam_is_foreign_rel_updatable(Relation relation);
