// The callbacks of the foreign data wrapper of the same names (fdwhandler.sgml): ANALYZE.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "foreign/fdwapi.h"
}

bool kalam_analyze_foreign_table(Relation relation, AcquireSampleRowsFunc* function, BlockNumber* pages);
