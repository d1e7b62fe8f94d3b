// DROP and CREATE of one name in a transaction. KalamDB's old table stays until COMMIT, so that ROLLBACK keeps its
// rows; so the new one cannot be there before. Its definition is tried out under a free name when the statement runs,
// and is known from then on (catalog/new_table.h); at COMMIT the old table is dropped, the new one created, and its
// rows are sent (commit/new_tables.h).
#pragma once

#include "extension/journal/journal.h"
#include "extension/transaction/remote_ddl.h"

// Called once, when the library is loaded.
void kalam_new_table_init();

// Whether COMMIT has such tables to drop or to create.
bool kalam_new_tables_exist();

// CREATE TABLE of a name that the transaction drops: tries the statement `sql` out and notes it for COMMIT. The foreign
// table is there already. Waits, serves interrupts; what the server refuses the definition for is in `status`.
void kalam_new_table_create(KalamConnection* connection, const char* name_space, const char* table, const char* sql,
                            Oid relid, kalam::Status* status);

// The same of a change of such a table's definition. `change` was made by kalam_new_table_note().
void kalam_new_table_alter(KalamPendingChange* change, const char* sql, kalam::Status* status);

// A change of a table that awaits COMMIT, to be given to kalam_new_table_alter(); NULL: the table does not.
KalamPendingChange* kalam_new_table_note(KalamConnection* connection, const char* name_space, const char* table);

// Whether a table of that name awaits COMMIT, and rows of it were written.
bool kalam_new_table_is_written(const KalamConnection* connection, const char* name_space, const char* table);

// Whether the journal's table is made by the transaction, so that its rows follow when COMMIT has made all tables.
bool kalam_new_table_has_rows(const KalamJournal* journal);

// Refuses (0A000) changed rows of other tables, which the server cannot commit as one with DROP and CREATE TABLE,
// unless kalam.write_mode is "autocommit".
void kalam_new_table_check_others();
