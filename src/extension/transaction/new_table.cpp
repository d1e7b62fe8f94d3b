#include "extension/transaction/new_table.h"

#include "extension/base/parallel.h"
#include "extension/base/settings.h"
#include "extension/catalog/new_table.h"
#include "extension/remote/query.h"

extern "C" {
#include "utils/formatting.h"
}

// ---------------------------------------------------------------- what the other rooms ask

static bool is_of_new_table(const KalamPendingChange* change) {
  return change->kind == KalamRemoteDdl::new_table || change->kind == KalamRemoteDdl::new_column;
}

// Asked for every row that is written.
static uint64 new_tables_state() {
  static uint64 known = UINT64_MAX;
  static uint64 answer;
  uint64 state = kalam_pending_state();
  if (state == known) return answer;
  known = state;
  answer = 0;
  for (const KalamPendingChange* change = kalam_pending_changes(); change != nullptr; change = change->next)
    if (is_of_new_table(change)) answer = state + 1;
  return answer;
}

static const KalamRelation* definition_of(Oid relid) {
  for (const KalamPendingChange* change = kalam_pending_changes(); change != nullptr; change = change->next)
    if (is_of_new_table(change) && change->relid == relid && change->definition != nullptr) return change->definition;
  return nullptr;
}

// The newest change that says whether there will be a table of the name.
static const KalamPendingChange* newest_of(Oid serverid, const char* name_space, const char* table) {
  for (const KalamPendingChange* change = kalam_pending_changes(); change != nullptr; change = change->next) {
    bool decides = change->kind == KalamRemoteDdl::drop || change->kind == KalamRemoteDdl::created ||
                   change->kind == KalamRemoteDdl::new_table;
    if (decides && kalam_pending_concerns(change, serverid, name_space, table)) return change;
  }
  return nullptr;
}

static Oid named(Oid serverid, const char* name_space, const char* table) {
  if (new_tables_state() == 0) return InvalidOid;
  const KalamPendingChange* newest = newest_of(serverid, name_space, table);
  return newest != nullptr && newest->kind == KalamRemoteDdl::new_table ? newest->relid : InvalidOid;
}

constexpr KalamNewTableMethods METHODS = {new_tables_state, definition_of, named};

void kalam_new_table_init() {
  kalam_new_tables_init(&METHODS);
}

bool kalam_new_tables_exist() {
  return new_tables_state() != 0;
}

// ---------------------------------------------------------------- trying a definition out

// A name that no other table has.
static char* stand_in_name() {
  uint64 random;
  if (!pg_strong_random(&random, sizeof(random)))
    ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate a random name")));
  return psprintf("kalam_try_" UINT64_FORMAT, random);
}

// The statement for the stand-in. Each names its table before anything else that could read like it, in any case.
static char* for_stand_in(const char* sql, const char* table, const char* stand_in) {
  char* folded = asc_tolower(sql, strlen(sql));
  const char* found = strstr(folded, asc_tolower(table, strlen(table)));
  if (found == nullptr) elog(ERROR, "\"%s\" does not name table %s", sql, table);
  int before = (int)(found - folded);
  return psprintf("%.*s%s%s", before, sql, stand_in, sql + before + strlen(table));
}

// Statements that make the table as it is before `last`, oldest first.
static List* statements_before(const KalamPendingChange* last) {
  List* statements = NIL;
  for (const KalamPendingChange* change = last->next; change != nullptr; change = change->next) {
    if (is_of_new_table(change) && change->relid == last->relid) statements = lcons(change->commit_sql, statements);
  }
  return statements;
}

static void drop_stand_in(KalamConnection* connection, const char* stand_in, KalamPendingChange* made,
                          kalam::Status* status) {
  kalam_send_ddl(connection, psprintf("DROP TABLE IF EXISTS %s", stand_in), nullptr, status);
  // What cannot be dropped now is dropped when the error has ended the transaction.
  if (status->error == kalam::ErrorClass::none) made->done = true;
}

// Makes the table under another name, reads what the server has made of it, and drops it.
static void try_out(KalamPendingChange* change, kalam::Status* status) {
  KalamConnection* connection = change->connection;
  char* name = stand_in_name();
  char* table = kalam_quote_table(change->name_space, change->table);
  char* stand_in = kalam_quote_table(change->name_space, name);
  List* statements = lappend(statements_before(change), change->commit_sql);
  ListCell* cell;

  // Before it is sent: the wait for the answer may be interrupted.
  KalamPendingChange* made = kalam_pending_create(connection, change->name_space, name);
  foreach (cell, statements) {
    char* sql = for_stand_in((const char*)lfirst(cell), table, stand_in);
    kalam_send_ddl(connection, sql, foreach_current_index(cell) == 0 ? made : nullptr, status);
    if (status->error != kalam::ErrorClass::none) return;
  }

  KalamRelation* definition =
      kalam_relation_of_stand_in(change->relid, connection, change->name_space, change->table, name);
  drop_stand_in(connection, stand_in, made, status);
  if (status->error != kalam::ErrorClass::none) return;
  MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
  change->definition = kalam_relation_copy(definition);
  MemoryContextSwitchTo(old);
}

void kalam_new_table_create(KalamConnection* connection, const char* name_space, const char* table, const char* sql,
                            Oid relid, kalam::Status* status) {
  KalamPendingChange* change =
      kalam_pending_new_table(KalamRemoteDdl::new_table, connection, name_space, table, sql, relid);
  kalam_new_table_check_others();
  // A parallel worker would read the table that is to be dropped.
  kalam_parallel_note_changes(true);
  try_out(change, status);
}

KalamPendingChange* kalam_new_table_note(KalamConnection* connection, const char* name_space, const char* table) {
  Oid relid = named(connection->key.serverid, name_space, table);
  if (!OidIsValid(relid)) return nullptr;
  return kalam_pending_new_table(KalamRemoteDdl::new_column, connection, name_space, table, nullptr, relid);
}

bool kalam_new_table_is_written(const KalamConnection* connection, const char* name_space, const char* table) {
  Oid relid = named(connection->key.serverid, name_space, table);
  return OidIsValid(relid) && kalam_has_pending_rows(relid);
}

void kalam_new_table_alter(KalamPendingChange* change, const char* sql, kalam::Status* status) {
  change->commit_sql = MemoryContextStrdup(TopTransactionContext, sql);
  try_out(change, status);
}

// ---------------------------------------------------------------- rows of other tables

bool kalam_new_table_has_rows(const KalamJournal* journal) {
  const KalamRelation* relation = journal->relation;
  return relation->awaits_commit ||
         kalam_pending_is_created(journal->connection, relation->name_space, relation->table);
}

// One of the tables, for the message.
static const KalamPendingChange* any_new_table() {
  const KalamPendingChange* change = kalam_pending_changes();
  for (; change != nullptr; change = change->next) {
    if (change->kind != KalamRemoteDdl::new_table) continue;
    if (newest_of(change->connection->key.serverid, change->name_space, change->table) == change) break;
  }
  return change;
}

void kalam_new_table_check_others() {
  ListCell* cell;
  if (!kalam_new_tables_exist() || kalam_setting_write_mode() == KalamWriteMode::autocommit) return;
  const KalamPendingChange* change = any_new_table();
  if (change == nullptr) return;
  foreach (cell, kalam_journals()) {
    const KalamJournal* journal = (const KalamJournal*)lfirst(cell);
    if (kalam_journal_net_count(journal) == 0 || kalam_new_table_has_rows(journal)) continue;
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("cannot change rows of table \"%s\" in a transaction that drops KalamDB table \"%s.%s\" and "
                    "creates it again",
                    journal->relation->local_name, change->name_space, change->table),
             errdetail("KalamDB commits neither DROP TABLE nor CREATE TABLE together with rows."),
             errhint("Change them in another transaction, or set kalam.write_mode to \"autocommit\", which is not "
                     "atomic.")));
  }
}
