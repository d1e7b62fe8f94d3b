#include "extension/remote/server_facts.h"

#include "extension/remote/connection.h"
#include "extension/remote/query.h"

void kalam_server_facts_get_limits(KalamConnection* connection) {
  KalamServerFacts* facts = &connection->facts;
  kalam::Status status;

  if (facts->max_query_limit != 0) return;
  facts->default_query_limit = 50;
  facts->max_query_limit = 1000;
  KalamQueryResult* answer = kalam_query(
      connection,
      "SELECT name, value FROM system.settings WHERE name IN ('limits.max_query_limit','limits.default_query_limit') "
      "LIMIT 10",
      &status);
  if (answer == nullptr || answer->column_count != 2) return;
  for (int i = 0; i < answer->row_count; i++) {
    char** row = answer->values[i];
    uint64 value = row[1] != nullptr ? strtoull(row[1], nullptr, 10) : 0;
    if (row[0] == nullptr || value == 0) continue;
    if (strcmp(row[0], "limits.max_query_limit") == 0) facts->max_query_limit = value;
    if (strcmp(row[0], "limits.default_query_limit") == 0) facts->default_query_limit = value;
  }
}

void kalam_server_facts_get_shards(KalamConnection* connection) {
  kalam::Status status;

  if (connection->facts.user_shards != 0) return;
  KalamQueryResult* answer = kalam_query(
      connection, "SELECT count(*) AS shards FROM system.cluster_groups WHERE group_type = 'user_data' LIMIT 1",
      &status);
  if (answer == nullptr || answer->row_count != 1 || answer->values[0][0] == nullptr) return;
  connection->facts.user_shards = (uint32)strtoul(answer->values[0][0], nullptr, 10);
}
