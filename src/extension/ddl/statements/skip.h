// Indexes and constraints that PostgreSQL's tables have and KalamDB's do not: what the setting kalam.unsupported_ddl
// lets pass is left out with a message. Their names are kept in options of the foreign table, which dumps have too, so
// that a later DROP or ALTER of them finds what it looks for.
#pragma once

#include "extension/ddl/ddl.h"

// Names of foreign table options, whose values are arrays of names as PostgreSQL writes them.
constexpr const char* KALAM_SKIPPED_INDEXES = "skipped_indexes";
constexpr const char* KALAM_SKIPPED_CONSTRAINTS = "skipped_constraints";

// UNIQUE, FOREIGN KEY and EXCLUDE constraints of a new table, each with its columns in `keys`. Raises 0A000 unless all
// are to be left out; UNIQUE of the key alone holds anyway. Returns the option that keeps their names, or NULL.
DefElem* kalam_skip_constraints(const char* table, Oid schema, List* constraints, const char* key);

// CREATE INDEX on a table of this wrapper.
void kalam_skip_index(const KalamUtility* utility, Oid relid, const IndexStmt* statement);

// DROP INDEX: forgets those that were left out, and hands on the rest.
void kalam_drop_index(const KalamUtility* utility, const DropStmt* source);

// ALTER INDEX of one that was left out: true when that is what the statement means, and it is done.
bool kalam_rename_skipped_index(const KalamUtility* utility, const RenameStmt* statement);
bool kalam_alter_skipped_index(const AlterTableStmt* statement);

// ALTER TABLE of a table of this wrapper without the constraints that are left out, and without DROP CONSTRAINT of
// those that were; what is kept of their names is changed here. Raises 0A000 as kalam_skip_constraints().
const AlterTableStmt* kalam_without_skipped(const KalamUtility* utility, const AlterTableStmt* source);

// CREATE TABLE and ALTER TABLE of a table of PostgreSQL's without foreign keys that refer to KalamDB tables, where
// these are left out; otherwise the statement as it is.
const Node* kalam_without_references(const Node* statement);
