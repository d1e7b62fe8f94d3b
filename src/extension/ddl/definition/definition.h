// The definition of a KalamDB table, made from a CREATE statement's parse tree.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

extern "C" {
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
}

struct KalamColumnDefinition {
  const char* name;  // remote name
  const char* local_name;
  kalam::RemoteType type;
  const char* type_sql;     // as CREATE TABLE spells it; NULL: the local type has no KalamDB counterpart
  const char* no_type_why;  // then: a sentence for DETAIL
  Oid local_type;
  int32 local_typmod;
  Oid local_collation;
  bool not_null;
  bool is_key;
  bool is_always_identity;  // GENERATED ALWAYS AS IDENTITY
  bool is_serial;           // its default is a sequence that PostgreSQL makes
  const char* default_sql;  // NULL: none that the server can evaluate
};

struct KalamTableDefinition {
  const char* name_space;
  const char* table;
  kalam::TableKind kind;
  List* columns;  // of KalamColumnDefinition*, system columns left out
  List* options;  // of DefElem*: options of the remote WITH list
  List* extra;    // of Constraint*: UNIQUE, FOREIGN KEY and EXCLUDE, taken out of the statement
  bool complete;  // false: some columns come from elsewhere (LIKE, PARTITION OF, INHERITS)
};

// Rewrites the statement's columns in place: type names that only KalamDB knows, SERIAL and IDENTITY, and constraints
// that foreign tables cannot have; collects what the remote table must look like. _seq and _userid, which KalamDB has
// by itself, may be declared. Raises 0A000, 42P16, 42P17 … for what KalamDB cannot do.
void kalam_define_columns(CreateStmt* statement, KalamTableDefinition* definition);

// The column of the name that it has here, or NULL.
KalamColumnDefinition* kalam_find_column(const KalamTableDefinition* definition, const char* local_name);

// Adds NOT NULL to a column that has none.
void kalam_make_not_null(ColumnDef* column);

// Raises 42611 unless the system columns among these declare what KalamDB has: _seq bigint, _userid text in user and
// stream tables, without constraints and defaults.
void kalam_check_system_columns(const CreateStmt* statement, kalam::TableKind kind);

// Name of the key's column here, once it is defined; NULL: there is none.
const char* kalam_key_column(const KalamTableDefinition* definition);

// PRIMARY KEY (column, …) of a statement whose columns are defined (key_definition.cpp). Several columns are one key of
// KalamDB, in a column that is generated from them, and added here. Raises 42703 and 42701 as PostgreSQL does, and
// 0A000 for columns of which no text can be made that tells their values exactly.
void kalam_define_key_columns(CreateStmt* statement, KalamTableDefinition* definition, const List* names);

// Makes the column the key, which is NOT NULL on both sides.
void kalam_set_key(CreateStmt* statement, KalamColumnDefinition* key);

// A key for tables that declare none: the column id of shared and user tables. Raises 42P16 when there is none, and
// 0A000 for a key of a type that KalamDB cannot have rows with.
void kalam_define_key(CreateStmt* statement, KalamTableDefinition* definition);

// Raises 42602 unless the names of the table and its columns can be those of a new KalamDB table (spec 10.1), 42701 for
// two columns of one name (names.cpp).
void kalam_check_names(const KalamTableDefinition* definition);

// The name in KalamDB of what is called so here: in lower case, and another one, with a NOTICE, where KalamDB does not
// take it. The same for the same name at all times. palloc'd. With `why` there is no NOTICE: kalam_tell_name() tells
// it, if `*why` is not NULL.
enum class KalamNameOf : uint8_t { name_space, table, column };
char* kalam_chosen_name(const char* local_name, KalamNameOf what, const char** why = nullptr);
void kalam_tell_name(const char* local_name, const char* name, KalamNameOf what, const char* why);

// The same for the columns that have no name yet; no two have the same one.
void kalam_choose_column_names(KalamTableDefinition* definition);

// The name as KalamDB keeps it: in lower case. palloc'd.
char* kalam_folded_name(const char* name);

// The CREATE TABLE statement for KalamDB. palloc'd.
char* kalam_create_sql(const KalamTableDefinition* definition);

// Type of KalamDB for a local type: fills `type` and returns its SQL name (palloc'd), or NULL and `*why`.
char* kalam_remote_type(Oid local_type, int32 typmod, kalam::RemoteType* type, const char** why);

// Whether a column of the local type can stand for one of the remote type: it holds every value that is read (or the
// value is an error), and its own are stored without a change.
bool kalam_type_fits(Oid local_type, int32 typmod, const kalam::RemoteType* type);

// Raises 42701 when two columns of the foreign table stand for one of KalamDB's, by their options and names alone. Not
// while a dump is restored, whose statements set the options of one column after the other (attach.cpp).
void kalam_check_columns_differ(Oid relid);

// How the columns of a foreign table differ from those of its KalamDB table, one line for each difference; NULL: not at
// all. palloc'd (attach.cpp).
struct KalamRelation;
char* kalam_column_differences(Relation local, const KalamRelation* relation);

// Compares a foreign table that was just created with the KalamDB table that it shows: columns, types, NOT NULL, key.
// Raises 42703, 42804 or 42P16 with one line a difference (attach.cpp). `definition` tells the key that the statement
// has declared.
void kalam_check_attached(Oid relid, const KalamTableDefinition* definition);

// The default as KalamDB evaluates it (spec 10.3), for a column of that type; NULL when it has no such default.
// palloc'd or constant.
const char* kalam_remote_default(const Node* expression, kalam::RemoteKind kind);

// "NAME = value", as a WITH list takes an option of a KalamDB table.
void kalam_append_option_sql(StringInfo sql, const DefElem* element);

// "name TYPE [PRIMARY KEY | NOT NULL] [DEFAULT ...]", as CREATE TABLE and ADD COLUMN take it. Raises 0A000 for a type
// that KalamDB does not have.
void kalam_append_column_sql(StringInfo sql, const KalamColumnDefinition* column);
