// From a kalam::Status to an ereport: SQLSTATE, message, DETAIL, HINT and CONTEXT as PostgreSQL users know them.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

// What the extension knows about the call that failed. Every field may be NULL.
struct KalamErrorContext {
  const char* server;        // name of the foreign server
  const char* remote_table;  // "namespace.table"
  const char* relation;      // local name, for CONTEXT
  const char* remote_sql;    // statement sent, for CONTEXT ("remote SQL command: …"); never one with secrets
  const char* key_column;    // name of the key, for the DETAIL of a duplicate key without a column
  bool hides_key;            // the role may not see keys of the table (hidden_values.h): its DETAIL is for the log
  bool hides_values;         // nor all columns, of which the server's text may quote one
};

// SQLSTATE (as errcode() takes it) of an outcome. 08007 is not given here: only the commit path knows when the outcome
// of a transaction is unknown.
int kalam_sqlstate(const kalam::Status* status);

// A name or text that the server sent, for a message: in the database's encoding, with everything replaced that a
// terminal would obey or a log would take for another line. palloc'd.
char* kalam_printable(const char* text);

// Raises the status as an ERROR. Must not be called with ErrorClass::none.
[[noreturn]] void kalam_report(const kalam::Status* status, const KalamErrorContext* context);

// The same at a given level with a given SQLSTATE (0: kalam_sqlstate()); returns for levels below ERROR.
void kalam_report_at(int elevel, int sqlstate, const kalam::Status* status, const KalamErrorContext* context);

// Remote text (UTF-8, not trusted) as valid text of the database's encoding; what cannot be represented becomes '?'.
// palloc'd. Never raises but for lack of memory.
char* kalam_text_from_remote(const char* text, size_t size);
