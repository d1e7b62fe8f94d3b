// Parallel workers. Scans of KalamDB tables run in the leader alone, but a function that is declared PARALLEL SAFE may
// read one in a worker. A worker has neither the journal nor a way to ask for it: it would read rows as they were
// before the transaction changed them. So it is told whether there are changes, and refuses.
//
// The leader cannot change anything while it has workers, and PostgreSQL hands all settings that do not have their
// default over to each worker that it starts. So a setting that nobody can set carries the news.
#pragma once

// Defines the setting.
void kalam_parallel_init();

// Of the leader: its transaction has changes, or has none any more. Does not raise.
void kalam_parallel_note_changes(bool has_changes);

// Refuses (25000) to read in a worker whose leader has changes.
void kalam_parallel_check_access();
