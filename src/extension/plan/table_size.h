// How large a table is, for costs: what the session has seen of it, what system.manifest and PostgreSQL's statistics
// say, else an assumption. Rows are never counted for a plan: on a running server that takes as long as half a scan.
#pragma once

#include "extension/catalog/relation.h"
#include "extension/plan/cost.h"

// What is known or assumed. Asks nothing. `subject`: NULL for shared tables, and where there is none.
KalamTableSize kalam_table_size(Relation relation, const KalamRelation* remote, const char* subject);

// Asks system.manifest, for some milliseconds at most, where nothing is known of what is in files; where an old answer
// does for what is planned (no `needs_current`), only if there is none at all. A scan whose table was in sync before it
// started need not have the server read all files to know that its answer is complete, so that the question pays off
// for the first scan of a session as well. Never raises for what the server answers.
void kalam_table_size_ask(const KalamRelation* remote, KalamConnection* connection, const char* subject,
                          bool needs_current);
