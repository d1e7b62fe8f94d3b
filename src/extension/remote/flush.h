// Flushing a KalamDB table from memory to storage: the command starts a job of the server, whose state is in
// system.jobs (spec 10.5).
#pragma once

#include "client/api.h"
#include "extension/remote/connection.h"

// The job that was started; all NULL when a flush of the table runs already.
struct KalamFlushJob {
  char* message;              // the server's answer
  char* id;                   // NULL when the answer names no job
  TimestampTz unknown_since;  // when the server began to say what is not understood; 0: it does not
};

// Starts a flush of `table` (as kalam_quote_table() makes it). False with a Status when that fails; ErrorClass::busy
// when a flush of the table is running. Waits for the server's answer, serves interrupts.
bool kalam_flush_start(KalamConnection* connection, const char* table, KalamFlushJob* job, kalam::Status* status);

// What the server says of the job, and its words about it (palloc'd or NULL). A status that is not known, and a job
// that the server does not list, count as running for some seconds, and as unknown after that; so does, at once, a job
// that has no name. The words are a sentence for DETAIL then.
kalam::JobState kalam_flush_state(KalamConnection* connection, KalamFlushJob* job, char** message);
