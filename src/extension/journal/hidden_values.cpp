#include "extension/journal/hidden_values.h"

bool kalam_may_show(Oid relid, AttrNumber attnum) {
  // The catalog cannot be asked.
  if (!IsTransactionState()) return false;
  if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK) return true;
  return attnum != InvalidAttrNumber && pg_attribute_aclcheck(relid, attnum, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

static bool is_of_current_user(const KalamJournal* journal) {
  if (journal->subject == nullptr) return true;
  const char* current = kalam_connection_subject(journal->connection);
  return current != nullptr && strcmp(journal->subject, current) == 0;
}

bool kalam_may_show_key(const KalamJournal* journal) {
  return is_of_current_user(journal) && kalam_may_show(journal->relid, journal->relation->key_attribute);
}

bool kalam_may_show_changes() {
  ListCell* cell;
  foreach (cell, kalam_journals()) {
    const KalamJournal* journal = (const KalamJournal*)lfirst(cell);
    if (!is_of_current_user(journal) || !kalam_may_show(journal->relid, InvalidAttrNumber)) return false;
  }
  return true;
}

void kalam_hide_values(KalamErrorContext* context, const KalamRelation* relation) {
  context->hides_key = !kalam_may_show(relation->relid, relation->key_attribute);
  context->hides_values = !kalam_may_show(relation->relid, InvalidAttrNumber);
}
