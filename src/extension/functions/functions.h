// What the SQL functions and the DDL share.
#pragma once

#include "extension/base/compat.h"

// The foreign server of that name, if it is a KalamDB server and the current role may use it. Raises 42704, 42809 or
// 42501 otherwise.
ForeignServer* kalam_server_for_use(const char* name);
