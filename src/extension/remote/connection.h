// Sessions with KalamDB servers, one per (foreign server, user mapping), kept for the life of the backend.
//
// gRPC starts with the first connection of a backend, never in the postmaster and never before a fork.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/remote/server_facts.h"

struct KalamConnectionKey {
  Oid serverid;
  Oid umid;  // user mapping; InvalidOid when the role has none (options of the server alone)
};

struct KalamConnection {
  KalamConnectionKey key;
  kalam::Connection* handle;
  char* server_name;
  char* mapping_user_id;  // option user_id of the user mapping; NULL when not set
  uint32 server_hash;     // syscache hash values, for invalidation
  uint32 mapping_hash;
  bool invalidated;  // options changed: others get a new one as soon as no transaction needs this
  int uses;          // references and call holders: it lives while > 0, for them alone once it is replaced
  int pins;          // transactions: not replaced while > 0
  KalamConnection* next_replaced;
  KalamServerFacts facts;    // forgotten when the connection is opened again
  uint64 commit_timeout_ms;  // option timeout; 0: none
  TimestampTz opened_at;     // when the options were read; its session is opened at the first call
  uint64 sessions_counted;   // how many of the sessions that the handle has opened were counted (account.h)
};

// The session that `userid` (checkAsUser, or GetUserId()) uses with this foreign server; opened at its first call.
// Changed options take effect here, unless a transaction has pinned the connection; who has it already goes on with the
// old ones. Does no I/O. Raises: option errors, 08001, 0A000 in the postmaster.
//
// The answer is a reference that belongs to the current memory context: the connection and what it points to live until
// that is reset or deleted, whatever happens meanwhile to the server and the user mapping. A struct that outlives the
// context pins the connection or counts itself as a user; tools/lint asks every struct that keeps one how it does that.
KalamConnection* kalam_connection_get(Oid serverid, Oid userid);

// The user mapping of `userid` for the server, or the one of PUBLIC, or NULL when there is neither (GetUserMapping()
// raises then). palloc'd.
UserMapping* kalam_user_mapping(Oid serverid, Oid userid);

// Keeps the connection from being replaced (a remote transaction is open on it) and lets go again. Neither raises.
void kalam_connection_pin(KalamConnection* connection);
void kalam_connection_unpin(KalamConnection* connection);

// The same for who keeps it longer than the reference: the connection can be replaced for others, but lives on.
// Neither raises.
void kalam_connection_use(KalamConnection* connection);
void kalam_connection_unuse(KalamConnection* connection);

// Calls `visit` for each connection of the backend, those that were replaced included.
void kalam_connections_visit(void (*visit)(KalamConnection* connection, void* argument), void* argument);

// Whether the connection is one that new statements get.
bool kalam_connection_is_valid(const KalamConnection* connection);

// The role whose user mapping the connection was made with, ACL_ID_PUBLIC (0) for the mapping of PUBLIC. False: it was
// made without one, or the mapping is gone.
bool kalam_connection_mapping_role(const KalamConnection* connection, Oid* role);

// Whether the current role may know of the connection: it may use the server, and the mapping is its own, that of
// PUBLIC, or there is none; or it has pg_read_all_stats.
bool kalam_connection_may_see(const KalamConnection* connection);

enum class KalamClosed : uint8_t { none, some, in_use };

// Closes those connections to the server (InvalidOid: to all servers) that the current role may know of and nobody
// needs. in_use: one of them is needed, and stays.
KalamClosed kalam_connections_close(Oid serverid);

// The subject of user and stream tables: kalam.user_id when it is set, else option user_id of the user mapping, else
// NULL. Trimmed, in the database's encoding. A copy, in the current memory context.
char* kalam_connection_subject(const KalamConnection* connection);

// The runtime that all connections share. Starts it when need be.
kalam::Runtime* kalam_runtime();
