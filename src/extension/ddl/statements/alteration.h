// An ALTER TABLE of a KalamDB table while it runs: what its subcommands mean for KalamDB's table (alter.cpp), and what
// they do to types (alter_type.cpp, alter_copy.cpp) and to the rows that are there (alter_fill.cpp).
#pragma once

#include "extension/catalog/relation.h"
#include "extension/ddl/ddl.h"
#include "extension/ddl/definition/definition.h"
#include "extension/options/options.h"

// What becomes of KalamDB's column when the type of one is changed.
enum class KalamTypeChange : uint8_t {
  none,      // it has the type already, and its values are as they should be
  widened,   // INT becomes BIGINT
  in_place,  // it has the type already, and some values are changed
  copied,    // another column takes its place
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
  AttrNumber attribute;
  Node* values;   // in_place and copied: of the new type, made of the row as it was
  bool is_plain;  // without USING
  Oid old_type;
  int32 old_typmod;
  Oid old_collation;
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
char* kalam_alteration_about_not_null(const char* remote_name);
void kalam_alteration_not_null_at_commit(const KalamAlteration* alteration, const char* remote_name, bool set);

// Sends a statement, and how to take it back when the transaction is rolled back. `what` names it in a WARNING.
void kalam_alteration_send(const KalamAlteration* alteration, const char* sql, const char* undo_sql, const char* what);

// Before PostgreSQL's side: what an ALTER TYPE means. Takes out of the subcommand what PostgreSQL refuses for foreign
// tables. Raises 0A000 for what cannot be done.
void kalam_plan_type_change(KalamAlteration* alteration, AlterTableCmd* command, AttrNumber attribute,
                            KalamAlterStep* step);

// The same, when all subcommands are known: changes values in place.
void kalam_change_values(const KalamAlteration* alteration);

// After PostgreSQL's side: what KalamDB is sent at once; and when it has all columns, the rows of those that take the
// places of others.
void kalam_change_type(const KalamAlteration* alteration, const KalamAlterStep* step);
void kalam_copy_columns(const KalamUtility* utility, const KalamAlteration* alteration);

// Raises 54000 when one transaction cannot change all rows, and have the column NOT NULL then.
void kalam_check_amount(KalamAlteration* alteration, const char* column, bool becomes_not_null);

// Raises 55006 when rows of several users may wait for COMMIT.
void kalam_refuse_rows_of_users(const KalamAlteration* alteration);

// UPDATE of all rows of the table, for that column: `sets` is the text, which `edit` may change once it is parsed.
void kalam_update_rows(const KalamAlteration* alteration, const char* column, const char* sets,
                       void (*edit)(Query* query, void* argument), void* argument);

// The default of a column, as KalamDB would have it; NULL: none.
const char* kalam_alteration_remote_default(const KalamAlteration* alteration, AttrNumber attribute,
                                            const Node* expression);

// Has other statements of the transaction insert rows without the column, which is dropped at its end.
void kalam_drop_not_null_first(const KalamAlteration* alteration, const KalamRemoteColumn* column);

// Before PostgreSQL's side: an ADD COLUMN that the rows of a filled table notice. Raises 0A000, 23502, 54000, 55006 for
// what cannot be done.
void kalam_check_fill(KalamAlteration* alteration, const ColumnDef* column, KalamAlterStep* step);

// After both sides have the columns: rows get the values of those that were added, in the journal.
void kalam_fill_added(const KalamAlteration* alteration);

// Raises 23502 when a row has NULL in the column.
void kalam_check_no_nulls(const KalamAlteration* alteration, const char* column);
