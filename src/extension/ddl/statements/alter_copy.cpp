// ALTER COLUMN … TYPE where KalamDB's column cannot have the new type: another column takes its place. KalamDB gets a
// column under another name, which option column_name records; an UPDATE copies all rows into it, by USING, in the
// journal; COMMIT sends the rows, and DROP COLUMN of the old one behind them. RENAME is never sent, since it hides the
// values of stored rows (spec 10.4).
//
// PostgreSQL's column has the new type already when the UPDATE runs. What it was made of is read through a column that
// is added for the UPDATE, and dropped after it.
#include "extension/ddl/statements/alteration.h"
#include "extension/transaction/remote_ddl.h"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
}

namespace {

// A column that another one takes the place of.
struct Copy {
  const KalamAlterStep* step;
  const char* remote_name;  // of the new one
  const char* old_name;     // of the attribute that shows the old one meanwhile
  AttrNumber old_attribute;
  Oid old_type;  // before the statement
  int32 old_typmod;
  Oid old_collation;
  bool not_null;
};

}  // namespace

// ---------------------------------------------------------------- names and definitions

static bool has_remote(const KalamRelation* relation, const char* name) {
  for (int i = 0; i < relation->column_count; i++)
    if (pg_strcasecmp(relation->columns[i].name, name) == 0) return true;
  return false;
}

// "amount_v7": by the version that the table's definition gets, so that no values of an earlier column are stored under
// it. The next time that part is another one.
static char* new_remote_name(const KalamRelation* relation, const char* name) {
  constexpr int MOST = 40;
  int length = Min((int)strlen(name), MOST);
  int digits = length;
  while (digits > 0 && isdigit((unsigned char)name[digits - 1])) digits--;
  if (digits > 2 && digits < length && name[digits - 1] == 'v' && name[digits - 2] == '_') length = digits - 2;
  for (int64 version = relation->schema_version + 1;; version++) {
    char* candidate = psprintf("%.*s_v" INT64_FORMAT, length, name, version);
    if (!has_remote(relation, candidate)) return candidate;
  }
}

static const Node* local_default(Relation local, AttrNumber attribute) {
  const TupleConstr* constraints = RelationGetDescr(local)->constr;
  if (constraints == nullptr || TupleDescAttr(RelationGetDescr(local), attribute - 1)->attgenerated != '\0')
    return nullptr;
  for (int i = 0; i < constraints->num_defval; i++) {
    if (constraints->defval[i].adnum != attribute) continue;
    Node* expression = (Node*)stringToNode(constraints->defval[i].adbin);
    char* text = deparse_expression(
        expression, deparse_context_for(RelationGetRelationName(local), RelationGetRelid(local)), false, false);
    RawStmt* parsed = linitial_node(RawStmt, pg_parse_query(psprintf("SELECT %s", text)));
    return linitial_node(ResTarget, ((SelectStmt*)parsed->stmt)->targetList)->val;
  }
  return nullptr;
}

static void send_column(const KalamAlteration* alteration, Copy* copy) {
  const KalamAlterStep* step = copy->step;
  KalamColumnDefinition definition = {};
  StringInfoData operation;
  const char* why;
  Relation local = table_open(alteration->relid, NoLock);
  Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(local), step->attribute - 1);
  copy->remote_name = new_remote_name(alteration->relation, step->remote_name);
  copy->not_null = attribute->attnotnull;
  definition.name = copy->remote_name;
  definition.local_name = step->local_name;
  definition.local_type = attribute->atttypid;
  definition.local_typmod = attribute->atttypmod;
  definition.local_collation = attribute->attcollation;
  definition.type_sql = kalam_remote_type(attribute->atttypid, attribute->atttypmod, &definition.type, &why);
  definition.no_type_why = why;
  definition.default_sql =
      kalam_alteration_remote_default(alteration, step->attribute, local_default(local, step->attribute));
  table_close(local, NoLock);

  initStringInfo(&operation);
  appendStringInfoString(&operation, "ADD COLUMN ");
  kalam_append_column_sql(&operation, &definition);
  kalam_alteration_send(alteration, kalam_alteration_sql(alteration, operation.data),
                        kalam_alteration_sql(alteration, psprintf("DROP COLUMN %s", copy->remote_name)),
                        psprintf("ADD COLUMN %s", copy->remote_name));
  kalam_drop_not_null_first(alteration, step->remote);
}

// ---------------------------------------------------------------- PostgreSQL's side

static void alter_local(const KalamUtility* utility, Oid relid, AlterTableType type, const char* name,
                        Node* definition) {
  AlterTableStmt* alter = makeNode(AlterTableStmt);
  AlterTableCmd* command = makeNode(AlterTableCmd);
  alter->relation = makeRangeVar(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid), -1);
  alter->objtype = OBJECT_FOREIGN_TABLE;
  alter->cmds = list_make1(command);
  command->subtype = type;
  command->name = name != nullptr ? pstrdup(name) : nullptr;
  command->def = definition;
  command->behavior = DROP_RESTRICT;
  kalam_utility_subcommand(utility, (Node*)alter);
}

static DefElem* name_option(const char* name, DefElemAction action) {
  return makeDefElemExtended(nullptr, pstrdup("column_name"), (Node*)makeString(pstrdup(name)), action, -1);
}

static bool has_name_option(Oid relid, AttrNumber attribute) {
  ListCell* cell;
  foreach (cell, GetForeignColumnOptions(relid, attribute))
    if (strcmp(lfirst_node(DefElem, cell)->defname, "column_name") == 0) return true;
  return false;
}

static char* free_name(Oid relid, AttrNumber attribute) {
  char* name = psprintf("kalam_before_%d", attribute);
  while (get_attnum(relid, name) != InvalidAttrNumber) name = psprintf("%s_", name);
  return name;
}

// The column stands for the new one, and another shows the old one.
static void point_columns(const KalamUtility* utility, const KalamAlteration* alteration, Copy* copy) {
  Oid relid = alteration->relid;
  const KalamAlterStep* step = copy->step;
  DefElemAction action = has_name_option(relid, step->attribute) ? DEFELEM_SET : DEFELEM_ADD;
  alter_local(utility, relid, AT_AlterColumnGenericOptions, step->local_name,
              (Node*)list_make1(name_option(copy->remote_name, action)));
  copy->old_name = free_name(relid, step->attribute);
  ColumnDef* old = makeColumnDef(copy->old_name, copy->old_type, copy->old_typmod, copy->old_collation);
  old->fdwoptions = list_make1(name_option(step->remote_name, DEFELEM_UNSPEC));
  alter_local(utility, relid, AT_AddColumn, nullptr, (Node*)old);
  copy->old_attribute = get_attnum(relid, copy->old_name);
}

static void point_all(const KalamUtility* utility, const KalamAlteration* alteration, List* copies) {
  kalam_set_own_option_change(true);
  PG_TRY();
  {
    ListCell* cell;
    foreach (cell, copies) point_columns(utility, alteration, (Copy*)lfirst(cell));
  }
  PG_FINALLY();
  {
    kalam_set_own_option_change(false);
  }
  PG_END_TRY();
}

// ---------------------------------------------------------------- rows

// Columns that others take the places of are read where they are shown now.
static Node* read_old_columns(const Node* values, const List* copies) {
  Node* copied = (Node*)copyObjectImpl(values);
  ListCell* cell;
  foreach (cell, pull_vars_of_level(copied, 0)) {
    Var* var = lfirst_node(Var, cell);
    ListCell* copy_cell;
    foreach (copy_cell, copies) {
      const Copy* copy = (const Copy*)lfirst(copy_cell);
      if (var->varattno != copy->step->attribute) continue;
      var->varattno = copy->old_attribute;
      var->varattnosyn = copy->old_attribute;
      break;
    }
  }
  return copied;
}

static void set_copies(Query* query, void* argument) {
  ListCell* cell;
  List* copies = (List*)argument;
  foreach (cell, copies) {
    const KalamAlterStep* step = ((const Copy*)lfirst(cell))->step;
    ListCell* target_cell;
    foreach (target_cell, query->targetList) {
      TargetEntry* target = lfirst_node(TargetEntry, target_cell);
      if (target->resno == step->attribute) target->expr = (Expr*)read_old_columns(step->values, copies);
    }
  }
}

static void copy_rows(const KalamAlteration* alteration, List* copies) {
  StringInfoData sets;
  ListCell* cell;
  initStringInfo(&sets);
  foreach (cell, copies) {
    const char* name = quote_identifier(((const Copy*)lfirst(cell))->step->local_name);
    appendStringInfo(&sets, "%s %s = NULL", sets.len == 0 ? "SET" : ",", name);
  }
  kalam_update_rows(alteration, ((const Copy*)linitial(copies))->step->local_name, sets.data, set_copies, copies);
}

void kalam_copy_columns(const KalamUtility* utility, const KalamAlteration* alteration) {
  const KalamRelation* relation = alteration->relation;
  List* copies = NIL;
  ListCell* cell;
  foreach (cell, alteration->steps) {
    const KalamAlterStep* step = (const KalamAlterStep*)lfirst(cell);
    if (step->type_change != KalamTypeChange::copied) continue;
    Copy* copy = (Copy*)palloc0(sizeof(Copy));
    copy->step = step;
    copy->old_type = step->old_type;
    copy->old_typmod = step->old_typmod;
    copy->old_collation = step->old_collation;
    send_column(alteration, copy);
    copies = lappend(copies, copy);
  }
  if (copies == NIL) return;
  point_all(utility, alteration, copies);
  kalam_relation_forget(alteration->relid);
  copy_rows(alteration, copies);
  foreach (cell, copies) {
    const Copy* copy = (const Copy*)lfirst(cell);
    alter_local(utility, alteration->relid, AT_DropColumn, copy->old_name, nullptr);
    kalam_pending_at_commit(alteration->connection, relation->name_space, relation->table,
                            kalam_alteration_sql(alteration, psprintf("DROP COLUMN %s", copy->step->remote_name)));
    if (copy->not_null) kalam_alteration_not_null_at_commit(alteration, copy->remote_name, true);
  }
  kalam_relation_forget(alteration->relid);
}
