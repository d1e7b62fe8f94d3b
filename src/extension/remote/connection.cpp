#include "extension/remote/connection.h"

#include <unistd.h>

#include "extension/base/report.h"
#include "extension/base/settings.h"
#include "extension/base/terminate.h"
#include "extension/options/options.h"
#include "extension/stats/counters.h"

extern "C" {
#include "catalog/pg_authid.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/syscache.h"
}

// How long the end of a backend may wait for the answers to its CloseSession calls.
constexpr uint32 EXIT_CLOSE_TIMEOUT_MS = 500;
// The same for a connection that is replaced because its options changed.
constexpr uint32 REPLACE_CLOSE_TIMEOUT_MS = 200;

// Descriptors that PostgreSQL is told of: gRPC's own (event descriptors, epoll) with ours, and those of one connection
// (its socket, and one for the resolver, the probe of TLS, or another node's).
constexpr int RUNTIME_DESCRIPTORS = 8;
constexpr int CONNECTION_DESCRIPTORS = 2;

static kalam::Runtime* runtime;
static pid_t runtime_pid;
namespace {

struct ConnectionEntry {
  KalamConnectionKey key;  // hash key, must be first
  KalamConnection* connection;
};

}  // namespace

static HTAB* connections;
static KalamConnection* replaced;  // made with options that have changed since, and still needed by somebody
static bool any_invalidated;       // some connection is waiting to be replaced or closed

// Takes descriptors out of those that PostgreSQL uses for files; raises when there are too few.
static void acquire_descriptors(int count) {
  for (int i = 0; i < count; i++) {
    if (AcquireExternalFD()) continue;
    while (i-- > 0) ReleaseExternalFD();
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("could not reserve file descriptors for KalamDB"),
                    errdetail("There are too many open files on the local server."),
                    errhint("Raise the server's max_files_per_process and/or \"ulimit -n\" limits.")));
  }
}

static void release_descriptors(int count) {
  while (count-- > 0) ReleaseExternalFD();
}

static void close_at_exit(KalamConnection* connection) {
  if (connection == nullptr) return;
  kalam::connection_release(connection->handle, EXIT_CLOSE_TIMEOUT_MS);
  connection->handle = nullptr;
}

static void close_all_at_exit(int, Datum) {
  if (runtime_pid != getpid()) return;
  if (connections != nullptr) {
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, connections);
    while (auto* entry = (ConnectionEntry*)hash_seq_search(&scan)) {
      close_at_exit(entry->connection);
    }
  }
  for (KalamConnection* connection = replaced; connection != nullptr; connection = connection->next_replaced) {
    close_at_exit(connection);
  }
  kalam::runtime_stop(runtime);
  runtime = nullptr;
}

// A changed server or user mapping: a hash value of 0 means "all of them".
static void invalidate(Datum, KalamSyscacheId cache, uint32 hash) {
  if (connections == nullptr) return;
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, connections);
  while (auto* entry = (ConnectionEntry*)hash_seq_search(&scan)) {
    KalamConnection* connection = entry->connection;
    if (connection == nullptr) continue;
    uint32 own = cache == FOREIGNSERVEROID ? connection->server_hash : connection->mapping_hash;
    if (hash == 0 || own == hash) any_invalidated = connection->invalidated = true;
  }
}

static void connections_init() {
  HASHCTL control = {};
  control.keysize = sizeof(KalamConnectionKey);
  control.entrysize = sizeof(ConnectionEntry);
  control.hcxt = TopMemoryContext;
  HTAB* table = hash_create("KalamDB connections", 8, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

  CacheRegisterSyscacheCallback(FOREIGNSERVEROID, invalidate, (Datum)0);
  CacheRegisterSyscacheCallback(USERMAPPINGOID, invalidate, (Datum)0);
  connections = table;
}

static void drop_handle(KalamConnection* connection) {
  kalam::Connection* handle = connection->handle;
  connection->handle = nullptr;
  if (handle != nullptr) {
    kalam::connection_release(handle, REPLACE_CLOSE_TIMEOUT_MS);
    release_descriptors(CONNECTION_DESCRIPTORS);
  }
  if (connection->mapping_user_id != nullptr) pfree(connection->mapping_user_id);
  connection->mapping_user_id = nullptr;
  if (connection->server_name != nullptr) pfree(connection->server_name);
  connection->server_name = nullptr;
}

static bool is_needed(const KalamConnection* connection) {
  return connection->uses > 0 || connection->pins > 0;
}

static void destroy(KalamConnection* connection) {
  drop_handle(connection);
#ifdef KALAM_DISCARD_CONNECTIONS
  memset(connection, 0x7f, sizeof(*connection));
#endif
  pfree(connection);
}

// Closes what was made with options that have changed, also of servers and mappings that are gone; puts aside what
// somebody still needs.
static void replace_invalidated() {
  HASH_SEQ_STATUS scan;

  any_invalidated = false;
  hash_seq_init(&scan, connections);
  while (auto* entry = (ConnectionEntry*)hash_seq_search(&scan)) {
    KalamConnection* connection = entry->connection;
    if (connection == nullptr || !connection->invalidated) continue;
    if (connection->pins > 0) {
      any_invalidated = true;
      continue;
    }
    // The entry that the scan has just returned may be removed.
    hash_search(connections, &entry->key, HASH_REMOVE, nullptr);
    connection->next_replaced = replaced;
    replaced = connection;
  }

  for (KalamConnection** link = &replaced; *link != nullptr;) {
    KalamConnection* connection = *link;
    if (is_needed(connection)) {
      any_invalidated = true;
      link = &connection->next_replaced;
    } else {
      *link = connection->next_replaced;
      destroy(connection);
    }
  }
}

namespace {

// What kalam_connection_get() leaves in the caller's memory context.
struct Reference {
  MemoryContextCallback callback;
  KalamConnection* connection;
};

}  // namespace

static void release_reference(void* argument) {
  kalam_connection_unuse(((Reference*)argument)->connection);
}

static void refer(Reference* reference, KalamConnection* connection) {
  kalam_connection_use(connection);
  reference->connection = connection;
  reference->callback.func = release_reference;
  reference->callback.arg = reference;
  MemoryContextRegisterResetCallback(CurrentMemoryContext, &reference->callback);
}

// The role's own mapping or the one of PUBLIC; to be released.
static HeapTuple find_user_mapping(Oid serverid, Oid userid) {
  HeapTuple tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(userid), ObjectIdGetDatum(serverid));
  if (HeapTupleIsValid(tuple)) return tuple;
  return SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(serverid));
}

static void open_handle(KalamConnection* connection, Oid userid) {
  KalamServerOptions options;
  kalam::Status status;
  Oid umid = connection->key.umid;

  drop_handle(connection);
  connection->facts = {};
  // Invalidation that arrives while the options are read must not be lost.
  connection->invalidated = false;
  connection->server_hash = GetSysCacheHashValue1(FOREIGNSERVEROID, ObjectIdGetDatum(connection->key.serverid));
  connection->mapping_hash = OidIsValid(umid) ? GetSysCacheHashValue1(USERMAPPINGOID, ObjectIdGetDatum(umid)) : 0;
  const ForeignServer* server = GetForeignServer(connection->key.serverid);
  kalam_server_options(server, kalam_user_mapping(server->serverid, userid), &options);

  connection->server_name = MemoryContextStrdup(TopMemoryContext, server->servername);
  connection->mapping_user_id =
      options.user_id != nullptr ? MemoryContextStrdup(TopMemoryContext, options.user_id) : nullptr;
  connection->commit_timeout_ms = options.connection.call_timeout_ms;
  connection->opened_at = GetCurrentTimestamp();
  connection->sessions_counted = 0;
  kalam_counters_attach();
  kalam::Runtime* client = kalam_runtime();
  acquire_descriptors(CONNECTION_DESCRIPTORS);
  connection->handle = kalam::connection_create(client, &options.connection, &status);
  if (connection->handle == nullptr) {
    release_descriptors(CONNECTION_DESCRIPTORS);
    KalamErrorContext context = {};
    context.server = server->servername;
    kalam_report(&status, &context);
  }
}

kalam::Runtime* kalam_runtime() {
  if (runtime != nullptr) {
    if (runtime_pid != getpid()) {
      ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                      errmsg("KalamDB cannot be reached from a process that a backend has forked")));
    }
    return runtime;
  }
  // Threads that were started here would be missing in every backend.
  if (process_shared_preload_libraries_in_progress || (IsPostmasterEnvironment && !IsUnderPostmaster)) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("KalamDB cannot be reached from the postmaster")));
  }

  kalam::Status status;
  acquire_descriptors(RUNTIME_DESCRIPTORS);
  kalam_guard_against_abort();
  kalam::Runtime* started = kalam::runtime_start(&status);
  if (started == nullptr) {
    release_descriptors(RUNTIME_DESCRIPTORS);
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("could not start the KalamDB client"),
                    errdetail_internal("%s", status.detail[0] != '\0' ? status.detail : status.message)));
  }
  runtime = started;
  runtime_pid = getpid();
  on_proc_exit(close_all_at_exit, (Datum)0);
  return runtime;
}

UserMapping* kalam_user_mapping(Oid serverid, Oid userid) {
  HeapTuple tuple = find_user_mapping(serverid, userid);
  if (!HeapTupleIsValid(tuple)) return nullptr;

  bool is_null;
  UserMapping* mapping = (UserMapping*)palloc0(sizeof(UserMapping));
  mapping->umid = ((Form_pg_user_mapping)GETSTRUCT(tuple))->oid;
  mapping->userid = userid;
  mapping->serverid = serverid;
  Datum options = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple, Anum_pg_user_mapping_umoptions, &is_null);
  mapping->options = is_null ? NIL : untransformRelOptions(options);
  ReleaseSysCache(tuple);
  return mapping;
}

KalamConnection* kalam_connection_get(Oid serverid, Oid userid) {
  bool found;
  KalamConnectionKey key = {};

  // References of these would never end.
  Assert(CurrentMemoryContext != TopMemoryContext && CurrentMemoryContext != CacheMemoryContext);
  Reference* reference = (Reference*)palloc0(sizeof(Reference));
  key.serverid = serverid;
  HeapTuple mapping = find_user_mapping(serverid, userid);
  if (HeapTupleIsValid(mapping)) {
    key.umid = ((Form_pg_user_mapping)GETSTRUCT(mapping))->oid;
    ReleaseSysCache(mapping);
  }

  if (connections == nullptr) connections_init();
#ifdef KALAM_DISCARD_CONNECTIONS
  // As if all options had changed: whoever keeps a connection without a reference meets one that is gone.
  invalidate((Datum)0, FOREIGNSERVEROID, 0);
#endif
  if (any_invalidated) replace_invalidated();

  auto* entry = (ConnectionEntry*)hash_search(connections, &key, HASH_ENTER, &found);
  if (!found) entry->connection = nullptr;
  if (entry->connection == nullptr) {
    entry->connection = (KalamConnection*)MemoryContextAllocZero(TopMemoryContext, sizeof(KalamConnection));
    entry->connection->key = key;
  }
  // Referred to before its options are read, so that nothing that happens there can take it away.
  KalamConnection* connection = entry->connection;
  refer(reference, connection);
  if (connection->handle == nullptr) open_handle(connection, userid);
  return connection;
}

void kalam_connections_visit(void (*visit)(KalamConnection* connection, void* argument), void* argument) {
  if (connections != nullptr) {
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, connections);
    while (auto* entry = (ConnectionEntry*)hash_seq_search(&scan))
      if (entry->connection != nullptr && entry->connection->handle != nullptr) visit(entry->connection, argument);
  }
  for (KalamConnection* connection = replaced; connection != nullptr; connection = connection->next_replaced)
    if (connection->handle != nullptr) visit(connection, argument);
}

bool kalam_connection_is_valid(const KalamConnection* connection) {
  if (connection->invalidated) return false;
  for (const KalamConnection* other = replaced; other != nullptr; other = other->next_replaced)
    if (other == connection) return false;
  return true;
}

bool kalam_connection_mapping_role(const KalamConnection* connection, Oid* role) {
  if (!OidIsValid(connection->key.umid)) return false;
  HeapTuple tuple = SearchSysCache1(USERMAPPINGOID, ObjectIdGetDatum(connection->key.umid));
  if (!HeapTupleIsValid(tuple)) return false;
  *role = ((Form_pg_user_mapping)GETSTRUCT(tuple))->umuser;
  ReleaseSysCache(tuple);
  return true;
}

bool kalam_connection_may_see(const KalamConnection* connection) {
  Oid mapped;
  if (has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS)) return true;
  if (!SearchSysCacheExists1(FOREIGNSERVEROID, ObjectIdGetDatum(connection->key.serverid))) return false;
  if (kalam_server_aclcheck(connection->key.serverid, GetUserId(), ACL_USAGE) != ACLCHECK_OK) return false;
  if (!OidIsValid(connection->key.umid)) return true;
  if (!kalam_connection_mapping_role(connection, &mapped)) return false;
  return mapped == ACL_ID_PUBLIC || has_privs_of_role(GetUserId(), mapped);
}

KalamClosed kalam_connections_close(Oid serverid) {
  KalamClosed closed = KalamClosed::none;
  HASH_SEQ_STATUS scan;
  if (connections == nullptr) return closed;
  // What is looked up below may bring invalidations, which change no entry's place.
  hash_seq_init(&scan, connections);
  while (auto* entry = (ConnectionEntry*)hash_seq_search(&scan)) {
    KalamConnection* connection = entry->connection;
    if (connection == nullptr || connection->handle == nullptr) continue;
    if (OidIsValid(serverid) && connection->key.serverid != serverid) continue;
    if (!kalam_connection_may_see(connection)) continue;
    if (is_needed(connection)) {
      ereport(WARNING, (errmsg("cannot close connection to KalamDB server \"%s\" because it is still in use",
                               connection->server_name)));
      closed = KalamClosed::in_use;
      continue;
    }
    // The entry that the scan has just returned may be removed.
    hash_search(connections, &entry->key, HASH_REMOVE, nullptr);
    destroy(connection);
    if (closed == KalamClosed::none) closed = KalamClosed::some;
  }
  return closed;
}

void kalam_connection_pin(KalamConnection* connection) {
  connection->pins++;
}

void kalam_connection_unpin(KalamConnection* connection) {
  Assert(connection->pins > 0);
  connection->pins--;
}

void kalam_connection_use(KalamConnection* connection) {
  connection->uses++;
}

void kalam_connection_unuse(KalamConnection* connection) {
  Assert(connection->uses > 0);
  connection->uses--;
}

char* kalam_connection_subject(const KalamConnection* connection) {
  const char* subject = kalam_setting_user_id();
  if (subject == nullptr) subject = connection->mapping_user_id;
  return subject != nullptr ? pstrdup(subject) : nullptr;
}
