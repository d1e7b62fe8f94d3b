// KalamDB's own default of a column, evaluated here: an Insert request applies none (spec 7.2), also where the column
// is NOT NULL, and the key. Calls nothing that a role could have written.
#pragma once

#include "client/api.h"
#include "extension/catalog/relation.h"

// Whether KalamDB fills in something else than NULL where an INSERT of its SQL leaves the column out.
bool kalam_has_remote_default(const KalamRemoteColumn* column);

// What such an INSERT would store now; texts in the current memory context. NULL for a
// literal that KalamDB itself could not store, where the column may be NULL. Raises 0A000 for a default that cannot be
// evaluated here.
void kalam_evaluate_default(const KalamRelation* relation, const KalamRemoteColumn* column, kalam::Value* value);
