// What roles may do on a KalamDB server beyond PostgreSQL's own rights. KalamDB sees one account, so whoever uses the
// server uses all of it: what others would notice is left to the server's owner, and option allowed_namespaces bounds
// what everybody else can name.
#pragma once

#include "extension/base/compat.h"

// Whether the role is the server's owner, a member of that role, or a superuser.
bool kalam_owns_server(Oid serverid, Oid roleid);

// Whether option allowed_namespaces bounds what the role can name: it is set, and the role is not the owner.
bool kalam_is_bounded(Oid serverid, Oid roleid);

// Whether the role may use the table. Names in any case, as the server folds them; a name that no KalamDB table can
// have is not allowed to a role that is bounded.
bool kalam_may_use(Oid serverid, Oid roleid, const char* name_space, const char* table);

// Raises 42501 when it may not. To be called before the server is asked anything, at each use: options and owners
// change under plans that are kept.
void kalam_check_use(Oid serverid, Oid roleid, const char* name_space, const char* table);

// The same for a namespace as a whole.
void kalam_check_namespace(Oid serverid, Oid roleid, const char* name_space);
