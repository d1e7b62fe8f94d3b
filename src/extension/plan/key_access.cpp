#include "extension/plan/key_access.h"

KalamKeyAccess kalam_key_access(const KalamKeyClause* match, RestrictInfo* info) {
  return {match->is_array ? KalamLookup::keys : KalamLookup::key, list_make1(match->value), list_make1(info)};
}

List* kalam_key_access_to_list(const KalamKeyAccess* access) {
  return list_make3(makeInteger((int)access->lookup), access->values, access->clauses);
}

KalamKeyAccess kalam_key_access_from_list(List* fdw_private) {
  return {(KalamLookup)intVal(linitial(fdw_private)), (List*)lsecond(fdw_private), (List*)lthird(fdw_private)};
}
