// COPY of these tables as if they were ordinary ones: PostgreSQL copies rows out of a foreign table by a query only.
// What has no list of columns means those that the user has declared: KalamDB's own can be read, but not written.
#include "extension/catalog/relation.h"
#include "extension/ddl/ddl.h"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
}

// Names, of type String, as COPY's list has them.
static List* declared_columns(Oid relid) {
  List* names = NIL;
  Relation local = table_open(relid, AccessShareLock);
  TupleDesc descriptor = RelationGetDescr(local);
  const KalamRelation* relation = kalam_relation_get(local, GetUserId(), KalamFreshness::cached);

  for (int i = 0; i < descriptor->natts; i++) {
    Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
    int column = relation->attribute_column[i];
    bool is_own = column == KALAM_ATTRIBUTE_USER_ID || (column >= 0 && relation->columns[column].is_system);
    if (attribute->attisdropped || attribute->attgenerated != '\0' || is_own) continue;
    names = lappend(names, makeString(pstrdup(NameStr(attribute->attname))));
  }
  table_close(local, NoLock);
  return names;
}

// What COPY says of its lists, and a query would say in other words, or not at all.
static void check_list(Oid relid, List* names) {
  ListCell* cell;
  foreach (cell, names) {
    const char* name = strVal(lfirst(cell));
    AttrNumber attribute = get_attnum(relid, name);
    if (attribute <= 0) {
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                      errmsg("column \"%s\" of relation \"%s\" does not exist", name, get_rel_name(relid))));
    }
    if (get_attgenerated(relid, attribute) != '\0') {
      ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_REFERENCE), errmsg("column \"%s\" is a generated column", name),
                      errdetail("Generated columns cannot be used in COPY.")));
    }
    if (list_member(list_copy_head(names, foreach_current_index(cell)), lfirst(cell)))
      ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN), errmsg("column \"%s\" specified more than once", name)));
  }
}

// The columns of FORCE_QUOTE are among those that are copied.
static void check_force_quote(Oid relid, List* options, List* copied) {
  ListCell* cell;
  foreach (cell, options) {
    const DefElem* option = lfirst_node(DefElem, cell);
    if (strcmp(option->defname, "force_quote") != 0 || option->arg == nullptr || !IsA(option->arg, List)) continue;
    List* names = (List*)option->arg;
    ListCell* name;
    check_list(relid, names);
    foreach (name, names) {
      if (list_member(copied, lfirst(name))) continue;
      ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
                      errmsg("FORCE_QUOTE column \"%s\" not referenced by COPY", strVal(lfirst(name)))));
    }
  }
}

// Before the server is asked: who has no right to any column. PostgreSQL looks at those of the list afterwards.
static void check_rights(Oid relid, bool is_from) {
  AclMode mode = is_from ? ACL_INSERT : ACL_SELECT;
  AclResult result = pg_class_aclcheck(relid, GetUserId(), mode);
  if (result != ACLCHECK_OK) result = pg_attribute_aclcheck_all(relid, GetUserId(), mode, ACLMASK_ANY);
  if (result != ACLCHECK_OK) aclcheck_error(result, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
}

// PostgreSQL looks the name up again, when it may be another table's (own_query.h): of COPY it allows none that runs
// code, of a query it does. So the query tells which table it is about.
constexpr const char* ALIAS = "kalam_copy of %u";

// SELECT of the columns FROM ONLY the table.
static Node* make_query(const RangeVar* table, Oid relid, List* names) {
  SelectStmt* query = makeNode(SelectStmt);
  RangeVar* from = (RangeVar*)copyObjectImpl(table);
  ListCell* cell;

  foreach (cell, names) {
    ColumnRef* column = makeNode(ColumnRef);
    column->fields = list_make1(lfirst(cell));
    column->location = -1;
    ResTarget* target = makeNode(ResTarget);
    target->val = (Node*)column;
    target->location = -1;
    query->targetList = lappend(query->targetList, target);
  }
  from->inh = false;
  from->alias = makeAlias(psprintf(ALIAS, relid), NIL);
  query->fromClause = list_make1(from);
  return (Node*)query;
}

void kalam_check_copied(const Query* query) {
  Oid relid;
  if (query->commandType != CMD_SELECT || list_length(query->rtable) != 1) return;
  const RangeTblEntry* entry = linitial_node(RangeTblEntry, query->rtable);
  if (entry->alias == nullptr || sscanf(entry->alias->aliasname, ALIAS, &relid) != 1 || relid == entry->relid) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("relation referenced by COPY statement has changed")));
}

void kalam_copy(const KalamUtility* utility, const CopyStmt* source) {
  Oid relid = source->relation != nullptr ? RangeVarGetRelid(source->relation, NoLock, true) : InvalidOid;
  if (!kalam_is_kalamdb_table(relid) || (source->is_from && source->attlist != NIL)) {
    kalam_utility_pass(utility);
    return;
  }
  check_list(relid, source->attlist);
  check_rights(relid, source->is_from);
  CopyStmt* copy = (CopyStmt*)copyObjectImpl(source);
  if (copy->attlist == NIL) copy->attlist = declared_columns(relid);
  if (!copy->is_from) check_force_quote(relid, copy->options, copy->attlist);
  if (!copy->is_from && copy->attlist != NIL) {
    copy->query = make_query(copy->relation, relid, copy->attlist);
    copy->relation = nullptr;
    copy->attlist = NIL;
  }
  kalam_utility_replace(utility, (Node*)copy);
}
