// Rights come first: nothing is asked of a server for a role that PostgreSQL would refuse when the statement starts.
#pragma once

#include "extension/base/compat.h"

// Raises 42501, while planning, for what the executor would refuse. All levels of the query are looked at, since a view
// that is planned on its own leaves what it asks of the role who reads it to the level above.
void kalam_check_required_rights(const PlannerInfo* root);

// The same for a query that is about to be planned, and the statement that it is a part of.
void kalam_check_required_rights(const Query* query, const Query* top);
