// Queries of the extension's own about one table, such as TRUNCATE's DELETE. PostgreSQL's parser knows tables by their
// names only, and a name can come to mean another table at any time, whatever is locked: who owns a schema may rename
// it and make another one of its name, with a view of the table's name in it. A query that was bound by the name alone
// would run what stands there with the rights of whoever has called us.
#pragma once

#include "extension/base/compat.h"

struct KalamOwnQuery {
  Query* query;
  const char* text;
};

// Parses `before`, the table's name and `after`, and sees to it that the query is about this table, which is open and
// locked. Not rewritten yet.
KalamOwnQuery kalam_own_query(Relation relation, const char* before, const char* after);

// Runs it, by the current user. `count`: of rows, 0 for all; returns how many were found. Without `checks_rights` it
// needs none.
uint64 kalam_run_own_query(const KalamOwnQuery* own, DestReceiver* receiver, uint64 count, bool checks_rights);

// Runs an UPDATE for the table's owner, whatever rights there are, without the triggers of the table. Returns how many
// rows were changed.
uint64 kalam_run_own_update(const KalamOwnQuery* own);
