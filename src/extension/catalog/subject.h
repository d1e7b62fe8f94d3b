// Whose rows of user and stream tables a statement means.
#pragma once

#include "extension/catalog/relation.h"
#include "extension/remote/connection.h"

// The subject that user and stream tables are read and written as: a copy in the current memory context, NULL for
// shared tables. Raises 55000 when there is none.
const char* kalam_require_subject(const KalamRelation* remote, const KalamConnection* connection, bool write);

// The same; NULL when there is none.
const char* kalam_find_subject(const KalamRelation* remote, const KalamConnection* connection);
