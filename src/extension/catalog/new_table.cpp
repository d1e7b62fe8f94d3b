#include "extension/catalog/new_table.h"

static const KalamNewTableMethods* answers;

void kalam_new_tables_init(const KalamNewTableMethods* methods) {
  answers = methods;
}

uint64 kalam_new_tables_state() {
  return answers->state();
}

const KalamRelation* kalam_new_table_definition(Oid relid) {
  return answers->definition(relid);
}

Oid kalam_new_table_named(Oid serverid, const char* name_space, const char* table) {
  return answers->named(serverid, name_space, table);
}
