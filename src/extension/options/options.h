// The one table of options of servers, user mappings, foreign tables and columns. It drives the validator, the hints
// for misspelled names, and the accessors below.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

// What a foreign table drops with itself: the remote table as well, or nothing (spec 14; architecture section 6).
enum class KalamOnDrop : uint8_t { keep, drop };

struct KalamServerOptions {
  kalam::ConnectionOptions connection;  // strings live in the memory context that was current
  const char* user_id;                  // of the user mapping; NULL when not set
};

// Options of the server and the user mapping (NULL: none) together: the mapping wins, except for credentials of
// different modes, of which the mapping's are taken whole. Raises when they do not make a connection (host missing …).
void kalam_server_options(const ForeignServer* server, const UserMapping* mapping, KalamServerOptions* options);

struct KalamTableOptions {
  const char* name_space;     // in KalamDB: the server's namespace_prefix, and own_namespace
  const char* own_namespace;  // option namespace, else the local schema
  const char* table;          // option table, else the local name
  bool has_kind;
  kalam::TableKind kind;   // option table_type
  bool is_made_elsewhere;  // option made_by names another database
  KalamOnDrop on_drop;     // default keep; keep as well for what another database has made
};

// Namespace in KalamDB of what a foreign table of the server calls so: behind the server's namespace_prefix. palloc'd.
char* kalam_full_namespace(Oid serverid, const char* own_namespace);

// The server's namespace_prefix; "" when there is none. palloc'd.
char* kalam_namespace_prefix(Oid serverid);
char* kalam_namespace_prefix_of(const List* server_options);

// This database, as option made_by names it. palloc'd.
char* kalam_made_by_this_database();

// Identity of a foreign table as its options tell it. Strings are palloc'd.
void kalam_table_options(Oid relid, KalamTableOptions* options);

// The same of a list that the catalog may not have yet.
void kalam_table_options_of(Oid relid, const List* list, KalamTableOptions* options);

// Remote name of a column: option column_name, else the attribute's name. palloc'd.
char* kalam_column_name(Oid relid, AttrNumber attnum);
char* kalam_column_name_of(Oid relid, AttrNumber attnum, const List* list);

// Option canonical of a column.
bool kalam_column_is_canonical(Oid relid, AttrNumber attnum);

// "shared", "user", "stream" or "system" in any case.
bool kalam_table_kind_from_text(const char* text, kalam::TableKind* kind);
const char* kalam_table_kind_text(kalam::TableKind kind);

// An option's value without surrounding blanks; NULL when nothing is left, which is the same as a value that is not set
// (spec 14.2). palloc'd.
char* kalam_option_trim(const char* value);

// The name of the list that is closest to `name`, or NULL when none is near. For HINTs.
const char* kalam_closest_name(const char* name, const char* const* names, int count);

// Whether a name consists of ASCII letters, digits and underscores and does not start with a digit.
bool kalam_is_plain_name(const char* name);
