#include "extension/catalog/rights.h"

#include "extension/options/options.h"
#include "extension/remote/query.h"

extern "C" {
#include "commands/defrem.h"
}

constexpr const char* OPTION = "allowed_namespaces";

// The value of the option, or NULL.
static const char* allowed_list(const ForeignServer* server) {
  ListCell* cell;
  foreach (cell, server->options) {
    DefElem* element = (DefElem*)lfirst(cell);
    if (strcmp(element->defname, OPTION) == 0) return defGetString(element);
  }
  return nullptr;
}

// Names of namespaces are plain ASCII on the server, which folds their case. Whatever else is asked for is in no list,
// so that nothing depends on how the server would fold it.
static bool is_listed(const char* list, const char* name) {
  char* copy = pstrdup(list);
  char* rest = nullptr;
  if (!kalam_is_plain_name(name)) return false;
  for (char* item = strtok_r(copy, ",", &rest); item != nullptr; item = strtok_r(nullptr, ",", &rest)) {
    const char* allowed = kalam_option_trim(item);
    if (allowed != nullptr && kalam_is_plain_name(allowed) && pg_strcasecmp(allowed, name) == 0) return true;
  }
  return false;
}

[[noreturn]] static void deny(Oid serverid, const char* name_space) {
  ereport(
      ERROR,
      (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied for KalamDB namespace \"%s\"", name_space),
       errdetail("Option \"%s\" of server \"%s\" does not name it. It bounds all roles but the server's owner "
                 "and superusers.",
                 OPTION, GetForeignServer(serverid)->servername)));
  pg_unreachable();
}

bool kalam_owns_server(Oid serverid, Oid roleid) {
  return kalam_server_ownercheck(serverid, roleid);
}

bool kalam_is_bounded(Oid serverid, Oid roleid) {
  return allowed_list(GetForeignServer(serverid)) != nullptr && !kalam_owns_server(serverid, roleid);
}

bool kalam_may_use(Oid serverid, Oid roleid, const char* name_space, const char* table) {
  if (superuser_arg(roleid)) return true;
  const char* list = allowed_list(GetForeignServer(serverid));
  if (list == nullptr || kalam_owns_server(serverid, roleid)) return true;
  return is_listed(list, name_space) && (table == nullptr || kalam_is_plain_name(table));
}

void kalam_check_use(Oid serverid, Oid roleid, const char* name_space, const char* table) {
  if (!kalam_may_use(serverid, roleid, name_space, table)) deny(serverid, name_space);
}

void kalam_check_namespace(Oid serverid, Oid roleid, const char* name_space) {
  kalam_check_use(serverid, roleid, name_space, nullptr);
}
