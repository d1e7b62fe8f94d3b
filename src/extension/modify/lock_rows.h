// A plan node below UPDATE and DELETE of rows that a scan finds. PostgreSQL hands rows to the foreign data wrapper one
// by one; the node reads a window of them ahead, locks them, and looks them up with many lookups in flight (recheck.h).
// Only rows that all joins and filters have passed are locked, as in an ordinary table.
//
// The planner's hook puts it into the finished plan (lock_rows_plan.cpp), so that it is in the plan that EvalPlanQual
// runs, too, where it only passes rows on.
#pragma once

#include "extension/modify/modify_state.h"

extern "C" {
#include "nodes/extensible.h"
}

// Sets the planner's hook.
void kalam_lock_rows_init();

// Whether the statement may find rows of the relation before they are locked.
bool kalam_reads_before_locks(const ModifyTable* plan, Index rtindex);

// `below`: what gives a statement its rows. If it is the node, the rows of this relation are locked by it from now on.
void kalam_lock_rows_attach(PlanState* below, KalamModifyState* state);

// lock_rows.cpp: execution.
extern const CustomScanMethods kalam_lock_rows_methods;
