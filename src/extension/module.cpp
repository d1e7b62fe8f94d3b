// Start of the module: the one list of what starts, in its order.
#include "extension/base/definition_epoch.h"
#include "extension/base/parallel.h"
#include "extension/base/preload.h"
#include "extension/base/settings.h"
#include "extension/base/snowflake.h"
#include "extension/ddl/ddl.h"
#include "extension/fdw/explain.h"
#include "extension/join/join.h"
#include "extension/journal/row_epoch.h"
#include "extension/modify/key_check.h"
#include "extension/modify/lock_rows.h"
#include "extension/plan/arbiter.h"
#include "extension/stats/counters.h"
#include "extension/transaction/transaction.h"

extern "C" {
#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "pg_kalam", .version = PG_KALAM_VERSION);
#else
PG_MODULE_MAGIC;
#endif
PGDLLEXPORT void _PG_init(void);
}

// Runs when the library is loaded: in the postmaster (shared_preload_libraries), at session start
// (session_preload_libraries), or in the middle of a session. Starts no thread and opens nothing.
void _PG_init(void) {
  kalam_preload_init();
  kalam_parallel_init();
  kalam_settings_init();
  kalam_snowflake_init();
  kalam_definition_epoch_init();
  kalam_row_epoch_init();
  kalam_counters_init();
  kalam_transaction_init();
  kalam_join_init();
  kalam_ddl_init();
  kalam_arbiter_init();
  kalam_explain_init();
  kalam_key_check_init();
  kalam_lock_rows_init();
}
