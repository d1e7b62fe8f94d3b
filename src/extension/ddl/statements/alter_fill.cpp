// ALTER TABLE of a shared table that has rows. KalamDB gives rows that are there neither the DEFAULT of a new column
// nor a generated value, and would show zero for NOT NULL. So the column is made without them, an UPDATE of all rows
// puts the values into the journal, and COMMIT sends the rows and NOT NULL behind them. ROLLBACK forgets the rows, and
// drops the column.
//
// The UPDATE evaluates DEFAULT once a row, as the role that alters the table. PostgreSQL's lock keeps its other
// sessions from the table until COMMIT. Rows that other clients of KalamDB change meanwhile are found out by their
// versions; those that they insert meanwhile get what KalamDB's own default gives them, or NULL.
#include "extension/base/settings.h"
#include "extension/ddl/statements/alteration.h"
#include "extension/journal/journal.h"
#include "extension/plan/own_query.h"
#include "extension/remote/query.h"
#include "extension/transaction/remote_ddl.h"
#include "extension/transaction/snapshot.h"

extern "C" {
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/heap.h"
#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

// The most rows of one transaction of KalamDB, which takes about 0.4 ms for each and has to end within 300 seconds. Its
// bytes have a bound of their own (atomic.h).
constexpr int64 MAX_ROWS = 250000;
constexpr int64 ROW_US = 400;

// The server reads up to 100,000 row versions that were not flushed (spec 4.4), the oldest first. Beyond that it would
// read rows as they were before, without a value in the column, and fail for NOT NULL.
constexpr int64 MAX_NOT_NULL_ROWS = 40000;

// ---------------------------------------------------------------- before PostgreSQL's side

bool kalam_alteration_is_created(const KalamAlteration* alteration) {
  return kalam_pending_is_created(alteration->connection, alteration->relation->name_space,
                                  alteration->relation->table);
}

static int64 stored_rows(KalamAlteration* alteration) {
  if (alteration->knows_rows) return alteration->stored_rows;
  KalamQueryResult* answer =
      kalam_query(alteration->connection, psprintf("SELECT count(*) FROM %s", alteration->table_sql));
  const char* count = answer->row_count == 1 ? answer->values[0][0] : nullptr;
  // Whatever else comes is not "none".
  alteration->stored_rows = count != nullptr ? strtoll(count, nullptr, 10) : 1;
  if (alteration->stored_rows == 0 && (count == nullptr || strcmp(count, "0") != 0)) alteration->stored_rows = 1;
  alteration->knows_rows = true;
  return alteration->stored_rows;
}

bool kalam_alteration_is_empty(KalamAlteration* alteration) {
  if (kalam_has_pending_rows(alteration->relid)) return false;
  if (kalam_alteration_is_created(alteration)) return true;
  return alteration->relation->kind == kalam::TableKind::shared && stored_rows(alteration) == 0;
}

// An ordinary query of the foreign table: complete, or an error; of what is stored now, and not of a snapshot.
static bool has_row(const KalamAlteration* alteration, const char* condition) {
  kalam_snapshot_check_change();
  Relation local = table_open(alteration->relid, NoLock);
  KalamOwnQuery query = kalam_own_query(local, "SELECT 1 FROM ONLY", condition);
  bool found = kalam_run_own_query(&query, None_Receiver, 1, true) > 0;
  table_close(local, NoLock);
  return found;
}

[[noreturn]] static void report_nulls(const KalamAlteration* alteration, const char* column) {
  ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION), errmsg("column \"%s\" of relation \"%s\" contains null values",
                                                              column, alteration->relation->local_name)));
  pg_unreachable();
}

// Rows of several users may be in the journals, of which a statement sees one user's.
void kalam_refuse_rows_of_users(const KalamAlteration* alteration) {
  if (alteration->relation->kind == kalam::TableKind::shared || !kalam_has_pending_rows(alteration->relid)) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                  errmsg("cannot ALTER TABLE \"%s\" because the transaction has changed rows of it",
                         alteration->relation->local_name),
                  errdetail("They are sent to KalamDB when the transaction commits."), errhint("COMMIT first.")));
}

static void check_not_null_amount(const KalamAlteration* alteration, const char* column, int64 rows) {
  if (rows <= MAX_NOT_NULL_ROWS) return;
  ereport(
      ERROR,
      (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
       errmsg("cannot set NOT NULL for column \"%s\" of KalamDB table \"%s\" in the transaction that fills it", column,
              alteration->relation->remote_name),
       errdetail(INT64_FORMAT " rows are changed. KalamDB fails to read a NOT NULL column of more than " INT64_FORMAT
                              " until they are flushed.",
                 rows, MAX_NOT_NULL_ROWS),
       errhint("Fill the column without NOT NULL, run kalam_flush(), then SET NOT NULL.")));
}

void kalam_check_no_nulls(const KalamAlteration* alteration, const char* column) {
  bool is_created = kalam_alteration_is_created(alteration);
  if (is_created && !kalam_has_pending_rows(alteration->relid)) return;
  if (!is_created && alteration->relation->kind != kalam::TableKind::shared) {
    kalam_alteration_refuse(alteration, "set NOT NULL for", column,
                            "Rows of other users may hold NULLs, which cannot be seen.", nullptr);
  }
  kalam_refuse_rows_of_users(alteration);
  const KalamJournal* journal = kalam_journal_find(alteration->relid, nullptr);
  if (journal != nullptr && !is_created) check_not_null_amount(alteration, column, kalam_journal_net_count(journal));
  if (has_row(alteration, psprintf("t WHERE t.%s IS NULL", quote_identifier(column)))) report_nulls(alteration, column);
}

// Whether rows that exist would have a value of a new column, as an ordinary table's: of its default, of its type's, or
// a generated one. A default that is NULL, however it is written, gives them none.
static bool gives_values(const ColumnDef* column, const KalamColumnDefinition* added) {
  const Constraint* own_default = nullptr;
  ListCell* cell;
  if (added->is_serial) return true;
  foreach (cell, column->constraints) {
    const Constraint* constraint = lfirst_node(Constraint, cell);
    if (constraint->contype == CONSTR_GENERATED || constraint->contype == CONSTR_IDENTITY) return true;
    if (constraint->contype == CONSTR_DEFAULT) own_default = constraint;
  }
  if (own_default == nullptr) return get_typdefault(added->local_type) != nullptr;
  ParseState* parse_state = make_parsestate(nullptr);
  Node* expression = cookDefault(parse_state, (Node*)copyObjectImpl(own_default->raw_expr), added->local_type,
                                 added->local_typmod, added->local_name, '\0');
  free_parsestate(parse_state);
  // A domain's constraints are checked when the value is stored, and not here.
  expression = eval_const_expressions(nullptr, expression);
  while (IsA(expression, CoerceToDomain)) expression = (Node*)((CoerceToDomain*)expression)->arg;
  return !IsA(expression, Const) || !((Const*)expression)->constisnull;
}

static char* recipe(const char* column) {
  return psprintf(
      "In three transactions: ADD COLUMN \"%s\" without NOT NULL and DEFAULT, and SET DEFAULT; UPDATE the rows "
      "in parts; SET NOT NULL. Or set kalam.write_mode to \"autocommit\", which is not atomic.",
      column);
}

void kalam_check_amount(KalamAlteration* alteration, const char* column, bool becomes_not_null) {
  if (kalam_alteration_is_created(alteration)) return;
  int64 rows = stored_rows(alteration);
  if (becomes_not_null) check_not_null_amount(alteration, column, rows);
  if (kalam_setting_write_mode() == KalamWriteMode::autocommit || rows <= MAX_ROWS) return;
  ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                  errmsg("cannot fill column \"%s\" of KalamDB table \"%s\" in one transaction", column,
                         alteration->relation->remote_name),
                  errdetail("The table has " INT64_FORMAT " rows; one transaction of KalamDB takes up to " INT64_FORMAT
                            " changed rows.",
                            rows, MAX_ROWS),
                  errhint("%s", recipe(column))));
}

void kalam_check_fill(KalamAlteration* alteration, const ColumnDef* column, KalamAlterStep* step) {
  KalamColumnDefinition* added = step->added;
  bool has_values = gives_values(column, added);
  bool is_domain = get_typtype(added->local_type) == TYPTYPE_DOMAIN;
  if (!has_values && !added->not_null && !is_domain) return;
  if (kalam_alteration_is_empty(alteration)) return;
  if (!has_values && !added->not_null) {
    // NULL in rows that exist must be what the column's domain allows.
    domain_check((Datum)0, true, added->local_type, nullptr, CurrentMemoryContext);
    return;
  }
  if (kalam_alteration_is_created(alteration)) kalam_refuse_rows_of_users(alteration);
  if (alteration->relation->kind != kalam::TableKind::shared) {
    kalam_alteration_refuse(
        alteration, "add", added->local_name,
        "Rows of other users may exist, to which KalamDB would give neither the default nor a generated value.",
        psprintf(
            "ADD COLUMN \"%s\" without NOT NULL and DEFAULT, and ALTER COLUMN \"%s\" SET DEFAULT for new rows; then "
            "UPDATE the rows of each user.",
            added->local_name, added->local_name));
  }
  if (has_values) {
    kalam_check_amount(alteration, added->local_name, added->not_null);
  } else if (has_row(alteration, "")) {
    report_nulls(alteration, added->local_name);
  }
  step->is_filled = has_values;
  step->becomes_not_null = added->not_null;
  added->not_null = false;
}

// ---------------------------------------------------------------- after it

// A column that the generated one is made of: an UPDATE that names it generates the value.
static AttrNumber source_of_generated(const KalamAlteration* alteration, Relation local, AttrNumber attnum) {
  const TupleConstr* constraints = RelationGetDescr(local)->constr;
  Bitmapset* sources = nullptr;
  for (int i = 0; i < constraints->num_defval; i++) {
    if (constraints->defval[i].adnum != attnum) continue;
    pull_varattnos((Node*)stringToNode(constraints->defval[i].adbin), 1, &sources);
  }
  int first = bms_next_member(sources, -1);
  if (first >= 0) return (AttrNumber)(first + FirstLowInvalidHeapAttributeNumber);
  kalam_alteration_refuse(alteration, "add", get_attname(alteration->relid, attnum, false),
                          "Its generation expression names no column.", "Write the expression as a DEFAULT.");
}

static char* assignments(const KalamAlteration* alteration, Relation local) {
  StringInfoData sql;
  Bitmapset* named = nullptr;
  ListCell* cell;
  initStringInfo(&sql);
  foreach (cell, alteration->steps) {
    const KalamAlterStep* step = (const KalamAlterStep*)lfirst(cell);
    if (!step->is_filled) continue;
    AttrNumber attnum = get_attnum(alteration->relid, step->local_name);
    if (attnum == InvalidAttrNumber) continue;
    bool is_generated = TupleDescAttr(RelationGetDescr(local), attnum - 1)->attgenerated != '\0';
    AttrNumber target = is_generated ? source_of_generated(alteration, local, attnum) : attnum;
    if (bms_is_member(target, named)) continue;
    named = bms_add_member(named, target);
    const char* name = quote_identifier(get_attname(alteration->relid, target, false));
    appendStringInfo(&sql, "%s %s = %s", sql.len == 0 ? "SET" : ",", name, is_generated ? name : "DEFAULT");
  }
  return sql.len > 0 ? sql.data : nullptr;
}

// PostgreSQL takes the default as the statement adds it; the UPDATE would take the last one.
static void refuse_second_default(const KalamAlteration* alteration, const KalamAlterStep* added) {
  ListCell* cell;
  foreach (cell, alteration->steps) {
    const KalamAlterStep* step = (const KalamAlterStep*)lfirst(cell);
    if (step->type != AT_ColumnDefault || strcmp(step->local_name, added->local_name) != 0) continue;
    kalam_alteration_refuse(alteration, "change the default of", step->local_name, "The statement adds it.",
                            "ALTER TABLE once more after the statement that adds the column.");
  }
}

// The changes of all rows may be more bytes than a transaction takes.
static void explain_limit(void* column) {
  if (geterrcode() == ERRCODE_PROGRAM_LIMIT_EXCEEDED) errhint("%s", recipe((const char*)column));
}

static const char* first_filled(const KalamAlteration* alteration) {
  ListCell* cell;
  foreach (cell, alteration->steps) {
    const KalamAlterStep* step = (const KalamAlterStep*)lfirst(cell);
    if (step->is_filled) return step->local_name;
  }
  return nullptr;
}

void kalam_update_rows(const KalamAlteration* alteration, const char* column, const char* sets,
                       void (*edit)(Query* query, void* argument), void* argument) {
  Relation local = table_open(alteration->relid, NoLock);
  ErrorContextCallback limit = {error_context_stack, explain_limit, (void*)column};
  KalamOwnQuery query = kalam_own_query(local, "UPDATE ONLY", sets);
  if (edit != nullptr) edit(query.query, argument);
  error_context_stack = &limit;
  int64 rows = (int64)kalam_run_own_update(&query);
  error_context_stack = limit.previous;
  CommandCounterIncrement();
  table_close(local, NoLock);
  int64 seconds = rows * ROW_US / USECS_PER_SEC;
  if (seconds == 0) return;
  ereport(NOTICE, (errmsg("filling " INT64_FORMAT " rows of KalamDB table \"%s\" may take " INT64_FORMAT
                          " seconds when the transaction commits",
                          rows, alteration->relation->remote_name, seconds)));
}

static void fill_rows(const KalamAlteration* alteration) {
  Relation local = table_open(alteration->relid, NoLock);
  const char* sets = assignments(alteration, local);
  table_close(local, NoLock);
  if (sets != nullptr) kalam_update_rows(alteration, first_filled(alteration), sets, nullptr, nullptr);
}

void kalam_fill_added(const KalamAlteration* alteration) {
  ListCell* cell;
  foreach (cell, alteration->steps) {
    const KalamAlterStep* step = (const KalamAlterStep*)lfirst(cell);
    if (step->is_filled) refuse_second_default(alteration, step);
  }
  if (first_filled(alteration) != nullptr) fill_rows(alteration);
  foreach (cell, alteration->steps) {
    const KalamAlterStep* step = (const KalamAlterStep*)lfirst(cell);
    if (step->becomes_not_null) kalam_alteration_not_null_at_commit(alteration, step->added->name, true);
  }
}
