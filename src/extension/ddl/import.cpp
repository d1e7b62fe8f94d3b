// IMPORT FOREIGN SCHEMA: a foreign table for every shared, user and stream table of a KalamDB namespace.
#include "extension/catalog.h"
#include "extension/connection.h"
#include "extension/ddl/definition.h"
#include "extension/fdw.h"
#include "extension/options.h"
#include "extension/query.h"
#include "extension/rights.h"

extern "C" {
#include "commands/defrem.h"
}

namespace {

// The server cuts answers off at 1,000 rows (spec 9.3): pages of one fewer tell a full page from a cut one.
constexpr int PAGE_ROWS = 999;

enum Column { TABLE_NAME, TABLE_TYPE, COLUMN_NAME, DATA_TYPE, NULLABLE, COLUMN_COUNT };

bool wants_not_null(const ImportForeignSchemaStmt* statement) {
  bool wanted = true;
  ListCell* cell;
  foreach (cell, statement->options) {
    DefElem* option = (DefElem*)lfirst(cell);
    if (strcmp(option->defname, "import_not_null") != 0)
      ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME), errmsg("invalid option \"%s\"", option->defname),
                      errhint("The option of IMPORT FOREIGN SCHEMA is \"import_not_null\".")));
    wanted = defGetBoolean(option);
  }
  return wanted;
}

void check_namespace(KalamConnection* connection, const char* name, const char* server) {
  KalamQueryResult* answer =
      kalam_query(connection, psprintf("SELECT namespace_id FROM system.namespaces WHERE namespace_id = %s LIMIT 1",
                                       kalam_quote_literal(name)));
  if (answer->row_count == 0)
    ereport(ERROR, (errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
                    errmsg("namespace \"%s\" does not exist on KalamDB server \"%s\"", name, server)));
}

KalamQueryResult* fetch_page(KalamConnection* connection, const char* name, int64 offset) {
  return kalam_query(
      connection,
      psprintf("SELECT c.table_name, t.table_type, c.column_name, c.data_type, c.nullable FROM "
               "system.columns c JOIN system.tables t ON t.namespace_id = c.namespace_id AND t.table_name = "
               "c.table_name WHERE c.namespace_id = %s ORDER BY c.table_name, c.ordinal LIMIT %d OFFSET " INT64_FORMAT,
               kalam_quote_literal(name), PAGE_ROWS, offset));
}

// One CREATE FOREIGN TABLE while its columns arrive.
struct Table {
  const char* name;  // NULL: none yet
  bool imported;
  const char* kind;
  StringInfoData columns;
};

void append_column(Table* table, char** row, bool not_null, const char* server) {
  const char* name = row[COLUMN_NAME];
  kalam::RemoteType type = {};
  if (name[0] == '_') return;  // the server's own
  if (!kalam::parse_remote_type(row[DATA_TYPE], &type)) type.kind = kalam::RemoteKind::other;
  // A table with such a column can be read only (datum_to_row.cpp), so it is left to the user.
  if (type.kind == kalam::RemoteKind::other) {
    ereport(NOTICE,
            (errmsg("column \"%s\" of KalamDB table \"%s\" on server \"%s\" is left out", name, table->name, server),
             errdetail("Its type %s is not supported.", row[DATA_TYPE]),
             errhint("CREATE FOREIGN TABLE can show it as text or jsonb, in a table whose rows cannot be changed.")));
    return;
  }
  if (table->columns.len > 0) appendStringInfoString(&table->columns, ", ");
  appendStringInfo(&table->columns, "%s %s", quote_identifier(name), kalam_local_type_name(&type));
  // Names of the server may be a character longer than PostgreSQL's.
  if (strlen(name) >= NAMEDATALEN)
    appendStringInfo(&table->columns, " OPTIONS (column_name %s)", quote_literal_cstr(name));
  bool is_nullable = row[NULLABLE] != nullptr && strcmp(row[NULLABLE], "true") == 0;
  if (not_null && !is_nullable) appendStringInfoString(&table->columns, " NOT NULL");
}

char* finish_table(const Table* table, const char* name_space, const char* server) {
  return psprintf("CREATE FOREIGN TABLE %s (%s) SERVER %s OPTIONS (namespace %s, \"table\" %s, table_type %s)",
                  quote_identifier(table->name), table->columns.data, quote_identifier(server),
                  quote_literal_cstr(name_space), quote_literal_cstr(table->name), quote_literal_cstr(table->kind));
}

void begin_table(Table* table, char** row, ImportForeignSchemaStmt* statement) {
  kalam::TableKind kind;
  table->name = row[TABLE_NAME];
  table->kind = row[TABLE_TYPE];
  table->imported = IsImportableForeignTable(table->name, statement) && table->kind != nullptr &&
                    kalam_table_kind_from_text(table->kind, &kind) && kind != kalam::TableKind::system;
  initStringInfo(&table->columns);
}

bool is_complete(char** row) {
  return row[TABLE_NAME] != nullptr && row[COLUMN_NAME] != nullptr && row[DATA_TYPE] != nullptr;
}

}  // namespace

List* kalam_import_schema(ImportForeignSchemaStmt* statement, Oid serverid) {
  ForeignServer* server = GetForeignServer(serverid);
  char* name_space = kalam_folded_name(statement->remote_schema);
  kalam_check_namespace(serverid, GetUserId(), name_space);
  KalamConnection* connection = kalam_connection_get(serverid, GetUserId());
  bool not_null = wants_not_null(statement);
  List* commands = NIL;
  Table table = {};
  KalamQueryResult* page;
  int64 offset = 0;

  check_namespace(connection, name_space, server->servername);
  do {
    page = fetch_page(connection, name_space, offset);
    if (page->row_count > 0 && page->column_count != COLUMN_COUNT)
      ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                      errmsg("the catalog of KalamDB server \"%s\" has an unexpected form", server->servername)));
    for (int i = 0; i < page->row_count; i++) {
      char** row = page->values[i];
      if (!is_complete(row)) continue;
      if (table.name == nullptr || strcmp(table.name, row[TABLE_NAME]) != 0) {
        if (table.imported) commands = lappend(commands, finish_table(&table, name_space, server->servername));
        begin_table(&table, row, statement);
      }
      if (table.imported) append_column(&table, row, not_null, server->servername);
    }
    offset += page->row_count;
  } while (page->row_count == PAGE_ROWS);
  if (table.imported) commands = lappend(commands, finish_table(&table, name_space, server->servername));
  return commands;
}
