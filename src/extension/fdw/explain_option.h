// EXPLAIN (KALAM), from PostgreSQL 18 on, and the setting kalam.explain.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "commands/explain.h"
}

// Whether EXPLAIN is to say more of what is asked of KalamDB.
bool kalam_explains_more(ExplainState* es);
