// CREATE TABLE … USING kalamdb and CREATE FOREIGN TABLE … SERVER of this wrapper.
//
// The foreign table is created first, so that whatever PostgreSQL refuses is refused before anything is sent; then the
// KalamDB table, which is dropped again when the transaction aborts (pending.h).
#include "extension/base/report.h"
#include "extension/base/settings.h"
#include "extension/catalog/new_table.h"
#include "extension/catalog/own.h"
#include "extension/catalog/relation.h"
#include "extension/catalog/rights.h"
#include "extension/ddl/ddl.h"
#include "extension/ddl/definition/definition.h"
#include "extension/ddl/statements/remote_name.h"
#include "extension/ddl/statements/skip.h"
#include "extension/options/option_table.h"
#include "extension/options/options.h"
#include "extension/remote/query.h"
#include "extension/transaction/detached_calls.h"
#include "extension/transaction/new_table.h"
#include "extension/transaction/remote_ddl.h"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
}

static DefElem* text_option(const char* name, const char* value) {
  return makeDefElem(pstrdup(name), (Node*)makeString(pstrdup(value)), -1);
}

static const char* find_option(List* options, const char* name) {
  ListCell* cell;
  foreach (cell, options) {
    DefElem* element = lfirst_node(DefElem, cell);
    if (strcmp(element->defname, name) == 0) return defGetString(element);
  }
  return nullptr;
}

[[noreturn]] static void refuse(const char* what, const char* hint) {
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("CREATE TABLE ... USING kalamdb does not support %s", what),
           hint != nullptr ? errhint("%s", hint) : 0));
  pg_unreachable();
}

static void refuse_unsupported_forms(const CreateStmt* statement) {
  if (kalam_is_temporary(statement->relation)) {
    refuse("temporary tables", "CREATE TEMPORARY TABLE ... USING heap.");
  }
  if (statement->relation->relpersistence == RELPERSISTENCE_UNLOGGED) {
    refuse("unlogged tables", "CREATE UNLOGGED TABLE ... USING heap.");
  }
  if (statement->partspec != nullptr) refuse("partitioned tables", "Partitions can be foreign tables.");
  if (statement->partbound != nullptr) refuse("partitions", "CREATE FOREIGN TABLE ... PARTITION OF.");
  if (statement->inhRelations != NIL) refuse("INHERITS", "CREATE FOREIGN TABLE ... INHERITS.");
  if (statement->ofTypename != nullptr) refuse("typed tables", nullptr);
  if (statement->oncommit != ONCOMMIT_NOOP) refuse("ON COMMIT", nullptr);
  if (statement->tablespacename != nullptr) refuse("TABLESPACE", "KalamDB's option is storage_id.");
}

// The schema of the new table; InvalidOid when the statement names one that is not there.
static Oid creation_schema(const RangeVar* relation) {
  if (relation->schemaname == nullptr || OidIsValid(get_namespace_oid(relation->schemaname, true))) {
    return RangeVarGetCreationNamespace(relation);
  }
  return InvalidOid;
}

static void create_schema(const KalamUtility* utility, const char* name) {
  CreateSchemaStmt* create = makeNode(CreateSchemaStmt);
  create->schemaname = pstrdup(name);
  kalam_utility_subcommand(utility, (Node*)create);
  ereport(NOTICE, (errmsg("schema \"%s\" has been created", name)));
}

// True when there is nothing to do (IF NOT EXISTS); raises 42P07 when the relation exists.
static bool exists_locally(const CreateStmt* statement, Oid schema) {
  if (!OidIsValid(get_relname_relid(statement->relation->relname, schema))) return false;
  if (!statement->if_not_exists) {
    ereport(ERROR,
            (errcode(ERRCODE_DUPLICATE_TABLE), errmsg("relation \"%s\" already exists", statement->relation->relname)));
  }
  ereport(NOTICE, (errcode(ERRCODE_DUPLICATE_TABLE),
                   errmsg("relation \"%s\" already exists, skipping", statement->relation->relname)));
  return true;
}

// KalamDB calls the option TYPE, foreign tables call it table_type: each statement takes both.
static bool names_kind(const char* name) {
  return strcmp(name, "type") == 0 || strcmp(name, "table_type") == 0;
}

[[noreturn]] static void refuse_second_kind(const char* name) {
  ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("option \"%s\" provided more than once", name),
                  errdetail("Options \"%s\" and \"%s\" both name the kind of the table.", "type", "table_type")));
  pg_unreachable();
}

// An option of a WITH list may do without a value where it is a boolean one, as in PostgreSQL's own.
static const char* with_value(DefElem* element, const KalamOption* option) {
  bool is_bare = element->arg == nullptr && option != nullptr && option->type == KalamOptionType::boolean;
  return is_bare ? "true" : kalam_option_trim(defGetString(element));
}

static KalamSystemColumns system_columns_of(const DefElem* element, const char* value) {
  for (const config_enum_entry* entry = kalam_system_columns_values; entry->name != nullptr; entry++) {
    if (pg_strcasecmp(entry->name, value) == 0) return (KalamSystemColumns)entry->val;
  }
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("invalid value for option \"%s\": \"%s\"", element->defname, value),
                  errhint("Valid values are: none, user, all.")));
  return KalamSystemColumns::none;
}

namespace {

// What a WITH list says.
struct WithOptions {
  const char* server;  // NULL: the default one; so the others
  const char* name_space;
  const char* table;
  kalam::TableKind kind;
  KalamSystemColumns system_columns;
  List* remote;  // of DefElem*: of the remote CREATE TABLE
};

}  // namespace

// The place of an option that may be given once; NULL for those of the remote CREATE TABLE.
static const char** named_option(WithOptions* with, const char* name) {
  if (strcmp(name, "server") == 0) return &with->server;
  if (strcmp(name, "namespace") == 0) return &with->name_space;
  if (strcmp(name, "table") == 0) return &with->table;
  return nullptr;
}

[[noreturn]] static void refuse_second(const DefElem* element) {
  ereport(ERROR,
          (errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("option \"%s\" provided more than once", element->defname)));
  pg_unreachable();
}

// WITH (type = …, …): the kind, which of KalamDB's own columns are shown, where the table is, and the options of the
// remote table.
static WithOptions read_with(List* options) {
  ListCell* cell;
  bool has_kind = false;
  bool has_system_columns = false;
  WithOptions with = {};

  with.kind = kalam::TableKind::shared;
  with.system_columns = kalam_setting_system_columns();
  foreach (cell, options) {
    DefElem* element = lfirst_node(DefElem, cell);
    char* name = kalam_folded_name(element->defname);  // the server takes them in any case
    const KalamOption* option = kalam_option_find(name, ForeignTableRelationId);
    const char** named = named_option(&with, name);
    bool is_kind = names_kind(name);
    bool is_system_columns = strcmp(name, "system_columns") == 0;

    if (element->defnamespace != nullptr) {
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("unrecognized parameter namespace \"%s\"", element->defnamespace)));
    }
    if (!is_kind && !is_system_columns && named == nullptr && (option == nullptr || !option->remote)) {
      kalam_option_unknown(element->defname, ForeignTableRelationId, true);
    }
    const char* value = with_value(element, option);
    if (value == nullptr) continue;
    if (named != nullptr) {
      if (*named != nullptr) refuse_second(element);
      if (option != nullptr) kalam_option_check_value(option, value);
      *named = value;
      continue;
    }
    if (is_system_columns) {
      if (has_system_columns) refuse_second(element);
      has_system_columns = true;
      with.system_columns = system_columns_of(element, value);
      continue;
    }
    if (is_kind && has_kind) refuse_second_kind(name);
    has_kind = has_kind || is_kind;
    if (!is_kind) {
      kalam_option_check_value(option, value);
      with.remote = lappend(with.remote, text_option(name, value));
    } else if (!kalam_table_kind_from_text(value, &with.kind) || with.kind == kalam::TableKind::system) {
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("invalid value for option \"%s\": \"%s\"", element->defname, value),
                      errhint("Valid values are: shared, user, stream.")));
    }
  }
  return with;
}

// What the validator will say, before anything is asked of the server. Quoted names are taken in any case. Returns the
// options without blank ones, which stand for none.
static List* check_options(List* options, Oid catalog) {
  List* kept = NIL;
  ListCell* cell;
  foreach (cell, options) {
    DefElem* element = lfirst_node(DefElem, cell);
    element->defname = kalam_folded_name(element->defname);
    if (catalog == ForeignTableRelationId && names_kind(element->defname)) {
      if (find_option(kept, "table_type") != nullptr) refuse_second_kind(element->defname);
      element->defname = pstrdup("table_type");
    }
    const KalamOption* option = kalam_option_find(element->defname, catalog);
    if (option == nullptr) kalam_option_unknown(element->defname, catalog, false);
    const char* value = kalam_option_trim(defGetString(element));
    if (value == nullptr) continue;
    kalam_option_check_value(option, value);
    kept = lappend(kept, text_option(element->defname, value));
  }
  return kept;
}

static void check_stream_options(const KalamTableDefinition* definition) {
  if (definition->kind != kalam::TableKind::stream || find_option(definition->options, "ttl_seconds") != nullptr)
    return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("option \"%s\" is required for a stream table", "ttl_seconds")));
}

// `relid`: the foreign table, where the name is that of a KalamDB table which the transaction drops; else InvalidOid.
static void create_remote(KalamConnection* connection, const KalamTableDefinition* definition, const char* sql,
                          Oid relid) {
  kalam::Status status;

  char* message =
      kalam_execute(connection, psprintf("CREATE NAMESPACE IF NOT EXISTS %s", definition->name_space), nullptr);
  if (message != nullptr && kalam::says_created(message)) {
    kalam_pending_namespace(connection, definition->name_space);
  }
  if (OidIsValid(relid)) {
    kalam_new_table_create(connection, definition->name_space, definition->table, sql, relid, &status);
  } else {
    KalamPendingChange* change = kalam_pending_create(connection, definition->name_space, definition->table);
    kalam_send_ddl(connection, sql, change, &status);
  }
  if (status.error == kalam::ErrorClass::none) return;

  KalamErrorContext context = {};
  char* name = psprintf("%s.%s", definition->name_space, definition->table);
  context.server = connection->server_name;
  context.remote_table = name;
  context.remote_sql = sql;
  kalam_report(&status, &context);
}

[[noreturn]] static void refuse_dropped_stream(const KalamTableDefinition* definition) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot create KalamDB table \"%s.%s\" again in the transaction that drops it",
                         definition->name_space, definition->table),
                  errdetail("Rows of stream tables outlive DROP TABLE until their time to live ends."),
                  errhint("COMMIT after DROP TABLE, or choose another name.")));
  pg_unreachable();
}

// Whether the name is that of a table which the transaction drops when it commits: the new one is then made by COMMIT,
// too. It must be free of what this session is undoing, and of what it has created so.
static bool is_name_dropped(KalamConnection* connection, const KalamTableDefinition* definition) {
  kalam::TableKind existing;
  kalam_detached_calls_wait(connection, definition->name_space, definition->table);
  if (OidIsValid(kalam_new_table_named(connection->key.serverid, definition->name_space, definition->table))) {
    ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE),
                    errmsg("KalamDB table \"%s.%s\" already exists", definition->name_space, definition->table),
                    errdetail("The transaction has dropped it and created it again."), errhint("COMMIT first.")));
  }
  if (!kalam_pending_is_dropped(connection, definition->name_space, definition->table)) return false;
  if (definition->kind == kalam::TableKind::stream ||
      (kalam_find_remote(connection, definition->name_space, definition->table, &existing) &&
       existing == kalam::TableKind::stream))
    refuse_dropped_stream(definition);
  return true;
}

static bool declares(const CreateStmt* statement, const char* name) {
  ListCell* cell;
  foreach (cell, statement->tableElts) {
    const auto* column = (const ColumnDef*)lfirst(cell);
    if (IsA(column, ColumnDef) && strcmp(column->colname, name) == 0) return true;
  }
  return false;
}

// Those that are asked for and not declared anyway.
static void append_system_columns(CreateStmt* statement, kalam::TableKind kind, KalamSystemColumns wanted) {
  if (wanted == KalamSystemColumns::all && !declares(statement, "_seq"))
    statement->tableElts = lappend(statement->tableElts, makeColumnDef("_seq", INT8OID, -1, InvalidOid));
  if (wanted != KalamSystemColumns::none && kind != kalam::TableKind::shared && !declares(statement, "_userid"))
    statement->tableElts = lappend(statement->tableElts, makeColumnDef("_userid", TEXTOID, -1, DEFAULT_COLLATION_OID));
}

// The name in KalamDB of a table whose statement gives none, and the foreign table that has it here already.
static Oid choose_table_name(KalamTableDefinition* definition, const char* local_name, Oid serverid,
                             KalamShownTo asker) {
  const char* why;
  definition->table = kalam_chosen_name(local_name, KalamNameOf::table, &why);
  Oid shown_by = kalam_find_shown(serverid, definition->name_space, definition->table, asker);
  if (!OidIsValid(shown_by) && why != nullptr) kalam_tell_name(local_name, definition->table, KalamNameOf::table, why);
  return shown_by;
}

// Who does not own the server cannot have KalamDB's table dropped that was there before. Restoring a dump is not to end
// for that.
static void keep_on_drop(List* options) {
  ListCell* cell;
  foreach (cell, options) {
    DefElem* element = lfirst_node(DefElem, cell);
    if (strcmp(kalam_folded_name(element->defname), "on_drop") == 0) element->arg = (Node*)makeString(pstrdup("keep"));
  }
}

// The table that the statement has made, which is locked since then. While it waited for the server, its schema may
// have been renamed, and another one of that name been made, in which it is.
static Oid find_created(const RangeVar* name, Oid schema) {
  Oid relid = get_relname_relid(name->relname, schema);
  Relation relation = OidIsValid(relid) ? RelationIdGetRelation(relid) : nullptr;
  bool is_found = relation != nullptr && CheckRelationLockedByMe(relation, AccessExclusiveLock, false);
  if (relation != nullptr) RelationClose(relation);
  if (!is_found || !kalam_is_kalamdb_table(relid)) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                    errmsg("the schema of table \"%s\" was renamed while the table was created", name->relname),
                    errhint("Run the statement again.")));
  }
  return relid;
}

static void warn_kept(const CreateStmt* statement, const KalamTableDefinition* definition,
                      const ForeignServer* server) {
  ereport(WARNING,
          (errmsg("option \"on_drop\" of foreign table \"%s\" is set to \"keep\"", statement->relation->relname),
           errdetail("KalamDB table \"%s.%s\" is there already: only the owner of server \"%s\" and superusers may "
                     "have it dropped.",
                     definition->name_space, definition->table, server->servername)));
}

bool kalam_is_temporary(const RangeVar* relation) {
  if (relation->relpersistence == RELPERSISTENCE_TEMP) return true;
  // By search_path, which can begin with pg_temp.
  if (relation->schemaname == nullptr) return isTempNamespace(RangeVarGetCreationNamespace(relation));
  return strcmp(relation->schemaname, "pg_temp") == 0 ||
         isAnyTempNamespace(get_namespace_oid(relation->schemaname, true));
}

Oid kalam_create_table(const KalamUtility* utility, const CreateStmt* source) {
  KalamTableDefinition definition = {};
  kalam::TableKind existing;

  refuse_unsupported_forms(source);
  CreateForeignTableStmt* create = makeNode(CreateForeignTableStmt);
  CreateStmt* copy = (CreateStmt*)copyObjectImpl(source);
  create->base = *copy;
  create->base.type = T_CreateForeignTableStmt;
  CreateStmt* base = &create->base;

  Oid schema = creation_schema(base->relation);
  if (OidIsValid(schema) && exists_locally(base, schema)) return InvalidOid;
  const WithOptions with = read_with(base->options);
  ForeignServer* server = kalam_server_for_use(with.server != nullptr ? with.server : KALAM_DEFAULT_SERVER);
  const char* own_namespace =
      with.name_space != nullptr
          ? kalam_folded_name(with.name_space)
          : kalam_chosen_name(OidIsValid(schema) ? get_namespace_name(schema) : base->relation->schemaname,
                              KalamNameOf::name_space);
  definition.name_space = kalam_full_namespace(server->serverid, own_namespace);
  Oid shown_by = InvalidOid;
  if (with.table != nullptr) {
    definition.table = kalam_folded_name(with.table);
  } else {
    shown_by = choose_table_name(&definition, base->relation->relname, server->serverid, KalamShownTo::creation);
  }
  definition.kind = with.kind;
  definition.options = with.remote;
  check_stream_options(&definition);
  List* comments = kalam_expand_like(base, definition.kind);
  kalam_define_columns(base, &definition);
  kalam_check_system_columns(base, definition.kind);
  if (definition.columns == NIL) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_TABLE_DEFINITION), errmsg("a KalamDB table needs at least one column")));
  }
  kalam_define_key(base, &definition);
  DefElem* skipped =
      kalam_skip_constraints(base->relation->relname, schema, definition.extra, kalam_key_column(&definition));
  kalam_check_names(&definition);
  char* sql = kalam_create_sql(&definition);

  kalam_check_use(server->serverid, GetUserId(), definition.name_space, definition.table);
  KalamConnection* connection = kalam_connection_get(server->serverid, GetUserId());
  if (OidIsValid(shown_by) && kalam_choose_free_name(connection, &definition, base->relation->relname, shown_by))
    sql = kalam_create_sql(&definition);
  bool is_dropped = is_name_dropped(connection, &definition);
  if (!is_dropped && kalam_find_remote(connection, definition.name_space, definition.table, &existing)) {
    ereport(ERROR,
            (errcode(ERRCODE_DUPLICATE_TABLE),
             errmsg("KalamDB table \"%s.%s\" already exists", definition.name_space, definition.table),
             errhint("CREATE FOREIGN TABLE ... SERVER %s attaches it. All databases share KalamDB's namespaces: WITH "
                     "(namespace = ...) names another.",
                     quote_identifier(server->servername))));
  }

  if (!OidIsValid(schema)) create_schema(utility, base->relation->schemaname);
  append_system_columns(base, definition.kind, with.system_columns);
  base->options = NIL;
  base->accessMethod = nullptr;
  base->if_not_exists = false;  // decided above; a table of another session must not be taken for ours
  create->servername = pstrdup(server->servername);
  create->options = list_make5(text_option("namespace", own_namespace), text_option("table", definition.table),
                               text_option("table_type", kalam_table_kind_text(definition.kind)),
                               text_option("on_drop", "drop"), text_option("made_by", kalam_made_by_this_database()));
  create->options = list_concat(create->options, definition.options);
  if (skipped != nullptr) create->options = lappend(create->options, skipped);
  kalam_utility_replace(utility, (Node*)create);
  CommandCounterIncrement();
  if (!OidIsValid(schema)) schema = get_namespace_oid(base->relation->schemaname, false);
  Oid relid = find_created(base->relation, schema);
  create_remote(connection, &definition, sql, is_dropped ? relid : InvalidOid);
  relid = find_created(base->relation, schema);
  kalam_copy_comments(utility, comments, get_namespace_name(schema), base->relation->relname);
  return relid;
}

// The statement makes the KalamDB table, whatever a dump says of the one that it was made of.
static void set_made_by(CreateForeignTableStmt* create) {
  ListCell* cell;
  foreach (cell, create->options) {
    DefElem* option = lfirst_node(DefElem, cell);
    if (strcmp(option->defname, "made_by") != 0) continue;
    option->arg = (Node*)makeString(kalam_made_by_this_database());
    return;
  }
  create->options = lappend(create->options, text_option("made_by", kalam_made_by_this_database()));
}

void kalam_create_foreign_table(const KalamUtility* utility, const CreateForeignTableStmt* source) {
  KalamTableDefinition definition = {};
  kalam::TableKind existing;
  CreateForeignTableStmt* create = (CreateForeignTableStmt*)copyObjectImpl(source);
  CreateStmt* base = &create->base;
  bool owns_server = kalam_owns_server(GetForeignServerByName(create->servername, false)->serverid, GetUserId());

  // Let PostgreSQL say what it says about temporary tables, missing schemas, and tables that exist.
  Oid schema = base->relation->schemaname != nullptr ? get_namespace_oid(base->relation->schemaname, true)
                                                     : RangeVarGetCreationNamespace(base->relation);
  if (!OidIsValid(schema) || base->relation->relpersistence != RELPERSISTENCE_PERMANENT ||
      OidIsValid(get_relname_relid(base->relation->relname, schema))) {
    // What is in the way may be gone when PostgreSQL looks.
    if (!owns_server) keep_on_drop(create->options);
    kalam_utility_replace(utility, (Node*)create);
    return;
  }
  ForeignServer* server = kalam_server_for_use(create->servername);

  ListCell* cell;
  create->options = check_options(create->options, ForeignTableRelationId);
  foreach (cell, base->tableElts) {
    auto* column = (ColumnDef*)lfirst(cell);
    if (IsA(column, ColumnDef)) column->fdwoptions = check_options(column->fdwoptions, AttributeRelationId);
  }
  const char* own_namespace = find_option(create->options, "namespace");
  KalamShownTo asker = KalamShownTo::named_attachment;
  if (own_namespace == nullptr) {
    asker = KalamShownTo::attachment;
    own_namespace = kalam_chosen_name(get_namespace_name(schema), KalamNameOf::name_space);
    create->options = lappend(create->options, text_option("namespace", own_namespace));
  }
  definition.name_space = kalam_full_namespace(server->serverid, own_namespace);
  definition.table = find_option(create->options, "table");
  Oid shown_by = InvalidOid;
  DefElem* table_option = nullptr;
  if (definition.table == nullptr) {
    shown_by = choose_table_name(&definition, base->relation->relname, server->serverid, asker);
    table_option = text_option("table", definition.table);
    create->options = lappend(create->options, table_option);
  }
  const char* kind = find_option(create->options, "table_type");
  if (kind == nullptr || !kalam_table_kind_from_text(kind, &definition.kind)) {
    definition.kind = kalam::TableKind::shared;
  }
  foreach (cell, create->options) {
    DefElem* element = lfirst_node(DefElem, cell);
    const KalamOption* option = kalam_option_find(element->defname, ForeignTableRelationId);
    if (option != nullptr && option->remote) definition.options = lappend(definition.options, element);
  }
  kalam_define_columns(base, &definition);
  DefElem* skipped =
      kalam_skip_constraints(base->relation->relname, schema, definition.extra, kalam_key_column(&definition));
  if (skipped != nullptr) create->options = lappend(create->options, skipped);

  kalam_check_use(server->serverid, GetUserId(), definition.name_space, definition.table);
  KalamConnection* connection = kalam_connection_get(server->serverid, GetUserId());
  if (OidIsValid(shown_by) && kalam_choose_free_name(connection, &definition, base->relation->relname, shown_by))
    table_option->arg = (Node*)makeString(pstrdup(definition.table));
  bool is_dropped = is_name_dropped(connection, &definition);
  if (!is_dropped && kalam_find_remote(connection, definition.name_space, definition.table, &existing)) {
    if (kind == nullptr) {
      create->options = lappend(create->options, text_option("table_type", kalam_table_kind_text(existing)));
    }
    const char* on_drop = find_option(create->options, "on_drop");
    if (!owns_server && on_drop != nullptr && pg_strcasecmp(on_drop, "drop") == 0) {
      keep_on_drop(create->options);
      warn_kept(base, &definition, server);
    }
    kalam_utility_replace(utility, (Node*)create);
    CommandCounterIncrement();
    Oid relid = find_created(base->relation, schema);
    kalam_check_columns_differ(relid);
    kalam_check_attached(relid, &definition);
    return;
  }

  if (!definition.complete || definition.columns == NIL) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("KalamDB table \"%s.%s\" does not exist", definition.name_space, definition.table),
                    errdetail("It can only be created by a statement that lists its columns."),
                    errhint("Create it with CREATE TABLE ... USING kalamdb, or in KalamDB, and attach it then.")));
  }
  if (kalam_is_temporary(base->relation)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("a KalamDB table cannot be temporary"),
                    errhint("A table that exists in KalamDB can be shown by a temporary foreign table.")));
  }
  if (definition.kind == kalam::TableKind::system) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("KalamDB table \"%s.%s\" does not exist", definition.name_space, definition.table)));
  }
  check_stream_options(&definition);
  kalam_check_system_columns(base, definition.kind);
  kalam_define_key(base, &definition);
  kalam_check_names(&definition);
  char* sql = kalam_create_sql(&definition);
  if (kind == nullptr) {
    create->options = lappend(create->options, text_option("table_type", kalam_table_kind_text(definition.kind)));
  }
  if (find_option(create->options, "on_drop") == nullptr) {
    create->options = lappend(create->options, text_option("on_drop", "drop"));
  }
  set_made_by(create);
  kalam_utility_replace(utility, (Node*)create);
  CommandCounterIncrement();
  create_remote(connection, &definition, sql, is_dropped ? find_created(base->relation, schema) : InvalidOid);
}
