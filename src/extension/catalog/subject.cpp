#include "extension/catalog/subject.h"

const char* kalam_find_subject(const KalamRelation* remote, const KalamConnection* connection) {
  bool has_one = remote->kind == kalam::TableKind::user || remote->kind == kalam::TableKind::stream;
  return has_one ? kalam_connection_subject(connection) : nullptr;
}

const char* kalam_require_subject(const KalamRelation* remote, const KalamConnection* connection, bool write) {
  if (remote->kind != kalam::TableKind::user && remote->kind != kalam::TableKind::stream) return nullptr;
  const char* subject = kalam_find_subject(remote, connection);
  if (subject != nullptr) return subject;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("cannot %s %s table \"%s\" without a user identity", write ? "write" : "read",
                         remote->kind == kalam::TableKind::user ? "user" : "stream", remote->remote_name),
                  errhint("Set kalam.user_id, or add option \"user_id\" to the user mapping.")));
  return nullptr;
}
