// The COMMIT of a transaction that has dropped tables and created others of their names (new_table.h).
#pragma once

// What can fail without anything being lost comes first: what the server could not commit, rows of other tables. Then
// come DROP and CREATE TABLE, and the rows of the tables that the transaction has made. An error behind the first DROP
// tells which tables are gone, and what was sent.
void kalam_commit_new_tables();
