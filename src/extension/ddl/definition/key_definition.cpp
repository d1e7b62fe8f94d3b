// The key of a KalamDB table in a CREATE statement: one column of a type that KalamDB can store as a key, with texts
// that are equal when PostgreSQL says that values are. A key of several columns becomes a column of text that
// PostgreSQL generates from them.
#include "extension/ddl/definition/definition.h"
#include "extension/types/key.h"

extern "C" {
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
}

// ---------------------------------------------------------------- one column

static ColumnDef* find_element(const CreateStmt* statement, const char* name) {
  ListCell* cell;
  foreach (cell, statement->tableElts) {
    ColumnDef* column = (ColumnDef*)lfirst(cell);
    if (IsA(column, ColumnDef) && strcmp(column->colname, name) == 0) return column;
  }
  return nullptr;
}

void kalam_set_key(CreateStmt* statement, KalamColumnDefinition* key) {
  ColumnDef* element = find_element(statement, key->local_name);
  key->is_key = true;
  key->not_null = true;
  if (element != nullptr) kalam_make_not_null(element);
}

static bool has_option(const ColumnDef* column, const char* name) {
  ListCell* cell;
  foreach (cell, column->fdwoptions)
    if (strcmp(lfirst_node(DefElem, cell)->defname, name) == 0) return true;
  return false;
}

// KalamDB stores no row with a key of type UUID, so it gets the text. All rows come from PostgreSQL so far. A dump
// gives the option to the column afterwards.
static void keep_uuid_as_text(CreateStmt* statement, KalamColumnDefinition* key) {
  ColumnDef* element = find_element(statement, key->local_name);
  key->type = {};
  key->type.kind = kalam::RemoteKind::text;
  key->type_sql = "TEXT";
  if (element == nullptr || !check_function_bodies || has_option(element, "canonical")) return;
  DefElem* option = makeDefElem(pstrdup("canonical"), (Node*)makeString(pstrdup("true")), -1);
  element->fdwoptions = lappend(element->fdwoptions, option);
}

static void check_key(const KalamColumnDefinition* key, kalam::TableKind kind) {
  const char* hint = "Use text, uuid, an integer type, boolean or a floating-point type.";
  if (!kalam_key_is_storable(key->type.kind)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("column \"%s\" of KalamDB type %s cannot be a primary key", key->name, key->type_sql),
                    errdetail("KalamDB would accept the table and refuse every row."), errhint("%s", hint)));
  }
  // Keys of stream tables are not unique in KalamDB anyway.
  if (key->type.kind == kalam::RemoteKind::text && kind != kalam::TableKind::stream &&
      !kalam_key_has_one_text(key->local_type, key->local_collation)) {
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("column \"%s\" of type %s cannot be a primary key in KalamDB", key->name,
                    format_type_be(key->local_type)),
             errdetail("KalamDB compares texts byte by byte, so that it would take values that PostgreSQL says are "
                       "equal."),
             errhint("%s", hint)));
  }
}

// ---------------------------------------------------------------- several columns

// Whether the type has one text for each value, whatever the settings, which PostgreSQL can make in a generated column.
static bool is_part(const KalamColumnDefinition* column) {
  switch (getBaseType(column->local_type)) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case UUIDOID:
    case BOOLOID:
      return true;
    case TEXTOID:
    case VARCHAROID:
      return kalam_key_has_one_text(column->local_type, column->local_collation);
    default:
      return false;
  }
}

static bool is_text(const KalamColumnDefinition* column) {
  Oid type = getBaseType(column->local_type);
  return type == TEXTOID || type == VARCHAROID;
}

// A colon divides the parts, and a backslash stands before those that a text has itself. The last part needs none. So
// the parts can be read back, and two keys are equal only if their parts are.
static void append_part(StringInfo expression, const KalamColumnDefinition* column, bool is_last) {
  const char* name = quote_identifier(column->local_name);
  if (expression->len > 0) appendStringInfoString(expression, " OPERATOR(pg_catalog.||) ':' OPERATOR(pg_catalog.||) ");
  if (is_text(column) && !is_last) {
    appendStringInfo(expression,
                     "pg_catalog.replace(pg_catalog.replace(%s::pg_catalog.text, E'\\\\', E'\\\\\\\\'), ':', "
                     "E'\\\\:')",
                     name);
  } else {
    appendStringInfo(expression, "%s::pg_catalog.text", name);
  }
}

static Node* parse_expression(const char* text) {
  RawStmt* statement = linitial_node(RawStmt, raw_parser(text, RAW_PARSE_PLPGSQL_EXPR));
  return linitial_node(ResTarget, castNode(SelectStmt, statement->stmt)->targetList)->val;
}

static bool is_taken(const KalamTableDefinition* definition, const char* name) {
  ListCell* cell;
  foreach (cell, definition->columns) {
    const auto* column = (const KalamColumnDefinition*)lfirst(cell);
    if (strcmp(column->name, name) == 0 || strcmp(column->local_name, name) == 0) return true;
  }
  return false;
}

// KalamDB stages inserts into tables whose key is called "id" alone (spec 8.3).
static char* choose_name(const KalamTableDefinition* definition) {
  char* name = pstrdup("id");
  for (int i = 1; is_taken(definition, name); i++) name = i == 1 ? pstrdup("row_key") : psprintf("row_key%d", i);
  return name;
}

[[noreturn]] static void refuse_part(const KalamColumnDefinition* column) {
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
           errmsg("column \"%s\" of type %s cannot be part of a primary key in KalamDB", column->local_name,
                  format_type_be(column->local_type)),
           errdetail("KalamDB's keys are one column. It is generated from integers, uuid, boolean and texts, whose "
                     "collations are deterministic."),
           errhint("Generate the key by an expression of your own, such as id text PRIMARY KEY GENERATED ALWAYS AS (a "
                   "|| ':' || b) STORED.")));
  pg_unreachable();
}

// The column that stands for all of them, behind the others.
static void add_generated_key(CreateStmt* statement, KalamTableDefinition* definition, const List* columns) {
  StringInfoData expression;
  StringInfoData names;
  ListCell* cell;
  initStringInfo(&expression);
  initStringInfo(&names);
  foreach (cell, columns) {
    auto* column = (KalamColumnDefinition*)lfirst(cell);
    if (!is_part(column)) refuse_part(column);
    kalam_set_key(statement, column);
    column->is_key = false;
    append_part(&expression, column, lnext(columns, cell) == nullptr);
    appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", quote_identifier(column->local_name));
  }

  auto* key = (KalamColumnDefinition*)palloc0(sizeof(KalamColumnDefinition));
  key->local_name = key->name = choose_name(definition);
  key->type.kind = kalam::RemoteKind::text;
  key->type_sql = "TEXT";
  key->local_type = TEXTOID;
  key->local_typmod = -1;
  key->local_collation = DEFAULT_COLLATION_OID;
  definition->columns = lappend(definition->columns, key);
  ColumnDef* element = makeColumnDef(key->local_name, TEXTOID, -1, InvalidOid);
  Constraint* generated = makeNode(Constraint);
  generated->contype = CONSTR_GENERATED;
  generated->location = -1;
  generated->generated_when = ATTRIBUTE_IDENTITY_ALWAYS;
#if PG_VERSION_NUM >= 180000
  generated->generated_kind = ATTRIBUTE_GENERATED_STORED;
  generated->is_enforced = true;
  generated->initially_valid = true;
#endif
  generated->raw_expr = parse_expression(expression.data);
  element->constraints = list_make1(generated);
  statement->tableElts = lappend(statement->tableElts, element);
  kalam_set_key(statement, key);
  ereport(NOTICE,
          (errmsg("column \"%s\" is added to table \"%s\" as its key", key->local_name, statement->relation->relname),
           errdetail("KalamDB's keys are one column. It is generated from %s.", names.data)));
}

void kalam_define_key_columns(CreateStmt* statement, KalamTableDefinition* definition, const List* names) {
  List* columns = NIL;
  ListCell* cell;
  foreach (cell, names) {
    const char* name = strVal(lfirst(cell));
    KalamColumnDefinition* column = kalam_find_column(definition, name);
    if (column == nullptr)
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" named in key does not exist", name)));
    if (list_member_ptr(columns, column)) {
      ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
                      errmsg("column \"%s\" appears twice in primary key constraint", name)));
    }
    columns = lappend(columns, column);
  }
  if (list_length(columns) > 1) {
    add_generated_key(statement, definition, columns);
  } else {
    ((KalamColumnDefinition*)linitial(columns))->is_key = true;
  }
}

// ---------------------------------------------------------------- the table's

const char* kalam_key_column(const KalamTableDefinition* definition) {
  ListCell* cell;
  foreach (cell, definition->columns) {
    const auto* column = (const KalamColumnDefinition*)lfirst(cell);
    if (column->is_key) return column->local_name;
  }
  return nullptr;
}

void kalam_define_key(CreateStmt* statement, KalamTableDefinition* definition) {
  KalamColumnDefinition* key = nullptr;
  ListCell* cell;

  foreach (cell, definition->columns) {
    auto* column = (KalamColumnDefinition*)lfirst(cell);
    if (column->is_key) key = column;
  }
  if (key == nullptr && definition->kind != kalam::TableKind::stream) {
    foreach (cell, definition->columns) {
      auto* column = (KalamColumnDefinition*)lfirst(cell);
      if (strcmp(column->name, "id") == 0) key = column;
    }
    if (key == nullptr) {
      ereport(ERROR, (errcode(ERRCODE_INVALID_TABLE_DEFINITION),
                      errmsg("KalamDB table \"%s.%s\" needs a primary key", definition->name_space, definition->table),
                      errhint("Declare a primary key, or call a column \"id\".")));
    }
    kalam_set_key(statement, key);
  }
  if (key == nullptr || key->type_sql == nullptr) return;
  if (key->type.kind == kalam::RemoteKind::uuid) keep_uuid_as_text(statement, key);
  check_key(key, definition->kind);
}
