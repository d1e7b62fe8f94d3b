// The journal: what a PostgreSQL transaction has written and not yet sent (architecture section 5). One journal per
// foreign table and subject, all versions of every key, in the order they were written. It lives until the end of the
// top transaction; a subtransaction that is rolled back takes its entries with it.
//
// A row is kept twice, both made at the statement by the role that writes it: as a tuple, which the transaction's own
// statements read, and encoded, which is what COMMIT sends. COMMIT runs as whoever commits, and may be far from what
// the row was made of, so that nothing there calls a type's function, and nothing here points into storage of others.
//
// The index of the keys is kept in memory. Rows are kept there up to work_mem per journal and in a temporary file
// beyond it.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/remote/connection.h"
#include "extension/types/datum_to_row.h"

extern "C" {
#include "nodes/bitmapset.h"
#include "storage/buffile.h"
}

enum class KalamChange : uint8_t { insert, update, remove };

constexpr int32 KALAM_NO_ENTRY = -1;

// The stored row that a change starts from.
struct KalamJournalBase {
  uint64 mark;          // of its version (version_mark.h); 0: not known, or no stored row
  bool is_locked;       // it was read while its row was locked (row_lock.h)
  bool expects_absent;  // the key of a new row was looked up, and was not there: a row that has come since is 40001
  bool was_absent;      // the same, but a row that has come since is a duplicate
  bool is_unchecked;    // the key of a new row is still to be asked for by the statement that writes it
};

struct KalamStoredKeys;

// A row as an entry keeps it.
struct KalamJournalRow {
  MinimalTuple tuple;          // no value of it is stored elsewhere (kalam_flatten_values)
  KalamMembers sent;           // of the columns that the foreign table has; of one form with the rest
  KalamMembers rest;           // of the others, for a row that is new to the server; an update leaves them as they are
  const Bitmapset* defaulted;  // attributes that are NULL in the tuple, as the statement has left them to KalamDB
  int32 moved_from;            // the key that a stored row had before its key was changed; KALAM_NO_ENTRY
};

struct KalamJournalEntry {
  char* memory;  // the row's parts, one behind the other; NULL: removed, or spilled
  int64 spill;   // where they are in the file; -1: in memory or none
  KalamJournalBase base;
  int32 older;  // previous entry of the key, or KALAM_NO_ENTRY
  int32 key;    // index into KalamJournal::keys; -1: stream table
  CommandId cid;
  SubTransactionId subid;
  uint32 tuple_size;  // of the parts, in their order; aligned, so that each can be used where it is
  uint32 defaulted_size;
  uint32 sent_size;
  uint32 rest_size;
  uint32 sent_most_tagged;  // bytes that their tagged forms take, at most
  uint32 rest_most_tagged;
  int32 moved_from;
  int16 shape;  // which of the journal's shapes the row was encoded for
  KalamChange change;
  kalam::RowForm form;  // of the encoded row, which is kept in one form only
};

// Bytes of the encoded row: its members, a comma and the braces.
static inline uint32 kalam_journal_bytes(const KalamJournalEntry* entry) {
  return entry->tuple_size > 0 ? entry->sent_size + entry->rest_size + 3 : 0;
}

// The same of its tagged form, at most.
static inline uint32 kalam_journal_most_tagged_bytes(const KalamJournalEntry* entry) {
  return entry->tuple_size > 0 ? entry->sent_most_tagged + entry->rest_most_tagged + 3 : 0;
}

struct KalamJournalKey {
  char* text;
  uint32 size;
  int32 newest;
  bool stored;  // the key was in the remote table before the transaction, as far as its first change tells
};

// What all versions of a key come down to.
enum class KalamNetChange : uint8_t {
  nothing,
  insert,
  update,
  remove,
  absence,  // inserted and removed again: nothing to send, but the INSERT was wrong if the key is stored
};

// What the table was like when rows were written down.
struct KalamJournalShape {
  KalamRelation* relation;
  TupleDesc tupdesc;
};

struct KalamJournal {
  Oid relid;
  const char* subject;          // NULL for shared tables
  KalamConnection* connection;  // counted, and pinned until ROLLBACK TO has taken all entries back
  bool pinned;
  Oid userid;
  KalamRelation* relation;
  TupleDesc tupdesc;
  KalamRowWriter* writer;
  int16 shape;                // number of the present one
  KalamJournalShape* shapes;  // [shape + 1]: those that rows were encoded for, the present one last
  MemoryContext context;      // everything but rows
  MemoryContext row_context;  // rows in memory

  KalamJournalEntry* entries;
  int32 length;
  int32 capacity;
  KalamJournalKey* keys;
  int32 key_count;
  int32 key_capacity;
  struct kalam_journal_index_hash* index;

  KalamStoredKeys* stored_keys;  // what is known of the keys in KalamDB (modify/stored_keys.h); NULL: nothing

  int64 memory;  // bytes of rows in memory
  BufFile* file;
  int64 file_end;
  bool file_is_busy;  // an access to it has begun, and not come to its end

  // Counts of net effects, kept up to date with every entry.
  int64 net_inserts;
  int64 net_updates;
  int64 net_removes;
  int64 net_absences;
  int64 net_bytes;  // encoded size of the rows that would be sent
};

// The journal of (relation, subject) that has entries or had some in this transaction; NULL when there is none.
KalamJournal* kalam_journal_find(Oid relid, const char* subject);

// The same, made when there is none. `tupdesc` is of the rows that are to be written. Copies what it keeps. Refuses
// (0A000) when the remote table is already written through another foreign table, whose columns may differ.
KalamJournal* kalam_journal_open(const KalamRelation* remote, TupleDesc tupdesc, KalamConnection* connection,
                                 Oid userid, const char* subject);

// The journals of the transaction (list of KalamJournal*), in the order they were made; not those of tables that it has
// dropped and created again since, whose rows go with DROP TABLE. The list is to be used at once.
List* kalam_journals();

// The same with those of tables that are replaced (some_journals.cpp).
List* kalam_journals_all();

// From now on kalam_journals() has only those for which `is_chosen` returns true; NULL: all of them.
void kalam_journals_choose(bool (*is_chosen)(const KalamJournal* journal));

// Forgets which were chosen, at the end of the transaction. Never raises.
void kalam_journals_forget();

// Whether the transaction has changes of the foreign table that are to be sent.
bool kalam_has_pending_rows(Oid relid);

// Refuses (0A000) to read a remote table that another foreign table's journal has changes of, or will have at COMMIT.
void kalam_journal_check_aliases(const KalamRelation* remote, const char* subject);

// Newest entry of a key, whoever may see it; NULL when the key was not written.
KalamJournalEntry* kalam_journal_newest(KalamJournal* journal, const char* key);

// The newest entry of a key that a snapshot with this command id sees, or NULL.
KalamJournalEntry* kalam_journal_visible(KalamJournal* journal, const char* key, CommandId curcid);

// Whether entry `index` is what a snapshot sees of its key.
bool kalam_journal_is_visible(KalamJournal* journal, int32 index, CommandId curcid);

// Appends a change under `key` (NULL: stream table). `row` is copied; NULL for a removal.
void kalam_journal_append(KalamJournal* journal, KalamChange change, const char* key, const KalamJournalRow* row,
                          CommandId cid, KalamJournalBase base);

// The row of an entry, for reading, and the parts that are for sending. In memory, or read into the current memory
// context.
MinimalTuple kalam_journal_tuple(KalamJournal* journal, const KalamJournalEntry* entry);
void kalam_journal_members(KalamJournal* journal, const KalamJournalEntry* entry, KalamMembers* sent,
                           KalamMembers* rest);
const Bitmapset* kalam_journal_defaulted(KalamJournal* journal, const KalamJournalEntry* entry);

// The values of an entry's row for the relation as it is now, which the transaction may have altered since. They point
// into the row, or into the current memory context.
void kalam_journal_values(KalamJournal* journal, const KalamJournalEntry* entry, const KalamRelation* remote,
                          TupleDesc tupdesc, Datum* values, bool* nulls);

// The values of a row that has the shape of the descriptor. They point into the row.
void kalam_journal_deform(MinimalTuple tuple, TupleDesc tupdesc, Datum* values, bool* nulls);

KalamNetChange kalam_journal_net(const KalamJournal* journal, const KalamJournalKey* key);

// What all changes of an entry's key start from: the base of the first.
static inline KalamJournalBase kalam_journal_base(const KalamJournal* journal, const KalamJournalEntry* entry) {
  while (entry->older != KALAM_NO_ENTRY) entry = &journal->entries[entry->older];
  return entry->base;
}

// Whether an entry stands for a row that is new to the server: an update of one that the transaction has made.
static inline bool kalam_journal_makes_row(const KalamJournal* journal, const KalamJournalEntry* entry) {
  while (entry->change == KalamChange::update && entry->older != KALAM_NO_ENTRY)
    entry = &journal->entries[entry->older];
  return entry->change == KalamChange::insert;
}

// The change of one stored row's key that all of the journal comes down to: the newest entries of its old and its new
// key. False: it is something else.
bool kalam_journal_single_move(const KalamJournal* journal, const KalamJournalEntry** removal,
                               const KalamJournalEntry** insertion);

// Whether one of the inserts is of a stored row whose key was changed.
bool kalam_journal_has_moves(const KalamJournal* journal);

// Number of changes that a commit would send.
static inline int64 kalam_journal_net_count(const KalamJournal* journal) {
  return journal->net_inserts + journal->net_updates + journal->net_removes;
}

// Forgets the entries of a subtransaction and of everything later. Never raises.
void kalam_journal_abort_subtransaction(SubTransactionId subid);

// Closes the files and forgets all journals, at the end of PRE_COMMIT.
void kalam_journal_close_all();

// Forgets all journals without touching what the resource owner and the memory context free. Never raises.
void kalam_journal_forget_all();
