// INSERT ... ON CONFLICT (key): PostgreSQL's planner looks for an index that the clause means, and a foreign table has
// none. So the clause is taken out of the query before, where it means the key of a KalamDB table, and the foreign data
// wrapper does what follows (modify/upsert.h). Everything else is left to PostgreSQL, which says what is wrong with it.
//
// Nothing but this file knows that the planner has to be helped.
#pragma once

#include "extension/base/compat.h"

// Sets the planner's hook.
void kalam_arbiter_init();

// The attribute that the clause of a query which is being planned names; InvalidAttrNumber: it names none.
AttrNumber kalam_arbiter_key(const Query* query);
