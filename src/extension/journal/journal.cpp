#include "extension/journal/journal.h"

#include "extension/base/parallel.h"
#include "extension/base/temporary_file.h"
#include "extension/journal/row_epoch.h"

extern "C" {
#include "common/hashfn.h"
}

// Index by key: an entry refers to KalamJournal::keys, where the text is.
struct KalamJournalIndexEntry {
  int32 key;
  uint32 hash;
  char status;
};

struct KalamJournalProbe {
  const char* text;
  uint32 size;
};

// The lookup key of simplehash is an index, too; the key that is being looked for sits at index -1.
struct KalamJournalLookup {
  KalamJournal* journal;
  KalamJournalProbe probe;
};

static const char* key_text(const KalamJournalLookup* lookup, int32 key, uint32* size) {
  if (key < 0) {
    *size = lookup->probe.size;
    return lookup->probe.text;
  }
  *size = lookup->journal->keys[key].size;
  return lookup->journal->keys[key].text;
}

static bool keys_equal(void* private_data, int32 a, int32 b) {
  const KalamJournalLookup* lookup = (const KalamJournalLookup*)private_data;
  uint32 size_a;
  uint32 size_b;
  const char* text_a = key_text(lookup, a, &size_a);
  const char* text_b = key_text(lookup, b, &size_b);
  return size_a == size_b && memcmp(text_a, text_b, size_a) == 0;
}

static uint32 key_hash(void* private_data, int32 key) {
  uint32 size;
  const char* text = key_text((const KalamJournalLookup*)private_data, key, &size);
  return hash_bytes((const unsigned char*)text, (int)size);
}

#define SH_PREFIX kalam_journal_index
#define SH_ELEMENT_TYPE KalamJournalIndexEntry
#define SH_KEY_TYPE int32
#define SH_KEY key
#define SH_HASH_KEY(tb, key) key_hash((tb)->private_data, key)
#define SH_EQUAL(tb, a, b) keys_equal((tb)->private_data, a, b)
#define SH_SCOPE static inline
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_DECLARE
#define SH_DEFINE
extern "C++" {
#include "lib/simplehash.h"
}

static List* journals;  // of KalamJournal*, in TopTransactionContext

// ---------------------------------------------------------------- finding

static bool same_subject(const char* a, const char* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return strcmp(a, b) == 0;
}

List* kalam_journals_all() {
  return journals;
}

KalamJournal* kalam_journal_find(Oid relid, const char* subject) {
  ListCell* cell;
  foreach (cell, journals) {
    KalamJournal* journal = (KalamJournal*)lfirst(cell);
    if (journal->relid == relid && same_subject(journal->subject, subject)) return journal;
  }
  return nullptr;
}

bool kalam_has_pending_rows(Oid relid) {
  ListCell* cell;
  foreach (cell, journals) {
    const KalamJournal* journal = (const KalamJournal*)lfirst(cell);
    if (journal->relid == relid && journal->length > 0) return true;
  }
  return false;
}

static const KalamRemoteColumn* column_named(const KalamRelation* relation, const char* name) {
  for (int i = 0; i < relation->column_count; i++)
    if (strcmp(relation->columns[i].name, name) == 0) return &relation->columns[i];
  return nullptr;
}

// Whether what was encoded for the type `before` is the same for the one that the column has now: whole numbers are,
// for a wider one.
static bool takes_encoded(const kalam::RemoteType* now, const kalam::RemoteType* before) {
  if (before->kind == kalam::RemoteKind::integer && now->kind == kalam::RemoteKind::bigint) return true;
  return now->kind == before->kind && now->precision == before->precision && now->scale == before->scale &&
         now->dimension == before->dimension;
}

static bool takes_rows(const KalamRelation* remote, const KalamRelation* known) {
  if (strcmp(known->remote_name, remote->remote_name) != 0) return false;
  for (int i = 0; i < known->column_count; i++) {
    if (known->columns[i].is_system) continue;
    const KalamRemoteColumn* now = column_named(remote, known->columns[i].name);
    if (now == nullptr || !takes_encoded(&now->type, &known->columns[i].type) ||
        (!known->columns[i].not_null && now->not_null))
      return false;
  }
  return true;
}

// Rows that are encoded already stay as they are: they must still mean the same. Columns that were added since are put
// in when they are sent. A shape of which no row is left does not count: what it came from was rolled back.
static void check_encoded_rows(const KalamJournal* journal, const KalamRelation* remote) {
  int16 checked = -1;
  for (int32 i = 0; i < journal->length; i++) {
    int16 shape = journal->entries[i].shape;
    if (shape == checked) continue;
    checked = shape;
    const KalamRelation* known = journal->shapes[shape].relation;
    if (takes_rows(remote, known)) continue;
    ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                    errmsg("definition of KalamDB table \"%s\" was changed after the transaction changed rows of it",
                           known->remote_name),
                    errhint("Repeat the transaction.")));
  }
}

// Takes over the present shape of the rows: at first, and after DDL in the same transaction.
static void adopt_shape(KalamJournal* journal, const KalamRelation* remote, TupleDesc current) {
  if (journal->length > 0) check_encoded_rows(journal, remote);
  MemoryContext old = MemoryContextSwitchTo(journal->context);
  // It must outlive the relation's own cache entry.
  KalamRelation* relation_copy = kalam_relation_copy(remote);
  TupleDesc tupdesc = CreateTupleDescCopy(current);
  KalamRowWriter* writer = kalam_row_writer_create(relation_copy, tupdesc);
  int16 shape = journal->relation != nullptr ? (int16)(journal->shape + 1) : 0;
  if (shape == PG_INT16_MAX) {
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("definition of KalamDB table \"%s\" was changed too often in one transaction",
                           remote->remote_name)));
  }
  Size size = sizeof(KalamJournalShape) * ((Size)shape + 1);
  journal->shapes = (KalamJournalShape*)(journal->shapes == nullptr ? palloc(size) : repalloc(journal->shapes, size));
  MemoryContextSwitchTo(old);

  journal->shapes[shape] = {relation_copy, tupdesc};
  journal->shape = shape;
  journal->relation = relation_copy;
  journal->tupdesc = tupdesc;
  journal->writer = writer;
}

static bool shape_changed(const KalamJournal* journal, const KalamRelation* remote, TupleDesc current) {
  const KalamRelation* known = journal->relation;
  if (known->schema_version != remote->schema_version || known->attribute_count != remote->attribute_count ||
      strcmp(known->remote_name, remote->remote_name) != 0)
    return true;
  return !equalTupleDescs(journal->tupdesc, current);
}

static void pin(KalamJournal* journal) {
  if (!journal->pinned) kalam_connection_pin(journal->connection);
  journal->pinned = true;
}

static void unpin(KalamJournal* journal) {
  if (journal->pinned) kalam_connection_unpin(journal->connection);
  journal->pinned = false;
}

KalamJournal* kalam_journal_open(const KalamRelation* remote, TupleDesc tupdesc, KalamConnection* connection,
                                 Oid userid, const char* subject) {
  kalam_journal_check_aliases(remote, subject);
  kalam_row_epoch_attach();
  KalamJournal* journal = kalam_journal_find(remote->relid, subject);
  if (journal != nullptr) {
    // The same table through another role's user mapping would commit on another session.
    if (journal->connection != connection) {
      if (journal->length > 0) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot change foreign table \"%s\" with two user mappings in one transaction",
                               remote->local_name)));
      }
      kalam_connection_use(connection);
      unpin(journal);
      kalam_connection_unuse(journal->connection);
      journal->connection = connection;
      journal->userid = userid;
    }
    // Of a journal that is empty again nothing is compared: names of columns may have been others, until ROLLBACK TO.
    if (journal->length == 0 || shape_changed(journal, remote, tupdesc)) adopt_shape(journal, remote, tupdesc);
    pin(journal);
    return journal;
  }

  MemoryContext context = AllocSetContextCreate(TopTransactionContext, "KalamDB journal", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  journal = (KalamJournal*)palloc0(sizeof(KalamJournal));
  journal->context = context;
  journal->row_context = AllocSetContextCreate(context, "KalamDB journal rows", ALLOCSET_DEFAULT_SIZES);
  journal->relid = remote->relid;
  journal->userid = userid;
  journal->connection = connection;
  journal->subject = subject != nullptr ? pstrdup(subject) : nullptr;
  KalamJournalLookup* lookup = (KalamJournalLookup*)palloc0(sizeof(KalamJournalLookup));
  lookup->journal = journal;
  journal->index = kalam_journal_index_create(context, 64, lookup);
  adopt_shape(journal, remote, tupdesc);
  MemoryContextSwitchTo(TopTransactionContext);
  journals = lappend(journals, journal);
  kalam_connection_use(connection);
  pin(journal);
  MemoryContextSwitchTo(old);
  return journal;
}

// ---------------------------------------------------------------- keys

static KalamJournalKey* find_key(KalamJournal* journal, const char* text) {
  KalamJournalLookup* lookup = (KalamJournalLookup*)journal->index->private_data;
  lookup->probe.text = text;
  lookup->probe.size = (uint32)strlen(text);
  KalamJournalIndexEntry* found = kalam_journal_index_lookup(journal->index, -1);
  return found != nullptr ? &journal->keys[found->key] : nullptr;
}

// Index of the key, made when it is new. Keys are never removed: one that was rolled back has no newest entry.
static int32 add_key(KalamJournal* journal, const char* text) {
  KalamJournalKey* known = find_key(journal, text);
  if (known != nullptr) return (int32)(known - journal->keys);

  MemoryContext old = MemoryContextSwitchTo(journal->context);
  if (journal->key_count == journal->key_capacity) {
    int32 capacity = Max(64, journal->key_capacity * 2);
    Size size = sizeof(KalamJournalKey) * (Size)capacity;
    journal->keys = (KalamJournalKey*)(journal->keys == nullptr ? MemoryContextAllocHuge(journal->context, size)
                                                                : repalloc_huge(journal->keys, size));
    journal->key_capacity = capacity;
  }
  KalamJournalKey* key = &journal->keys[journal->key_count];
  key->size = (uint32)strlen(text);
  key->text = pstrdup(text);
  key->newest = KALAM_NO_ENTRY;
  key->stored = false;
  bool found;
  kalam_journal_index_insert(journal->index, journal->key_count, &found);
  MemoryContextSwitchTo(old);
  return journal->key_count++;
}

KalamJournalEntry* kalam_journal_newest(KalamJournal* journal, const char* text) {
  KalamJournalKey* key = find_key(journal, text);
  return key != nullptr && key->newest != KALAM_NO_ENTRY ? &journal->entries[key->newest] : nullptr;
}

static int32 visible_index(KalamJournal* journal, const KalamJournalKey* key, CommandId curcid) {
  int32 index = key->newest;
  while (index != KALAM_NO_ENTRY && journal->entries[index].cid >= curcid) index = journal->entries[index].older;
  return index;
}

KalamJournalEntry* kalam_journal_visible(KalamJournal* journal, const char* text, CommandId curcid) {
  KalamJournalKey* key = find_key(journal, text);
  if (key == nullptr) return nullptr;
  int32 index = visible_index(journal, key, curcid);
  return index != KALAM_NO_ENTRY ? &journal->entries[index] : nullptr;
}

bool kalam_journal_is_visible(KalamJournal* journal, int32 index, CommandId curcid) {
  const KalamJournalEntry* entry = &journal->entries[index];
  if (entry->cid >= curcid) return false;
  return entry->key < 0 || visible_index(journal, &journal->keys[entry->key], curcid) == index;
}

// ---------------------------------------------------------------- net effects

KalamNetChange kalam_journal_net(const KalamJournal* journal, const KalamJournalKey* key) {
  if (key->newest == KALAM_NO_ENTRY) return KalamNetChange::nothing;
  bool is_row = journal->entries[key->newest].change != KalamChange::remove;
  if (key->stored) return is_row ? KalamNetChange::update : KalamNetChange::remove;
  return is_row ? KalamNetChange::insert : KalamNetChange::absence;
}

static void count_net(KalamJournal* journal, KalamNetChange net, uint32 bytes, int sign) {
  switch (net) {
    case KalamNetChange::nothing:
      return;
    case KalamNetChange::insert:
      journal->net_inserts += sign;
      break;
    case KalamNetChange::update:
      journal->net_updates += sign;
      break;
    case KalamNetChange::remove:
      journal->net_removes += sign;
      break;
    case KalamNetChange::absence:
      journal->net_absences += sign;
      return;
  }
  journal->net_bytes += sign * (int64)bytes;
}

// Takes the key's present effect out of the counts (before a change) or puts it in (after one).
static void count_key(KalamJournal* journal, const KalamJournalKey* key, int sign) {
  if (key->newest != KALAM_NO_ENTRY)
    count_net(journal, kalam_journal_net(journal, key), kalam_journal_bytes(&journal->entries[key->newest]), sign);
}

bool kalam_journal_single_move(const KalamJournal* journal, const KalamJournalEntry** removal,
                               const KalamJournalEntry** insertion) {
  if (journal->net_inserts != 1 || journal->net_removes != 1 || journal->net_updates != 0) return false;
  for (int32 i = 0; i < journal->key_count; i++) {
    const KalamJournalKey* key = &journal->keys[i];
    if (kalam_journal_net(journal, key) != KalamNetChange::insert) continue;
    *insertion = &journal->entries[key->newest];
    if ((*insertion)->moved_from == KALAM_NO_ENTRY) return false;
    const KalamJournalKey* old_key = &journal->keys[(*insertion)->moved_from];
    if (kalam_journal_net(journal, old_key) != KalamNetChange::remove) return false;
    *removal = &journal->entries[old_key->newest];
    return true;
  }
  return false;
}

bool kalam_journal_has_moves(const KalamJournal* journal) {
  for (int32 i = 0; i < journal->key_count; i++) {
    const KalamJournalKey* key = &journal->keys[i];
    if (kalam_journal_net(journal, key) == KalamNetChange::insert &&
        journal->entries[key->newest].moved_from != KALAM_NO_ENTRY)
      return true;
  }
  return false;
}

// ---------------------------------------------------------------- rows

constexpr const char* FILE_TEXT = "the temporary file of a KalamDB journal";

// Begins an access to the file. One that was left by an error may have left the BufFile beside its place: what is
// written later would go elsewhere, and what is read be something else. So the transaction cannot go on with it, though
// a block has caught the error.
static void begin_access(KalamJournal* journal, int64 position) {
  if (journal->file_is_busy) {
    ereport(ERROR,
            (errcode(ERRCODE_IO_ERROR), errmsg("the temporary file of a KalamDB journal cannot be used after an error"),
             errhint("Roll the transaction back, and run it again.")));
  }
  journal->file_is_busy = true;
  kalam_temporary_file_seek(journal->file, position, FILE_TEXT);
}

static void read_exactly(KalamJournal* journal, void* to, size_t size) {
  kalam_temporary_file_read(journal->file, to, size, FILE_TEXT);
}

static Size bitmapset_size(const Bitmapset* set) {
  return set != nullptr ? offsetof(Bitmapset, words) + sizeof(bitmapword) * (Size)set->nwords : 0;
}

static int64 row_size(const KalamJournalEntry* entry) {
  return (int64)entry->tuple_size + entry->defaulted_size + entry->sent_size + entry->rest_size;
}

static char* put(char* to, const void* part, Size size, Size room) {
  if (size > 0) memcpy(to, part, size);
  return to + room;
}

static void write_part(KalamJournal* journal, const void* part, Size size, Size room) {
  static const char padding[MAXIMUM_ALIGNOF] = {};
  // Declared without const up to PostgreSQL 15.
  if (size > 0) BufFileWrite(journal->file, (void*)part, size);
  if (room > size) BufFileWrite(journal->file, (void*)padding, room - size);
}

static void store_row(KalamJournal* journal, KalamJournalEntry* entry, const KalamJournalRow* row) {
  Size defaulted = bitmapset_size(row->defaulted);
  entry->tuple_size = (uint32)MAXALIGN(row->tuple->t_len);
  entry->defaulted_size = (uint32)MAXALIGN(defaulted);
  entry->sent_size = row->sent.size;
  entry->rest_size = row->rest.size;
  entry->sent_most_tagged = row->sent.most_tagged;
  entry->rest_most_tagged = row->rest.size > 0 ? row->rest.most_tagged : 0;
  entry->form = row->sent.form;
  int64 size = row_size(entry);

  if (journal->file == nullptr && journal->memory + size <= (int64)work_mem * 1024) {
    entry->memory = (char*)MemoryContextAllocHuge(journal->row_context, (Size)size);
    char* to = put(entry->memory, row->tuple, row->tuple->t_len, entry->tuple_size);
    to = put(to, row->defaulted, defaulted, entry->defaulted_size);
    to = put(to, row->sent.text, row->sent.size, row->sent.size);
    put(to, row->rest.text, row->rest.size, row->rest.size);
    journal->memory += size;
    return;
  }
  if (journal->file == nullptr) journal->file = kalam_temporary_file_create(journal->context);
  begin_access(journal, journal->file_end);
  write_part(journal, row->tuple, row->tuple->t_len, entry->tuple_size);
  write_part(journal, row->defaulted, defaulted, entry->defaulted_size);
  write_part(journal, row->sent.text, row->sent.size, row->sent.size);
  write_part(journal, row->rest.text, row->rest.size, row->rest.size);
  journal->file_is_busy = false;
  entry->spill = journal->file_end;
  journal->file_end += size;
}

// `size` bytes of a row from `offset` on.
static char* row_part(KalamJournal* journal, const KalamJournalEntry* entry, int64 offset, Size size) {
  if (entry->memory != nullptr) return entry->memory + offset;
  char* part = (char*)MemoryContextAllocHuge(CurrentMemoryContext, Max(size, 1));
  begin_access(journal, entry->spill + offset);
  read_exactly(journal, part, size);
  journal->file_is_busy = false;
  return part;
}

MinimalTuple kalam_journal_tuple(KalamJournal* journal, const KalamJournalEntry* entry) {
  return (MinimalTuple)row_part(journal, entry, 0, entry->tuple_size);
}

void kalam_journal_members(KalamJournal* journal, const KalamJournalEntry* entry, KalamMembers* sent,
                           KalamMembers* rest) {
  const char* text = row_part(journal, entry, (int64)entry->tuple_size + entry->defaulted_size,
                              (Size)entry->sent_size + entry->rest_size);
  *sent = {text, entry->sent_size, entry->sent_most_tagged, entry->form};
  *rest = {text + entry->sent_size, entry->rest_size, entry->rest_most_tagged, entry->form};
}

const Bitmapset* kalam_journal_defaulted(KalamJournal* journal, const KalamJournalEntry* entry) {
  if (entry->defaulted_size == 0) return nullptr;
  return (const Bitmapset*)row_part(journal, entry, entry->tuple_size, entry->defaulted_size);
}

// ---------------------------------------------------------------- writing and forgetting

void kalam_journal_append(KalamJournal* journal, KalamChange change, const char* key_text, const KalamJournalRow* row,
                          CommandId cid, KalamJournalBase base) {
  kalam_parallel_note_changes(true);
  if (journal->length == journal->capacity) {
    int32 capacity = Max(64, journal->capacity * 2);
    Size size = sizeof(KalamJournalEntry) * (Size)capacity;
    journal->entries = (KalamJournalEntry*)(journal->entries == nullptr ? MemoryContextAllocHuge(journal->context, size)
                                                                        : repalloc_huge(journal->entries, size));
    journal->capacity = capacity;
  }

  // Everything that can fail comes first; then the entry is linked in.
  int32 key_index = key_text != nullptr ? add_key(journal, key_text) : -1;
  KalamJournalEntry* entry = &journal->entries[journal->length];
  memset(entry, 0, sizeof(*entry));
  entry->spill = -1;
  entry->base = base;
  entry->older = KALAM_NO_ENTRY;
  entry->key = key_index;
  entry->cid = cid;
  entry->subid = GetCurrentSubTransactionId();
  entry->moved_from = row != nullptr ? row->moved_from : KALAM_NO_ENTRY;
  entry->shape = journal->shape;
  entry->change = change;
  if (row != nullptr) store_row(journal, entry, row);

  if (key_index < 0) {
    count_net(journal, KalamNetChange::insert, kalam_journal_bytes(entry), 1);
  } else {
    KalamJournalKey* key = &journal->keys[key_index];
    count_key(journal, key, -1);
    if (key->newest == KALAM_NO_ENTRY) key->stored = change != KalamChange::insert;
    entry->older = key->newest;
    key->newest = journal->length;
    count_key(journal, key, 1);
  }
  pin(journal);
  journal->length++;
}

// Takes the last entry back.
static void pop_entry(KalamJournal* journal) {
  KalamJournalEntry* entry = &journal->entries[journal->length - 1];
  if (entry->key < 0) {
    count_net(journal, KalamNetChange::insert, kalam_journal_bytes(entry), -1);
  } else {
    KalamJournalKey* key = &journal->keys[entry->key];
    count_key(journal, key, -1);
    key->newest = entry->older;
    count_key(journal, key, 1);
  }
  if (entry->memory != nullptr) {
    journal->memory -= row_size(entry);
    pfree(entry->memory);
  } else if (entry->spill >= 0) {
    journal->file_end = entry->spill;
  }
  journal->length--;
}

void kalam_journal_abort_subtransaction(SubTransactionId subid) {
  ListCell* cell;
  foreach (cell, journals) {
    KalamJournal* journal = (KalamJournal*)lfirst(cell);
    // Numbers rise with every subtransaction, and what is written after a subtransaction's start and before its end
    // is its own or its children's: so its entries are the last ones.
    while (journal->length > 0 && journal->entries[journal->length - 1].subid >= subid) pop_entry(journal);
    // Options that were changed in it, and are changed back, take effect again where nothing is written.
    if (journal->length == 0) unpin(journal);
  }
}

void kalam_journal_close_all() {
  ListCell* cell;
  foreach (cell, journals) {
    KalamJournal* journal = (KalamJournal*)lfirst(cell);
    if (journal->file != nullptr) BufFileClose(journal->file);
    journal->file = nullptr;
  }
  kalam_journal_forget_all();
}

void kalam_journal_forget_all() {
  kalam_parallel_note_changes(false);
  ListCell* cell;
  foreach (cell, journals) {
    const KalamJournal* journal = (const KalamJournal*)lfirst(cell);
    if (journal->length > 0) kalam_row_epoch_advance(journal->relation, journal->subject);
    if (journal->pinned) kalam_connection_unpin(journal->connection);
    kalam_connection_unuse(journal->connection);
  }
  journals = NIL;
  kalam_journals_forget();
}
