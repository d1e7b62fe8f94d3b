#include "extension/transaction/cleanup_pending.h"

#include "extension/remote/wait.h"

static bool is_cleanup_pending(const kalam::Status* status) {
  return status->error == kalam::ErrorClass::busy || (status->error == kalam::ErrorClass::table_not_found &&
                                                      (strstr(status->detail, "provider not found") != nullptr ||
                                                       strstr(status->message, "provider not found") != nullptr));
}

bool kalam_pause_for_cleanup(const kalam::Status* status, TimestampTz until) {
  if (!is_cleanup_pending(status) || status->maybe_executed || GetCurrentTimestamp() > until) return false;
  kalam_pause(KALAM_CLEANUP_PAUSE_MS);
  return true;
}
