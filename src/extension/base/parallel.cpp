#include "extension/base/parallel.h"

#include "extension/base/compat.h"

extern "C" {
#include "access/parallel.h"
}

constexpr const char* SETTING = "kalam.leader_has_changes";

static bool leader_has_changes;

static bool check_setting(bool* value, void**, GucSource source) {
  if (!*value || source == PGC_S_OVERRIDE || InitializingParallelWorker) return true;
  GUC_check_errmsg("parameter \"%s\" cannot be set", SETTING);
  return false;
}

void kalam_parallel_init() {
  DefineCustomBoolVariable(SETTING, "Tells parallel workers that the transaction has changed KalamDB tables.",
                           "It is set by the extension alone.", &leader_has_changes, false, PGC_BACKEND,
                           GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE, check_setting, nullptr, nullptr);
  // What has its default is not handed over.
  set_config_option(SETTING, "off", PGC_BACKEND, PGC_S_OVERRIDE, GUC_ACTION_SAVE, true, 0, false);
}

void kalam_parallel_note_changes(bool has_changes) {
  if (!IsParallelWorker()) leader_has_changes = has_changes;
}

void kalam_parallel_check_access() {
  if (!IsParallelWorker() || !leader_has_changes) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_STATE),
                  errmsg("cannot access KalamDB tables in a parallel worker after the transaction has changed some"),
                  errdetail("The worker does not have the changes, which are sent at COMMIT."),
                  errhint("Declare functions that read KalamDB tables PARALLEL RESTRICTED, or set "
                          "max_parallel_workers_per_gather to 0.")));
}
