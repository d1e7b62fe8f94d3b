// How large a table is, for costs: what the session has seen of it, what system.manifest and PostgreSQL's statistics
// say, else an assumption. Rows are never counted for a plan: on a running server that takes as long as half a scan.
#pragma once

#include "extension/catalog/relation.h"
#include "extension/plan/cost.h"

// What is known or assumed. Asks nothing. `subject`: NULL for shared tables, and where there is none.
KalamTableSize kalam_table_size(Relation relation, const KalamRelation* remote, const char* subject);

// Asks system.manifest, for some milliseconds at most, where nothing is known of what is in files. Never raises for
// what the server answers.
void kalam_table_size_ask(const KalamRelation* remote, KalamConnection* connection, const char* subject);
