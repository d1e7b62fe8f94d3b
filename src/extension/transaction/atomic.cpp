#include "extension/transaction/atomic.h"

#include "client/api.h"
#include "extension/base/settings.h"
#include "extension/remote/server_facts.h"
#include "extension/transaction/new_table.h"

extern "C" {
#include "mb/pg_wchar.h"
}

#define AUTOCOMMIT_HINT "set kalam.write_mode to \"autocommit\", which is not atomic."

// A request holds the inserts of one table, whatever its key is called, or one change of one row. Everything else
// needs a transaction of the server.
bool kalam_journal_needs_begin(const KalamJournal* journal) {
  if (kalam_journal_net_count(journal) <= 1) return false;
  return journal->net_updates + journal->net_removes > 0 ||
         journal->net_bytes + journal->net_inserts * KALAM_ROW_OVERHEAD > KALAM_REQUEST_BYTES - KALAM_REQUEST_OVERHEAD;
}

int kalam_changed_journals(const KalamJournal** last) {
  int count = 0;
  ListCell* cell;
  foreach (cell, kalam_journals()) {
    const KalamJournal* journal = (const KalamJournal*)lfirst(cell);
    if (kalam_journal_net_count(journal) == 0) continue;
    count++;
    if (last != nullptr) *last = journal;
  }
  return count;
}

bool kalam_transaction_has_work() {
  ListCell* cell;
  foreach (cell, kalam_journals())
    if (((const KalamJournal*)lfirst(cell))->net_absences > 0) return true;
  return kalam_changed_journals() > 0;
}

const KalamJournal* kalam_transaction_single_move() {
  const KalamJournal* last = nullptr;
  const KalamJournalEntry* removal;
  const KalamJournalEntry* insertion;
  if (kalam_changed_journals(&last) != 1 || kalam_transaction_is_stageable(last)) return nullptr;
  return kalam_journal_single_move(last, &removal, &insertion) ? last : nullptr;
}

bool kalam_transaction_needs_begin() {
  const KalamJournal* last = nullptr;
  int tables = kalam_changed_journals(&last);
  return tables > 1 || (tables == 1 && kalam_journal_needs_begin(last));
}

bool kalam_transaction_is_stageable(const KalamJournal* journal) {
  const KalamRelation* relation = journal->relation;
  if (relation->kind == kalam::TableKind::stream) return false;
  return journal->net_inserts == 0 || strcmp(relation->columns[relation->key_column].name, "id") == 0;
}

static void check_stageable(const KalamJournal* journal) {
  if (kalam_journal_net_count(journal) == 0 || kalam_transaction_is_stageable(journal)) return;
  const KalamRelation* relation = journal->relation;
  if (relation->kind == kalam::TableKind::stream) {
    ereport(
        ERROR,
        (errcode(list_length(kalam_journals()) > 1 ? ERRCODE_FEATURE_NOT_SUPPORTED : ERRCODE_PROGRAM_LIMIT_EXCEEDED),
         errmsg("rows of KalamDB stream table \"%s\" must fit one request, and be all that the transaction writes",
                relation->remote_name),
         errdetail("KalamDB's transactions do not take stream tables."),
         errhint("Write fewer rows in one transaction, or " AUTOCOMMIT_HINT)));
  }
  if (kalam_journal_has_moves(journal)) {
    ereport(
        ERROR,
        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
         errmsg("cannot change the key of a row of KalamDB table \"%s\" together with other changes in one transaction",
                relation->remote_name),
         errdetail("The row is inserted again under its new key, and KalamDB's transactions take inserts only into "
                   "tables whose key is called \"id\"; the key of this one is called \"%s\".",
                   relation->columns[relation->key_column].name),
         errhint("Change the key of one row in a transaction of its own, or " AUTOCOMMIT_HINT)));
  }
  bool only_inserts = kalam_changed_journals() == 1 && journal->net_updates + journal->net_removes == 0;
  ereport(
      ERROR,
      (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
       only_inserts ? errmsg("cannot insert more than one request of rows into KalamDB table \"%s\" in one transaction",
                             relation->remote_name)
                    : errmsg("cannot insert into KalamDB table \"%s\" together with other changes in one transaction",
                             relation->remote_name),
       errdetail("KalamDB's transactions take inserts only into tables whose key is called \"id\"; the key of "
                 "this one is called \"%s\".",
                 relation->columns[relation->key_column].name),
       errhint("Insert rows of up to 4 MB in a transaction of their own, or " AUTOCOMMIT_HINT)));
}

static uint32 shard_of(const KalamJournal* journal) {
  int size = (int)strlen(journal->subject);
  char* user_id = pg_server_to_any(journal->subject, size, PG_UTF8);
  uint32 shard = kalam::user_shard_of(user_id, strlen(user_id), journal->connection->facts.user_shards);
  if (user_id != journal->subject) pfree(user_id);
  return shard;
}

// Whether the rows of two journals' users are in one shard. Users of whose shards nothing is known are apart.
static bool is_one_shard(const KalamJournal* a, const KalamJournal* b) {
  if (a->subject == nullptr || b->subject == nullptr || strcmp(a->subject, b->subject) == 0) return true;
  return a->connection->facts.user_shards != 0 && shard_of(a) == shard_of(b);
}

// Two journals with changes must be in one data group of one server (spec 8.3).
static void check_together(const KalamJournal* a, const KalamJournal* b) {
  if (a->connection != b->connection) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot change tables \"%s\" and \"%s\" in one transaction", b->relation->local_name,
                           a->relation->local_name),
                    errdetail("They belong to different KalamDB servers or user mappings, which cannot commit "
                              "together."),
                    errhint("Change them in separate transactions, or " AUTOCOMMIT_HINT)));
  }
  if (a->relation->kind != b->relation->kind) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot change tables \"%s\" and \"%s\" in one transaction", b->relation->local_name,
                           a->relation->local_name),
                    errdetail("KalamDB commits shared, user and stream tables separately."),
                    errhint("Change them in separate transactions, or " AUTOCOMMIT_HINT)));
  }
  if (is_one_shard(a, b)) return;
  // Only a transaction that writes for two users asks. What it is for can also be refused by the server, before
  // anything was applied; so a number that has changed since does no harm.
  kalam_server_facts_get_shards(a->connection);
  if (!is_one_shard(a, b)) {
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("cannot change rows of KalamDB users \"%s\" and \"%s\" in one transaction", b->subject, a->subject),
             errdetail("Their rows are in different shards, which KalamDB commits separately."),
             errhint("Commit before setting kalam.user_id to another user, or " AUTOCOMMIT_HINT)));
  }
}

bool kalam_transaction_can_join(const KalamJournal* a, const KalamJournal* b) {
  return a->connection == b->connection && a->relation->kind == b->relation->kind && is_one_shard(a, b);
}

static void check_size(int64 bytes) {
  if (bytes <= KALAM_TRANSACTION_BYTES) return;
  ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("transaction is too large for KalamDB"),
                  errdetail("Its changes take more than %d MB, the most that one transaction of KalamDB can hold.",
                            (int)(KALAM_TRANSACTION_BYTES / (1024 * 1024))),
                  errhint("Write fewer rows in one transaction, or " AUTOCOMMIT_HINT)));
}

void kalam_transaction_check_changes(const KalamJournal* changed) {
  int64 bytes = 0;
  ListCell* cell;
  if (kalam_setting_write_mode() == KalamWriteMode::autocommit) return;
  // The first change of a table brings it in.
  if (kalam_journal_net_count(changed) == 1) kalam_new_table_check_others();
  foreach (cell, kalam_journals()) {
    const KalamJournal* journal = (const KalamJournal*)lfirst(cell);
    if (kalam_journal_net_count(journal) == 0) continue;
    if (journal != changed && kalam_journal_net_count(changed) > 0) check_together(changed, journal);
    bytes += journal->net_bytes;
  }
  if (!kalam_transaction_needs_begin() || kalam_transaction_single_move() != nullptr) return;

  foreach (cell, kalam_journals()) check_stageable((const KalamJournal*)lfirst(cell));
  check_size(bytes);
}

void kalam_transaction_check_atomic() {
  ListCell* cell;
  foreach (cell, kalam_journals()) kalam_transaction_check_changes((const KalamJournal*)lfirst(cell));
  foreach (cell, kalam_journals()) check_stageable((const KalamJournal*)lfirst(cell));
}
