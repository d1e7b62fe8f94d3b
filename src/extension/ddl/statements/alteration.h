// An ALTER TABLE of a KalamDB table while it runs: what its subcommands mean for KalamDB's table (alter.cpp), and what
// they do to types (alter_type.cpp) and to the rows that are there (alter_fill.cpp).
#pragma once

#include "extension/catalog/relation.h"
#include "extension/ddl/definition/definition.h"
#include "extension/options/options.h"

// What becomes of KalamDB's column when the type of one is changed.
enum class KalamTypeChange : uint8_t {
  none,     // it has the type already, and its values are as they should be
  widened,  // INT becomes BIGINT
};

// What a subcommand means for KalamDB's table, found before PostgreSQL runs it.
struct KalamAlterStep {
  AlterTableType type;
  KalamColumnDefinition* added;  // ADD COLUMN
  const char* local_name;
  const char* remote_name;  // NULL: no such column before the statement
  const KalamRemoteColumn* remote;
  const Node* default_expression;  // SET DEFAULT; NULL: DROP DEFAULT
  bool is_filled;                  // ADD COLUMN: rows that are there get values
  bool becomes_not_null;           // ADD COLUMN: once they have them
  KalamTypeChange type_change;     // ALTER TYPE
};

struct KalamAlteration {
  Oid relid;
  KalamRelation* relation;
  KalamConnection* connection;  // reference: of the statement
  char* table_sql;              // namespace.table
  KalamOnDrop on_drop;
  bool is_in_block;   // other statements of the transaction may follow
  List* steps;        // of KalamAlterStep*
  bool knows_rows;    // the server was asked for them
  int64 stored_rows;  // of a shared table
};

// 0A000 for a column.
[[noreturn]] void kalam_alteration_refuse(const KalamAlteration* alteration, const char* action, const char* column,
                                          const char* detail, const char* hint);

// Whether the transaction has made the table, so that nobody else has rows in it.
bool kalam_alteration_is_created(const KalamAlteration* alteration);

// Whether no row can be there. Others may write into the table meanwhile, but not through this PostgreSQL: the foreign
// table is locked.
bool kalam_alteration_is_empty(KalamAlteration* alteration);

// "ALTER TABLE namespace.table OPERATION". palloc'd.
char* kalam_alteration_sql(const KalamAlteration* alteration, const char* operation);

// Has a column of KalamDB's table be NOT NULL, or not, when the transaction commits and its rows are there.
void kalam_alteration_not_null_at_commit(const KalamAlteration* alteration, const char* remote_name, bool set);

// Sends a statement, and how to take it back when the transaction is rolled back. `what` names it in a WARNING.
void kalam_alteration_send(const KalamAlteration* alteration, const char* sql, const char* undo_sql, const char* what);

// Before PostgreSQL's side: what an ALTER TYPE means. Takes out of the subcommand what PostgreSQL refuses for foreign
// tables. Raises 0A000 for what cannot be done.
void kalam_plan_type_change(KalamAlteration* alteration, AlterTableCmd* command, AttrNumber attribute,
                            KalamAlterStep* step);

// After it.
void kalam_change_type(const KalamAlteration* alteration, const KalamAlterStep* step);

// Before PostgreSQL's side: an ADD COLUMN that the rows of a filled table notice. Raises 0A000, 23502, 54000, 55006 for
// what cannot be done.
void kalam_check_fill(KalamAlteration* alteration, const ColumnDef* column, KalamAlterStep* step);

// After both sides have the columns: rows get the values of those that were added, in the journal.
void kalam_fill_added(const KalamAlteration* alteration);

// Raises 23502 when a row has NULL in the column.
void kalam_check_no_nulls(const KalamAlteration* alteration, const char* column);
