// IMPORT FOREIGN SCHEMA: a foreign table for every shared, user and stream table of a KalamDB namespace.
#include "extension/fdw/import.h"
#include "extension/base/report.h"
#include "extension/base/settings.h"
#include "extension/catalog/relation.h"
#include "extension/catalog/rights.h"
#include "extension/ddl/definition/definition.h"
#include "extension/ddl/definition/remote_default.h"
#include "extension/options/options.h"
#include "extension/remote/connection.h"
#include "extension/remote/query.h"

extern "C" {
#include "catalog/pg_collation.h"
#include "commands/defrem.h"
#include "utils/fmgrprotos.h"
}

// The server gives 1,000 rows of an answer at most, or fewer where it is set so (spec 9.3).
constexpr int PAGE_ROWS = 1000;
constexpr int MAX_ATTRIBUTES = MaxHeapAttributeNumber;

namespace {

enum Field { TABLE_NAME, TABLE_TYPE, COLUMN_NAME, DATA_TYPE, NULLABLE, DEFAULT_VALUE, FIELD_COUNT };

struct Wanted {
  bool not_null;
  bool defaults;
  bool if_not_exists;
  KalamSystemColumns system_columns;
  text* namespace_pattern;  // as of LIKE; NULL: the namespace that the statement names alone
};

}  // namespace

static KalamSystemColumns system_columns_of(DefElem* option) {
  const char* value = defGetString(option);
  const struct config_enum_entry* entry = kalam_system_columns_values;
  while (entry->name != nullptr && pg_strcasecmp(entry->name, value) != 0) entry++;
  if (entry->name == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid value for option \"%s\": \"%s\"", option->defname, value),
                    errhint("Valid values are: none, user, all.")));
  }
  return (KalamSystemColumns)entry->val;
}

static Wanted wanted_by(const ImportForeignSchemaStmt* statement) {
  Wanted wanted = {true, false, false, KalamSystemColumns::none, nullptr};
  ListCell* cell;
  foreach (cell, statement->options) {
    DefElem* option = (DefElem*)lfirst(cell);
    if (strcmp(option->defname, "import_not_null") == 0) {
      wanted.not_null = defGetBoolean(option);
    } else if (strcmp(option->defname, "import_default") == 0) {
      wanted.defaults = defGetBoolean(option);
    } else if (strcmp(option->defname, "import_if_not_exists") == 0) {
      wanted.if_not_exists = defGetBoolean(option);
    } else if (strcmp(option->defname, "import_system_columns") == 0) {
      wanted.system_columns = system_columns_of(option);
    } else if (strcmp(option->defname, "namespace_pattern") == 0) {
      wanted.namespace_pattern = cstring_to_text(defGetString(option));
    } else {
      ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME), errmsg("invalid option \"%s\"", option->defname),
                      errhint("Options of IMPORT FOREIGN SCHEMA are \"import_not_null\", \"import_default\", "
                              "\"import_if_not_exists\", \"import_system_columns\" and \"namespace_pattern\".")));
    }
  }
  return wanted;
}

static void check_namespace(KalamConnection* connection, const char* name, const char* server) {
  KalamQueryResult* answer =
      kalam_query(connection, psprintf("SELECT namespace_id FROM system.namespaces WHERE namespace_id = %s LIMIT 1",
                                       kalam_quote_literal(name)));
  if (answer->row_count == 0) {
    ereport(ERROR, (errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
                    errmsg("namespace \"%s\" does not exist on KalamDB server \"%s\"", name, server)));
  }
}

// Names of the server's namespaces, without its prefix, that fit the pattern and that the role may use, in their order.
// Namespaces that come or go while the pages are read may be missed.
static List* matching_namespaces(KalamConnection* connection, Oid serverid, text* pattern) {
  List* names = NIL;
  const char* prefix = kalam_namespace_prefix(serverid);
  size_t prefix_size = strlen(prefix);
  int64 offset = 0;
  KalamQueryResult* page;
  do {
    page = kalam_query(connection, psprintf("SELECT namespace_id FROM system.namespaces ORDER BY namespace_id LIMIT %d "
                                            "OFFSET " INT64_FORMAT,
                                            PAGE_ROWS, offset));
    for (int i = 0; i < page->row_count; i++) {
      const char* name = page->column_count > 0 ? page->values[i][0] : nullptr;
      if (name == nullptr || strncmp(name, prefix, prefix_size) != 0) continue;
      Datum fits = DirectFunctionCall2Coll(textlike, C_COLLATION_OID, CStringGetTextDatum(name + prefix_size),
                                           PointerGetDatum(pattern));
      if (DatumGetBool(fits) && kalam_may_use(serverid, GetUserId(), name, nullptr))
        names = lappend(names, (void*)(name + prefix_size));
    }
    offset += page->row_count;
  } while (page->row_count > 0);
  return names;
}

static KalamQueryResult* fetch_page(KalamConnection* connection, const char* name, int64 offset) {
  KalamQueryResult* page = kalam_query(
      connection,
      psprintf("SELECT c.table_name, t.table_type, c.column_name, c.data_type, c.nullable, c.default_value FROM "
               "system.columns c JOIN system.tables t ON t.namespace_id = c.namespace_id AND t.table_name = "
               "c.table_name WHERE c.namespace_id = %s ORDER BY c.table_name, c.ordinal, c.column_name LIMIT %d "
               "OFFSET " INT64_FORMAT,
               kalam_quote_literal(name), PAGE_ROWS, offset));
  bool is_whole = page->column_count == FIELD_COUNT;
  for (int i = 0; i < page->row_count && is_whole; i++) {
    char** row = page->values[i];
    is_whole = row[TABLE_NAME] != nullptr && row[COLUMN_NAME] != nullptr && row[DATA_TYPE] != nullptr;
  }
  if (page->row_count > 0 && !is_whole) {
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("the catalog of KalamDB server \"%s\" has an unexpected form", connection->server_name)));
  }
  return page;
}

// The next rows behind `offset`. Pages overlap by a row, which tells when tables were made or dropped in between, so
// that rows were skipped.
static KalamQueryResult* fetch_next_page(KalamConnection* connection, const char* name, int64 offset, char** last) {
  KalamQueryResult* page = fetch_page(connection, name, offset > 0 ? offset - 1 : 0);
  if (offset == 0) return page;
  char** first = page->row_count > 0 ? page->values[0] : nullptr;
  if (first == nullptr || strcmp(first[TABLE_NAME], last[TABLE_NAME]) != 0 ||
      strcmp(first[COLUMN_NAME], last[COLUMN_NAME]) != 0) {
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("tables of KalamDB namespace \"%s\" change while they are read", name)));
  }
  page->values++;
  page->row_count--;
  return page;
}

namespace {

// One CREATE FOREIGN TABLE while its columns arrive.
struct Table {
  const char* name;  // NULL: none yet
  bool imported;
  bool is_shared;
  const char* kind;
  int column_count;
  StringInfoData columns;
};

}  // namespace

static void append_default(Table* table, char** row, const kalam::RemoteType* type, const char* server) {
  const char* rendered = row[DEFAULT_VALUE];
  if (rendered == nullptr || strcmp(rendered, "Null") == 0) return;
  const char* expression = kalam_local_default(rendered, type);
  if (expression != nullptr) {
    appendStringInfo(&table->columns, " DEFAULT %s", expression);
    return;
  }
  ereport(NOTICE, (errmsg("the default of column \"%s\" of KalamDB table \"%s\" on server \"%s\" is left out",
                          row[COLUMN_NAME], table->name, server),
                   errdetail("PostgreSQL has nothing that is the same as %s.", rendered)));
}

static void append_column(Table* table, char** row, const Wanted* wanted, const char* server) {
  const char* name = row[COLUMN_NAME];
  kalam::RemoteType type = {};
  if (name[0] == '_') return;  // the server's own
  if (!kalam::parse_remote_type(row[DATA_TYPE], &type)) type.kind = kalam::RemoteKind::other;
  // A table with such a column can be read only (datum_to_row.cpp), so it is left to the user.
  if (type.kind == kalam::RemoteKind::other) {
    ereport(NOTICE,
            (errmsg("column \"%s\" of KalamDB table \"%s\" on server \"%s\" is left out", kalam_printable(name),
                    kalam_printable(table->name), server),
             errdetail("Its type %s is not supported.", kalam_printable(row[DATA_TYPE])),
             errhint("CREATE FOREIGN TABLE can show it as text or jsonb, in a table whose rows cannot be changed.")));
    return;
  }
  if (table->column_count++ > 0) appendStringInfoString(&table->columns, ", ");
  appendStringInfo(&table->columns, "%s %s", quote_identifier(name), kalam_local_type_name(&type));
  // Names of the server may be a character longer than PostgreSQL's.
  if (strlen(name) >= NAMEDATALEN)
    appendStringInfo(&table->columns, " OPTIONS (column_name %s)", quote_literal_cstr(name));
  bool is_nullable = row[NULLABLE] != nullptr && strcmp(row[NULLABLE], "true") == 0;
  if (wanted->defaults) append_default(table, row, &type, server);
  if (wanted->not_null && !is_nullable) appendStringInfoString(&table->columns, " NOT NULL");
}

// KalamDB's own columns, behind all others.
static void append_system_columns(Table* table, KalamSystemColumns wanted) {
  if (wanted == KalamSystemColumns::none) return;
  const char* separator = table->column_count > 0 ? ", " : "";
  if (!table->is_shared) {
    appendStringInfo(&table->columns, "%s_userid text", separator);
    table->column_count++;
    separator = ", ";
  }
  if (wanted != KalamSystemColumns::all) return;
  appendStringInfo(&table->columns, "%s_seq bigint", separator);
  table->column_count++;
}

static void finish_table(Table* table, const char* own_namespace, const char* server, const Wanted* wanted,
                         List** commands) {
  if (!table->imported) return;
  append_system_columns(table, wanted->system_columns);
  if (table->column_count > MAX_ATTRIBUTES) {
    ereport(NOTICE,
            (errmsg("KalamDB table \"%s\" on server \"%s\" is left out", table->name, server),
             errdetail("It has %d columns, and a table of PostgreSQL at most %d.", table->column_count, MAX_ATTRIBUTES),
             errhint("CREATE FOREIGN TABLE can show some of them.")));
    return;
  }
  *commands =
      lappend(*commands,
              psprintf("CREATE FOREIGN TABLE %s%s (%s) SERVER %s OPTIONS (namespace %s, \"table\" %s, table_type %s)",
                       wanted->if_not_exists ? "IF NOT EXISTS " : "", quote_identifier(table->name),
                       table->columns.data, quote_identifier(server), quote_literal_cstr(own_namespace),
                       quote_literal_cstr(table->name), quote_literal_cstr(table->kind)));
}

static void begin_table(Table* table, char** row, ImportForeignSchemaStmt* statement) {
  kalam::TableKind kind = kalam::TableKind::shared;
  table->name = row[TABLE_NAME];
  table->kind = row[TABLE_TYPE];
  table->imported = IsImportableForeignTable(table->name, statement) && table->kind != nullptr &&
                    kalam_table_kind_from_text(table->kind, &kind) && kind != kalam::TableKind::system;
  table->is_shared = kind == kalam::TableKind::shared;
  table->column_count = 0;
  initStringInfo(&table->columns);
}

namespace {

// A table that was found, for LIMIT TO and for names that two namespaces have.
struct Found {
  const char* name;
  const char* name_space;
  bool imported;
};

}  // namespace

static const Found* find(List* found, const char* name, bool imported) {
  ListCell* cell;
  foreach (cell, found) {
    const Found* table = (const Found*)lfirst(cell);
    if (strcmp(table->name, name) == 0 && (table->imported || !imported)) return table;
  }
  return nullptr;
}

// One schema cannot have two tables of one name.
static void check_name(List* found, const Table* table, const char* name_space) {
  const Found* other = table->imported ? find(found, table->name, true) : nullptr;
  if (other == nullptr) return;
  ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE),
                  errmsg("KalamDB namespaces \"%s\" and \"%s\" both have a table \"%s\"", other->name_space, name_space,
                         table->name),
                  errhint("Import each namespace into a schema of its own, or leave the table out with EXCEPT.")));
}

// A name of LIMIT TO may be a slip.
static void notice_missing(const ImportForeignSchemaStmt* statement, List* found, const char* name_space) {
  ListCell* cell;
  if (statement->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO) return;
  foreach (cell, statement->table_list) {
    const char* name = lfirst_node(RangeVar, cell)->relname;
    if (find(found, name, false) != nullptr) continue;
    ereport(NOTICE, (errmsg("KalamDB namespace \"%s\" has no table \"%s\"", name_space, name)));
  }
}

// `own`: the namespace without the server's prefix, as options have it.
static void import_namespace(KalamConnection* connection, ImportForeignSchemaStmt* statement,
                             const ForeignServer* foreign_server, const char* own, const Wanted* wanted, List** found,
                             List** commands) {
  const char* server = foreign_server->servername;
  const char* name_space = kalam_full_namespace(foreign_server->serverid, own);
  Table table = {};
  KalamQueryResult* page;
  char** last = nullptr;
  int64 offset = 0;
  while ((page = fetch_next_page(connection, name_space, offset, last))->row_count > 0) {
    for (int i = 0; i < page->row_count; i++) {
      char** row = page->values[i];
      if (table.name == nullptr || strcmp(table.name, row[TABLE_NAME]) != 0) {
        finish_table(&table, own, server, wanted, commands);
        begin_table(&table, row, statement);
        check_name(*found, &table, name_space);
        Found* entry = (Found*)palloc(sizeof(Found));
        *entry = {table.name, name_space, table.imported};
        *found = lappend(*found, entry);
      }
      if (table.imported) append_column(&table, row, wanted, server);
    }
    last = page->values[page->row_count - 1];
    offset += page->row_count;
  }
  finish_table(&table, own, server, wanted, commands);
}

List* kalam_import_foreign_schema(ImportForeignSchemaStmt* statement, Oid serverid) {
  ForeignServer* server = GetForeignServer(serverid);
  char* own = kalam_folded_name(statement->remote_schema);
  char* name_space = kalam_full_namespace(serverid, own);
  kalam_check_namespace(serverid, GetUserId(), name_space);
  KalamConnection* connection = kalam_connection_get(serverid, GetUserId());
  Wanted wanted = wanted_by(statement);
  List* commands = NIL;
  List* found = NIL;

  check_namespace(connection, name_space, server->servername);
  import_namespace(connection, statement, server, own, &wanted, &found, &commands);
  if (wanted.namespace_pattern != nullptr) {
    ListCell* cell;
    foreach (cell, matching_namespaces(connection, serverid, wanted.namespace_pattern)) {
      const char* other = (const char*)lfirst(cell);
      if (strcmp(other, own) == 0) continue;
      import_namespace(connection, statement, server, other, &wanted, &found, &commands);
    }
  }
  notice_missing(statement, found, name_space);
  return commands;
}
