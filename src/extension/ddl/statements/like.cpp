// LIKE in CREATE TABLE … USING kalamdb. PostgreSQL refuses it for foreign tables, so it is written out here: what
// depends on the other table's columns is printed and parsed again.
#include "extension/catalog/relation.h"
#include "extension/ddl/ddl.h"
#include "extension/ddl/definition/definition.h"

extern "C" {
#include "access/relation.h"
#include "access/table.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "nodes/makefuncs.h"
#include "parser/parser.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
}

static Node* print_and_parse(Relation source, const char* stored) {
  List* context = deparse_context_for(RelationGetRelationName(source), RelationGetRelid(source));
  char* text = deparse_expression((Node*)stringToNode(stored), context, false, false);
  RawStmt* statement = linitial_node(RawStmt, raw_parser(text, RAW_PARSE_PLPGSQL_EXPR));
  return linitial_node(ResTarget, castNode(SelectStmt, statement->stmt)->targetList)->val;
}

static Constraint* new_constraint(ConstrType type, Node* expression) {
  Constraint* constraint = makeNode(Constraint);
  constraint->contype = type;
  constraint->location = -1;
  constraint->raw_expr = expression;
  constraint->initially_valid = true;
#if PG_VERSION_NUM >= 180000
  constraint->is_enforced = true;
#endif
  return constraint;
}

static const char* stored_default(Relation source, AttrNumber attribute) {
  const TupleConstr* constraints = RelationGetDescr(source)->constr;
  for (int i = 0; constraints != nullptr && i < constraints->num_defval; i++) {
    if (constraints->defval[i].adnum == attribute) return constraints->defval[i].adbin;
  }
  return nullptr;
}

// Types that KalamDB has and the local ones do not tell.
static void keep_remote_type(ColumnDef* column, Oid local_type, const kalam::RemoteType* type) {
  if (type->kind == kalam::RemoteKind::file && local_type == JSONBOID) {
    column->typeName = makeTypeName(pstrdup("file"));
  } else if (type->kind == kalam::RemoteKind::embedding && local_type == FLOAT4ARRAYOID) {
    A_Const* dimension = makeNode(A_Const);
    dimension->val.ival.type = T_Integer;
    dimension->val.ival.ival = (int)type->dimension;
    dimension->location = -1;
    column->typeName = makeTypeName(pstrdup("embedding"));
    column->typeName->typmods = list_make1(dimension);
  }
}

static ColumnDef* copy_column(Relation source, Form_pg_attribute attribute, uint32 options) {
  ColumnDef* column = makeColumnDef(pstrdup(NameStr(attribute->attname)), attribute->atttypid, attribute->atttypmod,
                                    attribute->attcollation);
  const char* expression = stored_default(source, attribute->attnum);

  if (attribute->attnotnull)
    column->constraints = lappend(column->constraints, new_constraint(CONSTR_NOTNULL, nullptr));
  if (attribute->attidentity != '\0' && (options & CREATE_TABLE_LIKE_IDENTITY) != 0) {
    Constraint* identity = new_constraint(CONSTR_IDENTITY, nullptr);
    identity->generated_when = attribute->attidentity;
    column->constraints = lappend(column->constraints, identity);
  }
  if (expression == nullptr) return column;
  if (attribute->attgenerated != '\0') {
    if ((options & CREATE_TABLE_LIKE_GENERATED) == 0) return column;
    Constraint* generated = new_constraint(CONSTR_GENERATED, print_and_parse(source, expression));
    generated->generated_when = ATTRIBUTE_IDENTITY_ALWAYS;
#if PG_VERSION_NUM >= 180000
    generated->generated_kind = attribute->attgenerated;
#endif
    column->constraints = lappend(column->constraints, generated);
  } else if ((options & CREATE_TABLE_LIKE_DEFAULTS) != 0) {
    column->constraints =
        lappend(column->constraints, new_constraint(CONSTR_DEFAULT, print_and_parse(source, expression)));
  }
  return column;
}

static List* copy_checks(Relation source) {
  const TupleConstr* constraints = RelationGetDescr(source)->constr;
  List* copies = NIL;
  for (int i = 0; constraints != nullptr && i < constraints->num_check; i++) {
    Constraint* check = new_constraint(CONSTR_CHECK, print_and_parse(source, constraints->check[i].ccbin));
    check->conname = pstrdup(constraints->check[i].ccname);
    copies = lappend(copies, check);
  }
  return copies;
}

static Constraint* copy_key(Relation source, const KalamRelation* remote) {
  List* names = NIL;
  if (remote != nullptr) {
    if (remote->key_attribute != InvalidAttrNumber)
      names = list_make1(makeString(get_attname(RelationGetRelid(source), remote->key_attribute, false)));
  } else {
    Bitmapset* columns = RelationGetIndexAttrBitmap(source, INDEX_ATTR_BITMAP_PRIMARY_KEY);
    int member = -1;
    while ((member = bms_next_member(columns, member)) >= 0) {
      auto attribute = (AttrNumber)(member + FirstLowInvalidHeapAttributeNumber);
      names = lappend(names, makeString(get_attname(RelationGetRelid(source), attribute, false)));
    }
  }
  if (names == NIL) return nullptr;
  Constraint* key = new_constraint(CONSTR_PRIMARY, nullptr);
  key->keys = names;
  return key;
}

static Relation open_source(const TableLikeClause* clause) {
  Relation source = relation_openrv(clause->relation, AccessShareLock);
  char kind = source->rd_rel->relkind;

  if (kind != RELKIND_RELATION && kind != RELKIND_VIEW && kind != RELKIND_MATVIEW && kind != RELKIND_FOREIGN_TABLE &&
      kind != RELKIND_PARTITIONED_TABLE) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("relation \"%s\" is invalid in LIKE clause", RelationGetRelationName(source))));
  }
  AclResult rights = pg_class_aclcheck(RelationGetRelid(source), GetUserId(), ACL_SELECT);
  if (rights != ACLCHECK_OK) aclcheck_error(rights, get_relkind_objtype(kind), RelationGetRelationName(source));
  return source;
}

// A comment on the new table: its text and, of type String, the name of the column or constraint.
static CommentStmt* new_comment(ObjectType type, const char* name, char* text) {
  CommentStmt* comment = makeNode(CommentStmt);
  comment->objtype = type;
  comment->object = (Node*)makeString(pstrdup(name));
  comment->comment = text;
  return comment;
}

static List* copy_check_comments(Relation source) {
  const TupleConstr* constraints = RelationGetDescr(source)->constr;
  List* comments = NIL;
  for (int i = 0; constraints != nullptr && i < constraints->num_check; i++) {
    const char* name = constraints->check[i].ccname;
    Oid constraint = get_relation_constraint_oid(RelationGetRelid(source), name, true);
    char* text = OidIsValid(constraint) ? GetComment(constraint, ConstraintRelationId, 0) : nullptr;
    if (text != nullptr) comments = lappend(comments, new_comment(OBJECT_TABCONSTRAINT, name, text));
  }
  return comments;
}

// Whether a column that stands for one of KalamDB's own is copied: under its own name, by which the new table declares
// it, and where that table has it. Others would become columns of the user.
static bool keeps_system_column(const char* name, kalam::TableKind kind) {
  if (strcmp(name, "_seq") == 0) return true;
  return strcmp(name, "_userid") == 0 && kind != kalam::TableKind::shared;
}

static List* expand(const TableLikeClause* clause, kalam::TableKind kind, List** comments) {
  List* elements = NIL;
  bool with_comments = (clause->options & CREATE_TABLE_LIKE_COMMENTS) != 0;
  Relation source = open_source(clause);
  TupleDesc descriptor = RelationGetDescr(source);
  KalamRelation* remote = nullptr;

  if (kalam_is_kalamdb_table(RelationGetRelid(source))) {
    remote = kalam_relation_get(source, GetUserId(), KalamFreshness::cached);
  }
  for (int i = 0; i < descriptor->natts; i++) {
    Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
    if (attribute->attisdropped) continue;
    int index = remote != nullptr ? remote->attribute_column[i] : KALAM_ATTRIBUTE_MISSING;
    bool is_system = index == KALAM_ATTRIBUTE_USER_ID || (index >= 0 && remote->columns[index].is_system);
    if (is_system && !keeps_system_column(NameStr(attribute->attname), kind)) continue;
    ColumnDef* column = copy_column(source, attribute, clause->options);
    if (index >= 0) keep_remote_type(column, attribute->atttypid, &remote->columns[index].type);
    elements = lappend(elements, column);
    char* text = with_comments ? GetComment(RelationGetRelid(source), RelationRelationId, i + 1) : nullptr;
    if (text != nullptr) *comments = lappend(*comments, new_comment(OBJECT_COLUMN, column->colname, text));
  }
  if ((clause->options & CREATE_TABLE_LIKE_CONSTRAINTS) != 0) {
    elements = list_concat(elements, copy_checks(source));
    if (with_comments) *comments = list_concat(*comments, copy_check_comments(source));
  }
  if ((clause->options & CREATE_TABLE_LIKE_INDEXES) != 0) {
    Constraint* key = copy_key(source, remote);
    if (key != nullptr) elements = lappend(elements, key);
  }
  // The lock stays until the transaction ends: the new table has been made after this one.
  table_close(source, NoLock);
  return elements;
}

List* kalam_expand_like(CreateStmt* statement, kalam::TableKind kind) {
  List* elements = NIL;
  List* comments = NIL;
  ListCell* cell;

  foreach (cell, statement->tableElts) {
    Node* element = (Node*)lfirst(cell);
    elements = IsA(element, TableLikeClause) ? list_concat(elements, expand((TableLikeClause*)element, kind, &comments))
                                             : lappend(elements, element);
  }
  statement->tableElts = elements;
  return comments;
}

void kalam_copy_comments(const KalamUtility* utility, List* comments, const char* schema, const char* table) {
  ListCell* cell;
  foreach (cell, comments) {
    CommentStmt* comment = lfirst_node(CommentStmt, cell);
    comment->object = (Node*)list_make3(makeString(pstrdup(schema)), makeString(pstrdup(table)), comment->object);
    kalam_utility_subcommand(utility, (Node*)comment);
  }
}
