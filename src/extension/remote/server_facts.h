// What is known of a KalamDB server: asked for when it is first needed, once a connection, and forgotten where the
// connection is opened again. A fact that has changed since must do no harm, so its users treat it as a guess.
#pragma once

#include "extension/base/compat.h"

struct KalamConnection;

struct KalamServerFacts {
  uint64 default_query_limit;  // rows of a query's answer without LIMIT, and with it (spec 9.3); 0: not asked for yet
  uint64 max_query_limit;
  uint32 user_shards;  // shards of user data (spec 8.3); 0: not known
};

// Fills in the row limits; the built-in ones where the server does not tell them. Waits, serves interrupts.
void kalam_server_facts_get_limits(KalamConnection* connection);

// Fills in the number of shards; it stays 0 where the server does not tell it, and is asked for again then. Waits,
// serves interrupts.
void kalam_server_facts_get_shards(KalamConnection* connection);
