// Which objects of PostgreSQL belong to this extension.
#pragma once

#include "extension/base/compat.h"

// Name of the foreign data wrapper that CREATE EXTENSION makes, and of the foreign server that USING kalamdb and
// kalam_exec(sql) use.
constexpr const char* KALAM_FDW_NAME = "pg_kalam";
constexpr const char* KALAM_DEFAULT_SERVER = "kalam_server";

// OID of the foreign data wrapper, or InvalidOid where the extension is not installed.
Oid kalam_fdw_oid();

// Whether the relation is a foreign table of this wrapper. InvalidOid is not.
bool kalam_is_kalamdb_table(Oid relid);

// OIDs of the schema's tables of this wrapper. palloc'd.
List* kalam_kalamdb_tables(Oid schema);

// OIDs of the server's foreign tables, in all schemas. palloc'd.
List* kalam_tables_of_server(Oid serverid);

// The foreign server of that name, if it is a KalamDB server and the current role may use it. Raises 42704, 42809 or
// 42501 otherwise.
ForeignServer* kalam_server_for_use(const char* name);
