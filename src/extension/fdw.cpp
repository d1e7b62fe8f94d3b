#include "extension/fdw.h"

// Handler of the foreign data wrapper pg_kalam.
KALAM_SQL_FUNCTION(kalam_handler) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("reading KalamDB tables is not built in")));
  PG_RETURN_NULL();
}
