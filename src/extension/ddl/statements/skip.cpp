#include "extension/ddl/statements/skip.h"

#include "extension/base/settings.h"
#include "extension/catalog/relation.h"
#include "extension/options/options.h"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "parser/parse_target.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

constexpr const char* INDEX_DETAIL = "KalamDB has an index of the primary key, and no others.";
constexpr const char* CONSTRAINT_DETAIL = "KalamDB checks the primary key and NOT NULL only.";

// ---- Names that are kept

static List* read_names(Oid relid, const char* option) {
  ListCell* cell;
  List* names = NIL;
  foreach (cell, GetForeignTable(relid)->options) {
    DefElem* element = lfirst_node(DefElem, cell);
    if (strcmp(element->defname, option) != 0) continue;
    Datum array = OidInputFunctionCall(F_ARRAY_IN, defGetString(element), TEXTOID, -1);
    Datum* values;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
    for (int i = 0; i < count; i++) {
      if (!nulls[i]) names = lappend(names, TextDatumGetCString(values[i]));
    }
  }
  return names;
}

static bool has_name(List* names, const char* name) {
  ListCell* cell;
  foreach (cell, names) {
    if (strcmp((const char*)lfirst(cell), name) == 0) return true;
  }
  return false;
}

static List* without_name(List* names, const char* name) {
  List* kept = NIL;
  ListCell* cell;
  foreach (cell, names) {
    if (strcmp((const char*)lfirst(cell), name) != 0) kept = lappend(kept, lfirst(cell));
  }
  return kept;
}

static DefElem* option_of(const char* option, List* names) {
  Datum* values = (Datum*)palloc(list_length(names) * sizeof(Datum));
  ListCell* cell;
  int count = 0;
  foreach (cell, names) values[count++] = CStringGetTextDatum((const char*)lfirst(cell));
  ArrayType* array = construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT);
  char* text = OidOutputFunctionCall(F_ARRAY_OUT, PointerGetDatum(array));
  return makeDefElem(pstrdup(option), (Node*)makeString(text), -1);
}

// By an ALTER FOREIGN TABLE, which asks for the rights of the table's owner.
static void write_names(const KalamUtility* utility, Oid relid, const char* option, List* names) {
  bool had = read_names(relid, option) != NIL;
  if (!had && names == NIL) return;
  DefElem* element = option_of(option, names);
  element->defaction = !had ? DEFELEM_ADD : names != NIL ? DEFELEM_SET : DEFELEM_DROP;
  if (names == NIL) element->arg = nullptr;

  AlterTableStmt* alter = makeNode(AlterTableStmt);
  AlterTableCmd* command = makeNode(AlterTableCmd);
  alter->relation = makeRangeVar(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid), -1);
  alter->objtype = OBJECT_FOREIGN_TABLE;
  alter->cmds = list_make1(command);
  command->subtype = AT_GenericOptions;
  command->def = (Node*)list_make1(element);
  kalam_utility_subcommand(utility, (Node*)alter);
}

// The KalamDB table for which an index of that name was left out. Real indexes come first. InvalidOid: none.
static Oid find_skipped_index(const RangeVar* name) {
  ListCell* cell;
  if (OidIsValid(RangeVarGetRelid(name, NoLock, true))) return InvalidOid;
  List* schemas = name->schemaname != nullptr ? list_make1_oid(get_namespace_oid(name->schemaname, true))
                                              : fetch_search_path(false);
  foreach (cell, schemas) {
    ListCell* table;
    if (!OidIsValid(lfirst_oid(cell))) continue;
    foreach (table, kalam_kalamdb_tables(lfirst_oid(cell))) {
      if (has_name(read_names(lfirst_oid(table), KALAM_SKIPPED_INDEXES), name->relname)) return lfirst_oid(table);
    }
  }
  return InvalidOid;
}

// ---- What is left out

static bool ignores_indexes() {
  return kalam_setting_unsupported_ddl() != KalamUnsupportedDdl::error;
}

static bool ignores_constraints() {
  return kalam_setting_unsupported_ddl() == KalamUnsupportedDdl::ignore_constraints;
}

// Whether these columns are the key, and nothing else.
static bool is_key_alone(List* keys, const char* key) {
  return key != nullptr && list_length(keys) == 1 && strcmp(strVal(linitial(keys)), key) == 0;
}

static const char* key_name(Oid relid) {
  Relation local = table_open(relid, AccessShareLock);
  AttrNumber key = kalam_relation_get(local, GetUserId(), KalamFreshness::cached)->key_attribute;
  table_close(local, NoLock);
  return key != InvalidAttrNumber ? get_attname(relid, key, false) : nullptr;
}

static const char* kind_of(const Constraint* constraint) {
  return constraint->contype == CONSTR_UNIQUE    ? "unique constraint"
         : constraint->contype == CONSTR_FOREIGN ? "foreign key"
                                                 : "constraint with EXCLUDE";
}

static List* columns_of(const Constraint* constraint) {
  return constraint->contype == CONSTR_FOREIGN ? constraint->fk_attrs : constraint->keys;
}

// As PostgreSQL would name it.
static char* choose_name(const char* table, List* columns, const char* label, Oid schema, List* names) {
  StringInfoData joined;
  ListCell* cell;
  initStringInfo(&joined);
  foreach (cell, columns) {
    if (joined.len > 0) appendStringInfoChar(&joined, '_');
    appendStringInfoString(&joined, strVal(lfirst(cell)));
  }
  char* name = ChooseRelationName(table, joined.data, label, schema, true);
  for (int pass = 1; has_name(names, name); pass++) {
    name = ChooseRelationName(table, joined.data, psprintf("%s%d", label, pass), schema, true);
  }
  return name;
}

// Appends the constraint's name to `names`, or raises.
static void skip_constraint(const char* table, Oid schema, const Constraint* constraint, const char* key,
                            List** names) {
  if (constraint->contype == CONSTR_UNIQUE && is_key_alone(constraint->keys, key)) {
    ereport(NOTICE, (errmsg("column \"%s\" is the primary key of KalamDB table \"%s\", skipping the unique constraint",
                            key, table)));
    return;
  }
  if (!ignores_constraints()) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot add a %s to KalamDB table \"%s\"", kind_of(constraint), table),
                    errdetail_internal("%s", CONSTRAINT_DETAIL),
                    errhint("SET kalam.unsupported_ddl = 'notice, ignore_constraints' leaves such constraints out: "
                            "then nothing checks them.")));
  }
  const char* name = constraint->conname;
  if (name == nullptr) {
    const char* label = constraint->contype == CONSTR_FOREIGN ? "fkey" : "key";
    name = choose_name(table, columns_of(constraint), label, schema, *names);
  } else if (has_name(*names, name)) {
    ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
                    errmsg("constraint \"%s\" for relation \"%s\" already exists", name, table)));
  }
  ereport(WARNING,
          (errmsg("%s \"%s\" of KalamDB table \"%s\" is left out: nothing checks it", kind_of(constraint), name, table),
           errdetail_internal("%s", CONSTRAINT_DETAIL)));
  *names = lappend(*names, (void*)name);
}

static bool is_left_out(const Node* constraint) {
  if (constraint == nullptr || !IsA(constraint, Constraint)) return false;
  ConstrType type = ((const Constraint*)constraint)->contype;
  return type == CONSTR_UNIQUE || type == CONSTR_FOREIGN || type == CONSTR_EXCLUSION;
}

static List* index_columns(const IndexStmt* statement) {
  List* columns = NIL;
  ListCell* cell;
  foreach (cell, statement->indexParams) {
    const auto* element = lfirst_node(IndexElem, cell);
    char* name = element->name != nullptr ? element->name : FigureIndexColname(element->expr);
    columns = lappend(columns, makeString(name != nullptr ? name : pstrdup("expr")));
  }
  return columns;
}

// As PostgreSQL does where the index cannot be made under that name. True: there is nothing to do.
static bool index_exists(const IndexStmt* statement, Oid schema, List* names) {
  if (statement->idxname == nullptr) return false;
  if (!OidIsValid(get_relname_relid(statement->idxname, schema)) && !has_name(names, statement->idxname)) return false;
  ereport(statement->if_not_exists ? NOTICE : ERROR,
          (errcode(ERRCODE_DUPLICATE_TABLE),
           statement->if_not_exists ? errmsg("relation \"%s\" already exists, skipping", statement->idxname)
                                    : errmsg("relation \"%s\" already exists", statement->idxname)));
  return true;
}

static bool refers_to_kalamdb(const Constraint* constraint) {
  return constraint->contype == CONSTR_FOREIGN && constraint->pktable != nullptr &&
         kalam_is_kalamdb_table(RangeVarGetRelid(constraint->pktable, NoLock, true));
}

static void warn_reference(const RangeVar* table, const Constraint* constraint) {
  ereport(WARNING, (errmsg("foreign key of table \"%s\" to KalamDB table \"%s\" is left out: nothing checks it",
                           table->relname, constraint->pktable->relname),
                    errdetail("Foreign keys refer to tables of PostgreSQL only.")));
}

// Takes the foreign keys to KalamDB tables out of a list of constraints.
static List* without_references(const RangeVar* table, List* constraints) {
  List* kept = NIL;
  ListCell* cell;
  foreach (cell, constraints) {
    Node* node = (Node*)lfirst(cell);
    if (IsA(node, ColumnDef)) {
      auto* column = (ColumnDef*)node;
      column->constraints = without_references(table, column->constraints);
    }
    if (IsA(node, Constraint) && refers_to_kalamdb((Constraint*)node)) {
      warn_reference(table, (Constraint*)node);
    } else {
      kept = lappend(kept, node);
    }
  }
  return kept;
}

// ADD COLUMN … UNIQUE and the like.
static AlterTableCmd* skip_of_column(Oid relid, const AlterTableCmd* command, List** names) {
  AlterTableCmd* copy = (AlterTableCmd*)copyObjectImpl(command);
  auto* column = castNode(ColumnDef, copy->def);
  List* kept = NIL;
  ListCell* cell;
  foreach (cell, column->constraints) {
    auto* constraint = lfirst_node(Constraint, cell);
    if (!is_left_out((Node*)constraint)) {
      kept = lappend(kept, constraint);
      continue;
    }
    constraint->keys = constraint->fk_attrs = list_make1(makeString(pstrdup(column->colname)));
    skip_constraint(get_rel_name(relid), get_rel_namespace(relid), constraint, nullptr, names);
  }
  column->constraints = kept;
  return copy;
}

static bool is_changed(const AlterTableCmd* command, Oid relid, List* names) {
  ListCell* cell;
  switch (command->subtype) {
    case AT_AddConstraint:
      return is_left_out(command->def);
    case AT_DropConstraint:
    case AT_ValidateConstraint:
      return has_name(names, command->name) && !OidIsValid(get_relation_constraint_oid(relid, command->name, true));
    case AT_AddColumn:
      foreach (cell, castNode(ColumnDef, command->def)->constraints) {
        if (is_left_out((Node*)lfirst(cell))) return true;
      }
      return false;
    default:
      return false;
  }
}

DefElem* kalam_skip_constraints(const char* table, Oid schema, List* constraints, const char* key) {
  List* names = NIL;
  ListCell* cell;
  foreach (cell, constraints) skip_constraint(table, schema, lfirst_node(Constraint, cell), key, &names);
  return names != NIL ? option_of(KALAM_SKIPPED_CONSTRAINTS, names) : nullptr;
}

void kalam_skip_index(const KalamUtility* utility, Oid relid, const IndexStmt* statement) {
  const char* table = get_rel_name(relid);
  if (!kalam_relation_ownercheck(relid, GetUserId())) aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_TABLE, table);
  if (statement->concurrent) {
    PreventInTransactionBlock(utility->context == PROCESS_UTILITY_TOPLEVEL, "CREATE INDEX CONCURRENTLY");
  }
  Oid schema = get_rel_namespace(relid);
  List* names = read_names(relid, KALAM_SKIPPED_INDEXES);
  if (index_exists(statement, schema, names)) return;

  List* columns = index_columns(statement);
  const char* key = key_name(relid);
  bool is_of_key = statement->whereClause == nullptr && is_key_alone(columns, key) &&
                   linitial_node(IndexElem, statement->indexParams)->expr == nullptr;
  if (!is_of_key && statement->unique && !ignores_constraints()) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot create a unique index on KalamDB table \"%s\"", table), errdetail(INDEX_DETAIL),
                    errhint("SET kalam.unsupported_ddl = 'notice, ignore_constraints' leaves it out: then nothing "
                            "checks that values are unique.")));
  }
  if (!is_of_key && !statement->unique && !ignores_indexes()) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot create an index on KalamDB table \"%s\"", table), errdetail(INDEX_DETAIL),
                    errhint("SET kalam.unsupported_ddl = notice leaves it out, which changes no answer.")));
  }
  const char* name = statement->idxname;
  if (name == nullptr) name = choose_name(table, columns, "idx", schema, names);
  if (is_of_key) {
    ereport(NOTICE, (errmsg("index \"%s\" is left out: column \"%s\" is the primary key of KalamDB table \"%s\"", name,
                            key, table)));
  } else if (statement->unique) {
    ereport(WARNING, (errmsg("unique index \"%s\" of KalamDB table \"%s\" is left out: nothing checks it", name, table),
                      errdetail(INDEX_DETAIL)));
  } else {
    ereport(NOTICE, (errmsg("index \"%s\" of KalamDB table \"%s\" is left out", name, table), errdetail(INDEX_DETAIL)));
  }
  write_names(utility, relid, KALAM_SKIPPED_INDEXES, lappend(names, (void*)name));
}

void kalam_drop_index(const KalamUtility* utility, const DropStmt* source) {
  List* kept = NIL;
  ListCell* cell;
  foreach (cell, source->objects) {
    List* object = (List*)lfirst(cell);
    const RangeVar* name = makeRangeVarFromNameList(object);
    Oid relid = find_skipped_index(name);
    if (!OidIsValid(relid)) {
      kept = lappend(kept, object);
      continue;
    }
    write_names(utility, relid, KALAM_SKIPPED_INDEXES,
                without_name(read_names(relid, KALAM_SKIPPED_INDEXES), name->relname));
  }
  if (list_length(kept) == list_length(source->objects)) {
    kalam_utility_pass(utility);
  } else if (kept != NIL) {
    DropStmt* rest = (DropStmt*)copyObjectImpl(source);
    rest->objects = kept;
    kalam_utility_replace(utility, (Node*)rest);
  }
}

bool kalam_rename_skipped_index(const KalamUtility* utility, const RenameStmt* statement) {
  Oid relid = find_skipped_index(statement->relation);
  if (!OidIsValid(relid)) return false;
  List* names = read_names(relid, KALAM_SKIPPED_INDEXES);
  if (has_name(names, statement->newname) ||
      OidIsValid(get_relname_relid(statement->newname, get_rel_namespace(relid))))
    ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE), errmsg("relation \"%s\" already exists", statement->newname)));
  names = lappend(without_name(names, statement->relation->relname), pstrdup(statement->newname));
  write_names(utility, relid, KALAM_SKIPPED_INDEXES, names);
  return true;
}

bool kalam_alter_skipped_index(const AlterTableStmt* statement) {
  Oid relid = find_skipped_index(statement->relation);
  if (!OidIsValid(relid)) return false;
  if (!kalam_relation_ownercheck(relid, GetUserId()))
    aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
  ereport(NOTICE, (errmsg("index \"%s\" of KalamDB table \"%s\" was left out, skipping", statement->relation->relname,
                          get_rel_name(relid))));
  return true;
}

const AlterTableStmt* kalam_without_skipped(const KalamUtility* utility, const AlterTableStmt* source) {
  Oid relid = RangeVarGetRelid(source->relation, NoLock, true);
  if (!kalam_is_kalamdb_table(relid)) return source;
  ListCell* cell;
  List* before = read_names(relid, KALAM_SKIPPED_CONSTRAINTS);
  bool changes = false;
  foreach (cell, source->cmds) changes = changes || is_changed(lfirst_node(AlterTableCmd, cell), relid, before);
  if (!changes) return source;

  if (!kalam_relation_ownercheck(relid, GetUserId()))
    aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
  const char* key = key_name(relid);
  List* names = list_copy(before);
  AlterTableStmt* rest = (AlterTableStmt*)copyObjectImpl(source);
  rest->cmds = NIL;
  foreach (cell, source->cmds) {
    AlterTableCmd* command = lfirst_node(AlterTableCmd, cell);
    if (!is_changed(command, relid, names)) {
      rest->cmds = lappend(rest->cmds, copyObjectImpl(command));
    } else if (command->subtype == AT_AddColumn) {
      rest->cmds = lappend(rest->cmds, skip_of_column(relid, command, &names));
    } else if (command->subtype == AT_AddConstraint) {
      skip_constraint(get_rel_name(relid), get_rel_namespace(relid), (const Constraint*)command->def, key, &names);
    } else if (command->subtype == AT_DropConstraint) {
      names = without_name(names, command->name);
    }
  }
  write_names(utility, relid, KALAM_SKIPPED_CONSTRAINTS, names);
  return rest;
}

const Node* kalam_without_references(const Node* statement) {
  if (!ignores_constraints()) return statement;
  if (IsA(statement, CreateStmt)) {
    auto* create = (CreateStmt*)copyObjectImpl(statement);
    create->tableElts = without_references(create->relation, create->tableElts);
    return (const Node*)create;
  }
  const auto* source = castNode(AlterTableStmt, statement);
  auto* alter = (AlterTableStmt*)copyObjectImpl(source);
  ListCell* cell;
  alter->cmds = NIL;
  foreach (cell, source->cmds) {
    auto* command = (AlterTableCmd*)copyObjectImpl(lfirst(cell));
    List* def = command->def != nullptr ? without_references(source->relation, list_make1(command->def)) : NIL;
    if (command->def == nullptr || def != NIL) alter->cmds = lappend(alter->cmds, command);
  }
  return (const Node*)alter;
}
