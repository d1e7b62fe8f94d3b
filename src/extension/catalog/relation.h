// What KalamDB's catalog says about the table behind a foreign table (spec section 12): kind, columns, types, key,
// version column; and how the local attributes map to it. Asked once and kept per relation.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/remote/connection.h"

// What KalamDB makes of DECIMAL without a precision (spec 5.2), and this extension of numeric without one.
constexpr int KALAM_BARE_DECIMAL_PRECISION = 38;
constexpr int KALAM_BARE_DECIMAL_SCALE = 10;

struct KalamRemoteColumn {
  char name[128];
  kalam::RemoteType type;
  bool not_null;
  bool is_key;
  bool is_system;             // _seq, _version, _deleted, _timestamp: never written
  const char* type_name;      // as system.columns spells it, for messages
  const char* default_value;  // as system.columns renders it (spec 12); NULL: none
};

// What a local attribute stands for, when it is not an index into KalamRelation::columns.
constexpr int KALAM_ATTRIBUTE_DROPPED = -1;  // dropped locally
constexpr int KALAM_ATTRIBUTE_USER_ID = -2;  // _userid: the subject of the statement; not stored as a column
constexpr int KALAM_ATTRIBUTE_MISSING = -3;  // the remote table has no such column: an error when it is used

struct KalamRelation {
  Oid relid;
  Oid serverid;
  const char* name_space;
  const char* table;
  const char* remote_name;  // "namespace.table", for messages and SQL
  const char* local_name;   // relation name, for messages
  kalam::TableKind kind;
  int64 schema_version;    // system.tables.version
  const char* created_at;  // system.tables.created_at, as the server renders it; NULL when it does not tell
  bool awaits_commit;  // KalamDB gets the table when the transaction commits, and has none of its rows (new_table.h)
  int column_count;
  KalamRemoteColumn* columns;  // in remote order, system columns included
  int key_column;              // index into columns; -1: no key (some stream tables)
  int version_column;          // index of _seq or _version; -1: none
  AttrNumber key_attribute;    // local attribute of the key; InvalidAttrNumber: not mapped
  bool key_is_canonical;       // its option says that KalamDB's texts are those that PostgreSQL writes
  int attribute_count;         // RelationGetNumberOfAttributes
  int* attribute_column;       // [attribute_count], by attnum - 1: index into columns or KALAM_ATTRIBUTE_…
};

enum class KalamFreshness : uint8_t {
  cached,     // good for reading: a wrong column is noticed by the scan itself
  validated,  // compared with the server's now: before it is changed
};

// Remote identity of the foreign table, as seen by `userid`. A copy in the current memory context. Asks the server
// when it is not cached (waits, serves interrupts). Raises 42P01 when the remote table does not exist, 42809 when it is
// of another kind than option table_type says, and connection errors.
KalamRelation* kalam_relation_get(Relation relation, Oid userid, KalamFreshness freshness);

// For statements that write: the server drops columns silently that it does not know. What was compared with the
// server's definition less than kalam.catalog_lifetime ago is trusted, unless this PostgreSQL has changed a definition
// since. In two steps, for what can be done meanwhile: the question, in the current memory context, or NULL when there
// is none; then the relation, which may be another one than the cached.
struct KalamValidation;
KalamValidation* kalam_relation_validate_start(Relation relation, Oid userid);
KalamRelation* kalam_relation_validate_finish(Relation relation, Oid userid, KalamValidation* validation);

// The definition of a table that stands for another one: `stand_in` was made to try out what `table` will be. Without
// the mapping of attributes, in the current memory context. Asks the server.
KalamRelation* kalam_relation_of_stand_in(Oid relid, KalamConnection* connection, const char* name_space,
                                          const char* table, const char* stand_in);

// A copy with everything that it points to, in the current memory context.
KalamRelation* kalam_relation_copy(const KalamRelation* source);

// Forgets what is cached about the relation; for use when an answer does not fit it. The other one does so for the
// classes of errors that a stale cache can cause. Neither raises.
void kalam_relation_forget(Oid relid);
void kalam_relation_invalidate_on_error(Oid relid, const kalam::Status* status);

// The cached number of remote rows; -1 when not known, as of user and stream tables. Asks nothing.
double kalam_relation_rows(Oid relid);

// Tells the number of rows of a shared or system table as a scan of all of it has seen it. How many rows a user has is
// no matter of other users, who would see it in the estimates of this session, and in its cached plans.
void kalam_relation_note_rows(Oid relid, double rows);

// The version below which all row versions of the table were flushed, as far as this session knows; 0: none.
int64 kalam_relation_flushed_before(Oid relid);
void kalam_relation_note_flush(Oid relid, int64 version);

// The TableRef for calls; `subject` (in the database's encoding) is ignored for shared tables. Points into `relation`
// and `subject`, or to a UTF-8 copy in the current memory context where the database's encoding is another.
kalam::TableRef kalam_table_ref(const KalamRelation* relation, const char* subject);

// Local type that CREATE TABLE and IMPORT give a remote type, as SQL ("numeric(10,2)"). palloc'd.
char* kalam_local_type_name(const kalam::RemoteType* type);
