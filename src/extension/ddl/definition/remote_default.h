// Defaults of KalamDB, as its catalog renders them (spec 10.3, 12).
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

// The default as an expression of PostgreSQL's SQL, for a column of that type, when it gives exactly the values that
// KalamDB gives its own clients: literals, the time, and ids. NULL otherwise, and for none. palloc'd.
char* kalam_local_default(const char* rendered, const kalam::RemoteType* type);
