// The callbacks of the foreign data wrapper of the same names (fdwhandler.sgml): TRUNCATE.
#pragma once

#include "extension/base/compat.h"

extern "C" {
#include "foreign/fdwapi.h"
}

void kalam_exec_foreign_truncate(List* relations, DropBehavior behavior, bool restart_sequences);
