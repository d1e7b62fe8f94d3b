#include "extension/ddl/definition.h"

#include "extension/fdw.h"
#include "extension/query.h"

extern "C" {
#include "access/nbtree.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace {

constexpr int MAX_DIMENSION = 8192;

// A type name without a schema that PostgreSQL itself does not know.
const char* unknown_type_name(const TypeName* type) {
  if (type == nullptr || list_length(type->names) != 1 || type->arrayBounds != NIL || type->setof) return nullptr;
  Type known = LookupTypeName(nullptr, type, nullptr, true);
  if (known != nullptr) {
    ReleaseSysCache((HeapTuple)known);
    return nullptr;
  }
  return strVal(linitial(type->names));
}

bool is_serial(const char* name) {
  static const char* const names[] = {"smallserial", "serial2", "serial", "serial4", "bigserial", "serial8"};
  for (const char* serial : names) {
    if (strcmp(name, serial) == 0) return true;
  }
  return false;
}

// EMBEDDING(n): the n.
int dimension_of(const TypeName* type, const char* name) {
  if (list_length(type->typmods) == 1 && IsA(linitial(type->typmods), A_Const)) {
    A_Const* constant = (A_Const*)linitial(type->typmods);
    if (!constant->isnull && IsA(&constant->val, Integer)) {
      int dimension = intVal(&constant->val);
      if (dimension >= 1 && dimension <= MAX_DIMENSION) return dimension;
    }
  }
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("type %s needs the number of dimensions, between 1 and %d", name, MAX_DIMENSION),
                  errhint("For example %s(384).", name)));
  return 0;
}

// A call of this extension's snowflake_id(), wherever it is installed.
Constraint* snowflake_default() {
  ForeignDataWrapper* wrapper = GetForeignDataWrapperByName(KALAM_FDW_NAME, false);
  char* schema = get_namespace_name(get_func_namespace(wrapper->fdwhandler));
  Constraint* constraint = makeNode(Constraint);
  constraint->contype = CONSTR_DEFAULT;
  constraint->location = -1;
  constraint->raw_expr = (Node*)makeFuncCall(list_make2(makeString(schema), makeString(pstrdup("snowflake_id"))), NIL,
                                             COERCE_EXPLICIT_CALL, -1);
  return constraint;
}

// SERIAL and IDENTITY: ids of KalamDB, which need 64 bits.
void make_snowflake_column(ColumnDef* column, KalamColumnDefinition* definition, Oid declared_type) {
  if (OidIsValid(declared_type) && declared_type != INT8OID) {
    ereport(NOTICE, (errmsg("column \"%s\" is created as bigint", column->colname),
                     errdetail("Its default is snowflake_id(), whose values need 64 bits.")));
  }
  column->typeName = makeTypeNameFromOid(INT8OID, -1);
  column->constraints = lappend(column->constraints, snowflake_default());
  definition->default_sql = "SNOWFLAKE_ID()";
}

// Replaces a type name that only KalamDB knows; sets what the local type cannot tell.
void translate_type_name(ColumnDef* column, KalamColumnDefinition* definition) {
  const char* name = unknown_type_name(column->typeName);

  if (name == nullptr) return;
  if (is_serial(name)) {
    make_snowflake_column(column, definition, strstr(name, "big") != nullptr || name[6] == '8' ? INT8OID : INT4OID);
    definition->not_null = true;
    return;
  }
  if (strcmp(name, "file") == 0) {
    column->typeName = makeTypeNameFromOid(JSONBOID, -1);
    definition->type.kind = kalam::RemoteKind::file;
    definition->type_sql = "FILE";
  } else if (strcmp(name, "datetime") == 0) {
    column->typeName = makeTypeNameFromOid(TIMESTAMPTZOID, -1);
  } else if (strcmp(name, "embedding") == 0 || strcmp(name, "vector") == 0) {
    int dimension = dimension_of(column->typeName, name);
    column->typeName = makeTypeNameFromOid(FLOAT4ARRAYOID, -1);
    definition->type.kind = kalam::RemoteKind::embedding;
    definition->type.dimension = (uint32)dimension;
    definition->type_sql = psprintf("EMBEDDING(%d)", dimension);
  }
}

bool is_call_of(const FuncCall* call, const char* name) {
  return call->args == NIL && strcmp(strVal(llast(call->funcname)), name) == 0;
}

}  // namespace

// Rows that PostgreSQL sends carry every value, so a remote default is for other clients of the table only, and it is
// left out whenever it could mean something else there.
const char* kalam_remote_default(const Node* expression, kalam::RemoteKind kind) {
  using kalam::RemoteKind;
  // A timestamp's default is the server's time in UTC, as its other clients expect it, whatever TimeZone is here.
  bool is_time = kind == RemoteKind::datetime || kind == RemoteKind::timestamp;
  bool is_number = kind == RemoteKind::smallint || kind == RemoteKind::integer || kind == RemoteKind::bigint ||
                   kind == RemoteKind::real || kind == RemoteKind::double_precision || kind == RemoteKind::decimal;

  if (IsA(expression, A_Const)) {
    auto* constant = (A_Const*)expression;
    if (constant->isnull) return nullptr;
    switch (nodeTag(&constant->val)) {
      case T_Integer:
        return is_number ? psprintf("%d", intVal(&constant->val)) : nullptr;
      case T_Float:
        return is_number ? pstrdup(castNode(Float, &constant->val)->fval) : nullptr;
      case T_Boolean:
        return kind == RemoteKind::boolean ? (boolVal(&constant->val) ? "TRUE" : "FALSE") : nullptr;
      case T_String:
        return kind == RemoteKind::text || kind == RemoteKind::json ? kalam_quote_literal(strVal(&constant->val))
                                                                    : nullptr;
      default:
        return nullptr;
    }
  }
  if (IsA(expression, FuncCall)) {
    auto* call = (FuncCall*)expression;
    if (is_time && is_call_of(call, "now")) return "NOW()";
    if (kind == RemoteKind::bigint && is_call_of(call, "snowflake_id")) return "SNOWFLAKE_ID()";
  }
  if (IsA(expression, SQLValueFunction) && is_time) {
    SQLValueFunctionOp op = ((SQLValueFunction*)expression)->op;
    if (op == SVFOP_CURRENT_TIMESTAMP || op == SVFOP_LOCALTIMESTAMP) return "NOW()";
  }
  return nullptr;
}

namespace {

[[noreturn]] void refuse_constraint(const char* what) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("KalamDB tables do not support %s", what)));
  pg_unreachable();
}

// Constraints that a foreign table can have stay in `column`; a key is taken out of it.
void take_column_constraints(ColumnDef* column, KalamColumnDefinition* definition, const Node** default_expression) {
  List* kept = NIL;
  bool identity = false;
  ListCell* cell;

  foreach (cell, column->constraints) {
    Constraint* constraint = lfirst_node(Constraint, cell);
    switch (constraint->contype) {
      case CONSTR_PRIMARY:
        definition->is_key = true;
        continue;
      case CONSTR_UNIQUE:
        refuse_constraint("UNIQUE constraints other than the primary key");
      case CONSTR_FOREIGN:
        refuse_constraint("foreign keys");
      case CONSTR_EXCLUSION:
        refuse_constraint("exclusion constraints");
      case CONSTR_ATTR_DEFERRABLE:
      case CONSTR_ATTR_DEFERRED:
        refuse_constraint("deferrable constraints");
      case CONSTR_ATTR_NOT_DEFERRABLE:
      case CONSTR_ATTR_IMMEDIATE:
        continue;
      case CONSTR_IDENTITY:
        if (constraint->options != NIL) refuse_constraint("options of identity columns");
        identity = true;
        definition->not_null = true;
        continue;
      case CONSTR_NOTNULL:
        definition->not_null = true;
        break;
      case CONSTR_DEFAULT:
        *default_expression = constraint->raw_expr;
        break;
      default:
        break;
    }
    kept = lappend(kept, constraint);
  }
  column->constraints = kept;
  if (column->is_not_null) definition->not_null = true;
  if (identity) make_snowflake_column(column, definition, typenameTypeId(nullptr, column->typeName));
}

void add_not_null(ColumnDef* column) {
  Constraint* constraint = makeNode(Constraint);
  constraint->contype = CONSTR_NOTNULL;
  constraint->location = -1;
#if PG_VERSION_NUM >= 180000
  constraint->is_enforced = true;
  constraint->initially_valid = true;
#endif
  column->constraints = lappend(column->constraints, constraint);
}

bool has_not_null(const ColumnDef* column) {
  ListCell* cell;
  if (column->is_not_null) return true;
  foreach (cell, column->constraints) {
    if (lfirst_node(Constraint, cell)->contype == CONSTR_NOTNULL) return true;
  }
  return false;
}

// KalamDB keeps no upper-case letters; the name that it has then is recorded with the column.
const char* remote_column_name(ColumnDef* column) {
  ListCell* cell;
  foreach (cell, column->fdwoptions) {
    DefElem* option = lfirst_node(DefElem, cell);
    if (strcmp(option->defname, "column_name") == 0) return kalam_folded_name(strVal(option->arg));
  }
  char* folded = kalam_folded_name(column->colname);
  if (strcmp(folded, column->colname) != 0) {
    column->fdwoptions =
        lappend(column->fdwoptions, makeDefElem(pstrdup("column_name"), (Node*)makeString(pstrdup(folded)), -1));
  }
  return folded;
}

bool is_version_name(const char* name) {
  return strcmp(name, "_seq") == 0;
}

bool is_user_name(const char* name) {
  return strcmp(name, "_userid") == 0;
}

void check_system_column(const ColumnDef* column, kalam::TableKind kind) {
  const char* name = column->colname;
  Oid wanted = is_version_name(name) ? INT8OID : TEXTOID;
  ListCell* cell;

  if (is_user_name(name) && kind == kalam::TableKind::shared)
    ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_DEFINITION),
                    errmsg("system column \"%s\" must not be declared in a shared table", name),
                    errdetail("User and stream tables have it.")));
  if (getBaseType(typenameTypeId(nullptr, column->typeName)) != wanted)
    ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_DEFINITION),
                    errmsg("system column \"%s\" must be of type %s", name, format_type_be(wanted))));
  bool is_plain = !column->is_not_null;
  foreach (cell, column->constraints) {
    ConstrType type = lfirst_node(Constraint, cell)->contype;
    if (type != CONSTR_NULL && type != CONSTR_CHECK) is_plain = false;
  }
  if (is_plain) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_DEFINITION),
                  errmsg("system column \"%s\" must be declared by its name and type alone", name),
                  errdetail("KalamDB sets it, and it is NULL here until the row has been sent.")));
}

KalamColumnDefinition* define_column(ColumnDef* column) {
  const Node* default_expression = nullptr;
  const char* type_sql;
  auto* definition = (KalamColumnDefinition*)palloc0(sizeof(KalamColumnDefinition));

  definition->name = remote_column_name(column);
  definition->local_name = column->colname;
  translate_type_name(column, definition);
  take_column_constraints(column, definition, &default_expression);
  typenameTypeIdAndMod(nullptr, column->typeName, &definition->local_type, &definition->local_typmod);
  definition->local_collation = GetColumnDefCollation(nullptr, column, definition->local_type);
  if (definition->type_sql == nullptr) {
    type_sql = kalam_remote_type(definition->local_type, definition->local_typmod, &definition->type,
                                 &definition->no_type_why);
    definition->type_sql = type_sql;
  }
  if (default_expression != nullptr)
    definition->default_sql = kalam_remote_default(default_expression, definition->type.kind);
  if (definition->not_null && !has_not_null(column)) add_not_null(column);
  return definition;
}

KalamColumnDefinition* find_column(const KalamTableDefinition* definition, const char* local_name) {
  ListCell* cell;
  foreach (cell, definition->columns) {
    auto* column = (KalamColumnDefinition*)lfirst(cell);
    if (strcmp(column->local_name, local_name) == 0) return column;
  }
  return nullptr;
}

// True when the constraint stays with the foreign table.
bool take_table_constraint(const Constraint* constraint, KalamTableDefinition* definition) {
  switch (constraint->contype) {
    case CONSTR_PRIMARY: {
      if (list_length(constraint->keys) != 1) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("KalamDB tables do not support primary keys of several columns")));
      }
      if (constraint->deferrable) refuse_constraint("deferrable constraints");
      const char* name = strVal(linitial(constraint->keys));
      KalamColumnDefinition* column = find_column(definition, name);
      if (column == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" named in key does not exist", name)));
      }
      column->is_key = true;
      return false;
    }
    case CONSTR_UNIQUE:
      refuse_constraint("UNIQUE constraints other than the primary key");
    case CONSTR_FOREIGN:
      refuse_constraint("foreign keys");
    case CONSTR_EXCLUSION:
      refuse_constraint("exclusion constraints");
    default:
      return true;
  }
}

// The key is NOT NULL on both sides.
void set_key_not_null(CreateStmt* statement, KalamColumnDefinition* key) {
  ListCell* cell;

  key->not_null = true;
  foreach (cell, statement->tableElts) {
    auto* column = (ColumnDef*)lfirst(cell);
    if (IsA(column, ColumnDef) && strcmp(column->colname, key->local_name) == 0 && !has_not_null(column)) {
      add_not_null(column);
    }
  }
}

bool is_usable_key(kalam::RemoteKind kind) {
  using kalam::RemoteKind;
  switch (kind) {
    case RemoteKind::text:
    case RemoteKind::smallint:
    case RemoteKind::integer:
    case RemoteKind::bigint:
    case RemoteKind::boolean:
    case RemoteKind::real:
    case RemoteKind::double_precision:
      return true;
    default:
      return false;
  }
}

// Whether equal values have equal texts, which are what KalamDB compares. PostgreSQL knows it of the types of keys, for
// the sake of compact indexes.
bool has_one_text(Oid type, Oid collation) {
  // Its texts are written without the blanks at their ends.
  if (getBaseType(type) == BPCHAROID) return get_collation_isdeterministic(collation);
  TypeCacheEntry* entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
  if (!OidIsValid(entry->btree_opf)) return false;
  Oid function = get_opfamily_proc(entry->btree_opf, entry->btree_opintype, entry->btree_opintype, BTEQUALIMAGE_PROC);
  if (!OidIsValid(function)) return false;
  return DatumGetBool(OidFunctionCall1Coll(function, collation, ObjectIdGetDatum(entry->btree_opintype)));
}

void check_key(const KalamColumnDefinition* key, kalam::TableKind kind) {
  const char* hint = "Use text, an integer type, boolean or a floating-point type.";
  if (!is_usable_key(key->type.kind))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("column \"%s\" of KalamDB type %s cannot be a primary key", key->name, key->type_sql),
                    errdetail("KalamDB would accept the table and refuse every row."), errhint("%s", hint)));
  // Keys of stream tables are not unique in KalamDB anyway.
  if (key->type.kind == kalam::RemoteKind::text && kind != kalam::TableKind::stream &&
      !has_one_text(key->local_type, key->local_collation))
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("column \"%s\" of type %s cannot be a primary key in KalamDB", key->name,
                    format_type_be(key->local_type)),
             errdetail("KalamDB compares texts byte by byte, so that it would take values that PostgreSQL says are "
                       "equal."),
             errhint("%s", hint)));
}

}  // namespace

void kalam_define_columns(CreateStmt* statement, KalamTableDefinition* definition) {
  List* kept = NIL;
  List* key_columns = NIL;
  ListCell* cell;

  definition->columns = NIL;
  definition->complete = statement->inhRelations == NIL && statement->partbound == nullptr;
  foreach (cell, statement->tableElts) {
    Node* element = (Node*)lfirst(cell);
    if (IsA(element, ColumnDef)) {
      ColumnDef* column = (ColumnDef*)element;
      if (column->typeName != nullptr) {
        if (column->colname[0] == '_') {
          if (!is_version_name(column->colname) && !is_user_name(column->colname))
            ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_DEFINITION),
                            errmsg("system column \"%s\" must not be declared", column->colname),
                            errdetail("KalamDB keeps names that start with an underscore to itself.")));
        } else {
          definition->columns = lappend(definition->columns, define_column(column));
        }
      }
      kept = lappend(kept, element);
    } else if (IsA(element, TableLikeClause)) {
      definition->complete = false;
      kept = lappend(kept, element);
    }
  }
  // After the columns, wherever they are written.
  foreach (cell, statement->tableElts) {
    Node* element = (Node*)lfirst(cell);
    if (IsA(element, Constraint) && take_table_constraint((Constraint*)element, definition)) {
      kept = lappend(kept, element);
    }
  }
  statement->tableElts = kept;

  foreach (cell, definition->columns) {
    if (((KalamColumnDefinition*)lfirst(cell))->is_key) key_columns = lappend(key_columns, lfirst(cell));
  }
  if (list_length(key_columns) > 1) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_TABLE_DEFINITION), errmsg("multiple primary keys are not allowed")));
  }
  if (key_columns == NIL) return;

  set_key_not_null(statement, (KalamColumnDefinition*)linitial(key_columns));
}

void kalam_check_system_columns(const CreateStmt* statement, kalam::TableKind kind) {
  ListCell* cell;
  foreach (cell, statement->tableElts) {
    const auto* column = (const ColumnDef*)lfirst(cell);
    if (IsA(column, ColumnDef) && column->typeName != nullptr && column->colname[0] == '_')
      check_system_column(column, kind);
  }
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
                      errhint("Declare a primary key of one column, or call a column \"id\".")));
    }
    key->is_key = true;
    set_key_not_null(statement, key);
  }
  if (key != nullptr && key->type_sql != nullptr) check_key(key, definition->kind);
}
