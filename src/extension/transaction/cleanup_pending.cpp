#include "extension/transaction/cleanup_pending.h"

#include "extension/remote/wait.h"

bool kalam_pause_for_cleanup(const kalam::Status* status, TimestampTz until) {
  bool is_passing = status->error == kalam::ErrorClass::busy || status->is_cleanup_pending;
  if (!is_passing || status->maybe_executed || GetCurrentTimestamp() > until) return false;
  kalam_pause(KalamWait::cleanup, KALAM_CLEANUP_PAUSE_MS);
  return true;
}
