#include "extension/ddl/statements/remote_name.h"

#include "extension/base/report.h"
#include "extension/catalog/own.h"
#include "extension/options/options.h"
#include "extension/remote/query.h"
#include "extension/transaction/detached_calls.h"
#include "extension/transaction/remote_ddl.h"

extern "C" {
#include "utils/lsyscache.h"
}

// Names that are tried, and the length of a name that KalamDB takes.
constexpr int MAX_NUMBER = 1000;
constexpr int MAX_NAME = 64;

bool kalam_find_remote(KalamConnection* connection, const char* name_space, const char* table, kalam::TableKind* kind) {
  const KalamQueryResult* answer = kalam_query(
      connection,
      psprintf("SELECT table_type FROM system.tables WHERE namespace_id = %s AND table_name = %s LIMIT 1",
               kalam_quote_literal(kalam_folded_name(name_space)), kalam_quote_literal(kalam_folded_name(table))));
  if (answer->row_count == 0) return false;
  const char* text = answer->column_count == 1 ? answer->values[0][0] : nullptr;
  if (text == nullptr || !kalam_table_kind_from_text(text, kind)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("KalamDB table \"%s.%s\" is of unknown kind \"%s\"",
                                                                   name_space, table, text != nullptr ? text : "")));
  }
  return true;
}

static bool counts(Oid relid, const KalamTableOptions* options, KalamShownTo asker) {
  if (asker == KalamShownTo::creation) return true;
  // What only shows KalamDB's table stands beside others that do.
  if (options->on_drop != KalamOnDrop::drop) return false;
  return asker == KalamShownTo::attachment || pg_strcasecmp(get_rel_name(relid), options->table) != 0;
}

Oid kalam_find_shown(Oid serverid, const char* name_space, const char* table, KalamShownTo asker) {
  Oid found = InvalidOid;
  ListCell* cell;
  foreach (cell, kalam_tables_of_server(serverid)) {
    Oid relid = lfirst_oid(cell);
    KalamTableOptions options;
    if (get_rel_name(relid) == nullptr) continue;
    kalam_table_options(relid, &options);
    if (pg_strcasecmp(options.name_space, name_space) != 0 || pg_strcasecmp(options.table, table) != 0 ||
        !counts(relid, &options, asker))
      continue;
    found = relid;
    if (options.on_drop == KalamOnDrop::drop) break;
  }
  return found;
}

static bool is_free(KalamConnection* connection, const char* name_space, const char* table) {
  kalam::TableKind kind;
  // What the transaction has dropped is there until COMMIT.
  if (kalam_pending_has(connection, name_space, table)) return false;
  if (OidIsValid(kalam_find_shown(connection->key.serverid, name_space, table, KalamShownTo::creation))) return false;
  kalam_detached_calls_wait(connection, name_space, table);
  return !kalam_find_remote(connection, name_space, table, &kind);
}

static bool is_taken(KalamConnection* connection, const KalamTableDefinition* definition, Oid shown_by) {
  KalamTableOptions options;
  kalam::TableKind kind;
  if (kalam_pending_is_dropped(connection, definition->name_space, definition->table)) return false;
  kalam_table_options(shown_by, &options);
  return options.on_drop == KalamOnDrop::drop ||
         kalam_find_remote(connection, definition->name_space, definition->table, &kind);
}

bool kalam_choose_free_name(KalamConnection* connection, KalamTableDefinition* definition, const char* local_name,
                            Oid shown_by) {
  if (!is_taken(connection, definition, shown_by)) return false;
  for (int number = 2; number <= MAX_NUMBER; number++) {
    const char* suffix = psprintf("_%d", number);
    int length = (int)Min(strlen(definition->table), MAX_NAME - strlen(suffix));
    char* name = psprintf("%.*s%s", length, definition->table, suffix);
    if (!is_free(connection, definition->name_space, name)) continue;
    ereport(NOTICE, (errmsg("table \"%s\" is named \"%s\" in KalamDB", local_name, name),
                     errdetail("Foreign table \"%s.%s\" is KalamDB table \"%s.%s\".",
                               get_namespace_name(get_rel_namespace(shown_by)), get_rel_name(shown_by),
                               definition->name_space, definition->table)));
    definition->table = name;
    return true;
  }
  ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE),
                  errmsg("KalamDB table \"%s.%s\" already exists", definition->name_space, definition->table),
                  errdetail("The same name with numbers up to %d is taken, too.", MAX_NUMBER),
                  errhint("Option \"table\" chooses another name in KalamDB.")));
  return false;
}
