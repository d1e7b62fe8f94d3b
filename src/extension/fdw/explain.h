// The callbacks of the foreign data wrapper of the same names (fdwhandler.sgml): EXPLAIN.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "commands/explain.h"
#include "foreign/fdwapi.h"
}

// Adds the option KALAM to EXPLAIN, from PostgreSQL 18 on.
void kalam_explain_init();

void kalam_explain_foreign_scan(ForeignScanState* node, ExplainState* es);
void kalam_explain_foreign_modify(ModifyTableState* mtstate, ResultRelInfo* result, List* fdw_private,
                                  int subplan_index, ExplainState* es);
