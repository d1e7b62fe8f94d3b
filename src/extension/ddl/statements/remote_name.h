// Which names KalamDB has a table of, and which one a new table gets there.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/ddl/definition/definition.h"
#include "extension/remote/connection.h"

// Whether KalamDB has a table of that name, and its kind. Asks the server.
bool kalam_find_remote(KalamConnection* connection, const char* name_space, const char* table, kalam::TableKind* kind);

// Who looks for a foreign table that shows a KalamDB table already.
enum class KalamShownTo : uint8_t {
  creation,          // CREATE TABLE … USING kalamdb: any table counts
  attachment,        // CREATE FOREIGN TABLE: only a table that KalamDB's is dropped with
  named_attachment,  // the same with option namespace: and has another name than KalamDB's
};

// A foreign table of this database that shows the KalamDB table, as after RENAME; InvalidOid: there is none. Where
// there are several, one that KalamDB's table is dropped with.
Oid kalam_find_shown(Oid serverid, const char* name_space, const char* table, KalamShownTo asker);

// Gives the definition another name than that of a KalamDB table which foreign table `shown_by` shows, with a number
// and a NOTICE: no KalamDB table is to be two tables here. False: the name is free all the same, since the transaction
// drops KalamDB's table, or since there is none, and `shown_by` only shows it. Asks the server.
bool kalam_choose_free_name(KalamConnection* connection, KalamTableDefinition* definition, const char* local_name,
                            Oid shown_by);
