// What the parts of the DDL side share: the utility hook's arguments, and one function per statement.
//
// Everything works on PostgreSQL's parse tree, never on the text of a statement.
#pragma once

#include "extension/base/compat.h"
#include "extension/catalog/own.h"
#include "extension/remote/connection.h"

extern "C" {
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
}

// The arguments of ProcessUtility, to be passed on.
struct KalamUtility {
  PlannedStmt* planned;
  const char* query_string;
  bool read_only_tree;
  ProcessUtilityContext context;
  ParamListInfo params;
  QueryEnvironment* environment;
  DestReceiver* receiver;
  QueryCompletion* completion;
};

// Hands the statement on, as it is.
void kalam_utility_pass(const KalamUtility* utility);

// Hands on another statement in its place, with the same context: event triggers and the completion tag are those of
// the original.
void kalam_utility_replace(const KalamUtility* utility, Node* statement);

// Runs a further statement as a part of this one.
void kalam_utility_subcommand(const KalamUtility* utility, Node* statement);

// Whether a table of this name would be created in the session's temporary schema (create.cpp).
bool kalam_is_temporary(const RangeVar* relation);

// CREATE TABLE … USING kalamdb (create.cpp). The new foreign table, or InvalidOid where one exists (IF NOT EXISTS).
Oid kalam_create_table(const KalamUtility* utility, const CreateStmt* source);

// CREATE TABLE … USING kalamdb AS (create_as.cpp).
void kalam_create_table_as(const KalamUtility* utility, const CreateTableAsStmt* source);

// COPY to and from a foreign table of this wrapper (copy.cpp).
void kalam_copy(const KalamUtility* utility, const CopyStmt* source);

// Refuses (55000) the query of such a COPY when its table's name has become that of another relation. For every query
// that was analyzed (copy.cpp).
void kalam_check_copied(const Query* query);

// The LIKE clauses of CREATE TABLE, written out for a table of that kind (like.cpp). Returns the comments that
// INCLUDING COMMENTS copies, for kalam_copy_comments() when the table is there.
List* kalam_expand_like(CreateStmt* statement, kalam::TableKind kind);
void kalam_copy_comments(const KalamUtility* utility, List* comments, const char* schema, const char* table);

// CREATE FOREIGN TABLE … SERVER of this wrapper (create.cpp).
void kalam_create_foreign_table(const KalamUtility* utility, const CreateForeignTableStmt* source);

// DROP of anything, and DROP OWNED: tables that are dropped by DROP TABLE, DROP FOREIGN TABLE and DROP SCHEMA are
// dropped in KalamDB too, if their option on_drop says so (drop.cpp).
void kalam_drop(const KalamUtility* utility, const DropStmt* source);
void kalam_drop_owned(const KalamUtility* utility);
void kalam_drop_init();

// Called where a foreign table's options, or those of a column, have been changed in the catalog, and are not seen by
// others yet. Raises 42501 and 55006 (option_change.cpp).
void kalam_check_option_change(Oid relid, AttrNumber attribute);

// The same after options of a foreign server were altered: all of its tables would be others.
void kalam_check_server_change(Oid serverid);

// Between true and false columns may come to stand for others of KalamDB, though rows of the table wait for COMMIT: the
// caller sees to the rows. Not to be left set by an error.
void kalam_set_own_option_change(bool own);

// Before RENAME and SET SCHEMA: records the KalamDB names that follow the local ones so far (rename.cpp).
void kalam_keep_names(const KalamUtility* utility, const Node* statement);

// ALTER TABLE and ALTER FOREIGN TABLE (alter.cpp): mirrors ADD and DROP COLUMN, SET and DROP NOT NULL, SET and DROP
// DEFAULT of a foreign table of this wrapper; other statements are handed on.
void kalam_alter_table(const KalamUtility* utility, const AlterTableStmt* source);

// Whether a subcommand is one that KalamDB has to follow.
bool kalam_is_mirrored(const AlterTableStmt* statement);

// Called for a relation, or a column of one, that is dropped. Raises 55000 when it is a table of this wrapper and the
// statement was begun without the library (unhooked.cpp).
void kalam_check_unhooked_drop(Oid relid);

// Raises 0A000 for statements that would make a foreign table of this wrapper and its KalamDB table differ
// (refuse.cpp).
void kalam_refuse_divergence(const Node* statement);

// ALTER TABLE without what is so anyway: ADD PRIMARY KEY of KalamDB's key, with a NOTICE, and SET LOGGED.
const AlterTableStmt* kalam_without_needless(const AlterTableStmt* statement);

// Installs the hooks of utility statements, of queries that were analyzed, and of object access.
void kalam_ddl_init();
