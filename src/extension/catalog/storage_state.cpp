#include "extension/catalog/storage_state.h"

#include "extension/remote/query.h"
#include "extension/remote/wait.h"

extern "C" {
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/syscache.h"
}

struct KalamPendingStorageState {
  MemoryContext scratch;
  KalamCallHolder* holder;  // counts the connection
  kalam::Status status;     // why the call could not be started
  char* name;               // of the entry
  uint64 hash;              // of the name
  const char* scope;        // UTF-8
  const char* user_id;      // NULL: a shared table. UTF-8
  const char* table_id;
  TimestampTz asked_at;
  uint64 forgotten_before;  // value of `forgotten` when it was asked
};

constexpr int64 STATE_LIFETIME_US = INT64CONST(1000000);
// Where the server does not tell, it will not tell soon.
constexpr int64 UNKNOWN_LIFETIME_US = INT64CONST(60000000);
constexpr long PLANNER_BOUND_MS = 20;
constexpr uint64 DEADLINE_MS = 5000;

// Entries of a session that goes through many users' rows; then it starts anew.
constexpr long ENTRIES_MAX = 4096;

namespace {

enum Column { SCOPE, SYNC_STATE, MANIFEST_JSON, COLUMN_COUNT };

struct Entry {
  uint64 hash;  // hash key, of the name
  char* name;   // server, table and subject; NULL: the entry is new
  KalamStorageState last;
  bool is_trusted;
  TimestampTz useless_until;  // asking is of no use before
  int64 highest;              // version that the last complete answer ended with; 0: none
  bool stays;                 // so did the one before
};

}  // namespace

static HTAB* entries;
static MemoryContext names;
static uint64 forgotten;  // counts ends of trust, to notice one while a question is in flight

// What the entries of a table begin with: no part of it has a line feed in it.
static char* table_prefix(Oid serverid, const char* name_space, const char* table) {
  return psprintf("%u\n%s.%s\n", serverid, name_space, table);
}

static char* entry_name(const KalamRelation* remote, const char* subject) {
  const char* prefix = table_prefix(remote->serverid, remote->name_space, remote->table);
  return psprintf("%s%s", prefix, remote->kind == kalam::TableKind::user && subject != nullptr ? subject : "");
}

static uint64 hash_of(const char* name) {
  return hash_bytes_extended((const unsigned char*)name, (int)strlen(name), 0);
}

static void end_trust(Datum, KalamSyscacheId, uint32) {
  kalam_storage_state_forget_all();
}

static void create_entries() {
  HASHCTL control = {};
  control.keysize = sizeof(uint64);
  control.entrysize = sizeof(Entry);
  control.hcxt = CacheMemoryContext;
  if (names == nullptr) {
    names = AllocSetContextCreate(CacheMemoryContext, "KalamDB storage states", ALLOCSET_SMALL_SIZES);
    // Another server may stand behind the table now.
    CacheRegisterSyscacheCallback(FOREIGNSERVEROID, end_trust, (Datum)0);
  }
  entries = hash_create("KalamDB storage states", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static Entry* find(uint64 hash, const char* name) {
  if (entries == nullptr) return nullptr;
  auto* entry = (Entry*)hash_search(entries, &hash, HASH_FIND, nullptr);
  return entry != nullptr && entry->name != nullptr && strcmp(entry->name, name) == 0 ? entry : nullptr;
}

static Entry* find_of(const KalamRelation* remote, const char* subject) {
  if (entries == nullptr) return nullptr;
  char* name = entry_name(remote, subject);
  Entry* entry = find(hash_of(name), name);
  pfree(name);
  return entry;
}

// The entry of this name; one of another name with the same hash makes way.
static Entry* make(uint64 hash, const char* name) {
  Entry* entry = find(hash, name);
  if (entry != nullptr) return entry;
  if (entries != nullptr && hash_get_num_entries(entries) >= ENTRIES_MAX) {
    HTAB* old = entries;
    entries = nullptr;
    hash_destroy(old);
    MemoryContextReset(names);
  }
  if (entries == nullptr) create_entries();
  char* copy = MemoryContextStrdup(names, name);
  bool found;
  entry = (Entry*)hash_search(entries, &hash, HASH_ENTER, &found);
  if (found && entry->name != nullptr) pfree(entry->name);
  memset((char*)entry + sizeof(uint64), 0, sizeof(Entry) - sizeof(uint64));
  entry->name = copy;
  return entry;
}

static char* to_utf8(const char* text) {
  char* converted = pg_server_to_any(text, (int)strlen(text), PG_UTF8);
  return converted != text ? converted : pstrdup(text);
}

static bool is_text(const kalam::ColumnView* column, const char* text) {
  const auto* slice = (const kalam::Slice*)column->values;
  return slice->size == strlen(text) && memcmp(slice->data, text, slice->size) == 0;
}

// The one row of the answer. False: it does not tell.
static bool read_row(const KalamPendingStorageState* question, const kalam::Window* window, KalamStorageState* state) {
  if (window->rows != 1 || window->column_count != COLUMN_COUNT) return false;
  for (int i = 0; i < COLUMN_COUNT; i++) {
    const kalam::ColumnView* column = &window->columns[i];
    if (column->kind != kalam::ColumnKind::utf8 || (column->nulls != nullptr && column->nulls[0] != 0)) return false;
  }
  const kalam::ColumnView* sync_state = &window->columns[SYNC_STATE];
  bool in_sync = is_text(sync_state, "in_sync");
  if (!is_text(&window->columns[SCOPE], question->scope)) return false;
  if (!in_sync && !is_text(sync_state, "pending_write")) return false;

  const auto* json = (const kalam::Slice*)window->columns[MANIFEST_JSON].values;
  kalam::Manifest manifest;
  if (!kalam::parse_manifest(json->data, json->size, question->table_id, question->user_id, &manifest)) return false;
  state->known = true;
  // Nothing would show that a table without files is what is meant.
  state->in_sync = in_sync && manifest.segment_count > 0;
  state->cold_rows = manifest.row_count;
  state->segment_count = (int)manifest.segment_count;
  state->max_seq = manifest.max_seq;
  state->version = manifest.version;
  state->created_at_ms = manifest.created_at_ms;
  state->updated_at_ms = manifest.updated_at_ms;
  return true;
}

// Whether the answer tells; exactly one row does. `rows`: how many there are, or -1 after a failure.
static bool read_answer(const KalamPendingStorageState* question, KalamStorageState* state, int* rows,
                        kalam::Status* status) {
  kalam::Call* call = question->holder->call;
  kalam::Window window;
  bool told = false;
  kalam::call_status(call, status);
  if (status->error != kalam::ErrorClass::none) return false;
  *rows = 0;
  while (*rows < 2 && kalam::call_result_next(call, 2, &window, status)) {
    *rows += (int)window.rows;
    if (window.rows > 0) told = *rows == 1 && read_row(question, &window, state);
  }
  if (status->error != kalam::ErrorClass::none) *rows = -1;
  told = told && *rows == 1;
  if (!told) state->known = state->in_sync = false;
  return told;
}

// A failure that another attempt may not have.
static bool is_passing(const kalam::Status* status) {
  switch (status->error) {
    case kalam::ErrorClass::none:
    case kalam::ErrorClass::sql_error:
    case kalam::ErrorClass::table_not_found:
    case kalam::ErrorClass::permission:
    case kalam::ErrorClass::unsupported:
    case kalam::ErrorClass::protocol:
    case kalam::ErrorClass::too_large:
      return false;
    default:
      return true;
  }
}

bool kalam_storage_state_is_told(const KalamRelation* remote) {
  if (remote->kind != kalam::TableKind::shared && remote->kind != kalam::TableKind::user) return false;
  return remote->version_column >= 0 && strcmp(remote->columns[remote->version_column].name, "_seq") == 0;
}

bool kalam_storage_state_last(const KalamRelation* remote, const char* subject, KalamStorageState* state) {
  const Entry* entry = find_of(remote, subject);
  if (entry == nullptr || !entry->last.known) return false;
  *state = entry->last;
  return true;
}

bool kalam_storage_state_cached(const KalamRelation* remote, const char* subject, KalamStorageState* state) {
  const Entry* entry = find_of(remote, subject);
  if (entry == nullptr || !entry->is_trusted) return false;
  int64 age = GetCurrentTimestamp() - entry->last.asked_at;
  if (age < 0 || age >= STATE_LIFETIME_US) return false;
  *state = entry->last;
  return true;
}

bool kalam_storage_state_is_due(const KalamRelation* remote, const char* subject) {
  KalamStorageState state;
  if (!kalam_storage_state_is_told(remote) || kalam_storage_state_cached(remote, subject, &state)) return false;
  const Entry* entry = find_of(remote, subject);
  return entry == nullptr || GetCurrentTimestamp() >= entry->useless_until;
}

bool kalam_storage_state_is_unchanged(const KalamStorageState* before, const KalamStorageState* after) {
  return before->known && after->known && before->in_sync && after->in_sync && before->version == after->version &&
         before->created_at_ms == after->created_at_ms && before->updated_at_ms == after->updated_at_ms &&
         before->segment_count == after->segment_count && before->cold_rows == after->cold_rows &&
         before->max_seq == after->max_seq;
}

KalamPendingStorageState* kalam_storage_state_start(KalamConnection* connection, const KalamRelation* remote,
                                                    const char* subject) {
  bool is_user = remote->kind == kalam::TableKind::user;
  if (!kalam_storage_state_is_told(remote) || (is_user && subject == nullptr)) return nullptr;
  // The server would replace the word, and tell of another user.
  if (is_user && kalam_replaced_word(subject, true) != nullptr) return nullptr;

  MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "KalamDB storage state", ALLOCSET_SMALL_SIZES);
  MemoryContext old = MemoryContextSwitchTo(scratch);
  auto* question = (KalamPendingStorageState*)palloc0(sizeof(KalamPendingStorageState));
  question->scratch = scratch;
  question->name = entry_name(remote, subject);
  question->hash = hash_of(question->name);
  question->table_id = to_utf8(remote->remote_name);
  question->user_id = is_user ? to_utf8(subject) : nullptr;
  question->scope = is_user ? question->user_id : "shared";
  const char* sql = psprintf(
      "SELECT scope, sync_state, manifest_json FROM system.manifest WHERE namespace_id = %s AND table_name = %s "
      "AND scope = %s LIMIT 2",
      kalam_quote_literal(remote->name_space), kalam_quote_literal(remote->table),
      kalam_quote_literal(is_user ? subject : "shared"));
  sql = to_utf8(sql);
  question->holder = kalam_call_holder_create(scratch, connection);
  kalam_call_holder_set_table(question->holder, remote->relid, remote->remote_name);
  question->forgotten_before = forgotten;
  question->asked_at = GetCurrentTimestamp();
  kalam::CallOptions options = {DEADLINE_MS};
  question->holder->call =
      kalam::call_execute_query(connection->handle, sql, strlen(sql), true, &options, &question->status);
  MemoryContextSwitchTo(old);
  return question;
}

void kalam_storage_state_finish(KalamPendingStorageState* question, long bound_ms, KalamStorageState* state) {
  memset(state, 0, sizeof(*state));
  state->max_seq = -1;
  if (question == nullptr) return;

  kalam::Call* call = question->holder->call;
  kalam::Status status = question->status;
  bool answered = call == nullptr || kalam::call_done(call);
  if (!answered && bound_ms > 0)
    answered = kalam_wait_for_call_until(call, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), bound_ms));
  state->asked_at = question->asked_at;
  int rows = -1;
  bool told = answered && call != nullptr && read_answer(question, state, &rows, &status);

  Entry* entry = make(question->hash, question->name);
  if (told) {
    entry->last = *state;
    entry->useless_until = 0;
  } else {
    // A table that was never written has no row: it may have one at any time.
    bool is_final = answered && rows != 0 && !is_passing(&status);
    if (is_final) entry->last.known = false;
    entry->useless_until = GetCurrentTimestamp() + (is_final ? UNKNOWN_LIFETIME_US : STATE_LIFETIME_US);
  }
  entry->is_trusted = told && question->forgotten_before == forgotten;
  MemoryContextDelete(question->scratch);
}

bool kalam_storage_state_ask(KalamConnection* connection, const KalamRelation* remote, const char* subject,
                             KalamStorageState* state) {
  if (kalam_storage_state_cached(remote, subject, state)) return state->known;
  memset(state, 0, sizeof(*state));
  if (!kalam_storage_state_is_due(remote, subject)) return false;
  kalam_storage_state_finish(kalam_storage_state_start(connection, remote, subject), PLANNER_BOUND_MS, state);
  return state->known;
}

void kalam_storage_state_note_highest(const KalamRelation* remote, const char* subject, int64 version) {
  char* name = entry_name(remote, subject);
  Entry* entry = make(hash_of(name), name);
  pfree(name);
  entry->stays = version > 0 && entry->highest == version;
  entry->highest = version;
}

bool kalam_storage_state_stays_at(const KalamRelation* remote, const char* subject, int64* version) {
  const Entry* entry = find_of(remote, subject);
  if (entry == nullptr || !entry->stays) return false;
  *version = entry->highest;
  return true;
}

void kalam_storage_state_forget(const KalamRelation* remote, const char* subject) {
  forgotten++;
  Entry* entry = find_of(remote, subject);
  if (entry == nullptr) return;
  entry->is_trusted = false;
  entry->useless_until = 0;
}

// Names are ASCII, in lower case on the server.
void kalam_storage_state_forget_table(Oid serverid, const char* name_space, const char* table) {
  forgotten++;
  if (entries == nullptr) return;
  char* prefix = table_prefix(serverid, name_space, table);
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, entries);
  while (auto* entry = (Entry*)hash_seq_search(&scan)) {
    if (entry->name == nullptr || pg_strncasecmp(entry->name, prefix, strlen(prefix)) != 0) continue;
    entry->is_trusted = false;
    entry->useless_until = 0;
  }
  pfree(prefix);
}

void kalam_storage_state_forget_all() {
  forgotten++;
  if (entries == nullptr) return;
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, entries);
  while (auto* entry = (Entry*)hash_seq_search(&scan)) {
    entry->is_trusted = false;
    entry->useless_until = 0;
  }
}
