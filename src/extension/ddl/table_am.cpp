// Handler of the table access method kalamdb. Tables USING kalamdb become foreign tables in the utility hook, so
// PostgreSQL asks the access method itself only when the hook did not see the statement, or does not know its form.
#include "extension/base/preload.h"

KALAM_SQL_FUNCTION(kalam_tableam_handler) {
  if (!kalam_hook_is_active()) {
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("table access method \"kalamdb\" needs the library pg_kalam to be loaded when the session starts"),
             errhint("Add pg_kalam to session_preload_libraries or shared_preload_libraries. In this session the "
                     "library is loaded now: the statement can be repeated.")));
  }
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("table access method \"kalamdb\" cannot be used by this statement"),
                  errhint("CREATE TABLE ... USING kalamdb, as a statement of its own.")));
  PG_RETURN_NULL();
}
